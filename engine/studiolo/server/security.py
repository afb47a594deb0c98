"""The door: who may speak to the engine at all. Host, Origin, token and body size, checked before any route runs.

A web page cannot get in: its Origin is foreign, a rebound DNS name shows in Host, and it knows no token. There is no
CORS. Must not know the engine. Threads: the ASGI loop's.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studiolo.errors import Code, StudioloError, UserError
from studiolo.server.errors import respond

OPEN_PATHS = frozenset({"/healthz"})
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the door goes by."""

    token: str = field(repr=False)
    port: int
    body_bytes: int = 16 * 1024**2  # of an ordinary request
    upload_bytes: int = 1024**3  # of a multipart request

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that name this listener."""
        return frozenset(f"{name}:{self.port}" for name in LOOPBACK)


class Door:
    """ASGI middleware that lets in what `Rules` allow, and answers the rest itself."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no websockets here: closing without accepting refuses them
        headers = _Headers(scope["headers"])
        error = self._refusal(scope["path"], headers)
        limit = self._limit(headers)
        if error is None and _length(headers) > limit:
            error = _too_large(limit)
        if error is not None:
            await respond(error, scope["path"])(scope, receive, send)
            return
        await self._app(scope, _Counted(receive, limit), send)

    def _refusal(self, path: str, headers: _Headers) -> StudioloError | None:
        hosts = headers.all(b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._rules.hosts:
            return UserError(Code.FORBIDDEN_ORIGIN)
        allowed = {f"http://{host}" for host in self._rules.hosts}
        if any(origin.lower() not in allowed for origin in headers.all(b"origin")):
            return UserError(Code.FORBIDDEN_ORIGIN)
        if path not in OPEN_PATHS and not self._knows(headers.all(b"authorization")):
            return UserError(Code.UNAUTHORISED)
        return None

    def _knows(self, values: list[str]) -> bool:
        if len(values) != 1:
            return False
        scheme, _, token = values[0].partition(" ")
        same = hmac.compare_digest(token.strip().encode("latin-1"), self._rules.token.encode("latin-1"))
        return scheme.lower() == "bearer" and same

    def _limit(self, headers: _Headers) -> int:
        kinds = headers.all(b"content-type")
        multipart = any(kind.lower().startswith("multipart/form-data") for kind in kinds)
        return self._rules.upload_bytes if multipart else self._rules.body_bytes


class _Headers:
    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self._raw if key == name]


class _Counted:
    """`receive`, that stops a body which grows over the limit whatever its Content-Length said."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit:
                raise _too_large(self._limit)
        return message


def _length(headers: _Headers) -> int:
    try:
        return max((int(value) for value in headers.all(b"content-length")), default=0)
    except ValueError:
        return 0


def _too_large(limit: int) -> UserError:
    return UserError(Code.FILE_TOO_LARGE, path="", limit_bytes=limit)
