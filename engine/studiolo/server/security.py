"""The door: who may speak to the engine at all. Host, Origin, token, scope and size, checked before any route runs.

A web page cannot get in: its Origin is foreign, a rebound DNS name shows in Host, and it knows no token. There is no
CORS but for origins that the owner named. What a caller may do is decided before their body is read. Must not know the
engine. Threads: the ASGI loop's.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from anyio import to_thread
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studiolo import wire
from studiolo.errors import Code, StudioloError, UserError
from studiolo.server.errors import respond
from studiolo.server.limits import Limits
from studiolo.server.nesting import deeper_than, is_wide
from studiolo.server.rights import CALLER, OPEN, Caller, needed, refusal, takes_uploads
from studiolo.server.versions import HEADER
from studiolo.tokens import NamedToken, TokenStore

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_METHODS: Final = "GET, POST, PUT, DELETE"
_HEADERS: Final = f"authorization, content-type, {wire.STREAM_HEADER.lower()}, {HEADER.lower()}"
_SHOWN: Final = f"retry-after, www-authenticate, {HEADER.lower()}"


_SMALL: Final = 64 * 1024  # bytes that may be looked through on the loop
_LINGER: Final = 1024**2  # bytes that are still taken, and thrown away, so that the answer gets through
_NOBODY: Final = Caller(NamedToken("", "-", scopes=(), created_at=0))  # on an open route, without a right


@dataclass(frozen=True, slots=True)
class Rules:
    """What the door goes by. `public_hosts` are the Host headers that name the TLS listener, where there is one."""

    token: str = field(repr=False)
    port: int
    body_bytes: int = 16 * 1024**2  # of an ordinary request
    upload_bytes: int = 1024**3  # of a multipart request
    header_count: int = 100
    header_bytes: int = 64 * 1024  # names and values together
    json_depth: int = 100  # lists and objects inside one another
    public_hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()  # of pages that may call, beside the engine's own

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that name the loopback listener."""
        return frozenset(f"{name}:{self.port}" for name in LOOPBACK)

    def names(self, scheme: str) -> frozenset[str]:
        """The Host headers that name the listener of a scheme."""
        return self.public_hosts if scheme == "https" else self.hosts


class Door:
    """ASGI middleware that lets in what `Rules` and rights allow, and answers the rest itself."""

    def __init__(self, app: ASGIApp, rules: Rules, tokens: TokenStore, limits: Limits) -> None:
        self._app = app
        self._rules = rules
        self._owner = hashlib.sha256(rules.token.encode("latin-1")).digest()
        self._tokens = tokens
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no websockets here: closing without accepting refuses them
        headers = _Headers(scope["headers"])
        uploads = headers.multipart and takes_uploads(scope["method"], scope["path"])
        limit = self._rules.upload_bytes if uploads else self._rules.body_bytes
        body = _Body(receive, limit, lingers=_length(headers) <= _LINGER and not headers.all(b"transfer-encoding"))
        origin = self._named_origin(headers)
        answer = _closing(_allowing(send, origin), body)
        try:
            self._check(scope, headers)
            if origin and scope["method"] == "OPTIONS":
                await _preflight(scope, receive, answer)
                return
            called = self._caller(scope, headers)
            error = refusal(called, scope["method"], scope["path"])
            if error is not None:
                raise error
            if _length(headers) > body.limit:
                raise _too_large(body.limit)
            await self._serve(called, scope, body, answer, whole=not uploads)
        except StudioloError as error:
            await respond(error, scope["path"], status=getattr(error, "status", None))(scope, receive, answer)

    async def _serve(self, called: Caller, scope: Scope, body: _Body, send: Send, *, whole: bool) -> None:
        begun = called.token
        if begun is not None:
            self._limits.begin(begun)
        known = CALLER.set(called)
        try:
            if whole and not await body.buffer(self._rules.json_depth):
                return
            with contextlib.suppress(ClientDisconnect):
                await self._app(scope, body, send)
        finally:
            CALLER.reset(known)
            if begun is not None:
                self._limits.end(begun)

    def _check(self, scope: Scope, headers: _Headers) -> None:
        """Headers, Host and Origin. Raises UserError."""
        if headers.count > self._rules.header_count or headers.size > self._rules.header_bytes:
            raise _Refused(431, field="headers", problem="too many or too long")
        names = self._rules.names(scope["scheme"])
        hosts = headers.all(b"host")
        if len(hosts) != 1 or hosts[0].lower() not in names:
            raise UserError(Code.FORBIDDEN_ORIGIN)
        own = {f"{scope['scheme']}://{host}" for host in names}
        if any(origin.lower() not in own | self._rules.origins for origin in headers.all(b"origin")):
            raise UserError(Code.FORBIDDEN_ORIGIN)

    def _caller(self, scope: Scope, headers: _Headers) -> Caller:
        """Who calls. Raises UserError(unauthorised); EnvironmentFault where the named tokens cannot be read."""
        values = headers.all(b"authorization")
        kind, _, secret = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        secret = secret.strip()
        if kind.lower() == "bearer" and secret:
            given = hashlib.sha256(secret.encode("latin-1")).digest()
            if hmac.compare_digest(given, self._owner):
                return Caller()
            token = self._tokens.find(secret)
            if token is not None:
                return Caller(token)
        if needed(scope["method"], scope["path"]) == OPEN:
            return _NOBODY
        raise UserError(Code.UNAUTHORISED)

    def _named_origin(self, headers: _Headers) -> str:
        """The origin of a request from a page that the owner has named; "" of all others."""
        found = headers.all(b"origin")
        return found[0] if len(found) == 1 and found[0].lower() in self._rules.origins else ""


