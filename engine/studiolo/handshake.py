"""Where a running engine can be found: the handshake line, run/engine.json and the owner's token.

Must not know HTTP. Written by the server, read by every client. Only a loopback address is believed, so that a forged
file cannot send the token elsewhere.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from studiolo.errors import StudioloError, disk_fault, error_for
from studiolo.paths import Home


@dataclass(frozen=True, slots=True)
class Handshake:
    """`{url, pid, token_file, sealed}`; with a TLS listener also `public`, its URL, and its certificate's SHA-256."""

    url: str
    pid: int
    token_file: str
    sealed: bool = False  # what the engine's own test of its seal found when it started
    public: str = ""
    fingerprint: str = ""

    def line(self) -> str:
        """As one line of JSON."""
        told = asdict(self)
        if not self.public:
            del told["public"], told["fingerprint"]
        return json.dumps(told)

    def token(self) -> str | None:
        """The owner's token, None where it cannot be read."""
        try:
            return Path(self.token_file).read_text(encoding="ascii").strip() or None
        except (OSError, ValueError):
            return None


def read_handshake(line: str) -> Handshake | None:
    """The handshake in a line, None where there is none to believe."""
    try:
        raw = json.loads(line)
        found = Handshake(str(raw["url"]), int(raw["pid"]), str(raw["token_file"]), raw.get("sealed") is True)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if found.pid > 0 and _is_loopback(found.url) else None


def error_line(error: StudioloError) -> str:
    """How a spawned engine says that it could not start."""
    return json.dumps({"error": {"code": error.code.value, "values": error.values}})


def read_error(line: str) -> StudioloError | None:
    """The error in such a line."""
    try:
        raw = json.loads(line)["error"]
        return error_for(str(raw["code"]), dict(raw["values"]))
    except (ValueError, TypeError, KeyError):
        return None


def announced(home: Home) -> Handshake | None:
    """What run/engine.json says, true or not."""
    try:
        return read_handshake(home.engine_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def make_token(home: Home) -> str:
    """A new owner's token, in its 0600 file. Raises EnvironmentFault."""
    token = secrets.token_urlsafe(32)
    write_private(home.token_file, token + "\n")
    return token


def announce(home: Home, handshake: Handshake) -> None:
    """Write run/engine.json. Raises EnvironmentFault."""
    write_private(home.engine_file, handshake.line() + "\n")


def withdraw(home: Home, *, pid: int) -> None:
    """Remove engine.json and the token, if they are still those of the engine `pid`."""
    found = announced(home)
    if found is not None and found.pid == pid:
        for path in (home.engine_file, home.token_file):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all. Raises EnvironmentFault."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)  # noqa: PTH105
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise disk_fault(error, path.parent) from None


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
        return parts.scheme == "http" and bool(parts.port) and loopback
    except ValueError:
        return False
