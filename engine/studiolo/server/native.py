"""The native API under /api: one route for each thing a person can ask the engine for.

The bearer is the owner, whose files these are: paths are free, answers are restored. Threads: plain functions run on
the server's pool and may block; coroutines run on the loop and must not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from studiolo import wire
from studiolo.errors import Code, UserError
from studiolo.events import Event, FileDone, Progress
from studiolo.jobs import CancelToken, Job
from studiolo.originals import forget_upload
from studiolo.server.bodies import (
    AskBody,
    ChatBody,
    ImportBody,
    LibraryBody,
    PathsBody,
    RedactBody,
    SearchBody,
)
from studiolo.server.errors import WireResponse
from studiolo.server.service import Service
from studiolo.server.streaming import EventStream, Pump, Source, job_events, sse_lines
from studiolo.server.uploads import Upload
from studiolo.shapes import Answer, answer_shape, file_shape

StreamName = Header(default=None, alias=wire.STREAM_HEADER, max_length=64)
NO_CONTENT = 204


def native_router(service: Service) -> APIRouter:
    """All native routes."""
    router = APIRouter(prefix="/api", default_response_class=WireResponse)
    _engine_routes(router, service)
    _library_routes(router, service)
    _document_routes(router, service)
    _job_routes(router, service)
    _question_routes(router, service)
    _conversation_routes(router, service)
    _model_routes(router, service)
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


def _library_routes(router: APIRouter, service: Service) -> None:
    @router.get("/libraries", tags=["libraries"])
    def libraries() -> Response:
        """All libraries."""
        return WireResponse({"libraries": wire.plain(service.engine.libraries())})

    @router.post("/libraries", status_code=201, tags=["libraries"])
    def create_library(body: LibraryBody) -> Response:
        """Make a library, or get the one of that name."""
        return WireResponse(wire.plain(service.engine.create_library(body.name)), status_code=201)

    @router.delete("/libraries/{name}", status_code=NO_CONTENT, tags=["libraries"])
    def remove_library(name: str) -> Response:
        """Remove a library with all its documents."""
        service.engine.remove_library(name)
        return Response(status_code=NO_CONTENT)


def _document_routes(router: APIRouter, service: Service) -> None:
    @router.get("/libraries/{name}/documents", tags=["documents"])
    def documents(name: str) -> Response:
        """The documents of a library, by name."""
        return WireResponse({"documents": wire.plain(service.engine.documents(name))})

    @router.post(
        "/libraries/{name}/documents",
        status_code=202,
        tags=["documents"],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": PathsBody.model_json_schema()},
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                        }
                    },
                },
            }
        },
    )
    async def add_documents(name: str, request: Request) -> Response:
        """Add files: uploaded as multipart, or named by `{"paths": [...]}`. Answers with a job to watch."""
        content_type = request.headers.get("content-type", "")
        if content_type.lower().startswith("multipart/form-data"):
            await to_thread.run_sync(service.engine.create_library, name)
            paths = await _received(request, Upload(service.home, library=name, content_type=content_type))
            uploaded = True
        else:
            paths = [Path(path) for path in _paths(await request.body())]
            uploaded = False
        job = service.jobs.submit(_adding(service, paths, library=name, uploaded=uploaded))
        return WireResponse({"job": job.id, "events": f"/api/jobs/{job.id}/events"}, status_code=202)

    @router.delete("/libraries/{name}/documents/{document_id}", status_code=NO_CONTENT, tags=["documents"])
    def remove_document(name: str, document_id: str) -> Response:
        """Remove a document and its text."""
        service.engine.remove_document(document_id, library=name)
        return Response(status_code=NO_CONTENT)


def _job_routes(router: APIRouter, service: Service) -> None:
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
        return EventStream(sse_lines(job_events(service.jobs.get(job_id))))

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
        hits = service.engine.search(body.query, library=body.library, limit=body.limit, document=body.document)
        seconds = service.clock() - began
        return WireResponse({"query": body.query, "hits": [wire.hit_plain(hit) for hit in hits], "seconds": seconds})

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
        """The text with its personal data masked, and where it stood."""
        return WireResponse(wire.plain(service.engine.redact(body.text)))


def _conversation_routes(router: APIRouter, service: Service) -> None:
    @router.get("/conversations", tags=["conversations"])
    def conversations() -> Response:
        """All conversations, the latest first."""
        return WireResponse({"conversations": wire.plain(service.engine.conversations())})

    @router.get("/conversations/{conversation_id}", tags=["conversations"])
    def conversation(conversation_id: str) -> Response:
        """A conversation's turns in order."""
        return WireResponse({"id": conversation_id, "turns": wire.plain(service.engine.turns(conversation_id))})

    @router.delete("/conversations/{conversation_id}", status_code=NO_CONTENT, tags=["conversations"])
    def remove_conversation(conversation_id: str) -> Response:
        """Remove a conversation."""
        service.engine.remove_conversation(conversation_id)
        return Response(status_code=NO_CONTENT)

    @router.get("/turns/{turn_id}/seen", tags=["conversations"])
    def seen(turn_id: str) -> Response:
        """What the model read in a turn, with pseudonyms."""
        return WireResponse({"turn": turn_id, "text": service.engine.model_saw(turn_id)})


