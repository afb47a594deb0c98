"""Named tokens: who beside the owner may use the API, for what, how much, how long, and what they see of values.

A token is 256 random bits, so its SHA-256 alone is kept and there is nothing to guess. The file (tokens.json of the
home, 0600) is written by the CLI and by the API; a running engine reads it again whenever it has changed, so what is
revoked is refused from the next request on. Must not know HTTP. Threads: any.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from studiolo.errors import Code, EnvironmentFault, UserError, disk_fault
from studiolo.handshake import write_private
from studiolo.paths import Home
from studiolo.types import Reader, ServiceClass

FORMAT: Final = 1
PREFIX: Final = "studiolo_"  # so that a scanner for secrets knows one
STORE: Final = "tokens"
_NAME: Final = re.compile(r"[\w.-]{1,64}")
_READER: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_LENGTH: Final = re.compile(r"([1-9][0-9]{0,5})([dhm])")
_SECONDS: Final = {"d": 86400, "h": 3600, "m": 60}


class Scope(StrEnum):
    """What a named token may be used for."""

    ASK = "ask"  # questions, chats, masking a text
    SEARCH = "search"  # passages, embeddings
    INGEST = "ingest"  # libraries made, documents added
    ADMIN = "admin"  # libraries, documents and models changed or removed; audit and state of the engine
    RESTORE = "restore"  # values as they are


@dataclass(frozen=True, slots=True)
class NamedToken:
    """A token's rights. `digest`: SHA-256 of it in hex; times in Unix seconds; None = no limit."""

    name: str
    digest: str = field(repr=False)
    scopes: tuple[Scope, ...]
    created_at: float
    expires_at: float | None = None
    profile: str = Reader.MASKED.value  # a Reader, or one that the privacy policy names
    rate_per_minute: int | None = None
    concurrent: int | None = None
    service: ServiceClass = "batch"
    roots: tuple[str, ...] = field(default=(), repr=False)  # folders that its paths have to be in, links resolved

    def may(self, scope: str) -> bool:
        """Whether it has a scope."""
        return scope in self.scopes

    def shape(self) -> dict[str, Any]:
        """As scripts see it: all but the digest."""
        shown = asdict(self)
        del shown["digest"]
        return {**shown, "scopes": [scope.value for scope in self.scopes], "roots": list(self.roots)}


class TokenStore:
    """The named tokens of one home."""

    def __init__(self, home: Home, *, clock: Callable[[], float]) -> None:
        """`clock` gives Unix seconds."""
        self._home = home
        self._clock = clock
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int] | None, tuple[NamedToken, ...]] = (None, ())

    def list(self) -> tuple[NamedToken, ...]:
        """All of them, by name; the expired, too. Raises EnvironmentFault: damaged_store, newer_format."""
        path = self._home.tokens_file
        with self._lock:
            try:
                status = path.stat()
                mark = (status.st_mtime_ns, status.st_ino, status.st_size)
                if mark != self._read[0]:
                    self._read = (mark, _parsed(path.read_bytes()))
            except FileNotFoundError:
                self._read = (None, ())
            except OSError as error:
                raise disk_fault(error, self._home.root) from None
            return self._read[1]

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        lifetime_s: float | None = None,
        profile: str | None = None,
        rate_per_minute: int | None = None,
        concurrent: int | None = None,
        service: ServiceClass = "batch",
        roots: Sequence[Path] = (),
    ) -> tuple[NamedToken, str]:
        """A new token and its secret, which can be had only now.

        `profile` None: "restore" where it has that scope, else "masked". Raises UserError: bad_request, token_exists,
        file_missing (a root); EnvironmentFault.
        """
        known = _checked(name, scopes, profile)
        profile = profile or (Reader.RESTORE if Scope.RESTORE in known else Reader.MASKED).value
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        made = NamedToken(
            name=name,
            digest=_digest(secret),
            scopes=known,
            created_at=now,
            expires_at=None if lifetime_s is None else now + lifetime_s,
            profile=profile,
            rate_per_minute=rate_per_minute,
            concurrent=concurrent,
            service=service,
            roots=tuple(str(_root(root)) for root in roots),
        )
        with self._writing():
            tokens = self.list()
            if any(token.name == name for token in tokens):
                raise UserError(Code.TOKEN_EXISTS, name=name)
            self._write((*tokens, made))
        return made, secret

    def revoke(self, name: str) -> None:
        """Remove a token. Raises UserError(unknown_token), EnvironmentFault."""
        with self._writing():
            tokens = self.list()
            left = tuple(token for token in tokens if token.name != name)
            if len(left) == len(tokens):
                raise UserError(Code.UNKNOWN_TOKEN, name=name)
            self._write(left)

    def find(self, secret: str) -> NamedToken | None:
        """The token of that secret; None where nobody has it or its time is over. All are compared, each in constant
        time, whichever fits. Raises EnvironmentFault."""
        digest = _digest(secret)
        fitting = [token for token in self.list() if hmac.compare_digest(token.digest, digest)]
        return next((token for token in fitting if token.expires_at is None or self._clock() < token.expires_at), None)

    def holds(self, token: NamedToken) -> bool:
        """Whether a token that was found is still there, and its time is not over; so while its file cannot be read."""
        try:
            known = any(other.digest == token.digest for other in self.list())
        except EnvironmentFault:
            return True
        return known and (token.expires_at is None or self._clock() < token.expires_at)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from filelock import FileLock

        try:
            for folder in (self._home.root, self._home.run):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self._home.run / "tokens.lock")
            lock.acquire()
        except OSError as error:
            raise disk_fault(error, self._home.run) from None
        try:
            yield
        finally:
            lock.release()

    def _write(self, tokens: Sequence[NamedToken]) -> None:
        kept = [asdict(token) for token in sorted(tokens, key=lambda token: token.name)]
        text = json.dumps({"format": FORMAT, "tokens": kept}, indent=1)
        write_private(self._home.tokens_file, text + "\n")


