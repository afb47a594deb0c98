"""The version of the API, said in a header.

The version is a whole number that grows when something is removed or changes its meaning; what is added leaves it as
it is. Every answer behind the door names it in `Studiolo-Api-Version`. A client that depends on one sends the same
header, and is refused with 400 where this engine speaks another, before anything is done. Threads: the loop's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.errors import Code, UserError

if TYPE_CHECKING:  # what answers before the home is open must be quick to import
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_VERSION = 1
HEADER = "Studiolo-Api-Version"
_RAW = HEADER.lower().encode("ascii")
NAMED = (_RAW, str(API_VERSION).encode("ascii"))


class Versioned:
    """ASGI middleware that names the version, and refuses a request for another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), NAMED]}
            await send(message)

        asked = [value.decode("latin-1").strip() for name, value in scope["headers"] if name == _RAW]
        if any(version != str(API_VERSION) for version in asked):
            from studiolo.server.errors import respond

            error = UserError(Code.BAD_REQUEST, field=HEADER, problem=f"this engine speaks version {API_VERSION}")
            await respond(error, scope["path"])(scope, receive, named)
            return
        await self._app(scope, receive, named)
