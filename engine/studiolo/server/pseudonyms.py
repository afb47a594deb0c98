"""The native API's routes of pseudonyms: listing them, erasing them, and what keeps their key. For the owner alone.

Names travel in bodies, never in addresses: addresses end up in logs. Threads: as in `native.py`.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from studiolo import wire
from studiolo.errors import Code, EnvironmentFault
from studiolo.server.bodies import NameBody, ProtectionBody
from studiolo.server.errors import WireResponse, respond
from studiolo.server.service import Service

NO_CONTENT = 204
CONFLICT = 409
WITHOUT_MEANS = (Code.PASSPHRASE_NEEDED, Code.KEYRING_MISSING)


def pseudonym_routes(router: APIRouter, service: Service) -> None:
    """Pseudonyms of one library and of all."""

    @router.get("/libraries/{name}/pseudonyms", tags=["privacy"])
    def pseudonyms(name: str, reveal: bool = False) -> Response:
        """The tokens of a library and their types; `reveal=true` gives the values, too."""
        return WireResponse({"pseudonyms": wire.plain(service.engine.pseudonyms(name, reveal=reveal))})

    @router.delete("/libraries/{name}/pseudonyms", tags=["privacy"])
    def forget(name: str, body: NameBody | None = None) -> Response:
        """Erase one person with all forms of the name (or another value, or a token); without a body, all of them."""
        engine = service.engine
        erased = engine.forget_pseudonyms(name) if body is None else engine.forget_person(name, body.name)
        return WireResponse({"erased": erased})

    @router.delete("/pseudonyms", tags=["privacy"])
    def forget_all() -> Response:
        """Erase the pseudonyms of all libraries and conversations."""
        return WireResponse({"erased": service.engine.forget_pseudonyms()})

    @router.put("/pseudonyms/protection", status_code=NO_CONTENT, tags=["privacy"])
    def protect(body: ProtectionBody, request: Request) -> Response:
        """Keep the key in the system keyring, under a passphrase, or in a file of the home."""
        passphrase = None if body.passphrase is None else body.passphrase.get_secret_value()
        try:
            service.engine.protect_pseudonyms(body.by, passphrase=passphrase)
        except EnvironmentFault as fault:
            if fault.code not in WITHOUT_MEANS:
                raise
            return respond(
                fault, request.url.path, status=CONFLICT
            )  # nothing is broken: another way is to be asked for
        return Response(status_code=NO_CONTENT)
