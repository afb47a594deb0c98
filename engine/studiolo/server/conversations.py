"""The native API's routes by which conversations are kept in order: names, pins, searching, exports, versions of turns.

Threads: as in `native.py`.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from studiolo import wire
from studiolo.server.bodies import ConversationBody, FindBody
from studiolo.server.errors import WireResponse
from studiolo.server.service import Service
from studiolo.transcripts import transcript_markdown

NO_CONTENT = 204
MARKDOWN = "text/markdown"


def keeping_routes(router: APIRouter, service: Service) -> None:
    """What a person does with conversations, beside asking."""

    @router.post("/conversations/search", tags=["conversations"])
    def find(body: FindBody) -> Response:
        """The conversations whose title or one turn of which holds all words of a query, the latest first."""
        return WireResponse({"found": wire.plain(service.engine.find_conversations(body.query, limit=body.limit))})

    @router.put("/conversations/{conversation_id}", tags=["conversations"])
    def change(conversation_id: str, body: ConversationBody) -> Response:
        """Rename a conversation, or pin it. A title is screened as the policy wants titles to be."""
        changed = service.engine.change_conversation(conversation_id, title=body.title, pinned=body.pinned)
        return WireResponse(wire.plain(changed))

    @router.get("/conversations/{conversation_id}/export", tags=["conversations"])
    def export(conversation_id: str, format: Literal["json", "markdown"] = "json") -> Response:  # noqa: A002
        """A conversation to be written out, screened as the policy wants exports to be; `format=markdown` as a text."""
        exported = service.engine.export_conversation(conversation_id)
        if format == "json":
            return WireResponse(wire.plain(exported))
        text = transcript_markdown(exported).encode("utf-8", "replace")
        return Response(text, media_type=f"{MARKDOWN}; charset=utf-8")

    @router.put("/turns/{turn_id}/shown", status_code=NO_CONTENT, tags=["conversations"])
    def show(turn_id: str) -> Response:
        """Show the branch of its conversation that a turn is in, from now on."""
        service.engine.show_turn(turn_id)
        return Response(status_code=NO_CONTENT)
