"""The OpenAI-compatible part of the API, so that clients people already have work unchanged.

A `library` field, or a model name such as `qwen2.5-coder-0.5b@contracts`, makes the answer come from that library's
documents: the last user message is the question, and `citations` stand beside the answer. A parameter that would
change the answer and is not supported is refused, not ignored. Threads: coroutines run on the loop.
"""

from __future__ import annotations

import base64
import json
import struct
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from studiolo import wire
from studiolo.errors import Code, UserError
from studiolo.events import Delta, Finished
from studiolo.server.errors import WireResponse, openai_shape
from studiolo.server.native import gathered
from studiolo.server.service import Service
from studiolo.server.streaming import EventStream, Pump, Source
from studiolo.shapes import Answer, citation_shape
from studiolo.types import Chat, Message, Question, Reader, Sampling, ToolCall, Usage

OWNER = "studiolo"
ANY_OBJECT = '{"type": "object"}'
_AS_SENT = (  # fields of a request that the engine knows by the same name and in the same range
    "temperature",
    "top_p",
    "min_p",
    "top_k",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "dry_multiplier",
    "dry_base",
    "dry_allowed_length",
)
StreamName = Header(default=None, alias=wire.STREAM_HEADER, max_length=64)


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow")


class TextPart(_Body):
    """A piece of a message. Only text is read."""

    type: str
    text: str = ""


class FunctionCall(_Body):
    """What a tool was called with; `arguments` is JSON text."""

    name: str
    arguments: str = ""


class CalledTool(_Body):
    """A call of a tool of the client's, as an earlier answer asked for it."""

    function: FunctionCall


class ChatMessage(_Body):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None
    tool_calls: list[CalledTool] | None = None
    function_call: FunctionCall | None = None

    def text(self) -> str:
        """Its text. Raises UserError(bad_request) on pictures, sound and files."""
        if isinstance(self.content, list):
            if any(part.type != "text" for part in self.content):
                raise _unsupported("messages", "only text parts are supported")
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(_Body):
    """What a stream carries beside the text."""

    include_usage: bool = False


class CompletionBody(_Body):
    """A chat completion request. `library` is ours."""

    model: str = ""
    messages: list[ChatMessage] = Field(min_length=1, max_length=10_000)
    library: str | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    min_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(None, ge=0, le=2**31 - 1)
    seed: int | None = None
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    repeat_penalty: float | None = Field(None, gt=0, le=10)
    dry_multiplier: float | None = Field(None, ge=0, le=10)
    dry_base: float | None = Field(None, ge=1, le=10)
    dry_allowed_length: int | None = Field(None, ge=1, le=1000)
    max_tokens: int | None = Field(None, ge=1, le=131_072)
    max_completion_tokens: int | None = Field(None, ge=1, le=131_072)
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    n: int | None = None
    logprobs: bool | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    grammar: Any = None

    def check(self) -> None:
        """Refuse what would silently be something else. Raises UserError(bad_request)."""
        if self.n not in (None, 1):
            raise _unsupported("n", "only one choice is supported")
        if self.logprobs:
            raise _unsupported("logprobs", "not supported")
        if self.tools or self.functions:
            raise _unsupported("tools", "not supported")
        if self.grammar is not None:
            raise _unsupported("grammar", "not supported")
        if self.schema_text() and self.target()[1] is not None:
            raise _unsupported("response_format", "only text is supported where a library answers")

    def schema_text(self) -> str:
        """The JSON schema that the answer must fit, "" for text. Raises UserError(bad_request)."""
        match self.response_format or {"type": "text"}:
            case {"type": "text"}:
                return ""
            case {"type": "json_object"}:
                return ANY_OBJECT
            case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
                return json.dumps(schema)
            case _:
                raise _unsupported("response_format", "text, json_object or json_schema with its schema is needed")

    def sampling(self) -> Sampling:
        """As the engine takes it; what is absent takes the engine's default."""
        given = {name: value for name in _AS_SENT if (value := getattr(self, name)) is not None}
        if self.seed is not None:
            given["seed"] = self.seed % 2**32
        if most := self.max_completion_tokens or self.max_tokens:
            given["max_tokens"] = most
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return Sampling(**given, stop=stop, json_schema=self.schema_text())

    def target(self) -> tuple[str | None, str | None]:
        """Model (None = the default) and library (None = no documents)."""
        model, at, library = self.model.partition("@")
        return model or None, self.library or (library if at and library else None)

    def question(self, library: str) -> Question:
        """The last user message, asked of a library."""
        asked = next((message for message in reversed(self.messages) if message.role == "user"), None)
        if asked is None:
            raise _unsupported("messages", "a user message is needed")
        return Question(
            asked.text(), library=library, model=self.target()[0], reader=Reader.OWNER, sampling=self.sampling()
        )

    def chat(self) -> Chat:
        """The conversation as it stands."""
        return Chat(
            tuple(_message(message) for message in self.messages),
            model=self.target()[0],
            reader=Reader.OWNER,
            sampling=self.sampling(),
        )


