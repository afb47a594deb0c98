"""The native API's routes of libraries and documents: making, filling, checking, moving and watching them.

Paths must be absolute; a named token's lie in its roots. What takes long is a job. Threads: as in `native.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from studiolo import wire
from studiolo.errors import Code, UserError
from studiolo.events import Event, FileDone
from studiolo.jobs import CancelToken, Job
from studiolo.originals import forget_upload
from studiolo.server.bodies import (
    EmbedderBody,
    ExportBody,
    FolderBody,
    IdsBody,
    LibraryBody,
    LibraryFileBody,
    PathsBody,
    WatchBody,
)
from studiolo.server.errors import WireResponse
from studiolo.server.rights import caller
from studiolo.server.service import Service
from studiolo.server.streaming import Source
from studiolo.server.uploads import Upload
from studiolo.types import QuotesOf

NO_CONTENT = 204
ACCEPTED = 202


def library_routes(router: APIRouter, service: Service) -> None:
    """Libraries as a whole."""

    @router.get("/libraries", tags=["libraries"])
    def libraries() -> Response:
        """All libraries."""
        return WireResponse({"libraries": wire.plain(service.engine.libraries())})

    @router.post("/libraries", status_code=201, tags=["libraries"])
    def create_library(body: LibraryBody) -> Response:
        """Make a library, or get the one of that name."""
        made = service.engine.create_library(body.name, embedder=body.embedder or None)
        return WireResponse(wire.plain(made), status_code=201)

    @router.delete("/libraries/{name}", status_code=NO_CONTENT, tags=["libraries"])
    def remove_library(name: str) -> Response:
        """Remove a library with all its documents."""
        service.engine.remove_library(name)
        return Response(status_code=NO_CONTENT)

    @router.get("/libraries/{name}/statistics", tags=["libraries"])
    def statistics(name: str) -> Response:
        """What a library holds and takes up."""
        return WireResponse(wire.plain(service.engine.statistics(name)))

    @router.get("/libraries/{name}/map", tags=["libraries"])
    def library_map(name: str) -> Response:
        """A library's passages as points in -1..1, near ones about similar things; of many an even sample."""
        return WireResponse(wire.plain(service.engine.library_map(name)))

    @router.post("/libraries/{name}/check", tags=["libraries"])
    def check(name: str) -> Response:
        """Compare what was taken in with what can be found, and repair it; lost documents are read again afterwards."""
        found = service.engine.check(name)
        return WireResponse({**wire.plain(found), "sound": found.sound})

    @router.put("/libraries/{name}/embedder", status_code=ACCEPTED, tags=["libraries"])
    def change_embedder(name: str, body: EmbedderBody) -> Response:
        """Embed a library anew by another model. Answers with a job to watch; search goes on meanwhile."""
        return accepted(
            service.jobs.submit(lambda cancel: service.engine.change_embedder(name, body.model, cancel=cancel))
        )

    @router.post("/libraries/{name}/export", status_code=ACCEPTED, tags=["libraries"])
    def export_library(name: str, body: ExportBody) -> Response:
        """Write a library with its texts and vectors into one file of this machine. Answers with a job to watch."""
        path, paths, who = absolute(body.path, field="path"), body.paths, caller()
        return accepted(
            service.jobs.submit(
                lambda cancel: service.engine.export_library(name, who.path(path), paths=paths, cancel=cancel)
            )
        )

    @router.post("/libraries/import", status_code=ACCEPTED, tags=["libraries"])
    def import_library(body: LibraryFileBody) -> Response:
        """Take a library from an exported file. Answers with a job to watch."""
        path, who = absolute(body.path, field="path"), caller()
        return accepted(
            service.jobs.submit(
                lambda cancel: service.engine.import_library(who.path(path), name=body.name, cancel=cancel)
            )
        )

    @router.get("/libraries/{name}/watched", tags=["libraries"])
    def watched(name: str) -> Response:
        """The folders that a library is kept in step with."""
        return WireResponse({"folders": wire.plain(service.engine.watched(name))})

    @router.post("/libraries/{name}/watched", status_code=NO_CONTENT, tags=["libraries"])
    def watch(name: str, body: WatchBody) -> Response:
        """Keep a library in step with a folder from now on."""
        service.engine.watch(name, absolute(body.folder, field="folder"), polling=body.polling)
        return Response(status_code=NO_CONTENT)

    @router.delete("/libraries/{name}/watched", status_code=NO_CONTENT, tags=["libraries"])
    def unwatch(name: str, body: FolderBody) -> Response:
        """Watch a folder no more; its documents stay."""
        service.engine.unwatch(name, absolute(body.folder, field="folder"))
        return Response(status_code=NO_CONTENT)


