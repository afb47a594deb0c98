"""The tools: what each does with the engine, and what it gives back as JSON (that of the contract for scripts).

Progress is reported where a client asks for it. A cancelled call cancels the work in the engine. Threads: the loop's.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from studiolo.client.asynchronous import AsyncClient
from studiolo.errors import Code, UserError
from studiolo.events import Event, Progress, Tally
from studiolo.mcp.arguments import Add, Ask, Redact, Search, absolute, checked
from studiolo.shapes import Answer, answer_shape, file_shape, redacted_shape, search_shape, summary_shape

Report = Callable[[float, float | None, str], Awaitable[None]]
"""`report(done, total, what)`: how far it is."""

Run = Callable[[AsyncClient, dict[str, Any] | None, Report], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the server. `run` may raise StudioloError."""

    name: str
    arguments: type[BaseModel]
    run: Run
    changes: bool  # whether anything is different afterwards


async def search(client: AsyncClient, arguments: dict[str, Any] | None, _report: Report) -> dict[str, Any]:
    """`{query, hits, seconds}`."""
    asked = checked(Search, arguments)
    began = time.monotonic()
    hits = await client.search(asked.query, library=asked.library, limit=asked.limit, document=asked.document)
    return search_shape(asked.query, hits, seconds=time.monotonic() - began)


async def ask(client: AsyncClient, arguments: dict[str, Any] | None, report: Report) -> dict[str, Any]:
    """`{answer, citations, timings, usage, redactions, conversation_id, reason}`."""
    asked = checked(Ask, arguments)
    answer = Answer()
    events = client.ask_events(
        asked.question,
        library=asked.library,
        document=asked.document,
        conversation_id=asked.conversation_id,
        max_tokens=asked.max_tokens,
    )
    async with aclosing(events):
        async for event in events:
            answer.take(event)
            if isinstance(event, Progress) and event.stage == "read":
                await report(event.done, event.total or None, event.stage)
    if answer.failure is not None:
        raise answer.failure
    return {**answer_shape(answer), "conversation_id": answer.conversation_id, "reason": answer.reason}


async def add(client: AsyncClient, arguments: dict[str, Any] | None, report: Report) -> dict[str, Any]:
    """`{files: [{path, status, reason, pages, passages, seconds}], summary}`."""
    asked = checked(Add, arguments)
    began = time.monotonic()

    async def tell(event: Event) -> None:
        if isinstance(event, Tally):
            await report(event.files, event.files_total or None, "files")

    results = await client.add(absolute(asked.paths, field="paths"), library=asked.library, on_event=tell)
    summary = summary_shape(results, seconds=time.monotonic() - began)
    return {"files": [file_shape(result) for result in results], **summary}


async def redact(client: AsyncClient, arguments: dict[str, Any] | None, _report: Report) -> dict[str, Any]:
    """`{text, entities}`."""
    asked = checked(Redact, arguments)
    if (asked.text is None) == (asked.path is None):
        raise UserError(Code.BAD_REQUEST, field="text, path", problem="one_of_them")
    if asked.path is not None:
        (path,) = absolute([asked.path], field="path")
        return redacted_shape(await client.redact_file(path, profile=asked.profile))
    return redacted_shape(await client.redact(asked.text or "", profile=asked.profile))


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("search", Search, search, changes=False),
        Tool("ask", Ask, ask, changes=True),
        Tool("add", Add, add, changes=True),
        Tool("redact", Redact, redact, changes=False),
    )
}
