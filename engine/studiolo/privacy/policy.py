"""Who may see what, as data: type of value x direction x reader -> what happens to it.

A text goes to the model (question, passage, history, tool, file_name), is written out (title, log, export, audit), or
is an answer on its way to a reader. The shipped profiles are TOML beside this module (`profiles/`); `policy_file.py`
reads those and a home's own. Every combination has an action: what no table names falls to a default, and an unknown
type is personal.

Knows no text. Any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from studiolo.types import Reader

Direction = str
"""Where a text goes; one of DIRECTIONS."""

TO_MODEL: Final = ("question", "passage", "tool", "file_name", "history")
WRITTEN_OUT: Final = ("title", "log", "export", "audit")  # no token stands there: nobody could ever restore it
ANSWER: Final = "answer"
DIRECTIONS: Final = (*TO_MODEL, *WRITTEN_OUT, ANSWER)
READERS: Final = tuple(reader.value for reader in Reader)
PROFILE_NAMES: Final = ("open", "balanced", "strict")

LITERAL: Final = "LITERAL"
"""Text of a document that merely looks like a token of ours: given a token of its own, shown to everyone."""

_FURTHEST = 16  # readers that may stand behind one another by `like`


class Action(StrEnum):
    """What becomes of a value."""

    ALLOW = "allow"  # left
    FLAG = "flag"  # left; a report on a document counts it
    MASK = "mask"  # `<PERSON>`, cannot be undone
    PSEUDONYMISE = "pseudonymise"  # a token that a reader who may see the value gets back; in an answer, it stays
    BLOCK = "block"  # the text is refused, the answer withheld


class Sight(StrEnum):
    """What a reader sees of a value in an answer."""

    SHOW = "show"
    MASK = "mask"
    TOKEN = "token"  # noqa: S105 - the pseudonym that the model read
    WITHHOLD = "withhold"  # the whole answer


_SIGHTS: Final = {
    Action.ALLOW: Sight.SHOW,
    Action.FLAG: Sight.SHOW,
    Action.MASK: Sight.MASK,
    Action.PSEUDONYMISE: Sight.TOKEN,
    Action.BLOCK: Sight.WITHHOLD,
}
_GUARDING: Final = frozenset({Action.MASK, Action.PSEUDONYMISE, Action.BLOCK})
_UNNAMED: Final = {"owner": Action.ALLOW, "restore": Action.ALLOW, "masked": Action.MASK, "blocked": Action.BLOCK}


@dataclass(frozen=True, slots=True)
class Table:
    """Actions by type. `default` None: what the table does not name is another's to say."""

    types: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    default: Action | None = None

    def get(self, kind: str) -> Action | None:
        """What the table says of a type."""
        return self.types.get(kind, self.default)


@dataclass(frozen=True, slots=True)
class ReaderRules:
    """What one reader, or the holder of a token with that profile, sees in answers.

    answer: by type; its default counts for guarded types alone (see `Policy.guarded`): what the model itself may read
    is shown to everyone unless the type is named.
    like: the reader whose rules count where these are silent; "" = none.
    inward: tables that go before the policy's for what this reader asks, by direction.
    """

    answer: Table = field(default_factory=Table)
    like: str = ""
    inward: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, whole: every type, direction and reader has an action.

    types: for all directions; directions: tables that go before it; readers: by name.
    keep_last: how many of the last digits stay visible in a mask, by type.
    refuse: types that a library takes in no file with.
    """

    name: str
    types: Table = field(default_factory=Table)
    directions: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))
    readers: Mapping[str, ReaderRules] = field(default_factory=lambda: MappingProxyType({}))
    keep_last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    refuse: frozenset[str] = frozenset()

    def decide(self, kind: str, direction: Direction, reader: str = Reader.OWNER) -> Action:
        """What becomes of a value of type `kind` in a text that goes in `direction` for `reader`. Never fails.

        A reader that the policy does not name is taken for "masked".
        """
        if direction == ANSWER:
            return self._answer(kind, reader)
        if kind == LITERAL:
            return Action.ALLOW if direction in WRITTEN_OUT else Action.PSEUDONYMISE
        action = next(
            (
                found
                for table in (*self.asked_by(reader, direction), self.directions.get(direction))
                if table is not None and (found := table.get(kind)) is not None
            ),
            None,
        )
        if action is None:
            action = self._everywhere(kind)
        if action is Action.PSEUDONYMISE and direction in WRITTEN_OUT:
            return Action.MASK
        return action

    def action(self, kind: str, direction: Direction, *, reader: str = Reader.OWNER) -> Action:
        """`decide`, for what goes to the model or is written out."""
        return self.decide(kind, direction, reader)

    def asked_by(self, reader: str, direction: Direction) -> list[Table]:
        """The tables that go before the policy's for what `reader` asks, the first first."""
        rules = (self.readers[name] for name in self._behind(reader) if name in self.readers)
        return [one.inward[direction] for one in rules if direction in one.inward]

    def guarded(self, kind: str) -> bool:
        """Whether values of this type are kept from the model at all."""
        return self._everywhere(kind) in _GUARDING

    def sight(self, kind: str, reader: str) -> Sight:
        """What `reader` sees of a value of type `kind` in an answer."""
        return _SIGHTS[self._answer(kind, reader)]

    def withholds(self, reader: str) -> bool:
        """Whether an answer for `reader` may be withheld, so that none of it may be shown before all of it is known."""
        names = self._behind(reader)
        tables = [self.readers[name].answer for name in names if name in self.readers]
        stated = any(Action.BLOCK in (table.default, *table.types.values()) for table in tables)
        return stated or self._unstated(names) is Action.BLOCK

    def mask(self, kind: str, value: str) -> str:
        """What stands for a value that may not be seen."""
        keep = self.keep_last.get(kind, 0)
        digits = [c for c in value if c.isdigit()]
        if keep and len(digits) > 2 * keep:
            return f"**** {''.join(digits[-keep:])}"
        return f"<{kind}>"

    def _everywhere(self, kind: str) -> Action:
        return self.types.get(kind) or Action.PSEUDONYMISE

    def _answer(self, kind: str, reader: str) -> Action:
        if kind == LITERAL:
            return Action.ALLOW
        names = self._behind(reader)
        tables = [self.readers[name].answer for name in names if name in self.readers]
        for table in tables:
            if kind in table.types:
                return table.types[kind]
        return self._unstated(names) if self.guarded(kind) else Action.ALLOW

    def _unstated(self, names: list[str]) -> Action:
        """What a chain of readers sees of a guarded type that none of them names."""
        tables = [self.readers[name].answer for name in names if name in self.readers]
        stated = next((table.default for table in tables if table.default is not None), None)
        return stated or next((_UNNAMED[name] for name in names if name in _UNNAMED), Action.MASK)

    def _behind(self, reader: str) -> list[str]:
        """The reader's name, then that of the one it is like, and so on."""
        name: str = reader if reader in self.readers or reader in _UNNAMED else Reader.MASKED.value
        names: list[str] = []
        while name and len(names) < _FURTHEST:
            names.append(name)
            name = self.readers[name].like if name in self.readers else ""
        return names


def __getattr__(name: str) -> Policy:
    """BALANCED, OPEN and STRICT: the shipped profiles, read when they are first asked for."""
    if name in ("BALANCED", "OPEN", "STRICT"):
        from studiolo.privacy.policy_file import profile

        return profile(name.lower())
    raise AttributeError(name)