class _Refused(UserError):
    """A request that is not well formed, with the HTTP status that says how."""

    def __init__(self, status: int, **values: str | float) -> None:
        super().__init__(Code.BAD_REQUEST, **values)
        self.status = status


class _Headers:
    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self._raw if key == name]

    @property
    def count(self) -> int:
        return len(self._raw)

    @property
    def size(self) -> int:
        return sum(len(key) + len(value) for key, value in self._raw)

    @property
    def multipart(self) -> bool:
        return any(kind.lower().startswith("multipart/form-data") for kind in self.all(b"content-type"))


class _Body:
    """`receive`, that stops a body which grows over the limit whatever its Content-Length said."""

    def __init__(self, receive: Receive, limit: int, *, lingers: bool) -> None:
        self.limit = limit
        self.lingers = lingers
        self.read = False  # to its end
        self._receive = receive
        self._seen = 0
        self._held: Message | None = None

    async def __call__(self) -> Message:
        if self._held is not None:
            held, self._held = self._held, None
            return held
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self.limit:
                raise _too_large(self.limit)
            self.read = not message.get("more_body", False)
        return message

    async def buffer(self, depth: int) -> bool:
        """Read it whole, to be given on as one piece; False where the client has gone.

        Raises UserError where its JSON is nested deeper than `depth`, or not UTF-8.
        """
        pieces = []
        while not self.read:
            message = await self()
            if message["type"] != "http.request":
                return False
            pieces.append(message.get("body", b""))
        whole = b"".join(pieces)
        if is_wide(whole):
            raise _Refused(400, field="body", problem="not UTF-8")
        deeper = (
            deeper_than(whole, depth) if len(whole) < _SMALL else await to_thread.run_sync(deeper_than, whole, depth)
        )
        if deeper:
            raise _Refused(400, field="body", problem=f"nested more than {depth} deep")
        self._held = {"type": "http.request", "body": whole, "more_body": False}
        return True


def _closing(send: Send, body: _Body) -> Send:
    """`send`, that ends the connection with an answer which came before a large body was read.

    Of a small one the server still takes the rest: closed upon unread bytes, the system would throw the answer away.
    """

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and not body.read and not body.lingers:
            message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
        await send(message)

    return sent


def _allowing(send: Send, origin: str) -> Send:
    """`send`, that lets the page of a named origin read the answer."""
    if not origin:
        return send
    more = [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _SHOWN.encode("ascii")),
        (b"vary", b"Origin"),
    ]

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return sent


async def _preflight(scope: Scope, receive: Receive, send: Send) -> None:
    """A browser asks whether the page may: it may, and still needs a token."""
    headers = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": "600",
    }
    await Response(status_code=204, headers=headers)(scope, receive, send)


def _length(headers: _Headers) -> int:
    try:
        return max((int(value) for value in headers.all(b"content-length")), default=0)
    except ValueError:
        return 0


def _too_large(limit: int) -> UserError:
    return UserError(Code.FILE_TOO_LARGE, path="", limit_bytes=limit)
