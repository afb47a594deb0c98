"""Policies as TOML: the profiles that ship with the program, and a home's own file with a section for each library.

    format = 1
    profile = "balanced"                  # what it starts from: open, balanced or strict
    refuse = ["SECRET"]                   # files in which such a value is found are not taken in
    [types]                               # for every direction; `default` is for types that are not named
    LOCATION = "pseudonymise"
    [directions.tool]                     # goes before [types]
    default = "block"
    [readers.press]                       # what a reader sees in answers; a name of one's own is an API profile
    like = "masked"
    ORGANIZATION = "mask"
    [readers.press.question]              # and what becomes of a value in what this reader asks
    SECRET = "block"
    [keep_last]                           # digits that stay visible in a mask
    PHONE_NUMBER = 4
    [custom.PROJECT]                      # an entity of one's own
    words = ["Falcon", "青鸟计划"]
    patterns = ["PRJ-[0-9]{4}"]
    action = "mask"
    [allow]                               # no secret, whatever it looks like; [allow.TYPE]: only as that type
    words = ["Northwind Ltd", "北风公司"]
    [libraries.contracts]                 # the same again; what it does not say is as above
    profile = "strict"                    # then it starts from that profile: of the above only refuse, custom, allow
                                          # and readers of one's own count as well

Whatever does not fit is UserError(bad_policy) with the file's name, the line and the problem's name. Knows no text but
the policy's own; none of it gets into a message. Any thread.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, NoReturn

from studiolo.errors import Code, UserError
from studiolo.privacy.own import ANY, Listed, Own, pattern_problem, word_problem
from studiolo.privacy.policy import (
    DIRECTIONS,
    LITERAL,
    PROFILE_NAMES,
    READERS,
    Action,
    Policy,
    ReaderRules,
    Table,
)
from studiolo.privacy.policy_lines import line_of, syntax_line
from studiolo.privacy.tokens import LABELS
from studiolo.types import Reader

FORMAT: Final = 1
DEFAULT_PROFILE: Final = "balanced"
_TYPE = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
_READER = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_KEYS = ("profile", "refuse", "types", "directions", "readers", "keep_last", "custom", "allow")
_MOST_KEPT = 8  # digits
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What a file says for the home, or for one library; what it does not say is empty (`refuse`: None)."""

    profile: str = ""
    refuse: frozenset[str] | None = None
    types: Table = field(default_factory=Table)
    directions: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))
    readers: Mapping[str, ReaderRules] = field(default_factory=lambda: MappingProxyType({}))
    keep_last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    custom: tuple[Listed, ...] = ()
    custom_actions: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    allow: tuple[Listed, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A whole file, and the value and the text it was read from."""

    home: Section = field(default_factory=Section)
    libraries: Mapping[str, Section] = field(default_factory=lambda: MappingProxyType({}))
    raw: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy of a library (or of the home), and what a person lists themselves."""

    profile: str
    policy: Policy
    own: Own


def read_policy(text: str, *, file: str) -> PolicyFile:
    """The policies in a home's file. Raises UserError(bad_policy)."""
    reading = _Reading(text, file)
    raw = reading.parsed()
    reading.format(raw)
    libraries = reading.table(raw, ("libraries",))
    return PolicyFile(
        home=reading.section(raw, (), also=("format", "libraries")),
        libraries={
            name: reading.section(reading.table(libraries, ("libraries", name)), ("libraries", name))
            for name in libraries
        },
        raw=raw,
        text=text,
    )


@functools.cache
def profile(name: str) -> Policy:
    """A shipped profile: "open", "balanced" or "strict"."""
    file = f"{name}.toml"
    text = resources.files("studiolo.privacy").joinpath("profiles", file).read_text(encoding="utf-8")
    reading = _Reading(text, file)
    raw = reading.parsed()
    reading.format(raw)
    return _laid_over(Policy(name), reading.section(raw, (), also=("format",)))


def in_force(file: PolicyFile, library: str) -> InForce:
    """What counts for a library; "" and libraries that the file does not name have the home's own."""
    home = file.home
    section = file.libraries.get(library, Section())
    chosen = section.profile or home.profile or DEFAULT_PROFILE
    policy = profile(chosen)
    if not section.profile:
        policy = _laid_over(policy, home)
    else:  # what the home does not take in, no library does; and an API profile is known everywhere
        own = Section(refuse=home.refuse, readers={k: v for k, v in home.readers.items() if k not in READERS})
        policy = _laid_over(policy, own)
    policy = _laid_over(policy, section)
    custom = (*home.custom, *section.custom)
    actions = {**home.custom_actions, **section.custom_actions}
    listed = dict.fromkeys(one.type for one in custom)
    hidden = {kind: actions.get(kind, Action.PSEUDONYMISE) for kind in listed if kind in actions or kind not in LABELS}
    types = Table({**hidden, **policy.types.types}, policy.types.default)
    return InForce(chosen, replace(policy, types=types), Own(custom, (*home.allow, *section.allow)))


def _laid_over(policy: Policy, section: Section) -> Policy:
    """`policy` with what `section` says in its place."""
    directions = {
        name: _over(policy.directions.get(name, Table()), section.directions.get(name, Table()))
        for name in {**policy.directions, **section.directions}
    }
    readers = dict(policy.readers)
    for name, said in section.readers.items():
        before = readers.get(name, ReaderRules())
        readers[name] = ReaderRules(
            answer=_over(before.answer, said.answer),
            like=said.like or before.like,
            inward={
                direction: _over(before.inward.get(direction, Table()), said.inward.get(direction, Table()))
                for direction in {**before.inward, **said.inward}
            },
        )
    return replace(
        policy,
        types=_over(policy.types, section.types),
        directions=directions,
        readers=readers,
        keep_last={**policy.keep_last, **section.keep_last},
        refuse=policy.refuse if section.refuse is None else section.refuse,
    )


def _over(below: Table, above: Table) -> Table:
    return Table({**below.types, **above.types}, below.default if above.default is None else above.default)


class _Reading:
    """One text on its way to a value; says where it went wrong."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    def parsed(self) -> dict[str, Any]:
        """The text as TOML."""
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            self._refuse(syntax_line(error, self._text), "syntax")
        except RecursionError:
            self._refuse(1, "syntax")

    def format(self, raw: Mapping[str, Any]) -> None:
        """Whether this version can read it. A file that does not say is of the first format."""
        found = raw.get("format", FORMAT)
        if type(found) is not int or not 1 <= found <= FORMAT:
            self._fail(("format",), "newer_format")

    def table(self, holder: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """A table, empty where there is none."""
        found = holder.get(path[-1], {})
        if not isinstance(found, dict):
            self._fail(path, "no_table")
        return found

    def section(self, raw: Mapping[str, Any], path: Path, *, also: Sequence[str] = ()) -> Section:
        """What stands in `raw`, the table under `path`."""
        for key in raw:
            if key not in (*_KEYS, *also):
                self._fail((*path, key), "unknown_key")
        chosen = raw.get("profile", "")
        if chosen not in ("", *PROFILE_NAMES):
            self._fail((*path, "profile"), "unknown_profile")
        directions = self.table(raw, (*path, "directions"))
        for name in directions:
            if name not in DIRECTIONS or name == "answer":  # what is seen of an answer is the readers'
                self._fail((*path, "directions", name), "unknown_direction")
        custom, actions = self._custom(self.table(raw, (*path, "custom")), (*path, "custom"))
        return Section(
            profile=chosen,
            refuse=self._refused(raw, (*path, "refuse")),
            types=self._actions(self.table(raw, (*path, "types")), (*path, "types")),
            directions={
                name: self._actions(self.table(directions, (*path, "directions", name)), (*path, "directions", name))
                for name in directions
            },
            readers=self._readers(self.table(raw, (*path, "readers")), (*path, "readers")),
            keep_last=self._kept(self.table(raw, (*path, "keep_last")), (*path, "keep_last")),
            custom=custom,
            custom_actions=actions,
            allow=self._allowed(self.table(raw, (*path, "allow")), (*path, "allow")),
        )

    def _actions(self, raw: Mapping[str, Any], path: Path) -> Table:
        types: dict[str, Action] = {}
        default = None
        for key, value in raw.items():
            action = self._action(value, (*path, key))
            if key == "default":
                default = action
            else:
                types[self._type(key, (*path, key))] = action
        return Table(types, default)

    def _action(self, value: Any, path: Path) -> Action:
        try:
            return Action(value)
        except ValueError:
            self._fail(path, "unknown_action")

    def _type(self, name: str, path: Path) -> str:
        if not _TYPE.fullmatch(name):
            self._fail(path, "bad_type")
        if name == LITERAL:
            self._fail(path, "reserved_type")
        return name

    def _readers(self, raw: Mapping[str, Any], path: Path) -> dict[str, ReaderRules]:
        readers: dict[str, ReaderRules] = {}
        for name in raw:
            here = (*path, name)
            if not _READER.fullmatch(name):
                self._fail(here, "bad_reader")
            table = self.table(raw, here)
            inward = {key: self.table(table, (*here, key)) for key in table if isinstance(table[key], dict)}
            for key in inward:
                if key not in DIRECTIONS or key == "answer":
                    self._fail((*here, key), "unknown_direction")
            like = table.get("like", "" if name in READERS else Reader.MASKED.value)
            if like and (not isinstance(like, str) or like not in (*READERS, *raw)):
                self._fail((*here, "like"), "unknown_reader")
            readers[name] = ReaderRules(
                answer=self._actions({k: v for k, v in table.items() if k != "like" and k not in inward}, here),
                like=like,
                inward={key: self._actions(found, (*here, key)) for key, found in inward.items()},
            )
        for name, rules in readers.items():
            seen, at = {name}, rules.like
            while at in readers and readers[at].like:
                if at in seen:
                    self._fail((*path, name, "like"), "circular_reader")
                seen.add(at)
                at = readers[at].like
        return readers

    def _kept(self, raw: Mapping[str, Any], path: Path) -> dict[str, int]:
        for key, value in raw.items():
            self._type(key, (*path, key))
            if type(value) is not int or not 0 <= value <= _MOST_KEPT:
                self._fail((*path, key), "bad_number")
        return dict(raw)

    def _refused(self, raw: Mapping[str, Any], path: Path) -> frozenset[str] | None:
        if "refuse" not in raw:
            return None
        names = self._strings(raw, path)
        for name in names:
            if not _TYPE.fullmatch(name) or name == LITERAL:
                self._fail(path, "bad_type", element=name)
        return frozenset(names)

    def _custom(self, raw: Mapping[str, Any], path: Path) -> tuple[tuple[Listed, ...], dict[str, Action]]:
        listed = []
        actions: dict[str, Action] = {}
        for name in raw:
            here = (*path, name)
            kind = self._type(name, here)
            table = self.table(raw, here)
            listed.append(self._listed(kind, table, here, also=("action",)))
            if not (listed[-1].words or listed[-1].patterns):
                self._fail(here, "empty_list")
            if "action" in table:
                actions[kind] = self._action(table["action"], (*here, "action"))
        return tuple(listed), actions

    def _allowed(self, raw: Mapping[str, Any], path: Path) -> tuple[Listed, ...]:
        kinds = [key for key in raw if isinstance(raw[key], dict)]
        listed = [self._listed(ANY, {k: v for k, v in raw.items() if k not in kinds}, path)]
        for kind in kinds:
            here = (*path, kind)
            listed.append(self._listed(self._type(kind, here), self.table(raw, here), here))
        return tuple(one for one in listed if one.words or one.patterns)

    def _listed(self, kind: str, raw: Mapping[str, Any], path: Path, *, also: Sequence[str] = ()) -> Listed:
        for key in raw:
            if key not in ("words", "patterns", *also):
                self._fail((*path, key), "unknown_key")
        words = self._strings(raw, (*path, "words"))
        for word in words:
            if problem := word_problem(kind, word):
                self._fail((*path, "words"), problem, element=word)
        patterns = self._strings(raw, (*path, "patterns"))
        for pattern in patterns:
            if problem := pattern_problem(pattern):
                self._fail((*path, "patterns"), problem, element=pattern)
        return Listed(kind, words, patterns)

    def _strings(self, raw: Mapping[str, Any], path: Path) -> tuple[str, ...]:
        found = raw.get(path[-1], [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            self._fail(path, "no_list")
        return tuple(found)

    def _fail(self, path: Path, problem: str, *, element: str | None = None) -> NoReturn:
        self._refuse(line_of(self._text, path, element=element), problem, key=".".join(path))

    def _refuse(self, line: int, problem: str, *, key: str = "") -> NoReturn:
        raise UserError(Code.BAD_POLICY, file=self._file, line=line, problem=problem, key=key) from None
