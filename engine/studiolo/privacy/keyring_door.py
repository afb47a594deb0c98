"""The system's keyring for a process that is sealed: another process asks it, and can do nothing else.

The keyring answers on D-Bus, and D-Bus could be asked for much more than keys. So before the engine seals itself it
starts this one, which keeps Unix sockets and no others, holds no document, and takes three requests: get, set and
delete, of names and secrets that look like ours. It ends with its starter.

    python -m studiolo.privacy.keyring_door      one JSON line a request on stdin, one an answer on stdout

Threads: one call at a time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from studiolo.isolation.environment import that_finds_us, without_passphrase
from studiolo.privacy.system_keyring import TIMEOUT_S, Keyring, system_keyring, within

STEPS = 4  # of which each may take TIMEOUT_S before a request is answered
_NAME = re.compile(r"[0-9a-f]{16}")
_SECRET = re.compile(r"[A-Za-z0-9+/]{43}=")


class KeyringDoor:
    """The process, and the keyring behind it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lock = threading.Lock()

    @classmethod
    def start(cls, environ: Mapping[str, str]) -> KeyringDoor | None:
        """Start it where there is a session bus; None elsewhere: other systems' keyrings need no socket of ours."""
        if not sys.platform.startswith("linux") or not environ.get("DBUS_SESSION_BUS_ADDRESS"):
            return None
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=that_finds_us(without_passphrase(environ)),
                start_new_session=True,  # Ctrl+C at the terminal is not for it
            )
        except OSError:
            return None
        return cls(process)

    def keyring(self) -> Keyring | None:
        """The keyring, None where there is none that can be used without a dialog."""
        return self if self._ask("usable") is True else None

    def get(self, name: str) -> str | None:
        """See `Keyring`."""
        found = self._ask("get", name)
        return found if isinstance(found, str) else None

    def set(self, name: str, secret: str) -> bool:
        """See `Keyring`."""
        return self._ask("set", name, secret) is True

    def delete(self, name: str) -> None:
        """See `Keyring`."""
        self._ask("delete", name)

    def close(self) -> None:
        """End it."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()
        try:
            self._process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, *request: str) -> object:
        told: list[object] = []

        def ask() -> None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            told.append(json.loads(self._process.stdout.readline()))

        with self._lock:
            within(ask, timeout_s=STEPS * TIMEOUT_S)
            if told:
                return told[0]
            self._process.kill()  # an answer that comes late would be taken for that of the next request
            return None


def answer(request: object, *, find: Keyring | None) -> object:
    """What a request gets; None for one that is not ours to ask."""
    match request:
        case ["usable"]:
            return find is not None
        case ["get", str(name)] if find is not None and _NAME.fullmatch(name):
            return find.get(name)
        case ["set", str(name), str(secret)] if (
            find is not None and _NAME.fullmatch(name) and _SECRET.fullmatch(secret)
        ):
            return find.set(name, secret)
        case ["delete", str(name)] if find is not None and _NAME.fullmatch(name):
            find.delete(name)
    return None


def serve(requests: IO[bytes], answers: IO[bytes], *, environ: Mapping[str, str]) -> None:
    """Answer until the requests end."""
    for line in requests:
        try:
            told = answer(json.loads(line), find=system_keyring(environ))
        except ValueError:
            told = None
        answers.write(json.dumps(told).encode() + b"\n")
        answers.flush()


def main() -> None:
    """The process."""
    from studiolo.isolation.seal import Level, seal

    seal(Level.WINDOW)
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, sys.stdout.buffer, environ=os.environ)


if __name__ == "__main__":
    main()
