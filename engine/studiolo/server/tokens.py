"""The native API's routes of named tokens, for the owner alone. Threads: as in `native.py`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studiolo.server.bodies import TokenBody
from studiolo.server.errors import WireResponse
from studiolo.server.libraries import NO_CONTENT, absolute
from studiolo.server.service import Service


def token_routes(router: APIRouter, service: Service) -> None:
    """Named tokens."""
    tokens = service.tokens

    @router.get("/tokens", tags=["tokens"])
    def listed() -> Response:
        """All named tokens, without their secrets."""
        return WireResponse({"tokens": [token.shape() for token in tokens.list()]})

    @router.post("/tokens", status_code=201, tags=["tokens"])
    def create(body: TokenBody) -> Response:
        """Make a token. `token` is its secret, which is shown only now."""
        made, secret = tokens.create(
            body.name,
            scopes=body.scopes,
            lifetime_s=body.expires_s,
            profile=body.profile,
            rate_per_minute=body.rate_per_minute,
            concurrent=body.concurrent,
            service=body.service,
            roots=[absolute(root, field="roots") for root in body.roots],
        )
        return WireResponse({**made.shape(), "token": secret}, status_code=201)

    @router.delete("/tokens/{name}", status_code=NO_CONTENT, tags=["tokens"])
    def revoke(name: str) -> Response:
        """Refuse a token from now on."""
        tokens.revoke(name)
        return Response(status_code=NO_CONTENT)
