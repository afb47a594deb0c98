"""The nouns of the domain, as frozen dataclasses. No behaviour, no third party.

Text is measured in Unicode code points everywhere; pages count from 1; times are seconds; sizes are bytes.
Fields that hold a person's text are left out of `repr`, because a repr ends up in a log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

DEFAULT_LIBRARY = "default"


class Reader(StrEnum):
    """Who reads an answer, and so what they see of a screened value."""

    OWNER = "owner"  # pseudonyms restored; secrets and cards masked unless revealed by hand
    RESTORE = "restore"  # a named token that may see restored values
    MASKED = "masked"  # sees `<PERSON>`-like masks
    BLOCKED = "blocked"  # an answer that holds a screened value is withheld


class DocumentStatus(StrEnum):
    """How far a document is."""

    QUEUED = "queued"  # waits for its turn
    READING = "reading"
    KEYWORD = "keyword"  # found by its words; screening and vectors follow
    READY = "ready"  # read in full
    PARTIAL = "partial"  # in part; `reason` says why
    FAILED = "failed"  # `reason` says why


@dataclass(frozen=True, slots=True)
class Span:
    """One value found in a text: `text[start:end]`, code points. `score` is 0..1."""

    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Redaction:
    """How many values of one type were screened."""

    type: str
    count: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement made by the filter: source[start:end] became screened[new_start:new_end]."""

    type: str
    start: int
    end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Screened:
    """A text after the filter, with the edits in order of `start` (they never overlap)."""

    text: str = field(repr=False)
    edits: tuple[Edit, ...] = ()
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a document that could not be read: pages `first` to `last` (0 = the format has none), or a member of
    an archive or an attachment by its `name`. `reason` is an error code."""

    reason: str
    first: int = 0
    last: int = 0
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """One file in a library. `id` is stable for one path in one library; `sha256` is the file's content."""

    id: str
    library: str
    name: str = field(repr=False)  # file name shown to people
    path: str = field(repr=False)
    sha256: str
    size_bytes: int
    status: DocumentStatus
    reason: str  # an error code, "" where all is well
    pages: int
    passages: int
    added_at: float  # Unix seconds
    redactions: tuple[Redaction, ...] = ()  # what the filter found in it
    gaps: tuple[Gap, ...] = ()  # what could not be read, where `status` is PARTIAL


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one document, small enough to embed. Page numbers are 0 where the format has no pages."""

    id: str
    document_id: str
    document: str = field(repr=False)  # the document's name
    page: int  # first page, from 1; 0 = the format has no pages
    page_end: int
    start: int  # code points into the document's text
    end: int
    heading: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)
    language: str  # "en", "zh", "" = not known
    spans: tuple[Span, ...] | None  # personal data found; None = not screened yet
    label: str = field(default="", repr=False)  # how people name the place: "iv", "Costs, rows 2-40"; "" = the page


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that fits a query. `score` is 0..1, comparable within one result only."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Library:
    """A named collection of documents with one embedder."""

    name: str
    embedder: str  # model id
    documents: int
    passages: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder whose files a library follows. "unreachable": it is not there (an unmounted drive), and its documents
    stay; "paused": nobody watches now, or nothing can be taken in at present."""

    folder: str = field(repr=False)
    polling: bool  # looked through at intervals: a network drive tells nobody what changes in it
    state: Literal["watching", "unreachable", "paused"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a library holds and takes up."""

    library: str
    documents: dict[str, int]  # by DocumentStatus; a status that none has is left out
    pages: int
    passages: int  # each text once, however many documents hold it
    languages: dict[str, int]  # passages by language, "" = not known
    redactions: tuple[Redaction, ...]  # personal data found in its documents
    size_bytes: int  # of its texts, indexes and vectors on the disk
    embedder: str  # model id
    changing_to: str = ""  # the embedder it is being changed to, "" = none
    watched: tuple[Watched, ...] = ()


@dataclass(frozen=True, slots=True)
class Integrity:
    """What a check found in a library, in passages and documents; all of it has been repaired, or is being.

    `documents` are those that are read again because passages of theirs were missing or not what was taken in.
    """

    passages: int
    missing: int = 0  # known, and their text is not there
    damaged: int = 0  # their text is not what was taken in
    unknown: int = 0  # there, and nobody knows them
    doubled: int = 0  # there more than once
    without_vector: int = 0
    documents: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether there was nothing to repair."""
        return not (self.missing or self.damaged or self.unknown or self.doubled or self.without_vector)


QuotesOf = Literal["keep", "remove"]
"""What becomes of conversations that quote a removed document: their turns stay without quotes, or go wholly."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one file. `reason` is an error code, "" where all is well; `values` fill its sentence."""

    path: str = field(repr=False)
    status: Literal["added", "updated", "unchanged", "failed"]
    reason: str = ""
    pages: int = 0
    passages: int = 0
    seconds: float = 0.0
    document_id: str = ""
    values: dict[str, str | int | float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. temperature 0 is greedy. Defaults suit answers from documents."""

    temperature: float = 0.0
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 0
    max_tokens: int = 512
    stop: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a library. `library` None asks the model alone; `document` limits it (name or id)."""

    text: str = field(repr=False)
    library: str | None = DEFAULT_LIBRARY
    document: str | None = field(default=None, repr=False)
    model: str | None = None  # None = the settings' model
    conversation_id: str | None = None  # None starts a conversation
    reader: Reader = Reader.OWNER
    sampling: Sampling = field(default_factory=Sampling)
    limit: int | None = None  # passages at most; None = the settings'


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat without a library (the OpenAI-compatible endpoint)."""

    role: Literal["system", "user", "assistant"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation as a client sends it whole, answered once and not stored."""

    messages: tuple[Message, ...]
    model: str | None = None
    reader: Reader = Reader.MASKED
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim's source. `marker` is the number in the answer ([1]); `quote` stands in the passage if `verified`."""

    marker: int
    document_id: str
    document: str = field(repr=False)
    page: int
    passage_id: str
    quote: str = field(repr=False)
    verified: bool
    label: str = field(default="", repr=False)  # as of the passage: how people name the place


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the request on, but for `retrieve_s` and `load_s`, which are lengths."""

    retrieve_s: float = 0.0
    load_s: float = 0.0  # loading the model, 0 where it was loaded
    first_token_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. `reused_tokens` of the prompt were in the cache and not read again."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    completion_tokens: int = 0


TurnState = Literal["complete", "cancelled", "failed", "running"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer as stored. `model_saw` is the screened prompt, for "what the model saw"."""

    id: str
    conversation_id: str
    question: str = field(repr=False)
    answer: str = field(repr=False)
    state: TurnState
    model: str
    created_at: float
    citations: tuple[Citation, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    sources: tuple[Hit, ...] = ()
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A list of turns under a title. `library` "" means a chat without documents."""

    id: str
    title: str = field(repr=False)
    library: str
    created_at: float
    updated_at: float
    turns: int


ModelKind = Literal["chat", "embedder", "names"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a person sees it. `names` models find persons, places and organisations for the filter."""

    id: str
    kind: ModelKind
    title: str
    size_bytes: int
    memory_bytes: int  # what it needs at run time, estimated
    licence: str
    languages: tuple[str, ...]
    sha256: str
    installed: bool
    default: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A value found by `redact`; offsets in code points of the input."""

    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with its personal data replaced, for scripts."""

    text: str = field(repr=False)
    entities: tuple[Entity, ...] = ()


Protection = Literal["keyring", "passphrase", "file"]
"""What keeps the key of the pseudonym table: the system's keyring, a passphrase, or a file in the home."""


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """One token of a library. `value` is "" unless it was asked for; `same_as`: other numbers of the same person."""

    token: str
    type: str
    value: str = field(default="", repr=False)
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`. `detail` holds values for the sentence, never user text."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the engine says of itself."""

    version: str
    pid: int
    home: str
    model: str  # default chat model id
    model_loaded: bool
    sealed: bool
    busy: bool
    reading: bool = False  # files are being taken in, or passages embedded anew
