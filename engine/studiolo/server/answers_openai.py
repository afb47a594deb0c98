"""The answers of the OpenAI-compatible API as types, for its description. Nothing is sent by them.

Source: OpenAI, API reference ("Chat", "Completions", "Embeddings", "Models"). What is ours is said to be.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from studiolo.server.answers import CitedPlace
from studiolo.types import Redaction, Timings


class OpenAIProblem(BaseModel):
    """What went wrong; `values` are ours."""

    message: str
    type: str
    code: str
    param: str | None
    values: dict[str, str | int | float]


class OpenAIErrorAnswer(BaseModel):
    """Every answer that is no success."""

    error: OpenAIProblem


class ModelEntry(BaseModel):
    """A model, or a model that answers from a library (`MODEL@LIBRARY`)."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelEntries(BaseModel):
    """What can be named in `model`."""

    object: Literal["list"]
    data: list[ModelEntry]


class PromptDetails(BaseModel):
    """Of the prompt's tokens, those that were not read again."""

    cached_tokens: int


class OpenAIUsage(BaseModel):
    """Tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails


class EmbeddingUsage(BaseModel):
    """Tokens are not counted: 0."""

    prompt_tokens: int
    total_tokens: int


class UrlCitation(BaseModel):
    """Where a statement comes from. `file_id`, `filename`, `page`, `quote` and `verified` are ours."""

    start_index: int = Field(description="of the marker in the answer, or of the answer; code points")
    end_index: int
    title: str
    url: str = Field(description="the page in the native API")
    file_id: str
    filename: str
    page: int
    quote: str
    verified: bool


class AnnotationEntry(BaseModel):
    """A citation in the message."""

    type: Literal["url_citation"]
    url_citation: UrlCitation


class CalledFunction(BaseModel):
    """What is to be called; `arguments` is JSON text."""

    name: str
    arguments: str


class ToolCallEntry(BaseModel):
    """A call of a tool that the answer asks for."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(BaseModel):
    """The answer. `annotations` are there where it rests on documents, `tool_calls` where tools are to be called."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    annotations: list[AnnotationEntry] = []
    tool_calls: list[ToolCallEntry] = []


class LikelyToken(BaseModel):
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float
    bytes: list[int]


class TokenEntry(LikelyToken):
    """A token of the answer with what could have stood in its place."""

    top_logprobs: list[LikelyToken]


class ChatLogprobs(BaseModel):
    """How likely the answer's tokens were."""

    content: list[TokenEntry]
    refusal: None


class ChatChoice(BaseModel):
    """One of the answers."""

    index: int
    message: AnswerMessage
    finish_reason: Literal["stop", "length", "tool_calls"]
    logprobs: ChatLogprobs | None


class Extras(BaseModel):
    """What is ours: where the answer comes from, what was kept from the model, and how long it took."""

    citations: list[CitedPlace]
    redactions: list[Redaction]
    timings: Timings


class ChatCompletion(Extras):
    """An answer, whole."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: OpenAIUsage


class TextLogprobs(BaseModel):
    """The same in the older form: lists side by side."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class TextChoice(BaseModel):
    """One of the answers."""

    index: int
    text: str
    finish_reason: Literal["stop", "length"] | None
    logprobs: TextLogprobs | None


class TextCompletion(Extras):
    """A text gone on with, whole."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[TextChoice]
    usage: OpenAIUsage


class EmbeddingEntry(BaseModel):
    """A vector of unit length: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Embeddings(BaseModel):
    """One vector a text."""

    object: Literal["list"]
    data: list[EmbeddingEntry]
    model: str
    usage: EmbeddingUsage
