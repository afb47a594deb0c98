"""Files that say where an engine runs: private, whole, and believed only as far as they are true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN, Served, child_environ, served

from studiolo.client.attach import find_running
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.handshake import (
    Handshake,
    announce,
    announced,
    error_line,
    make_token,
    read_error,
    read_handshake,
    withdraw,
    write_private,
)
from studiolo.home_lock import HomeLock, holder_pid
from studiolo.paths import Home


@pytest.fixture
def site(home: Home) -> Iterator[Served]:
    with served(ScriptedEngine(), home) as found:
        write_private(home.token_file, TOKEN)
        yield found


def shake(site: Served, **changes: object) -> Handshake:
    values = {"url": site.url, "pid": os.getpid(), "token_file": str(site.home.token_file), **changes}
    return Handshake(**values)  # type: ignore[arg-type]


def test_a_running_engine_is_found(site: Served) -> None:
    announce(site.home, shake(site))
    found = find_running(site.home)
    assert found is not None
    assert found.status().model == "tiny"
    found.close()


def test_no_file_no_engine(home: Home) -> None:
    assert find_running(home) is None


def test_a_stale_file_is_not_believed(site: Served, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for stale in (
        shake(site, pid=ended.pid),
        shake(site, pid=os.getppid()),  # alive, but not the engine that answers
        shake(site, url="http://127.0.0.1:1"),
        shake(site, token_file=str(tmp_path / "gone")),
    ):
        announce(site.home, stale)
        assert find_running(site.home) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"url": 3}', "\xff"])
def test_a_damaged_file_is_not_believed(home: Home, text: str) -> None:
    home.run.mkdir(parents=True)
    home.engine_file.write_bytes(text.encode("latin-1"))
    assert announced(home) is None
    assert find_running(home) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example:80",
        "https://127.0.0.1:80",
        "http://127.0.0.1",
        "http://127.0.0.1.evil.example:80",
        "http://10.0.0.1:80",
        "http://127.0.0.1:80@evil.example:80",
        "file:///etc/passwd",
    ],
)
def test_a_token_is_never_sent_elsewhere(url: str) -> None:
    assert read_handshake(json.dumps({"url": url, "pid": 5, "token_file": "/x"})) is None


def test_the_handshake_survives(home: Home) -> None:
    shaken = Handshake("http://[::1]:8080", 5, "/家/owner.token")
    assert read_handshake(shaken.line()) == shaken
    announce(home, shaken)
    assert announced(home) == shaken


def test_an_error_survives() -> None:
    error = EnvironmentFault(Code.HOME_BUSY, home="/家", pid=3)
    read = read_error(error_line(error))
    assert type(read) is EnvironmentFault
    assert (read.code, read.values) == (error.code, error.values)
    assert read_error("") is None
    assert read_error(Handshake("http://127.0.0.1:1", 1, "x").line()) is None


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_token_and_folder_are_the_owners_alone(home: Home) -> None:
    token = make_token(home)
    assert len(token) >= 40
    assert token != make_token(home)
    announce(home, Handshake("http://127.0.0.1:1", 1, "x"))
    for path in (home.token_file, home.engine_file):
        assert path.stat().st_mode & 0o777 == 0o600
    assert home.run.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in home.run.iterdir()} == {"owner.token", "engine.json"}


def test_only_its_own_announcement_is_withdrawn(home: Home) -> None:
    make_token(home)
    announce(home, Handshake("http://127.0.0.1:1", 77, "x"))
    withdraw(home, pid=78)
    assert home.engine_file.exists()
    withdraw(home, pid=77)
    assert not home.engine_file.exists()
    assert not home.token_file.exists()


def test_the_lock_is_one_process_alone(home: Home) -> None:
    with HomeLock(home, pid=4242):
        assert holder_pid(home) == 4242
        with pytest.raises(EnvironmentFault) as caught:
            HomeLock(home, pid=1)
        assert caught.value.code is Code.HOME_BUSY
        assert caught.value.values == {"home": str(home.root), "pid": 4242}
        assert holder_pid(home) == 4242
    assert holder_pid(home) == 0
    again = HomeLock(home, pid=2)
    again.release()
    again.release()


def test_a_killed_holder_leaves_no_lock(home: Home) -> None:
    script = (
        "import sys, time; from pathlib import Path; from studiolo.paths import Home;"
        "from studiolo.home_lock import HomeLock; lock = HomeLock(Home(Path(sys.argv[1])), pid=7);"
        "print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.root)], env=child_environ(home), stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(EnvironmentFault) as caught:
            HomeLock(home, pid=1)
        assert caught.value.values["pid"] == 7
        holder.kill()
        holder.wait()
        HomeLock(home, pid=1).release()


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(EnvironmentFault) as caught:
        HomeLock(Home(blocked / "home"), pid=1)
    assert caught.value.code is Code.NO_PERMISSION


def test_ports_and_addresses() -> None:
    from studiolo.server.run import bind, url_of

    with bind("localhost", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(EnvironmentFault) as caught:
            bind("127.0.0.1", port)
        assert caught.value.code is Code.PORT_BUSY
        assert caught.value.values == {"host": "127.0.0.1", "port": port}
    for address in ("0.0.0.0", "10.0.0.1", "example.org", "::", ""):
        with pytest.raises(UserError) as refused:
            bind(address, 0)
        assert refused.value.code is Code.BAD_REQUEST
