"""Who may see what, as data: type of value x direction x reader -> what happens to it.

Inward (what the model, a title or an export gets) and outward (what a reader sees in an answer) are two tables.
Knows no text. Any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from studiolo.types import Reader

Direction = str
"""Where a text goes. To the model: question, passage, history, file_name, tool. Where no value may stand: title,
export, log."""

_WRITTEN_OUT: frozenset[str] = frozenset({"title", "export", "log"})


class Action(StrEnum):
    """What becomes of a value on its way in."""

    ALLOW = "allow"  # left
    FLAG = "flag"  # left; a report on a document counts it
    MASK = "mask"  # `<PERSON>`, cannot be undone
    PSEUDONYMISE = "pseudonymise"  # a token that a reader who may see the value gets back
    BLOCK = "block"  # the text is refused


class Sight(StrEnum):
    """What a reader sees of a value in an answer."""

    SHOW = "show"
    MASK = "mask"
    WITHHOLD = "withhold"  # the whole answer


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. A type that no table names is pseudonymised: unknown is treated as personal.

    inward: action a type; by_direction overrides it for (type, direction).
    always_masked: types that are masked in an answer for every reader, the owner included.
    keep_last: how many of the last digits stay visible in such a mask.
    """

    name: str
    inward: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    by_direction: Mapping[tuple[str, str], Action] = field(default_factory=lambda: MappingProxyType({}))
    always_masked: frozenset[str] = frozenset()
    keep_last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    default: Action = Action.PSEUDONYMISE

    def action(self, kind: str, direction: Direction) -> Action:
        """What to do with a value of type `kind` in a text that goes in `direction`."""
        if kind == LITERAL:
            return Action.ALLOW if direction in _WRITTEN_OUT else Action.PSEUDONYMISE
        action = self.by_direction.get((kind, direction)) or self.inward.get(kind, self.default)
        if action is Action.PSEUDONYMISE and direction in _WRITTEN_OUT:
            return Action.MASK
        return action

    def guarded(self, kind: str) -> bool:
        """Whether values of this type are kept from the model at all."""
        return self.inward.get(kind, self.default) in (Action.MASK, Action.PSEUDONYMISE, Action.BLOCK)

    def sight(self, kind: str, reader: Reader) -> Sight:
        """What `reader` sees of a value of type `kind` in an answer."""
        if kind == LITERAL:
            return Sight.SHOW
        if reader is Reader.BLOCKED:
            return Sight.WITHHOLD if self.guarded(kind) or kind in self.always_masked else Sight.SHOW
        if kind in self.always_masked:
            return Sight.MASK
        if reader is Reader.MASKED and self.guarded(kind):
            return Sight.MASK
        return Sight.SHOW

    def mask(self, kind: str, value: str) -> str:
        """What stands for a value that a reader may not see."""
        keep = self.keep_last.get(kind, 0)
        digits = [c for c in value if c.isdigit()]
        if keep and len(digits) > 2 * keep:
            return f"**** {''.join(digits[-keep:])}"
        return f"<{kind}>"


LITERAL = "LITERAL"
"""Text of a document that merely looks like a token of ours: given a token of its own, shown to everyone."""

_MASKED = frozenset({"SECRET", "CREDIT_CARD"})
_LAST_FOUR = MappingProxyType({"CREDIT_CARD": 4})

BALANCED = Policy(
    "balanced",
    inward=MappingProxyType({"LOCATION": Action.FLAG, "ORGANIZATION": Action.FLAG}),
    always_masked=_MASKED,
    keep_last=_LAST_FOUR,
)
OPEN = Policy(
    "open",
    inward=MappingProxyType({"SECRET": Action.PSEUDONYMISE, "CREDIT_CARD": Action.PSEUDONYMISE}),
    always_masked=_MASKED,
    keep_last=_LAST_FOUR,
    default=Action.FLAG,
)
STRICT = Policy(
    "strict",
    by_direction=MappingProxyType({("SECRET", "question"): Action.BLOCK, ("SECRET", "tool"): Action.BLOCK}),
    always_masked=_MASKED,
)
PROFILES: Mapping[str, Policy] = MappingProxyType({policy.name: policy for policy in (BALANCED, OPEN, STRICT)})