def lifetime(text: str) -> int:
    """Seconds of "30d", "12h" or "45m". Raises UserError(bad_request)."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise UserError(Code.BAD_REQUEST, field="expires", problem="not_a_length")
    return int(found[1]) * _SECONDS[found[2]]


def confined(path: Path, token: NamedToken) -> Path:
    """`path` with its links resolved, where the token may name it: inside one of its roots.

    A folder is looked through: no file in it may be a link that leads out. Raises UserError(path_not_allowed), whether
    the path is there or not.
    """
    roots = [Path(root) for root in token.roots]

    def inside(one: Path) -> Path:
        try:
            resolved = one.resolve()
        except (OSError, ValueError, RuntimeError):  # too long, a null byte, links in a circle
            resolved = None
        if resolved is None or not any(resolved.is_relative_to(root) for root in roots):
            raise UserError(Code.PATH_NOT_ALLOWED, path=str(one))
        return resolved

    found = inside(path)
    if found.is_dir():
        for file in found.rglob("*"):
            if file.is_symlink():
                inside(file)
    return found


def _checked(name: str, scopes: Sequence[str], profile: str | None) -> tuple[Scope, ...]:
    if not _NAME.fullmatch(name):
        raise UserError(Code.BAD_REQUEST, field="name", problem="not_a_name")
    if not scopes:
        raise UserError(Code.BAD_REQUEST, field="scope", problem="no_scope")
    if any(scope not in tuple(Scope) for scope in scopes):
        raise UserError(Code.BAD_REQUEST, field="scope", problem="unknown_scope")
    if profile is not None and (not _READER.fullmatch(profile) or profile == Reader.OWNER):
        raise UserError(Code.BAD_REQUEST, field="profile", problem="not_a_reader")
    if profile == Reader.RESTORE and Scope.RESTORE not in scopes:
        raise UserError(Code.BAD_REQUEST, field="profile", problem="needs_restore")
    return tuple(scope for scope in Scope if scope in scopes)


def _root(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise UserError(Code.FILE_MISSING, path=str(path)) from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _parsed(raw: bytes) -> tuple[NamedToken, ...]:
    try:
        found = json.loads(raw)
        version = found["format"]
        if isinstance(version, int) and version > FORMAT:
            raise EnvironmentFault(Code.NEWER_FORMAT, store=STORE, found=version, supported=FORMAT)
        tokens: tuple[NamedToken, ...] = TypeAdapter(tuple[NamedToken, ...]).validate_python(found["tokens"])
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError):
        raise EnvironmentFault(Code.DAMAGED_STORE, store=STORE) from None
    return tokens
