"""What a person calls personal themselves, and what they say is no secret: words and patterns beside our recognisers.

Both read folded text, as the recognisers do. A value is allowed where it lies wholly inside a place at which an allowed
word or pattern stands; what reaches further than that is no allowed value. A person's own entity is certain: it wins
over whatever else is found there. Their patterns are foreign code, so they are run by an engine with a time limit; one
that passes it fails, and with it the filter.

The only module that imports regex. Threads: any.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from studiolo.privacy.known import KnownValues, findable
from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.spans import resolve
from studiolo.types import Span

ANY: Final = ""
"""The type of an allow-list that counts for all."""

_LONGEST_PATTERN = 1_000
_LIMIT_S = 1.0  # of one pattern on one text ...
_LIMIT_S_A_CODE_POINT = 1e-5  # ... and for each code point of it: a linear pattern needs a hundredth of that
_STRESS = 4_000  # code points of a text that a pattern is tried on before it is taken
_STRESS_S = 0.5
_STRESS_CHARACTERS = "a1 -.@王"
_UNBOUNDED = re.compile(r"[*+]|\{[0-9]*,\}")


@dataclass(frozen=True, slots=True)
class Listed:
    """Words and patterns of one type."""

    type: str
    words: tuple[str, ...] = field(default=(), repr=False)
    patterns: tuple[str, ...] = field(default=(), repr=False)


class Own:
    """The entities and the allow-lists of one policy."""

    name = "own"

    def __init__(self, entities: Sequence[Listed] = (), allowed: Sequence[Listed] = ()) -> None:
        """What is given has been checked: see `word_problem` and `pattern_problem`."""
        self._entities = tuple(entities)
        self._allowed = tuple(allowed)
        self._words = _index(entities)
        self._patterns = [(listed.type, pattern) for listed in entities for pattern in listed.patterns]
        self._allowed_words = _index(allowed)
        self._allowed_patterns = [(listed.type, pattern) for listed in allowed for pattern in listed.patterns]
        self._exact = {(listed.type, _plain(word)) for listed in allowed for word in listed.words}
        self.types = tuple(dict.fromkeys(listed.type for listed in entities))

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self._entities or self._exact or self._allowed_patterns)

    @property
    def patterned(self) -> bool:
        """Whether it has entities of its own that are found by pattern."""
        return bool(self._patterns)

    def lists(self) -> list[list[tuple[str, tuple[str, ...], tuple[str, ...]]]]:
        """All that was listed and allowed, to tell two of them apart: (type, words, patterns)."""
        return [[(one.type, one.words, one.patterns) for one in listed] for listed in (self._entities, self._allowed)]

    def entities(self, text: str) -> list[Match]:
        """A person's own entities in folded `text`; they may overlap. Raises TimeoutError."""
        found = [Match(match.type, match.start, match.end, 1.0, proven=True) for match in self._words.find(text)]
        return [*found, *self.find(text)]

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Those that are found by pattern, as a family of rules: values that lie in text[start:end].

        A stream is looked at by the sentence: a value that goes over its end is found where it has been met before.
        """
        for kind, pattern in self._patterns:
            for first, last in _places(pattern, text, start, len(text) if end is None else end):
                yield Match(kind, first, last, 1.0, proven=True)

    def add_words(self, known: KnownValues, kinds: Iterable[str]) -> None:
        """Put the words of these types into an index of values to look for."""
        wanted = frozenset(kinds)
        for listed in self._entities:
            if listed.type in wanted:
                for word in listed.words:
                    known.add(listed.type, fold(word).text)

    def without_allowed(self, text: str, matches: Iterable[Match]) -> list[Match]:
        """The matches in folded `text` that no allow-list exempts. Raises TimeoutError."""
        places = [(match.type, match.start, match.end) for match in self._allowed_words.find(text)]
        places += [
            (kind, first, last)
            for kind, pattern in self._allowed_patterns
            for first, last in _places(pattern, text, 0, len(text))
        ]
        if not places:
            return list(matches)
        return [
            match
            for match in matches
            if not any(kind in (ANY, match.type) and a <= match.start and match.end <= b for kind, a, b in places)
        ]

    def permits(self, kind: str, value: str) -> bool:
        """Whether a value, as it stands by itself, is no secret. Raises TimeoutError."""
        if not (self._exact or self._allowed_patterns):
            return False
        text = fold(value).text
        if {(ANY, _plain(text)), (kind, _plain(text))} & self._exact:
            return True
        return any(
            listed in (ANY, kind) and (0, len(text)) in _places(pattern, text, 0, len(text))
            for listed, pattern in self._allowed_patterns
        )

    def refine(self, text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
        """What the recognisers found in `text`, with a person's own entities and without what they allow.

        Offsets in code points of `text`. Raises TimeoutError.
        """
        if self.empty:
            return tuple(spans)
        folded = fold(text)
        found = [Match(s.type, *folded.folded(s.start, s.end), s.score, proven=s.score > 0.9) for s in spans]
        matches = resolve(folded.text, self.without_allowed(folded.text, [*found, *self.entities(folded.text)]))
        return tuple(Span(m.type, *folded.original(m.start, m.end), m.score) for m in matches)


def word_problem(kind: str, word: str) -> str:
    """Why a word cannot be looked for, "" where it can."""
    return "" if findable(kind, fold(word).text) else "short_word"


def pattern_problem(pattern: str) -> str:
    """Why a pattern cannot be taken, "" where it can: it is none, matches nothing at all, or may run away.

    A repeated group that holds a repetition is refused as it stands (its time may double with each character); others
    are tried on texts that are hard for them.
    """
    import regex  # noqa: TID251

    if len(pattern) > _LONGEST_PATTERN:
        return "long_pattern"
    try:
        compiled = _compiled(pattern)
    except (regex.error, RecursionError, OverflowError, ValueError):
        return "bad_pattern"
    if _repeats_repetition(pattern):
        return "slow_pattern"
    try:
        if compiled.search("", timeout=_STRESS_S) is not None:
            return "empty_match"
        characters = "".join(dict.fromkeys([*_STRESS_CHARACTERS, *(c for c in pattern if c.isprintable())]))[:32]
        for character in characters:
            # Behind it stands all that the pattern may ask for, so that no look ahead for that ends it at once.
            for _ in compiled.finditer(f"{character * _STRESS}\0{characters}", timeout=_STRESS_S):
                pass
    except TimeoutError:
        return "slow_pattern"
    return ""


def _repeats_repetition(pattern: str) -> bool:
    """Whether a group that holds an unbounded repetition is itself repeated without bound."""
    open_groups: list[bool] = [False]  # for each open group, whether it holds a repetition
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 2
            continue
        if character == "[":
            at = _class_end(pattern, at)
            continue
        if character == "(":
            open_groups.append(False)
        elif character == ")" and len(open_groups) > 1:
            holds = open_groups.pop()
            repeated = _UNBOUNDED.match(pattern, at + 1) is not None
            if holds and repeated:
                return True
            open_groups[-1] = open_groups[-1] or holds
        elif _UNBOUNDED.match(pattern, at):
            open_groups[-1] = True
        at += 1
    return False


def _class_end(pattern: str, at: int) -> int:
    """Behind the character class that begins at `at`."""
    at += 1
    if pattern[at : at + 1] == "^":
        at += 1
    first = at
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    import regex  # noqa: TID251

    return regex.compile(pattern, regex.VERSION0)


def _places(pattern: str, text: str, start: int, end: int) -> list[tuple[int, int]]:
    limit_s = _LIMIT_S + _LIMIT_S_A_CODE_POINT * len(text)
    found = _compiled(pattern).finditer(text, start, end, timeout=limit_s)
    return [match.span() for match in found if match.end() > match.start()]


def _index(lists: Iterable[Listed]) -> KnownValues:
    index = KnownValues()
    for listed in lists:
        for word in listed.words:
            index.add(listed.type, fold(word).text)
    return index


def _plain(text: str) -> str:
    return " ".join(fold(text).text.split()).casefold()
