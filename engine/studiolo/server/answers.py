"""The answers of the native API as types, for its description: what `wire` and `shapes` write. Nothing is sent by them.

A test holds them against what the routes really answer.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from studiolo.jobs import JobState
from studiolo.tokens import Scope
from studiolo.types import (
    AuditRecord,
    Check,
    Conversation,
    ConversationFound,
    Document,
    Library,
    Model,
    ModelFit,
    PageBox,
    Passage,
    Pseudonym,
    Redacted,
    Redaction,
    SeenPart,
    ServiceClass,
    Setting,
    Span,
    Turn,
    Usage,
    Watched,
)


class Problem(BaseModel):
    """What went wrong. `code` is stable; `message` is its sentence; `values` are what the sentence is about."""

    code: str
    message: str
    values: dict[str, str | int | float]


class ErrorAnswer(BaseModel):
    """Every answer of the native API that is no success."""

    error: Problem


class Health(BaseModel):
    """The engine is alive."""

    status: Literal["ok"]
    service: Literal["studiolo"]
    pid: int


class Readiness(BaseModel):
    """Whether the chat model is loaded, and what is still being loaded."""

    ready: bool
    model: str = Field(description='id; "" where none is installed')
    loading: list[Literal["home", "model", "search", "filter"]] = Field(description="what is awaited after a start")


class Checks(BaseModel):
    """What works on this machine and what does not."""

    checks: list[Check]


class TokenAnswer(BaseModel):
    """A named token, without its secret. Times in Unix seconds; null = never, or no limit."""

    name: str
    scopes: list[Scope]
    created_at: float
    expires_at: float | None
    profile: str
    rate_per_minute: int | None
    concurrent: int | None
    service: ServiceClass
    roots: list[str]


class Tokens(BaseModel):
    """All named tokens, by name."""

    tokens: list[TokenAnswer]


class MadeToken(TokenAnswer):
    """A token that was made. `token` is its secret."""

    token: str = Field(description="shown only now; the home keeps its digest alone")


class Libraries(BaseModel):
    """All libraries."""

    libraries: list[Library]


class Soundness(BaseModel):
    """What a check found in a library, in passages and documents; all of it has been repaired, or is being."""

    passages: int
    missing: int
    damaged: int
    unknown: int
    doubled: int
    without_vector: int
    documents: list[str]
    sound: bool


class Folders(BaseModel):
    """The folders that a library is kept in step with."""

    folders: list[Watched]


class Pseudonyms(BaseModel):
    """The tokens of a library."""

    pseudonyms: list[Pseudonym]


class Erased(BaseModel):
    """How many tokens are gone."""

    erased: int


class Documents(BaseModel):
    """The documents of a library."""

    documents: list[Document]


class Passages(BaseModel):
    """The passages of a document, in order."""

    passages: list[Passage]


class PageAnswer(BaseModel):
    """A page to be looked at. `ranges`: code points of `text`, [start, end). `png`: base64, "" without a picture."""

    document_id: str
    page: int = Field(description="from 1; 0 = the format has no pages")
    pages: int
    text: str
    start: int = Field(description="where `text` begins in the document's text, in code points")
    ranges: list[tuple[int, int]]
    png: str
    width: int = Field(description="pixels")
    height: int
    boxes: list[PageBox]
    reason: str = Field(description="an error code: why there is no picture of a page that could have one")


class Accepted(BaseModel):
    """A job has been queued."""

    job: str
    events: str = Field(description="where its events are, as server-sent events")


class FileOutcome(BaseModel):
    """What became of one file. `reason` is an error code, "" where all is well."""

    path: str
    status: Literal["added", "updated", "unchanged", "failed"]
    reason: str
    pages: int
    passages: int
    seconds: float


class JobAnswer(BaseModel):
    """Where a job stands. `progress` is its latest, `end` its last event."""

    id: str
    state: JobState
    progress: dict[str, Any] | None
    files: list[FileOutcome]
    comparison: dict[str, Any] | None
    end: dict[str, Any] | None


class Jobs(BaseModel):
    """The jobs that can still be asked for, the latest last."""

    jobs: list[JobAnswer]


class Cancelling(BaseModel):
    """A job has been asked to stop."""

    id: str
    state: JobState


class FoundPassage(BaseModel):
    """A passage that fits a query; `score` is 0..1, comparable within one answer only."""

    document: str
    page: int
    passage_id: str
    text: str
    score: float
    document_id: str
    page_end: int
    start: int
    end: int
    heading: list[str]
    label: str
    language: str
    spans: list[Span] | None
    stale: bool
    suspicious: bool
    by: Literal["meaning", "words"]


class Found(BaseModel):
    """The passages that fit best, best first. `by`: "words" where meaning took no part in the search: the embedder is
    still being loaded, just after a start, or does not know the question's language."""

    query: str
    hits: list[FoundPassage]
    seconds: float
    by: Literal["meaning", "words"]


class CitedPlace(BaseModel):
    """A claim's source. `suspicious` is there where the passage tries to give orders."""

    document: str
    page: int
    quote: str
    verified: bool
    suspicious: bool = False


class AskTimings(BaseModel):
    """Seconds."""

    retrieve_s: float
    first_token_s: float
    total_s: float


class AskAnswer(BaseModel):
    """An answer from documents, whole."""

    answer: str
    citations: list[CitedPlace]
    timings: AskTimings
    usage: Usage
    redactions: list[Redaction]


class RedactedTexts(BaseModel):
    """The results for several texts, in their order."""

    results: list[Redacted]


class Conversations(BaseModel):
    """Conversations, the latest first."""

    conversations: list[Conversation]


class ConversationsFound(BaseModel):
    """Conversations in which something was said, the latest first."""

    found: list[ConversationFound]


class ConversationAnswer(BaseModel):
    """The turns of the branch of a conversation that is shown, in order."""

    id: str
    turns: list[Turn]


class SeenAnswer(BaseModel):
    """What the model read in a turn, with pseudonyms: whole, and in the parts it was put together of."""

    turn: str
    text: str
    parts: list[SeenPart]


class Records(BaseModel):
    """Records of the audit log, in order."""

    records: list[AuditRecord]


class Settings(BaseModel):
    """All settings of the home."""

    settings: list[Setting]


class Fits(BaseModel):
    """How each chat model would do on this machine."""

    fits: list[ModelFit]


class Models(BaseModel):
    """The catalogue, and what was imported beside it."""

    models: list[Model]