class EmbeddingsBody(_Body):
    """An embeddings request."""

    input: str | list[str] | list[int] | list[list[int]]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None

    def texts(self) -> list[str]:
        """The texts. Raises UserError(bad_request) on token ids, which only the client's tokenizer could explain."""
        texts = [self.input] if isinstance(self.input, str) else list(self.input)
        if not texts or len(texts) > 2048:
            raise _unsupported("input", "from 1 to 2048 texts are needed")
        if not all(isinstance(text, str) for text in texts):
            raise _unsupported("input", "token ids are not supported, send text")
        return [text for text in texts if isinstance(text, str)]


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
        pump = Pump(_source(service, body), service.streams, name=stream_name)
        if not body.stream:
            return WireResponse(_completion(await gathered(pump, request), model=body.model))
        await pump.settle()
        pump.raise_if_failed()
        usage = body.stream_options is not None and body.stream_options.include_usage
        return EventStream(_chunks(pump, model=body.model, include_usage=usage), on_end=pump.leave)

    @router.post("/embeddings")
    def embeddings(body: EmbeddingsBody) -> Response:
        """One unit-length vector a text. Tokens are not counted: `usage` is 0."""
        vectors = service.engine.embed(body.texts(), model=body.model or None)
        if body.dimensions is not None and vectors and body.dimensions != len(vectors[0]):
            raise _unsupported("dimensions", "the model's vectors have another length")
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(vector, body.encoding_format)}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return WireResponse({"object": "list", "data": data, "model": body.model, "usage": usage})

    return router


def _source(service: Service, body: CompletionBody) -> Source:
    _, library = body.target()
    if library is not None:
        question = body.question(library)
        return lambda cancel: service.engine.ask(question, cancel=cancel)
    chat = body.chat()
    return lambda cancel: service.engine.chat(chat, cancel=cancel)


def _message(message: ChatMessage) -> Message:
    match message.role:
        case "system" | "developer":
            return Message("system", message.text())
        case "user":
            return Message("user", message.text())
        case "assistant":
            calls = [call.function for call in message.tool_calls or ()]
            calls += [message.function_call] if message.function_call else []
            return Message("assistant", message.text(), tuple(ToolCall(call.name, call.arguments) for call in calls))
        case _:
            return Message("tool", message.text())


def _model_list(service: Service) -> list[dict[str, Any]]:
    models = [model for model in service.engine.models() if model.installed and model.kind in ("chat", "embedder")]
    libraries = [library for library in service.engine.libraries() if library.documents]
    names = [model.id for model in models]
    names += [f"{model.id}@{library.name}" for model in models if model.kind == "chat" for library in libraries]
    return [{"id": name, "object": "model", "created": 0, "owned_by": OWNER} for name in names]


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.reused_tokens},
    }


def _finish_reason(reason: str) -> str:
    return "length" if reason == "length" else "stop"


def _extras(answer: Answer) -> dict[str, Any]:
    """What ours adds: where the answer comes from, and what was screened."""
    return {
        "citations": [citation_shape(citation) for citation in answer.citations],
        "redactions": wire.plain(answer.redactions),
    }


def _completion(answer: Answer, *, model: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.started.turn_id or uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.started.model or model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": answer.text, "refusal": None},
                "finish_reason": _finish_reason(answer.reason),
                "logprobs": None,
            }
        ],
        "usage": _usage(answer.usage),
        **_extras(answer),
    }


async def _chunks(pump: Pump, *, model: str, include_usage: bool) -> AsyncIterator[str]:
    answer = Answer()
    base = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: dict[str, Any], *, reason: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        usage = {"usage": None} if include_usage else {}
        return f"data: {wire.dumps({**base, 'choices': [choice], **usage, **more})}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    async for event in pump.events():
        if event is None:
            yield wire.HEARTBEAT
            continue
        answer.take(event)
        if isinstance(event, Delta):
            yield chunk({"content": event.text})
        elif isinstance(event, Finished):
            yield chunk({}, reason=_finish_reason(event.reason), **_extras(answer))
    if answer.failure is not None:
        yield f"data: {wire.dumps(openai_shape(answer.failure))}\n\n"
        return
    if include_usage:
        yield f"data: {wire.dumps({**base, 'choices': [], 'usage': _usage(answer.usage)})}\n\n"
    yield "data: [DONE]\n\n"


def _encoded(vector: list[float], form: str) -> list[float] | str:
    if form == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")


def _unsupported(name: str, problem: str) -> UserError:
    return UserError(Code.BAD_REQUEST, field=name, problem=problem)
