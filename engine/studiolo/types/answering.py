"""What an answer is made of, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from studiolo.types.asking import AdapterUse
from studiolo.types.documents import Hit
from studiolo.types.screening import Redaction


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
    """One question and its answer as stored.

    A question that was edited, or asked again, is another version: `versions` are the ids of all of them, in order,
    this one among them.
    """

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
    follows: str = ""  # the turn before it in its branch, "" for the first
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns under a title. `library` "" means a chat without documents; `turns` counts all versions."""

    id: str
    title: str = field(repr=False)
    library: str
    created_at: float
    updated_at: float
    turns: int
    pinned: bool = False


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
class Embedded:
    """Texts as vectors: one of unit length each, and the tokens of the texts, without those the model puts around."""

    vectors: list[list[float]] = field(default_factory=list, repr=False)
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A value as its reader sees it, shown[start:end], and what stood there for the model, seen[seen_start:seen_end].

    `token`: the pseudonym's canonical name, "" where the model saw a mask, or a value that it made up itself.
    `hidden`: the reader sees no value either, until it is revealed.
    """

    type: str
    start: int
    end: int
    seen_start: int
    seen_end: int
    token: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """A text as the owner reads it and as the model saw it, and where the two differ, in order."""

    shown: str = field(repr=False)
    seen: str = field(repr=False)
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Screening:
    """A stored turn from both sides. `prompt`: the stretches of people's text that the model read, where asked for."""

    turn_id: str
    question: Sides
    answer: Sides
    prompt: tuple[Sides, ...] = ()
