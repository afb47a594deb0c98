"""The porter: for a process that shows documents and has therefore sealed itself, it does what needs a socket.

A sealed process can make no connection, and what it starts is sealed as it is. So before it seals itself it starts the
porter, over a pair of connected sockets. The porter connects to the home's engine on loopback, and hands the connected
descriptor over (SCM_RIGHTS): what is then said on it the porter does not see. It starts the engine where none runs.
For the window, and for nobody else, it also starts pulls of models (by their id alone: no address, no file) and the
proof of the seal, and opens a web address that a person said yes to. It takes nothing else: no other address, no
command. Who could write the home's run/engine.json could name another port of this machine, and no other machine.

    python -m studiolo.client.porter --fd N --home FOLDER [--window]

Linux only; elsewhere front ends are not sealed, and say so. Threads: requests go one after the other.
"""

from __future__ import annotations

import argparse
import array
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from studiolo.errors import StudioloError
from studiolo.isolation.environment import that_finds_us
from studiolo.paths import Home

CONNECT_S = 5.0
ANSWER_S = 30.0
LARGEST = 1 << 16
SCHEMES = ("http://", "https://", "mailto:")


class Porter:
    """The asking side."""

    def __init__(self, talk: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._talk = talk
        self._process = process
        self._lock = threading.Lock()

    @classmethod
    def start(cls, home: Home, *, environ: Mapping[str, str], window: bool = False) -> Porter | None:
        """Start one; None where front ends are not sealed. What it starts has `environ`. Raises OSError.

        `window`: it may be asked for pulls, the proof and web addresses, too.
        """
        if not sys.platform.startswith("linux"):
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", "-m", __name__, f"--fd={theirs.fileno()}", f"--home={home.root}"]
            process = subprocess.Popen(
                [*command, *(["--window"] if window else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=that_finds_us(environ),
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl+C at our terminal is not for it
            )
        ours.settimeout(ANSWER_S)
        return cls(ours, process)

    def dial(self, url: str) -> socket.socket:
        """A connection to the engine that is announced under `url`. Raises OSError."""
        _, descriptors = self._ask("connect", url, wanted=1)
        return socket.socket(fileno=descriptors[0])

    def start_engine(self, *, port: int) -> PorterChild:
        """`studiolo serve` on the home. Raises OSError."""
        return self._child("engine", port)

    def start_pull(self, model_id: str) -> PorterChild:
        """A pull of a model of the catalogue. Raises OSError."""
        return self._child("pull", model_id)

    def start_proof(self) -> PorterChild:
        """`studiolo doctor --prove`, which needs a process that is not sealed. Raises OSError."""
        return self._child("proof")

    def open_address(self, address: str) -> bool:
        """Let the desktop open a web address."""
        with suppress(OSError):
            return bool(self._ask("open", address)[0])
        return False

    def poll(self, pid: int) -> int | None:
        """The exit code of a child, None while it runs. Raises OSError."""
        code = self._ask("poll", pid)[0]
        return None if code is None else int(code)

    def end(self, pid: int, *, kill: bool) -> None:
        """End a child. Raises OSError."""
        self._ask("end", pid, kill)

    def close(self) -> None:
        """Let it go; it ends by itself."""
        self._talk.close()
        try:
            self._process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _child(self, *request: str | int) -> PorterChild:
        pid, descriptors = self._ask(*request, wanted=2)
        return PorterChild(self, int(pid), *descriptors)

    def _ask(self, *request: str | int | bool, wanted: int = 0) -> tuple[Any, list[int]]:
        with self._lock:
            try:
                self._talk.send(json.dumps(request).encode())
                data, descriptors = _received(self._talk)
            except OSError:
                self._talk.close()  # an answer that comes late would be taken for that of the next request
                raise
        if not data:
            raise ConnectionResetError
        told = json.loads(data)
        if "refused" in told or len(descriptors) != wanted:
            for descriptor in descriptors:
                os.close(descriptor)
            raise OSError(told.get("refused", 0), "the porter could not do it")
        return told["done"], descriptors


def _received(talk: socket.socket) -> tuple[bytes, list[int]]:
    """An answer and what is handed over, which no process that is started here inherits. Raises OSError.

    `socket.recv_fds` takes flags and drops them (CPython 3.11).
    """
    found = array.array("i")
    data, parts, _, _ = talk.recvmsg(LARGEST, socket.CMSG_LEN(2 * found.itemsize), socket.MSG_CMSG_CLOEXEC)
    for level, kind, part in parts:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(part[: len(part) - len(part) % found.itemsize])
    return data, list(found)


class PorterChild:
    """A process that the porter started for us, with what we use of `subprocess.Popen`."""

    def __init__(self, porter: Porter, pid: int, stdin: int, stdout: int) -> None:
        self._porter = porter
        self.pid = pid
        self.stdin: IO[bytes] = os.fdopen(stdin, "wb")
        self.stdout: IO[bytes] = os.fdopen(stdout, "rb")

    def poll(self) -> int | None:
        """The exit code; -1 where nobody can tell any more."""
        try:
            return self._porter.poll(self.pid)
        except OSError:
            return -1

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended. Raises subprocess.TimeoutExpired."""
        waited = threading.Event()
        step_s, left_s = 0.02, timeout
        while (code := self.poll()) is None:
            if left_s is not None and left_s <= 0:
                raise subprocess.TimeoutExpired("", timeout or 0.0)
            waited.wait(step_s)
            left_s = None if left_s is None else left_s - step_s
            step_s = min(0.2, step_s * 1.5)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(OSError):
            self._porter.end(self.pid, kill=False)

    def kill(self) -> None:
        """End it."""
        with suppress(OSError):
            self._porter.end(self.pid, kill=True)


class _Refused(Exception):
    """A request that is none of ours."""


class _Service:
    """The side that does it."""

    def __init__(self, home: Home, *, window: bool) -> None:
        self._home = home
        self._window = window
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def answer(self, request: Any) -> tuple[Any, list[int]]:
        """What is told and handed over. Raises OSError, _Refused."""
        match request:
            case ["connect", str(url)]:
                return True, [self._connect(url)]
            case ["engine", int(port)]:
                from studiolo.client.spawn import start_engine_process

                return self._started(start_engine_process(self._home, environ=os.environ, port=port))
            case [str(), *_] if self._window and (done := self._for_window(request)) is not None:
                return done
            case ["poll", int(pid)] if pid in self._children:
                return self._children[pid].poll(), []
            case ["end", int(pid), bool(kill)] if pid in self._children:
                child = self._children[pid]
                (child.kill if kill else child.terminate)()
                return True, []
        raise _Refused

    def _for_window(self, request: list[Any]) -> tuple[Any, list[int]] | None:
        """What only a window may ask for; None where it is something else. Raises OSError, _Refused."""
        match request:
            case ["pull", str(model_id)]:
                return self._started(self._pull(model_id))
            case ["proof"]:
                from studiolo.client.proof import start_proof_process

                return self._started(start_proof_process())
            case ["open", str(address)]:
                return self._open(address), []
        return None

    def _started(self, process: subprocess.Popen[bytes]) -> tuple[int, list[int]]:
        self._children[process.pid] = process
        assert process.stdin is not None
        assert process.stdout is not None
        return process.pid, [process.stdin.fileno(), process.stdout.fileno()]

    def handed_over(self) -> None:
        """The pipes of children belong to who asked."""
        for process in self._children.values():
            for stream in (process.stdin, process.stdout):
                if stream is not None and not stream.closed:
                    stream.close()

    def _connect(self, url: str) -> int:
        from urllib.parse import urlsplit

        from studiolo.handshake import announced  # it believes loopback addresses only

        found = announced(self._home)
        if found is None or found.url != url:
            raise _Refused
        parts = urlsplit(url)
        connected = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=CONNECT_S)
        connected.settimeout(None)
        return connected.detach()

    def _pull(self, model_id: str) -> subprocess.Popen[bytes]:
        from studiolo.models.catalog import load_catalogue
        from studiolo.models.pull_client import start_pull_process

        if model_id not in {model.id for model in load_catalogue().models}:
            raise _Refused
        return start_pull_process(model_id, self._home)

    def _open(self, address: str) -> bool:
        import shutil

        opener = shutil.which("xdg-open")
        if opener is None or not address.lower().startswith(SCHEMES):
            return False
        subprocess.Popen(
            [opener, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return True


def serve(talk: socket.socket, home: Home, *, window: bool = False) -> None:
    """Answer until the other side has gone."""
    service = _Service(home, window=window)
    while data := talk.recv(LARGEST):
        descriptors: list[int] = []
        connected = False
        try:
            request = json.loads(data)
            done, descriptors = service.answer(request)
            connected = request[0] == "connect"
            told = {"done": done}
        except OSError as error:
            told = {"refused": error.errno or 0}
        except (_Refused, StudioloError, ValueError, RecursionError):
            told = {"refused": 1}
        try:
            socket.send_fds(talk, [json.dumps(told).encode()], descriptors)
        finally:
            if connected:
                os.close(descriptors[0])
            service.handed_over()


def main(arguments: list[str] | None = None) -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="python -m studiolo.client.porter")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--window", action="store_true")
    wanted = parser.parse_args(arguments)
    from studiolo.isolation.kernel import no_core_dumps

    no_core_dumps()
    with socket.socket(fileno=wanted.fd) as talk, suppress(OSError, KeyboardInterrupt):
        talk.set_inheritable(False)
        serve(talk, Home(wanted.home), window=wanted.window)
    return 0


if __name__ == "__main__":
    sys.exit(main())
