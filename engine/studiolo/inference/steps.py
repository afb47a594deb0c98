"""What a request for text hears of its progress. Must not know how it comes about. Threads: any, all is frozen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from studiolo.errors import StudioloError
from studiolo.models.adapters import AdapterFile
from studiolo.types import ServiceClass, TokenLogprob


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of the prompt is there. `reused` of its tokens were in the context, `loaded` came from the disk.

    The first one comes just before the first batch.
    """

    done: int
    total: int
    reused: int
    loaded: int = 0
    at: float = field(default_factory=time.monotonic, compare=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of the next token or tokens; never half a character."""

    text: str = field(repr=False)
    tokens: int
    logprobs: tuple[TokenLogprob, ...] = field(default=(), repr=False)  # of each token, where they are asked for
    at: float = field(default_factory=time.monotonic, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """This request cannot go on; others can."""

    error: StudioloError


@dataclass(frozen=True, slots=True)
class Ended:
    """Why generation stopped."""

    reason: Literal["stop", "length", "cancelled"]


Step = Reading | Piece | Failure | Ended


class Service(IntEnum):
    """Who waits for a request. While one of a lower number is there, those of a higher one stand still."""

    PERSON = 0
    SCRIPT = 1
    IDLE = 2

    @classmethod
    def of(cls, named: ServiceClass) -> Service:
        """That of a question's or a chat's class."""
        return cls.SCRIPT if named == "batch" else cls.PERSON


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids in parts. A part is tokenised apart from its neighbours, so it is the same ids wherever it stands."""

    parts: tuple[tuple[int, ...], ...] = field(repr=False)
    text: str = field(default="", repr=False)  # the same, as it reads
    ends: tuple[tuple[int, bool], ...] = ()  # where each part ends in `text`; whether the template wrote it
    behind: Mapping[int, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Parts that may be taken from stored readings, with what they were read behind."""
    exact: int = 0  # so many parts, from the first on, are worth keeping as they are read, or taken as they were read
    keep: bool = False  # nothing is to be written: the last part is to be read and stored
    groups: tuple[str, ...] = field(default=(), repr=False)  # what it is made of, to forget what was stored with it
    adapters: tuple[AdapterFile, ...] = ()  # what the model reads and writes it with, in one order

    @property
    def tokens(self) -> list[int]:
        """All parts, joined."""
        return [token for part in self.parts for token in part]
