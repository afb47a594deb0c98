"""The engine as a process: found, attached to, one a home, ended with its parent, gone without a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.served import child_environ

from studiolo.client.attach import find_running
from studiolo.client.spawn import attach_or_spawn, spawn_engine
from studiolo.errors import Code, EnvironmentFault, StudioloError
from studiolo.home_lock import HomeLock
from studiolo.isolation import kernel
from studiolo.paths import Home

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and file modes of POSIX")


def until(condition: Callable[[], bool], *, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def studiolo(home: Home, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "studiolo.cli", *arguments],
        env=child_environ(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@POSIX
def test_serve_from_start_to_stop(home: Home) -> None:
    with studiolo(home, "serve") as process:
        assert process.stdout is not None
        shaken = json.loads(process.stdout.readline())
        assert shaken.keys() == {"url", "pid", "token_file", "sealed"}
        assert shaken["sealed"] is (kernel.here() is not None)
        assert shaken["pid"] == process.pid
        assert Path(shaken["token_file"]).stat().st_mode & 0o777 == 0o600
        assert json.loads(home.engine_file.read_text()) == shaken
        assert home.engine_file.stat().st_mode & 0o777 == 0o600
        engine = find_running(home)
        assert engine is not None
        assert engine.status().pid == process.pid
        with pytest.raises(StudioloError):
            engine.search("Ada Lovelace 13800138000", library="私人资料")

        attached = studiolo(home, "libraries", "create", "合同")  # a command while the engine runs: it attaches
        assert attached.communicate(timeout=60) == ("合同\n".encode(), b"")
        assert attached.returncode == 0
        assert "合同" in {library.name for library in engine.libraries()}
        engine.close()

        second = studiolo(home, "serve")
        out, err = second.communicate(timeout=60)
        assert (second.returncode, out) == (1, b"")
        assert f"(pid {process.pid})" in err.decode()

        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, b"", b"")
    assert not home.engine_file.exists()
    assert not home.token_file.exists()
    logged = b"".join(path.read_bytes() for path in home.logs.iterdir()).decode()
    assert "serving" in logged
    assert "stopped" in logged
    for private in ("Ada", "13800138000", "私人资料", "合同"):
        assert private not in logged
    HomeLock(home, pid=1).release()


def test_spawn_attach_and_end(home: Home) -> None:
    environ = child_environ(home)
    spawned = spawn_engine(home, environ=environ)
    try:
        assert spawned.ours
        assert spawned.poll() is None
        with pytest.raises(EnvironmentFault) as caught:
            spawn_engine(home, environ=environ)
        assert caught.value.code is Code.HOME_BUSY
        assert caught.value.values["pid"] == spawned.pid
        attached = attach_or_spawn(home, environ=environ)
        assert not attached.ours
        assert attached.alive()
        assert attached.engine.libraries() == spawned.engine.libraries()
        attached.close()
        assert spawned.alive()  # it was not ours to end
    finally:
        spawned.terminate()
    assert spawned.poll() is not None
    assert not spawned.alive()
    assert find_running(home) is None


def test_a_killed_engine_is_followed_by_another(home: Home) -> None:
    environ = child_environ(home)
    first = attach_or_spawn(home, environ=environ)
    first.engine.create_library("kept")
    psutil.Process(first.pid).kill()
    assert until(lambda: not first.alive())
    with pytest.raises(EnvironmentFault) as caught:
        first.engine.libraries()
    assert caught.value.code is Code.ENGINE_GONE
    assert home.engine_file.exists()  # nobody was left to remove it, and nobody believes it
    assert find_running(home) is None
    first.close()
    second = attach_or_spawn(home, environ=environ)
    try:
        assert second.pid != first.pid
        assert "kept" in {library.name for library in second.engine.libraries()}
    finally:
        second.close()


def test_an_engine_ends_with_its_parent(home: Home) -> None:
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from studiolo.client.spawn import spawn_engine; from studiolo.paths import Home\n"
        "print(spawn_engine(Home(Path(sys.argv[1])), environ=os.environ).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.root)], env=child_environ(home), stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        engine = psutil.Process(int(parent.stdout.readline()))
        assert engine.is_running()
        parent.kill()
        parent.wait()
        assert until(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE)
    assert until(lambda: not home.engine_file.exists())


def test_a_home_that_does_not_open_says_why(home: Home) -> None:
    home.root.mkdir()
    home.format_file.write_text('{"format": 99}')
    with pytest.raises(EnvironmentFault) as caught:
        spawn_engine(home, environ=child_environ(home))
    assert caught.value.code is Code.NEWER_FORMAT
    assert caught.value.values == {"store": "home", "found": 99, "supported": 1}


def test_so_does_a_store_of_a_home_that_was_announced_already(home: Home) -> None:
    home.root.mkdir()
    home.settings_file.write_text("{", encoding="utf-8")
    with pytest.raises(EnvironmentFault) as caught:
        spawn_engine(home, environ=child_environ(home))
    assert (caught.value.code, caught.value.values) == (Code.DAMAGED_STORE, {"store": "settings"})
    with studiolo(home, "serve") as process:
        out, err = process.communicate(timeout=60)
    assert json.loads(out).keys() == {"url", "pid", "token_file", "sealed"}  # it was alive; then it said why, and ended
    assert (process.returncode, len(err.splitlines())) == (1, 1)
    assert not home.engine_file.exists()
    assert not home.token_file.exists()
    HomeLock(home, pid=1).release()


def test_an_engine_says_that_it_is_alive_before_its_home_is_open(home: Home) -> None:
    told: list[bool] = []
    spawned = spawn_engine(home, environ=child_environ(home), alive=lambda: told.append(home.engine_file.exists()))
    assert told == [True]
    assert spawned.engine.libraries()
    spawned.close()


def test_a_child_that_says_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr("studiolo.isolation.environment.PACKAGE_ROOT", Path("/nowhere"))
    with pytest.raises(EnvironmentFault) as caught:
        spawn_engine(home, environ={**child_environ(home), "PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere"})
    assert caught.value.code is Code.ENGINE_START
    assert caught.value.values["exit_code"] != 0


def test_two_commands_at_once_without_an_engine(home: Home) -> None:
    running = [studiolo(home, "libraries", "create", name) for name in ("one", "two", "三")]
    for process in running:
        process.communicate(timeout=120)
    assert [process.returncode for process in running] == [0, 0, 0]
    listed = studiolo(home, "libraries", "--json").communicate(timeout=60)[0]
    assert {"one", "two", "三"} <= {library["name"] for library in json.loads(listed)["libraries"]}


def test_attaching_waits_for_a_command_that_has_the_home(home: Home) -> None:
    lock = HomeLock(home, pid=4242)
    with pytest.raises(EnvironmentFault) as caught:
        attach_or_spawn(home, environ=child_environ(home), wait_s=0.1)
    assert caught.value.code is Code.HOME_BUSY
    assert caught.value.values["pid"] == 4242
    threading.Timer(1.0, lock.release).start()
    spawned = attach_or_spawn(home, environ=child_environ(home))
    assert spawned.ours
    spawned.close()
