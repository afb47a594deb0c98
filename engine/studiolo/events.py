"""What a running piece of work says, in order: zero or more events, then exactly one of Finished / Failed.

A stream is `Iterator[Event]`. An answer comes as Started, Retrieved, LeftOut?, Delta..., Cited..., Finished.
A chat's may hold ToolCalled and Logprobs among its Deltas.
An ingestion comes as Progress..., Tally..., FileDone..., Finished; a comparison of models as Progress..., Compared,
Finished. Cancelling is `Finished(reason="cancelled")`.
Each event has a constant `kind`, by which it is told apart on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from studiolo.types import AddResult, Citation, Comparison, Hit, Redaction, Timings, TokenLogprob, Usage


@dataclass(frozen=True, slots=True)
class Started:
    """Work has begun; for an answer, under which conversation and turn it is stored, and which model writes."""

    conversation_id: str = ""
    turn_id: str = ""
    model: str = ""
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages that the prompt holds, numbered from 1 in this order. For the reader's eyes: already screened
    for a reader who may not see raw values."""

    hits: tuple[Hit, ...]
    seconds: float = 0.0
    kind: Literal["retrieved"] = "retrieved"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something did not fit into the context budget. Counts, never text."""

    passages: int = 0
    turns: int = 0
    tokens: int = 0
    kind: Literal["left_out"] = "left_out"


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer, screened and, for a reader who may see them, with pseudonyms restored."""

    text: str = field(repr=False)
    kind: Literal["delta"] = "delta"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The answer asks for a call of a client's tool; `arguments` is JSON text, screened as a Delta is."""

    index: int  # of the calls of this answer, from 0
    id: str
    name: str
    arguments: str = field(repr=False)
    kind: Literal["tool_called"] = "tool_called"


@dataclass(frozen=True, slots=True)
class Logprobs:
    """How likely the tokens were, where a chat asked for it. Joined, their texts are the text of the Deltas."""

    tokens: tuple[TokenLogprob, ...] = field(repr=False)
    kind: Literal["logprobs"] = "logprobs"


@dataclass(frozen=True, slots=True)
class Redacted:
    """What the filter screened in one direction of this turn."""

    direction: Literal["question", "passages", "answer"]
    redactions: tuple[Redaction, ...]
    kind: Literal["redacted"] = "redacted"


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation, after the answer's text has been checked against the passage."""

    citation: Citation
    kind: Literal["cited"] = "cited"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is. `total` 0 = not known. `item` is what is being worked on (a path), for the owner's eyes."""

    stage: str  # "load", "read", "parse", "screen", "embed", "write", "pull", "prepare", "quantize", "compare"
    done: int
    total: int
    item: str = field(default="", repr=False)
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a whole ingestion is. `left_s` is the time left, estimated; None while nobody can know."""

    files: int
    files_total: int
    pages: int
    passages: int  # screened and embedded
    passages_total: int  # found so far
    passages_per_s: float = 0.0
    left_s: float | None = None
    kind: Literal["tally"] = "tally"


@dataclass(frozen=True, slots=True)
class FileDone:
    """One file of an ingestion has reached its end, well or not."""

    result: AddResult
    kind: Literal["file_done"] = "file_done"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison of two models came to."""

    comparison: Comparison
    kind: Literal["compared"] = "compared"


@dataclass(frozen=True, slots=True)
class Finished:
    """The end. `reason`: "stop" (done), "length" (token limit), "cancelled"."""

    reason: Literal["stop", "length", "cancelled"] = "stop"
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)
    kind: Literal["finished"] = "finished"


@dataclass(frozen=True, slots=True)
class Failed:
    """The end, badly. `values` fill the edge's sentence for `code`; they are not for logs."""

    code: str
    values: dict[str, str | int | float] = field(default_factory=dict, repr=False)
    kind: Literal["failed"] = "failed"


Event = (
    Started
    | Retrieved
    | LeftOut
    | Delta
    | ToolCalled
    | Logprobs
    | Redacted
    | Cited
    | Progress
    | Tally
    | FileDone
    | Compared
    | Finished
    | Failed
)
