"""What was found in a text, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reader(StrEnum):
    """Who reads an answer, and so what they see of a screened value."""

    OWNER = "owner"  # pseudonyms restored; secrets and cards masked unless revealed by hand
    RESTORE = "restore"  # a named token that may see restored values
    MASKED = "masked"  # sees `<PERSON>`-like masks
    BLOCKED = "blocked"  # an answer that holds a screened value is withheld


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
