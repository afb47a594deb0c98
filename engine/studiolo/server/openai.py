"""The OpenAI-compatible part of the API, so that clients people already have work unchanged.

A `library` field, or a model name such as `qwen2.5-coder-0.5b@contracts`, makes the answer come from that library's
documents: the last user message is the question. Citations stand in the message's `annotations`, as `url_citation`s,
and in a `citations` field of ours beside the choices; in a stream both come with the last chunk of the answer. A
parameter that would change the answer and is not supported is refused, not ignored. Threads: the loop for coroutines.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from studiolo import wire
from studiolo.errors import Code, UserError
from studiolo.server.errors import WireResponse
from studiolo.server.native import all_gathered
from studiolo.server.openai_bodies import CompletionBody, EmbeddingsBody, unsupported
from studiolo.server.openai_completions import TextCompletionBody, text_chunks, text_completion
from studiolo.server.openai_shapes import PageAddress, chunks, completion
from studiolo.server.service import Service
from studiolo.server.streaming import EventStream, Pump, Source
from studiolo.types import Chat, Citation, Question

OWNER = "studiolo"
StreamName = Header(default=None, alias=wire.STREAM_HEADER, max_length=64)


def openai_router(service: Service) -> APIRouter:
    """All OpenAI-compatible routes."""
    router = APIRouter(prefix="/v1", tags=["openai"], default_response_class=WireResponse)

    @router.get("/models")
    def models() -> Response:
        """Installed models, and each chat model with each library that holds documents."""
        return WireResponse({"object": "list", "data": _model_list(service)})

    @router.get("/models/{model_id}")
    def model(model_id: str) -> Response:
        """One of them."""
        for entry in _model_list(service):
            if entry["id"] == model_id:
                return WireResponse(entry)
        raise UserError(Code.UNKNOWN_MODEL, model=model_id)

    @router.post("/chat/completions")
    async def chat_completions(
        body: CompletionBody, request: Request, stream_name: str | None = StreamName
    ) -> Response:
        """Answer a conversation, or from a library where one is named."""
        body.check()
        sources = [_source(service, body, choice) for choice in range(body.choices)]
        pumps = [Pump(source, service.streams, name=stream_name) for source in sources]
        pages = _page_address(request, body.target()[1])
        if not body.stream:
            return WireResponse(completion(await all_gathered(pumps, request), model=body.model, pages=pages))
        await _settled(pumps)
        lines = chunks(pumps, model=body.model, include_usage=body.include_usage, pages=pages)
        return EventStream(lines, on_end=lambda: _leave(pumps))

    @router.post("/completions")
    async def completions(body: TextCompletionBody, request: Request, stream_name: str | None = StreamName) -> Response:
        """Go on with a text as it stands, or answer it from a library where one is named."""
        body.check()
        echoed = body.echoed()
        pumps = [Pump(_asked(service, asked), service.streams, name=stream_name) for asked in body.asked()]
        if not body.stream:
            return WireResponse(text_completion(await all_gathered(pumps, request), model=body.model, echoed=echoed))
        await _settled(pumps)
        lines = text_chunks(pumps, model=body.model, echoed=echoed, include_usage=body.include_usage)
        return EventStream(lines, on_end=lambda: _leave(pumps))

    @router.post("/embeddings")
    def embeddings(body: EmbeddingsBody) -> Response:
        """One unit-length vector a text. `usage` counts the texts' tokens, without those around them."""
        found = service.engine.embed(body.texts(), model=body.model or None)
        vectors = found.vectors
        if body.dimensions is not None and vectors and body.dimensions != len(vectors[0]):
            raise unsupported("dimensions", "the model's vectors have another length")
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(vector, body.encoding_format)}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
        return WireResponse({"object": "list", "data": data, "model": body.model, "usage": usage})

    return router


def _source(service: Service, body: CompletionBody, choice: int) -> Source:
    _, library = body.target()
    return _asked(service, body.chat(choice=choice) if library is None else body.question(library))


def _asked(service: Service, asked: Chat | Question) -> Source:
    if isinstance(asked, Question):
        return lambda cancel: service.engine.ask(asked, cancel=cancel)
    return lambda cancel: service.engine.chat(asked, cancel=cancel)


async def _settled(pumps: Sequence[Pump]) -> None:
    """Wait for what fails at once, so that it is a status. Raises StudioloError; all are then left."""
    try:
        for pump in pumps:
            await pump.settle()
            pump.raise_if_failed()
    except BaseException:
        _leave(pumps)
        raise


def _page_address(request: Request, library: str | None) -> PageAddress | None:
    """Where the native API has the page of a citation from a library."""
    if library is None:
        return None
    base = str(request.base_url).rstrip("/")

    def address(citation: Citation) -> str:
        names = [quote(part, safe="") for part in (library, citation.document_id)]
        page = f"{base}/api/libraries/{names[0]}/documents/{names[1]}/pages/{citation.page}"
        return f"{page}?passage={quote(citation.passage_id, safe='')}"

    return address


def _leave(pumps: Sequence[Pump]) -> None:
    for pump in pumps:
        pump.leave()


def _model_list(service: Service) -> list[dict[str, Any]]:
    models = [model for model in service.engine.models() if model.installed and model.kind in ("chat", "embedder")]
    libraries = [library for library in service.engine.libraries() if library.documents]
    names = [model.id for model in models]
    names += [f"{model.id}@{library.name}" for model in models if model.kind == "chat" for library in libraries]
    return [{"id": name, "object": "model", "created": 0, "owned_by": OWNER} for name in names]


def _encoded(vector: list[float], form: str) -> list[float] | str:
    if form == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
