"""What answers between the seal and the open home: `/healthz` at once, the rest as soon as there is an application.

The listener is bound and the process sealed long before stores are open and libraries imported. A request that comes
earlier waits for the application, `HOLD_S` at most; then it is told to try again (503, engine_opening). The owner's
`/readyz` is told what is being waited for. Where the home cannot be opened, the owner is told why.
It must import nothing that takes long, and answers nothing for which the door (`security`) would be needed: whoever
names another host, sends an Origin, or holds a named token, waits. Threads: the loop's, but for `open` and `fail`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from studiolo.errors import Code, EnvironmentFault, StudioloError
from studiolo.server.versions import NAMED

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

HOLD_S: Final = 10.0
RETRY_S: Final = 1
_SPECIAL: Final = frozenset({b"origin", NAMED[0]})  # headers that the application has to look at


class Opening:
    """The application that the server begins with; it hands on to the real one."""

    def __init__(self, *, token: str, port: int, pid: int, hold_s: float = HOLD_S) -> None:
        self._owner = f"bearer {token}".encode("latin-1")
        self._hosts = frozenset(f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost", "[::1]"))
        self._pid = pid
        self._hold_s = hold_s
        self._app: ASGIApp | None = None  # once its lifespan has begun
        self._next: FastAPI | None = None
        self._stop_work: Callable[[], None] = lambda: None
        self._error: StudioloError | None = None
        self._settled = asyncio.Event()  # there is an application, or there will be none
        self._handed = asyncio.Event()  # requests may go on: to the application or to the error
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, app: FastAPI, *, stop_work: Callable[[], None]) -> None:
        """Hand everything to `app` from now on; `stop_work` ends what runs in it. The server must be up."""
        self._next, self._stop_work = app, stop_work
        self._tell(self._settled)

    def fail(self, error: StudioloError) -> None:
        """There will be no application: answer with the error. The server must be up."""
        self._error = error
        self._tell(self._settled)

    def stop(self) -> None:
        """The server is going: end what runs, and keep nobody waiting. On the loop."""
        self._stop_work()
        if self._app is None:
            self._error = self._error or EnvironmentFault(Code.ENGINE_GONE)
            self._handed.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if self._app is not None and scope["type"] != "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The server's life, and inside it the application's."""
        await receive()
        self._loop = asyncio.get_running_loop()
        await send({"type": "lifespan.startup.complete"})
        ending = asyncio.ensure_future(receive())
        settling = asyncio.ensure_future(self._settled.wait())
        await asyncio.wait((ending, settling), return_when=asyncio.FIRST_COMPLETED)
        settling.cancel()
        if self._next is not None:
            async with self._next.router.lifespan_context(self._next):
                self._app = self._next
                self._handed.set()
                await ending
        else:
            self._handed.set()
            await ending
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        asked = (scope["method"], scope["path"]) if self._ours(scope, headers) else ("", "")
        secrets = [value for name, value in headers if name == b"authorization"]
        owner = len(secrets) == 1 and self._is_owner(secrets[0])
        if asked == ("GET", "/healthz"):
            await _send_json(send, 200, {"status": "ok", "service": "studiolo", "pid": self._pid})
        elif asked == ("GET", "/readyz") and owner and not self._handed.is_set():
            await _send_json(send, 503, {"ready": False, "model": "", "loading": ["home"]})
        else:
            await self._hold(scope, receive, send, owner=owner)

    async def _hold(self, scope: Scope, receive: Receive, send: Send, *, owner: bool) -> None:
        try:
            await asyncio.wait_for(self._handed.wait(), self._hold_s)
        except TimeoutError:
            error: StudioloError = EnvironmentFault(Code.ENGINE_OPENING, retry_after_s=RETRY_S)
        else:
            if self._app is not None:
                await self._app(scope, receive, send)
                return
            why = self._error or EnvironmentFault(Code.ENGINE_GONE)
            error = why if owner else EnvironmentFault(Code.ENGINE_START, exit_code=1)
        from studiolo.server.errors import respond

        await respond(error, scope["path"])(scope, receive, send)

    def _ours(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether a request is one of this machine's programs, and nothing about it needs a second look."""
        hosts = [value.lower() for name, value in headers if name == b"host"]
        plain = not any(name in _SPECIAL for name, _ in headers)
        return scope["scheme"] == "http" and plain and len(hosts) == 1 and hosts[0] in self._hosts

    def _is_owner(self, value: bytes) -> bool:
        kind, _, secret = value.partition(b" ")
        return hmac.compare_digest(kind.lower() + b" " + secret.strip(), self._owner)

    def _tell(self, event: asyncio.Event) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # it has closed: the server has been stopped meanwhile
            self._loop.call_soon_threadsafe(event.set)


async def _send_json(send: Send, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json"), NAMED]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
