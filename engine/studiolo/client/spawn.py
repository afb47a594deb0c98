"""Starting an engine of one's own: a child process that ends with its parent, found by its handshake line.

Threads: any; each call makes what it gives back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from studiolo.client.attach import connect, find_running
from studiolo.client.porter import Porter, PorterChild
from studiolo.client.remote import RemoteEngine
from studiolo.errors import Code, EnvironmentFault, StudioloError
from studiolo.handshake import Handshake, announced, read_error, read_handshake
from studiolo.home_lock import HomeLock
from studiolo.isolation.environment import that_finds_us
from studiolo.paths import Home

START_S = 60.0
WAIT_S = 60.0
STOP_S = 10.0
RETRY_S = 0.3


Process = subprocess.Popen[bytes] | PorterChild


class EngineProcess:
    """A running engine and, where we started it, its process."""

    def __init__(self, engine: RemoteEngine, pid: int, process: Process | None) -> None:
        self.engine = engine
        self.pid = pid
        self._process = process

    @property
    def ours(self) -> bool:
        """Whether we started it."""
        return self._process is not None

    def poll(self) -> int | None:
        """Its exit code, None while it runs; -1 where one that is not ours has gone."""
        if self._process is not None:
            return self._process.poll()
        import psutil

        return None if psutil.pid_exists(self.pid) else -1

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.poll() is None

    def terminate(self) -> None:
        """End it if it is ours: ask, wait, then kill. Lets go of the connection either way."""
        self.engine.close()
        if self._process is not None:
            _end(self._process)

    def close(self) -> None:
        """The same as `terminate`."""
        self.terminate()


def spawn_engine(
    home: Home,
    *,
    environ: Mapping[str, str],
    port: int = 0,
    timeout_s: float = START_S,
    porter: Porter | None = None,
    alive: Callable[[], None] = lambda: None,
) -> EngineProcess:
    """Start an engine on a home, and wait until it has opened it.

    `porter` starts it for a process that has sealed itself (then in its environment). `alive` is called as soon as it
    answers that it is there. Raises the error the engine itself gave (home_busy, newer_format ...), or
    EnvironmentFault(engine_start).
    """
    process: Process
    try:
        process = porter.start_engine(port=port) if porter else start_engine_process(home, environ=environ, port=port)
    except OSError:
        raise EnvironmentFault(Code.ENGINE_START, exit_code=0) from None
    try:
        handshake = _first_line(process, timeout_s)
        engine = connect(handshake, timeout_s=timeout_s, porter=porter)
        if engine is None:
            raise EnvironmentFault(Code.ENGINE_START, exit_code=process.poll() or 0)
        try:
            alive()
            _wait_open(engine, process, timeout_s)
        except BaseException:
            engine.close()
            raise
    except BaseException:
        _end(process)
        raise
    return EngineProcess(engine, handshake.pid, process)


def start_engine_process(home: Home, *, environ: Mapping[str, str], port: int) -> subprocess.Popen[bytes]:
    """`studiolo serve` as a child that ends with us. Raises OSError."""
    command = [sys.executable, "-P", "-m", "studiolo.cli", "serve", "--port", str(port)]
    command += ["--parent-pid", str(os.getpid())]
    # Its stdin stays open as long as we live. Its stderr could quote what it reads: it keeps a log of its own instead.
    # A session of its own, so that Ctrl+C at our terminal reaches us alone.
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**that_finds_us(environ), "STUDIOLO_HOME": str(home.root)},
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def attach_or_spawn(
    home: Home,
    *,
    environ: Mapping[str, str],
    wait_s: float = WAIT_S,
    timeout_s: float = START_S,
    porter: Porter | None = None,
    alive: Callable[[], None] = lambda: None,
) -> EngineProcess:
    """The engine that runs, or a new one; waits while another command has the home open for itself.

    One that runs may still be opening its home: what it is asked waits. `alive`: as for `spawn_engine`.
    Raises EnvironmentFault(home_busy) where that takes longer than `wait_s`, and what `spawn_engine` raises.
    """
    deadline = time.monotonic() + wait_s
    while True:
        found = announced(home)
        engine = find_running(home, porter=porter)
        if engine is not None and found is not None:
            return EngineProcess(engine, found.pid, None)
        try:
            HomeLock(home, pid=os.getpid()).release()  # cheaper to ask for than a process that learns it is held
            return spawn_engine(home, environ=environ, timeout_s=timeout_s, porter=porter, alive=alive)
        except StudioloError as error:
            if error.code is not Code.HOME_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(RETRY_S)


def _first_line(process: Process, timeout_s: float) -> Handshake:
    """The child's first line, read on a thread so that a child which says nothing cannot hold us."""
    assert process.stdout is not None
    stdout = process.stdout
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(stdout.readline()), name="handshake", daemon=True)
    reader.start()
    reader.join(timeout_s)
    line = lines[0].decode("utf-8", "replace") if lines else ""
    handshake = read_handshake(line)
    if handshake is not None:
        return handshake
    error = read_error(line)
    if error is not None:
        raise error
    with suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    raise EnvironmentFault(Code.ENGINE_START, exit_code=process.poll() or 0)


def _wait_open(engine: RemoteEngine, process: Process, timeout_s: float) -> None:
    """Ask until the home is open: the engine answers when it is, or says why it cannot be."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            engine.status()
            return
        except StudioloError as error:
            if error.code is Code.ENGINE_GONE and process.poll() is not None:
                raise EnvironmentFault(Code.ENGINE_START, exit_code=process.poll() or 0) from None
            if error.code is not Code.ENGINE_OPENING or time.monotonic() > deadline:
                raise
        time.sleep(RETRY_S)


def _end(process: Process) -> None:
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
