"""The native API under /api: one route for each thing a person can ask the engine for.

What a caller may do, and as whom they read, is not decided here: see `rights.py` and `guarded.py`. Threads: plain
functions run on the server's pool and may block; coroutines run on the loop and must not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from studiolo import wire
from studiolo.events import Compared, FileDone, Progress, Tally
from studiolo.jobs import Job
from studiolo.server.bodies import AheadBody, AskBody, ChatBody, QuotingBody, RedactBody, RevealBody, SearchBody
from studiolo.server.conversations import keeping_routes
from studiolo.server.errors import WireResponse
from studiolo.server.libraries import NO_CONTENT, absolute, document_routes, library_routes
from studiolo.server.models import model_routes
from studiolo.server.pages import page_routes
from studiolo.server.privacy import policy_routes
from studiolo.server.pseudonyms import pseudonym_routes
from studiolo.server.service import Service
from studiolo.server.settings import settings_routes
from studiolo.server.streaming import EventStream, Pump, job_events, several, sse_lines
from studiolo.server.tokens import token_routes
from studiolo.shapes import Answer, answer_shape, audit_shape, file_shape, ranked_by

StreamName = Header(default=None, alias=wire.STREAM_HEADER, max_length=64)


def native_router(service: Service) -> APIRouter:
    """All native routes."""
    router = APIRouter(prefix="/api", default_response_class=WireResponse)
    _engine_routes(router, service)
    settings_routes(router, service)
    library_routes(router, service)
    pseudonym_routes(router, service)
    document_routes(router, service)
    page_routes(router, service)
    policy_routes(router, service)
    _job_routes(router, service)
    _question_routes(router, service)
    _conversation_routes(router, service)
    keeping_routes(router, service)
    _audit_routes(router, service)
    model_routes(router, service)
    token_routes(router, service)
    return router


def _engine_routes(router: APIRouter, service: Service) -> None:
    @router.get("/status", tags=["engine"])
    def status() -> Response:
        """Who the engine is and whether its model is loaded."""
        return WireResponse(wire.plain(service.engine.status()))

    @router.get("/doctor", tags=["engine"])
    def doctor() -> Response:
        """What works on this machine and what does not."""
        return WireResponse({"checks": wire.plain(service.engine.doctor())})

    @router.get("/ahead", tags=["engine"])
    def ahead() -> Response:
        """How far reading ahead is, and what it takes."""
        return WireResponse(wire.plain(service.engine.ahead()))

    @router.put("/ahead", tags=["engine"])
    def set_ahead(body: AheadBody) -> Response:
        """Pause reading ahead or go on, or give it another budget; what is left out stays as it is."""
        return WireResponse(wire.plain(service.engine.set_ahead(on=body.on, budget_mb=body.budget_mb)))


def _job_routes(router: APIRouter, service: Service) -> None:
    @router.get("/jobs", tags=["jobs"])
    def jobs() -> Response:
        """The jobs that can still be asked for, the latest last."""
        return WireResponse({"jobs": [_job_shape(job) for job in service.jobs.all()]})

    @router.get("/jobs/{job_id}", tags=["jobs"])
    def job(job_id: str) -> Response:
        """Where a job stands."""
        return WireResponse(_job_shape(service.jobs.get(job_id)))

    @router.delete("/jobs/{job_id}", status_code=202, tags=["jobs"])
    def cancel_job(job_id: str) -> Response:
        """Ask a job to stop; it ends as cancelled at its next safe point."""
        found = service.jobs.get(job_id)
        found.cancel()
        return WireResponse({"id": found.id, "state": found.state}, status_code=202)

    @router.get("/jobs/{job_id}/events", tags=["jobs"])
    async def watch_job(job_id: str) -> Response:
        """A job's events from the first to the last, as server-sent events. Leaving does not stop the job."""
        return EventStream(sse_lines(job_events(service.jobs.get(job_id), service.streams)))

    @router.delete("/streams/{stream_name}", status_code=NO_CONTENT, tags=["jobs"])
    def cancel_stream(stream_name: str) -> Response:
        """Stop the answer whose request named itself so in the header X-Studiolo-Stream."""
        service.streams.cancel(stream_name)
        return Response(status_code=NO_CONTENT)


def _question_routes(router: APIRouter, service: Service) -> None:
    @router.post("/search", tags=["questions"])
    def search(body: SearchBody) -> Response:
        """The passages that fit best, best first."""
        began = service.clock()
        hits = service.engine.search(
            body.query, library=body.library, limit=body.limit, document=body.document, reader=body.reader
        )
        seconds = service.clock() - began
        found = [wire.hit_plain(hit) for hit in hits]
        return WireResponse({"query": body.query, "hits": found, "seconds": seconds, "by": ranked_by(hits)})

    @router.post("/ask", tags=["questions"])
    async def ask(body: AskBody, request: Request, stream_name: str | None = StreamName) -> Response:
        """Answer a question from a library: server-sent events, or one JSON with `stream: false`."""
        question = body.asked()
        pump = Pump(lambda cancel: service.engine.ask(question, cancel=cancel), service.streams, name=stream_name)
        if body.stream:
            return await _streamed(pump)
        return WireResponse(answer_shape(await gathered(pump, request)))

    @router.post("/chat", tags=["questions"])
    async def chat(body: ChatBody, stream_name: str | None = StreamName) -> Response:
        """Answer a conversation that the client keeps, as server-sent events; nothing is stored."""
        asked = body.asked()
        return await _streamed(
            Pump(lambda cancel: service.engine.chat(asked, cancel=cancel), service.streams, name=stream_name)
        )

    @router.post("/redact", tags=["privacy"])
    def redact(body: RedactBody) -> Response:
        """A text with its personal data masked, and where it stood; `{"results": [...]}` for several texts."""
        engine, profile = service.engine, body.profile
        if body.texts is not None:
            return WireResponse({"results": wire.plain(engine.redact_many(body.texts, profile=profile))})
        if body.path is not None:
            path = absolute(body.path, field="path")
            passwords = [password.get_secret_value() for password in body.passwords]
            return WireResponse(wire.plain(engine.redact_file(path, profile=profile, passwords=passwords)))
        return WireResponse(wire.plain(engine.redact(body.text or "", profile=profile)))


