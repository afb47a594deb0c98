"""The native API's route of pages: what a document's page says and looks like, with what is marked on it.

Quotes travel in bodies, never in addresses: addresses end up in logs. Threads: as in `native.py`.
"""

from __future__ import annotations

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from studiolo import wire
from studiolo.server.bodies import PageBody
from studiolo.server.errors import WireResponse
from studiolo.server.service import Service
from studiolo.types import PAGE_WIDTH, PageView

_PAGE = "/libraries/{name}/documents/{document_id}/pages/{page}"
_Page = Path(ge=0, le=10_000_000, description="from 1; 0 where the format has no pages")


def page_routes(router: APIRouter, service: Service) -> None:
    """Pages of a document."""

    @router.get(_PAGE, tags=["documents"])
    def page(
        request: Request,
        name: str,
        document_id: str,
        *,
        page: int = _Page,
        passage: str | None = Query(None, max_length=200, description="id of a passage to be marked"),
        width: int = Query(PAGE_WIDTH, ge=16, le=4_000, description="pixels"),
    ) -> Response:
        """A page's text and picture, with what is marked in both; the picture alone for `Accept: image/png`."""
        view = service.engine.page(document_id, page, library=name, passage=passage, width=width)
        return _answer(view, request)

    @router.post(_PAGE, tags=["documents"])
    def marked_page(name: str, document_id: str, body: PageBody, request: Request, page: int = _Page) -> Response:
        """The same with quotes to be marked, and with passwords for a locked file."""
        view = service.engine.page(
            document_id,
            page,
            library=name,
            passage=body.passage,
            quotes=body.quotes,
            width=body.width,
            passwords=[password.get_secret_value() for password in body.passwords],
        )
        return _answer(view, request)


def _answer(view: PageView, request: Request) -> Response:
    if view.png and request.headers.get("accept", "").split(";")[0].strip() == "image/png":
        return Response(view.png, media_type="image/png", headers={"Cache-Control": "no-store"})
    return WireResponse(wire.page_plain(view))
