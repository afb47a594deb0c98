"""The nouns of the domain, as frozen dataclasses. No behaviour, no third party.

Text is measured in Unicode code points everywhere; pages count from 1; times are seconds; sizes are bytes.
Fields that hold a person's text are left out of `repr`, because a repr ends up in a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

DEFAULT_LIBRARY = "default"
COMPARED_TOKENS = 4096  # of each text that models are compared on
PAGE_WIDTH = 1200  # pixels, of a page's picture


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

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> tuple[Redaction, ...]:
        """Counts by type, in the order of their names."""
        return tuple(cls(kind, counts[kind]) for kind in sorted(counts))


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
    spans: tuple[Span, ...] | None  # personal data found; None = not screened yet, or by an older version (`stale`)
    label: str = field(default="", repr=False)  # how people name the place: "iv", "Costs, rows 2-40"; "" = the page
    stale: bool = False  # what was found in it was found by an older version of the filter and does not count


@dataclass(frozen=True, slots=True)
class PageBox:
    """A marked stretch on a page's picture: shares of its width and height (0..1), from the top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageView:
    """A page of a document to be looked at: its text as it was read, and its picture where it has one.

    `ranges` are the marked stretches of `text` and `boxes` those of the picture. `start`: where `text` begins in the
    document's text, in code points. `reason`: why there is no picture though the format has pages that can be drawn,
    an error code ("file_missing", "file_changed", "needs_password", ...).
    """

    document_id: str
    page: int  # from 1; 0 = the format has no pages
    pages: int
    text: str = field(repr=False)
    start: int = 0
    ranges: tuple[tuple[int, int], ...] = ()  # code points into `text`
    png: bytes = field(default=b"", repr=False)  # b"" = no picture
    width: int = 0  # pixels
    height: int = 0
    boxes: tuple[PageBox, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that fits a query. `score` is 0..1, comparable within one result only. `suspicious`: it tries to give
    orders to whoever answers from it (`studiolo.conversation.injection`)."""

    passage: Passage
    score: float
    suspicious: bool = False


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
    top_k: int = 0  # the k most likely alone; 0 = all
    # against repetition, 1 and 0 = off; each counts what the answer says so far, never the prompt
    repeat_penalty: float = 1.0  # divides the score of what was written
    presence_penalty: float = 0.0  # taken once from the score of what was written
    frequency_penalty: float = 0.0  # taken each time it was
    dry_multiplier: float = 0.0  # DRY: against repeated runs, by multiplier * base ** (length - allowed)
    dry_base: float = 1.75
    dry_allowed_length: int = 2  # tokens of a run that may repeat
    json_schema: str = field(default="", repr=False)  # JSON text; the answer of a chat is then JSON that fits it
    grammar: str = field(default="", repr=False)  # GBNF; the answer of a chat then fits it
    grammar_after: str = field(default="", repr=False)  # the grammar holds from behind this on; "" = at once
    logprobs: int | None = None  # how likely each token was, with so many alternatives; None = not asked for
    speculative: bool = True  # what the answer copies is checked many tokens at once, where that was found to be faster
    reproducible: bool = False  # alone and from nothing: the same prompt and seed give the same text, at a price


ServiceClass = Literal["interactive", "batch"]
"""For whom a request is served: a person who waits, or a script, which stands back for persons."""


@dataclass(frozen=True, slots=True)
class AdapterUse:
    """An installed LoRA adapter that the model answers with. What it changes is multiplied by `scale`; 0 = nothing."""

    name: str  # its model id
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a library. `library` None asks the model alone; `document` limits it (name or id)."""

    text: str = field(repr=False)
    library: str | None = DEFAULT_LIBRARY
    document: str | None = field(default=None, repr=False)
    model: str | None = None  # None = the settings' model
    adapters: tuple[AdapterUse, ...] = ()
    conversation_id: str | None = None  # None starts a conversation
    reader: str = Reader.OWNER  # a Reader, or an API profile that the privacy policy names
    sampling: Sampling = field(default_factory=Sampling)
    limit: int | None = None  # passages at most; None = the settings'
    whole: bool | None = None  # read the whole `document`, where it fits; None = where it was read so before
    service: ServiceClass = "interactive"
    client: str = ""  # who asks, by name: several of one class are served in turn; "" = the owner


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a client's tool that an earlier answer asked for; `arguments` is JSON text."""

    name: str
    arguments: str = field(repr=False)
    id: str = ""  # by which what it gave back is told from others


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat without a library (the OpenAI-compatible endpoint). A tool's holds what it gave back."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = field(repr=False)
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""  # of a tool's: which call it answers


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of a client's that the model may ask to have called. `parameters` is a JSON schema as text.

    `strict`: where a call is forced, a schema that cannot be kept is refused instead of taken as "any object".
    """

    name: str
    description: str = field(default="", repr=False)
    parameters: str = field(default='{"type": "object"}', repr=False)
    strict: bool = False


ToolChoice = Literal["none", "auto", "required"]
"""Whether an answer may ask for calls of tools: never, as the model decides, or always."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation as a client sends it whole, answered once and not stored."""

    messages: tuple[Message, ...]
    model: str | None = None
    adapters: tuple[AdapterUse, ...] = ()
    reader: str = Reader.MASKED  # as of a question
    sampling: Sampling = field(default_factory=Sampling)
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    tool_name: str = ""  # with "required": this one
    parallel_tool_calls: bool | None = None  # several calls in one answer; None = as the model decides, one if required
    raw: bool = False  # the one message, a user's, is text to be gone on with as it stands: no chat template, no tools
    service: ServiceClass = "interactive"
    client: str = ""  # as of a question


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that could have stood in a place. `logprob`: the natural logarithm of its probability, -9999 at least.

    `bytes` is its UTF-8; a token may hold a part of a character, which `token` then shows as U+FFFD.
    """

    token: str = field(repr=False)
    bytes: tuple[int, ...] = field(repr=False)
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of an answer, as an alternative is, with the likeliest tokens for its place, likeliest first.

    The probabilities are the model's own, before samplers and grammars.
    """

    token: str = field(repr=False)
    bytes: tuple[int, ...] = field(repr=False)
    logprob: float
    top: tuple[Alternative, ...] = field(default=(), repr=False)


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
    suspicious: bool = False  # as of the hit: the passage tries to give orders


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the request on, but for `retrieve_s` and `load_s`, which are lengths; speeds; energy.

    Speeds are those that the request got, beside others too; 0 = too little was read or written to tell.
    """

    retrieve_s: float = 0.0
    load_s: float = 0.0  # loading the model, 0 where it was loaded
    first_token_s: float = 0.0
    total_s: float = 0.0
    read_tokens_per_s: float = 0.0  # of the prompt, without what was reused
    write_tokens_per_s: float = 0.0  # of the answer, from its first token on
    energy_j: float | None = None  # joules of all processors meanwhile, for whatever they did; None = not told here


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
    adapters: tuple[AdapterUse, ...] = ()  # with which the model answered


@dataclass(frozen=True, slots=True)
class Conversation:
    """A list of turns under a title. `library` "" means a chat without documents."""

    id: str
    title: str = field(repr=False)
    library: str
    created_at: float
    updated_at: float
    turns: int


ModelKind = Literal["chat", "embedder", "names", "adapter"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a person sees it. `names` models find persons, places and organisations for the filter; an `adapter`
    (LoRA) changes chat models of one architecture and cannot answer alone."""

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
    architecture: str = ""  # of an imported GGUF, as llama.cpp names it; of an adapter, of the models that it fits


@dataclass(frozen=True, slots=True)
class TextQuality:
    """How well a model foretells one text. `name`: "en", "zh"; "" for a text of the user's. Counts are of what was
    scored."""

    name: str
    tokens: int
    size_bytes: int  # of UTF-8
    perplexity: float  # a token
    bits_per_byte: float  # comparable between vocabularies


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """One of two models that were compared: what it costs, and how well it foretells the texts."""

    id: str
    size_bytes: int
    memory_bytes: int  # measured: weights, keys and values of `Comparison.memory_tokens`, and buffers
    read_tokens_per_s: float  # median of the rounds
    write_tokens_per_s: float
    spread: float  # fastest round / slowest one, the worse of reading and writing: well above 1, the machine was busy
    tokens: int
    perplexity: float
    bits_per_byte: float
    texts: tuple[TextQuality, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same texts, in one run. What needs one vocabulary is None where there are two.

    Texts are read in windows of `window_tokens`, each beginning `stride_tokens` after the last; every token is scored
    once, with at least window - stride tokens before it but for a text's first window, whose tokens are all scored.
    """

    model: ModelQuality
    other: ModelQuality
    window_tokens: int
    stride_tokens: int
    memory_tokens: int
    same_vocabulary: bool
    perplexity_ratio: float | None  # other / model
    perplexity_ratio_error: float | None  # its standard error, from the differences token by token
    agreement: float | None  # share of tokens for which both find the same one most likely
    kl_divergence: float | None  # mean over the tokens, in nats: of other's distribution from model's


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
class Finding:
    """How often values of one type stand in a document, on which pages, and what becomes of them for the model."""

    type: str
    count: int
    action: str  # allow, flag, mask, pseudonymise or block
    pages: tuple[int, ...] = ()  # from 1; () where the format has none


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What the filter has found in a document. Of `passages`, `unscreened` are not looked through (any more)."""

    document_id: str
    library: str
    findings: tuple[Finding, ...]
    passages: int
    unscreened: int = 0


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A library's privacy policy: what the home's file says of it, and what counts in the end.

    `section` is the file's own table (the home's, where `library` is ""), as `set_policy` takes it. The rest is what
    counts: actions by type, with `default` for all others; the types listed by hand; what no file may hold.
    """

    library: str
    profile: str
    types: dict[str, str]
    directions: dict[str, dict[str, str]]
    readers: dict[str, dict[str, str]]
    custom: tuple[str, ...]
    refuse: tuple[str, ...]
    section: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class AuditFound:
    """Values of one type in an audit record: how many, and how many code points they have together. `rule`: the family
    of rules that finds the type; "known" where the value was met before; "stream" where an answer was screened."""

    type: str
    rule: str
    count: int
    length: int = 0


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry of the audit log; no value in it, and nothing made from one.

    `event`: "screened", "answer", "left" (an answer whose reader went away), "restored", "redacted", "revealed",
    "blocked", "failed", "exported"; of the log itself: "torn", "pruned", "cut_tail", "anchor_mismatch",
    "anchor_missing".
    `library` names the pseudonyms' table by a keyed digest. `count`: texts; of "pruned": the last record dropped; of
    "torn": bytes; of "cut_tail": records missing. `previous` and `hash` are SHA-256 in hex.
    """

    number: int
    time: float  # Unix seconds
    event: str
    direction: str
    reader: str
    library: str
    count: int
    found: tuple[AuditFound, ...]
    previous: str
    hash: str


AuditProblem = Literal["", "changed_record", "removed_records", "cut_tail", "anchor_mismatch", "anchor_missing"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verifying the audit log came to. `record` is the first bad one, 0 where none is (or none can be named)."""

    first: int  # 0 = the log is empty
    last: int
    head: str  # hash of the last record
    problem: AuditProblem
    record: int
    torn: int  # lines that a crash cut off, closed by a record
    anchors: dict[str, str]  # name -> "ok", "older", "missing", "mismatch"

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against the log."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class SeenPart:
    """A stretch of a prompt: by the model's own template, or what stands for people's text, screened."""

    kind: Literal["template", "text"]
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model read in a turn, with pseudonyms: whole, and in the parts that were put together."""

    turn_id: str
    text: str = field(repr=False)
    parts: tuple[SeenPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Revealed:
    """A token and the value it stands for, for the owner alone."""

    token: str
    type: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`. `detail` is it in short, `values` hold what an edge makes a sentence of; no user text."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str = ""
    values: dict[str, bool | int | float | str] = field(default_factory=dict, hash=False)


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
    ahead: int = 0  # passages read ahead by the model
    ahead_of: int = 0  # of so many
    reading_ahead: bool = False  # one is being read just now