def _conversation_routes(router: APIRouter, service: Service) -> None:
    @router.get("/conversations", tags=["conversations"])
    def conversations() -> Response:
        """All conversations, the latest first."""
        return WireResponse({"conversations": wire.plain(service.engine.conversations())})

    @router.post("/conversations/quoting", tags=["conversations"])
    def quoting(body: QuotingBody) -> Response:
        """The conversations whose answers rest on any of the documents, the latest first."""
        return WireResponse({"conversations": wire.plain(service.engine.quoting(body.ids))})

    @router.get("/conversations/{conversation_id}", tags=["conversations"])
    def conversation(conversation_id: str) -> Response:
        """The turns of the branch of a conversation that is shown, in order."""
        return WireResponse({"id": conversation_id, "turns": wire.plain(service.engine.turns(conversation_id))})

    @router.delete("/conversations/{conversation_id}", status_code=NO_CONTENT, tags=["conversations"])
    def remove_conversation(conversation_id: str) -> Response:
        """Remove a conversation."""
        service.engine.remove_conversation(conversation_id)
        return Response(status_code=NO_CONTENT)

    @router.get("/turns/{turn_id}/seen", tags=["conversations"])
    def seen(turn_id: str) -> Response:
        """What the model read in a turn, with pseudonyms: whole, and in the parts it was put together of."""
        found = service.engine.seen(turn_id)
        return WireResponse({"turn": turn_id, "text": found.text, "parts": wire.plain(found.parts)})

    @router.get("/turns/{turn_id}/screening", tags=["conversations"])
    def screening(turn_id: str, prompt: bool = False) -> Response:
        """A turn as the owner reads it and as the model saw it; `prompt=true`: with the text that the model read."""
        return WireResponse(wire.plain(service.engine.screening(turn_id, prompt=prompt)))

    @router.post("/turns/{turn_id}/reveal", tags=["conversations"])
    def reveal(turn_id: str, body: RevealBody) -> Response:
        """The value of one token that the model read or wrote in a turn. The audit log notes it."""
        return WireResponse(wire.plain(service.engine.reveal(turn_id, body.token)))


def _audit_routes(router: APIRouter, service: Service) -> None:
    @router.get("/audit", tags=["privacy"])
    def audit(
        limit: int = Query(100, ge=1, le=10_000),
        before: int | None = Query(None, ge=1),
        after: int | None = Query(None, ge=0),
    ) -> Response:
        """What the filter did, without a value: the last records (before one), or the first ones after one."""
        records = service.engine.audit(limit=limit, before=before, after=after)
        return WireResponse({"records": [audit_shape(record) for record in records]})

    @router.get("/audit/verify", tags=["privacy"])
    def verify_audit() -> Response:
        """Whether the audit log is what was written."""
        return WireResponse(wire.plain(service.engine.verify_audit()))


async def gathered(pump: Pump, request: Request) -> Answer:
    """A stream read to its end; a client that goes away cancels it. Raises StudioloError where it failed."""
    (answer,) = await all_gathered([pump], request)
    return answer


async def all_gathered(pumps: Sequence[Pump], request: Request) -> list[Answer]:
    """The same for several side by side. Raises the StudioloError of the first that failed; the others then end."""

    async def until_it_leaves() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        for pump in pumps:
            pump.cancel()

    leaving = asyncio.create_task(until_it_leaves())
    answers = [Answer() for _ in pumps]
    try:
        async with aclosing(several(pumps)) as events:
            async for number, event in events:
                if event is not None:
                    answers[number].take(event)
    finally:
        leaving.cancel()
    for answer in answers:
        if answer.failure is not None:
            raise answer.failure
    return answers


async def _streamed(pump: Pump) -> EventStream:
    await pump.settle()
    return EventStream(sse_lines(pump.events()), on_end=pump.leave)


def _job_shape(job: Job) -> dict[str, Any]:
    state, events = job.snapshot()
    latest = [
        next((event for event in reversed(events) if isinstance(event, kind)), None) for kind in (Tally, Progress)
    ]  # how far the whole is, then what is being worked on
    progress = {name: value for event in latest if event is not None for name, value in wire.plain(event).items()}
    return {
        "id": job.id,
        "state": state,
        "progress": progress or None,
        "files": [file_shape(event.result) for event in events if isinstance(event, FileDone)],
        "comparison": next((wire.plain(event.comparison) for event in events if isinstance(event, Compared)), None),
        "end": wire.event_plain(events[-1]) if events and wire.is_last(events[-1]) else None,
    }