def document_routes(router: APIRouter, service: Service) -> None:
    """The documents of a library."""

    @router.get("/libraries/{name}/documents", tags=["documents"])
    def documents(name: str) -> Response:
        """The documents of a library, by name."""
        return WireResponse({"documents": wire.plain(service.engine.documents(name))})

    @router.post(
        "/libraries/{name}/documents",
        status_code=ACCEPTED,
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
        """Add files: uploaded as multipart, or named by `{"paths": [...]}` with `"passwords"` to try on locked ones.

        Answers with a job to watch. An uploaded file replaces the one that the same caller uploaded under its name
        before; a named token's stand beside the owner's and other tokens'.
        """
        content_type = request.headers.get("content-type", "")
        passwords: tuple[str, ...] = ()
        service.jobs.require_room()  # before a file is taken in for it
        if content_type.lower().startswith("multipart/form-data"):
            await to_thread.run_sync(service.engine.create_library, name)
            upload = Upload(service.home, library=name, content_type=content_type, token=caller().name)
            paths = await _received(request, upload)
            uploaded = True
        else:
            body = _paths(await request.body())
            paths = await to_thread.run_sync(lambda: [absolute(path, field="paths") for path in body.paths])
            passwords = tuple(password.get_secret_value() for password in body.passwords)
            uploaded = False
        return accepted(
            service.jobs.submit(_adding(service, paths, library=name, uploaded=uploaded, passwords=passwords))
        )

    @router.delete("/libraries/{name}/documents", status_code=NO_CONTENT, tags=["documents"])
    def remove_documents(name: str, body: IdsBody) -> Response:
        """Remove documents, their text, and what conversations quote of them."""
        service.engine.remove_documents(body.ids, library=name, conversations=body.conversations)
        return Response(status_code=NO_CONTENT)

    @router.get("/libraries/{name}/documents/{document_id}", tags=["documents"])
    def document(name: str, document_id: str) -> Response:
        """One document."""
        return WireResponse(wire.plain(service.engine.document(document_id, library=name)))

    @router.get("/libraries/{name}/documents/{document_id}/passages", tags=["documents"])
    def passages(name: str, document_id: str) -> Response:
        """A document's passages in order."""
        return WireResponse({"passages": wire.plain(service.engine.document_passages(document_id, library=name))})

    @router.delete("/libraries/{name}/documents/{document_id}", status_code=NO_CONTENT, tags=["documents"])
    def remove_document(name: str, document_id: str, conversations: QuotesOf = "keep") -> Response:
        """Remove a document, its text, and what conversations quote of it."""
        service.engine.remove_document(document_id, library=name, conversations=conversations)
        return Response(status_code=NO_CONTENT)


def accepted(job: Job) -> Response:
    """A job has been queued: where to watch it."""
    return WireResponse({"job": job.id, "events": f"/api/jobs/{job.id}/events"}, status_code=ACCEPTED)


def absolute(path: str, *, field: str) -> Path:
    """A path of this machine that the caller may name: a named token's lie in its roots, the owner's are free.

    Work that comes later has to ask again (`Caller.path`): a link may have taken its place.
    Raises UserError: bad_request where it would depend on the folder the engine runs in, path_not_allowed.
    """
    if not Path(path).is_absolute():
        problem = "paths must be absolute" if field == "paths" else "the path must be absolute"
        raise UserError(Code.BAD_REQUEST, field=field, problem=problem)
    return caller().path(Path(path))


async def _received(request: Request, upload: Upload) -> list[Path]:
    try:
        async for chunk in request.stream():
            if chunk:
                await to_thread.run_sync(upload.write, chunk)
        return await to_thread.run_sync(upload.finish)
    finally:
        await to_thread.run_sync(upload.abandon)


def _paths(body: bytes) -> PathsBody:
    import json

    from pydantic import ValidationError

    try:
        return PathsBody.model_validate(json.loads(body))
    except (ValueError, ValidationError, RecursionError):
        raise UserError(Code.BAD_REQUEST, field="paths", problem="a list of paths is needed") from None


def _adding(service: Service, paths: list[Path], *, library: str, uploaded: bool, passwords: tuple[str, ...]) -> Source:
    who = caller()

    def work(cancel: CancelToken) -> Iterator[Event]:
        # a job may wait for long, and what stands at a path be another file by then
        wanted = paths if uploaded else [who.path(path) for path in paths]
        for event in service.engine.add(wanted, library=library, cancel=cancel, passwords=passwords):
            if uploaded and isinstance(event, FileDone) and event.result.status == "failed":
                kept = {document.path for document in service.engine.documents(library)}
                refused = event.result.reason == Code.REFUSED_BY_POLICY  # its row stays, and nothing else of it
                if refused or event.result.path not in kept:
                    forget_upload(service.home, event.result.path)
            yield event

    return work
