"""Who may speak to the server over HTTP: whoever knows the token that it acts with. Threads: the ASGI loop's."""

from __future__ import annotations

import hmac
from contextlib import suppress
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from studiolo.client.reach import read_token
from studiolo.errors import Code, StudioloError, UserError
from studiolo.server.errors import respond


class TokenDoor:
    """ASGI middleware: a bearer token, the one in a file. Host and Origin are the SDK's to check."""

    def __init__(self, app: ASGIApp, token_file: Path) -> None:
        """Raises UserError: file_missing, file_unreadable."""
        self._app = app
        self._file = token_file
        self._token = read_token(token_file)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] == "http" and not self._knows(scope):
            await respond(UserError(Code.UNAUTHORISED), "/api")(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(values) != 1:
            return False
        scheme, _, token = values[0].partition(b" ")
        with suppress(StudioloError):  # no engine runs at the moment: the token was that of the last one
            self._token = read_token(self._file)  # an engine that was started anew has another
        same = hmac.compare_digest(token.strip(), self._token.encode("ascii"))
        return scheme.lower() == b"bearer" and same
