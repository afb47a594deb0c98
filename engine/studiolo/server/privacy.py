"""The native API's routes of the privacy policy, and of what the filter has found in documents.

Threads: as in `native.py`.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studiolo import wire
from studiolo.server.bodies import PolicyBody, PreviewBody
from studiolo.server.errors import WireResponse
from studiolo.server.service import Service


def policy_routes(router: APIRouter, service: Service) -> None:
    """The policy, and reports."""

    @router.get("/privacy", tags=["privacy"])
    def policy(library: str = "") -> Response:
        """The policy of a library, or without a name the home's."""
        return WireResponse(wire.plain(service.engine.policy(library)))

    @router.put("/privacy", tags=["privacy"])
    def set_policy(body: PolicyBody) -> Response:
        """Put a section in place of what the home's policy file says; it counts at once."""
        return WireResponse(wire.plain(service.engine.set_policy(body.library, body.policy)))

    @router.post("/privacy/preview", tags=["privacy"])
    def preview_policy(body: PreviewBody) -> Response:
        """What a text would become if a section were set; nothing is changed, and nothing recorded."""
        found = service.engine.preview_policy(body.library, body.policy, body.text, direction=body.direction)
        return WireResponse(wire.plain(found))

    @router.post("/privacy/load", tags=["privacy"])
    def load_policy() -> Response:
        """Read the home's policy file again, as after it was edited by hand."""
        return WireResponse(wire.plain(service.engine.load_policy()))

    @router.get("/libraries/{name}/documents/{document_id}/report", tags=["privacy"])
    def report(name: str, document_id: str) -> Response:
        """What the filter has found in a document: types, counts, pages, and what becomes of them."""
        return WireResponse(wire.plain(service.engine.document_report(document_id, library=name)))