def _model_routes(router: APIRouter, service: Service) -> None:
    @router.get("/models", tags=["models"])
    def models() -> Response:
        """The catalogue, and what was imported beside it."""
        return WireResponse({"models": wire.plain(service.engine.models())})

    @router.post("/models", status_code=201, tags=["models"])
    def import_model(body: ImportBody) -> Response:
        """Import a model file of this machine."""
        if not Path(body.path).is_absolute():
            raise UserError(Code.BAD_REQUEST, field="path", problem="the path must be absolute")
        return WireResponse(wire.plain(service.engine.import_model(Path(body.path))), status_code=201)

    @router.delete("/models/{model_id}", status_code=NO_CONTENT, tags=["models"])
    def remove_model(model_id: str) -> Response:
        """Remove a model's files."""
        service.engine.remove_model(model_id)
        return Response(status_code=NO_CONTENT)


async def gathered(pump: Pump, request: Request) -> Answer:
    """A stream read to its end; a client that goes away cancels it. Raises StudioloError where it failed."""

    async def until_it_leaves() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        pump.cancel()

    leaving = asyncio.create_task(until_it_leaves())
    answer = Answer()
    try:
        await pump.settle()
        async for event in pump.events():
            if event is not None:
                answer.take(event)
    finally:
        leaving.cancel()
    if answer.failure is not None:
        raise answer.failure
    return answer


async def _streamed(pump: Pump) -> EventStream:
    await pump.settle()
    return EventStream(sse_lines(pump.events()), on_end=pump.leave)


async def _received(request: Request, upload: Upload) -> list[Path]:
    try:
        async for chunk in request.stream():
            if chunk:
                await to_thread.run_sync(upload.write, chunk)
        return await to_thread.run_sync(upload.finish)
    finally:
        await to_thread.run_sync(upload.abandon)


def _paths(body: bytes) -> list[str]:
    import json

    from pydantic import ValidationError

    try:
        paths = PathsBody.model_validate(json.loads(body)).paths
    except (ValueError, ValidationError, RecursionError):
        raise UserError(Code.BAD_REQUEST, field="paths", problem="a list of paths is needed") from None
    if not all(Path(path).is_absolute() for path in paths):
        raise UserError(Code.BAD_REQUEST, field="paths", problem="paths must be absolute")
    return paths


def _adding(service: Service, paths: list[Path], *, library: str, uploaded: bool) -> Source:
    def work(cancel: CancelToken) -> Iterator[Event]:
        for event in service.engine.add(paths, library=library, cancel=cancel):
            if uploaded and isinstance(event, FileDone) and event.result.status == "failed":
                kept = {document.path for document in service.engine.documents(library)}
                if event.result.path not in kept:
                    forget_upload(service.home, event.result.path)
            yield event

    return work


def _job_shape(job: Job) -> dict[str, Any]:
    state, events = job.snapshot()
    progress = next((event for event in reversed(events) if isinstance(event, Progress)), None)
    return {
        "id": job.id,
        "state": state,
        "progress": None if progress is None else wire.plain(progress),
        "files": [file_shape(event.result) for event in events if isinstance(event, FileDone)],
        "end": wire.event_plain(events[-1]) if events and wire.is_last(events[-1]) else None,
    }
