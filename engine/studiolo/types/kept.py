"""Conversations looked through and taken out: what a search found, and an export with the policy applied."""

from __future__ import annotations

from dataclasses import dataclass, field

from studiolo.types.answering import Conversation, TurnState
from studiolo.types.screening import Redaction


@dataclass(frozen=True, slots=True)
class ConversationFound:
    """A conversation in which something was said. `turn_id` "": its title fits; else `excerpt` is of that turn."""

    conversation: Conversation
    turn_id: str = ""
    excerpt: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ExportedCitation:
    """A citation as it may be written out."""

    marker: int
    document: str = field(repr=False)
    page: int
    quote: str = field(repr=False)
    verified: bool
    label: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ExportedTurn:
    """A turn as it may be written out. `shown`: whether it is of the branch that is on screen."""

    id: str
    follows: str  # the turn before it, "" for the first
    shown: bool
    question: str = field(repr=False)
    answer: str = field(repr=False)
    state: TurnState
    model: str
    created_at: float
    citations: tuple[ExportedCitation, ...] = ()


@dataclass(frozen=True, slots=True)
class ConversationExport:
    """A conversation with all its turns, values left in place only where the policy says so for exports."""

    id: str
    title: str = field(repr=False)
    library: str = field(repr=False)
    created_at: float
    updated_at: float
    turns: tuple[ExportedTurn, ...] = ()
    redactions: tuple[Redaction, ...] = ()  # what the policy kept out, by type
