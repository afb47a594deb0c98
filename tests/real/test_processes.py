"""The program as a person runs it: separate processes over one home, some of them killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.real.conftest import SMALL, link_models

from studiolo.home_format import prepare_home
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(600)]
SAMPLES = Path(__file__).resolve().parent.parent.parent / "assets" / "samples"
LEASE = SAMPLES / "lease-alder-wharf.pdf"
NOTE = SAMPLES / "meeting-note-2026-04-14.md"


class Shell:
    """Runs `studiolo ...` on one home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.environ = {**os.environ, "STUDIOLO_HOME": str(home.root), "LANG": "C.UTF-8"}
        self._servers: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "studiolo.cli", *arguments],
            input=stdin, capture_output=True, text=True, encoding="utf-8", env=self.environ, timeout=300, check=False,
        )  # fmt: skip

    def json(self, *arguments: str) -> list[Any]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def serve(self) -> dict[str, Any]:
        server = subprocess.Popen(
            [sys.executable, "-m", "studiolo.cli", "serve"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=self.environ,
        )  # fmt: skip
        self._servers.append(server)
        assert server.stdout is not None
        return dict(json.loads(server.stdout.readline()))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        for server in self._servers:
            if server.poll() is None:
                server.send_signal(how)
            server.wait(60)
            assert server.stdout is not None
            server.stdout.close()
        self._servers.clear()


@pytest.fixture
def shell(tmp_path: Path, models_home: Home) -> Iterator[Shell]:
    home = Home(tmp_path / "home")
    prepare_home(home)
    link_models(home, models_home)
    save_settings(home.settings_file, Settings(chat_model=SMALL, answer_tokens=400))  # type: ignore[call-arg]
    made = Shell(home)
    yield made
    made.stop(signal.SIGKILL)


def test_without_an_engine_then_with_one_then_two_commands_at_once(shell: Shell) -> None:
    added = shell.json("add", str(LEASE))
    assert [line.get("status") for line in added] == ["added", None]
    assert set(added[0]) == {"path", "status", "reason", "pages", "passages", "seconds"}
    assert shell.json("add", str(LEASE))[0]["status"] == "unchanged"

    handshake = shell.serve()
    assert set(handshake) == {"url", "pid", "token_file", "sealed"}
    if os.name == "posix":
        assert Path(handshake["token_file"]).stat().st_mode & 0o777 == 0o600
    with ThreadPoolExecutor(3) as pool:
        adding = pool.submit(shell.json, "add", str(NOTE))
        searching = pool.submit(shell.json, "search", "deposit", "-k", "3")
        asking = pool.submit(shell.json, "ask", "How long is the term of the lease?")
        assert adding.result()[0]["status"] == "added"
        (found,) = searching.result()
        (answer,) = asking.result()
    assert found["hits"][0]["document"] == LEASE.name
    assert set(found["hits"][0]) == {"document", "page", "passage_id", "text", "score"}
    assert set(answer) == {"answer", "citations", "timings", "usage", "redactions"}
    shell.stop()
    assert not shell.home.engine_file.exists()

    with ThreadPoolExecutor(2) as pool:  # nothing runs: one takes the home, the other waits for it
        both = [pool.submit(shell.json, "search", word) for word in ("deposit", "release")]
        assert all(future.result()[0]["hits"] for future in both)


def test_three_processes_that_add_the_same_file_at_once_leave_one_copy(shell: Shell) -> None:
    with ThreadPoolExecutor(3) as pool:
        added = [pool.submit(shell.json, "add", str(LEASE)) for _ in range(3)]
        assert sorted(future.result()[0]["status"] for future in added) == ["added", "unchanged", "unchanged"]
    (listed,) = shell.json("documents", "list")
    assert [document["name"] for document in listed["documents"]] == [LEASE.name]
    (found,) = shell.json("search", "deposit", "-k", "20")
    assert len({hit["passage_id"] for hit in found["hits"]}) == len(found["hits"])
    assert len(found["hits"]) <= listed["documents"][0]["passages"]


def test_killing_the_engine_in_the_middle_of_an_answer_keeps_the_conversation(shell: Shell) -> None:
    shell.json("add", str(LEASE))
    handshake = shell.serve()
    token = Path(handshake["token_file"]).read_text().strip()
    client = httpx.Client(
        base_url=handshake["url"], headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False
    )
    body = {"question": "Tell everything about the lease.", "library": "default", "stream": True}

    def read_until_killed() -> None:
        with client.stream("POST", "/api/ask", json=body) as answer:
            for line in answer.iter_lines():
                if line.startswith("event: delta"):
                    os.kill(handshake["pid"], signal.SIGKILL)

    with pytest.raises(httpx.HTTPError):
        read_until_killed()
    client.close()
    shell.stop(signal.SIGKILL)

    (conversations,) = shell.json("conversations", "list")
    (conversation,) = conversations["conversations"] if isinstance(conversations, dict) else conversations
    assert conversation["title"].startswith("Tell everything")
    again = shell.serve()
    assert again["pid"] != handshake["pid"]
    (answer_after,) = shell.json("ask", "How long is the term?")
    assert answer_after["citations"] is not None


def test_a_second_engine_on_a_home_is_refused_with_a_sentence(shell: Shell) -> None:
    shell.serve()
    second = shell.run("serve")
    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1
    assert second.stdout == ""


def test_a_busy_port_is_said(shell: Shell) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = shell.run("serve", "--port", str(port))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_bad_files_each_get_one_line_and_leave_nothing(shell: Shell, tmp_path: Path) -> None:
    from pypdf import PdfWriter

    empty, locked = tmp_path / "empty.pdf", tmp_path / "locked.pdf"
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.write(empty)
    writer.encrypt("secret")
    writer.write(locked)
    odd, gone, broken = tmp_path / "thing.xyz", tmp_path / "gone.pdf", tmp_path / "broken.pdf"
    odd.write_bytes(b"\x00\x01\x02" * 100)
    broken.write_bytes(b"%PDF-1.7 and then nothing")
    expected = {
        empty: "empty_document",
        locked: "needs_password",
        odd: "unknown_format",
        gone: "file_missing",
        broken: "damaged_file",
    }
    done = shell.run("add", *map(str, expected), str(LEASE), "--json")
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    reasons = {line["path"]: line["reason"] for line in lines if "path" in line}
    assert reasons == {**{str(path): reason for path, reason in expected.items()}, str(LEASE): ""}
    (documents,) = shell.json("documents", "list")
    rows = documents["documents"] if isinstance(documents, dict) else documents
    assert [row["name"] for row in rows if row["status"] == "ready"] == [LEASE.name]


def test_a_damaged_model_is_refused_and_leaves_nothing(shell: Shell, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    source = next((shell.home.models / SMALL).glob("*.gguf"))
    broken.write_bytes(source.read_bytes()[:4_000_000])
    before = sorted(path.name for path in shell.home.models.rglob("*"))
    done = shell.run("models", "import", str(broken))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in shell.home.models.rglob("*")) == before


def test_one_flipped_byte_of_a_pulled_model_is_refused_and_removed(shell: Shell, tmp_path: Path) -> None:
    source = next((shell.home.models / SMALL).glob("*.gguf"))
    data = bytearray(source.read_bytes())
    data[len(data) // 2] ^= 1
    flipped = tmp_path / source.name
    flipped.write_bytes(data)
    assert shell.run("models", "remove", SMALL).returncode == 0
    done = shell.run("models", "pull", SMALL, "--source", str(flipped))
    assert done.returncode == 1
    assert "sha" in done.stderr.lower() or "digest" in done.stderr.lower()
    assert not list((shell.home.models / SMALL).glob("*.gguf")) if (shell.home.models / SMALL).exists() else True


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line on stderr of a command that failed as it should."""
    assert done.returncode == 1, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    (line,) = done.stderr.splitlines()
    assert line.startswith("studiolo: ")
    assert "report it" not in line
    return line


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_a_pipe_a_device_and_a_loop_are_refused_and_not_waited_for(shell: Shell, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    long, odd = tmp_path / ("a" * 300 + ".txt"), tmp_path / "two\nlines\x1b[31m.xyz"
    odd.write_bytes(b"\x00")
    done = shell.run("add", str(tmp_path / "pipe.txt"), "/dev/zero", str(tmp_path / "loop.txt"), str(long), str(odd))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 6, done.stderr  # a line each, and how many failed
    assert "\x1b" not in done.stderr
    assert "cannot be read" in one_line(shell.run("models", "import", str(tmp_path / "pipe.txt")))
    assert "is larger than the limit" in one_line(shell.run("redact", "/dev/zero"))


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("format.json", b'{"format": 99}', "newer"),
        ("format.json", b"{", "damaged"),
        ("settings.json", b'{"format": 99}', "newer"),
        ("settings.json", b"{", "settings.json"),
        ("history.db", b"no database " * 900, "damaged"),
        ("knowledge.db", b"no database " * 900, "damaged"),
        ("pseudonyms.db", b"no database " * 900, "damaged"),
    ],
)
def test_a_store_that_cannot_be_used_is_named_and_left_alone(
    shell: Shell, name: str, content: bytes, word: str
) -> None:
    (shell.home.root / name).write_bytes(content)
    assert word in one_line(shell.run("documents", "list"))
    assert word in one_line(shell.run("serve"))
    assert (shell.home.root / name).read_bytes() == content
    assert not shell.home.engine_file.exists()


def test_without_its_models_the_filter_lets_nothing_through_and_names_them(shell: Shell, tmp_path: Path) -> None:
    import shutil

    for model in ("lac", "en-core-web-sm"):
        shutil.rmtree(shell.home.models / model)
    done = shell.run("redact", stdin="Call Anna Smith on 07700 900123")
    assert "studiolo models pull en-core-web-sm lac" in one_line(done)
    assert done.stdout == ""
    (tmp_path / "note.txt").write_text("Call Anna Smith on 07700 900123", encoding="utf-8")
    assert "models pull en-core-web-sm lac" in one_line(shell.run("add", str(tmp_path / "note.txt")))
    (documents,) = shell.json("documents", "list")
    assert documents["documents"] == []


def test_a_processor_without_avx2_is_told(shell: Shell) -> None:
    import platform

    if platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("another processor")
    program = (
        "import studiolo.cpu; studiolo.cpu.cpu_flags = lambda: frozenset({'sse4_2'}); "
        "from studiolo.cli.main import main; main(['add', PATH])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program.replace("PATH", repr(str(NOTE)))],
        capture_output=True, text=True, env=shell.environ, timeout=120, check=False,
    )  # fmt: skip
    assert "AVX2" in one_line(done)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_is_said_and_nothing_half_written_stays(shell: Shell, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount")
    try:
        (disk / "models").symlink_to(shell.home.models)
        shell.environ["STUDIOLO_HOME"] = str(disk)
        assert shell.json("libraries", "list")
        for left_kb in (0, 40, 150):
            filler = disk / "filler"
            space = os.statvfs(disk)
            filler.write_bytes(b"\0" * max(0, space.f_bavail * space.f_frsize - left_kb * 1024))
            assert "full" in one_line(shell.run("add", str(NOTE)))
            filler.unlink()
            (documents,) = shell.json("documents", "list")
            # Where not even the failure could be noted, the file waits and is gone on with; none says it was read.
            assert {document["status"] for document in documents["documents"]} <= {"queued", "reading", "keyword"}
        (disk / "models").unlink()
        source = next((shell.home.models / SMALL).glob("*.gguf"))
        assert "full" in one_line(shell.run("models", "import", str(source)))
        assert "full" in one_line(shell.run("models", "pull", SMALL, "--source", str(source)))
        assert not [path for path in (disk / "models").rglob("*") if path.is_file() and path.suffix != ".lock"]
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(os.name != "posix", reason="Ctrl+C as a signal")
def test_ctrl_c_while_adding_leaves_nothing(shell: Shell, tmp_path: Path) -> None:
    import time

    words = "The tenant pays the rent on the first day of each month by standing order. "
    (tmp_path / "long.txt").write_text("".join(f"{number}. {words}\n\n" for number in range(4000)), encoding="utf-8")
    adding = subprocess.Popen(
        [sys.executable, "-m", "studiolo.cli", "add", str(tmp_path / "long.txt")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=shell.environ,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not shell.home.knowledge_db.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(3)
    adding.send_signal(signal.SIGINT)
    out, err = adding.communicate(timeout=60)
    assert (adding.returncode, out, err.split()) == (130, "", ["Cancelled."])
    (documents,) = shell.json("documents", "list")
    assert documents["documents"] == []


def test_every_command_has_help(shell: Shell) -> None:
    done = shell.run("--help")
    assert done.returncode == 0
    commands = "add ask chat conversations doctor documents libraries models redact search serve"
    for command in commands.split():
        assert f"  {command} " in done.stdout
