"""Finding values again that were met before, in a whole text or at one place of a stream.

An index by the first two code points, and below it by the first four, so that a text costs one look-up a position, and
a second where two fit, however many values are known.
Text is folded; runs of white space are alike. Not safe for use while it changes: the owner locks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from studiolo.privacy.given_names import AFTER_GIVEN_ZH, BEFORE_GIVEN_ZH
from studiolo.privacy.normalize import is_han
from studiolo.privacy.recognizers.base import Match

_SHORTEST_ASCII = 3  # a known value of one or two letters or digits would be found everywhere
_SHORTEST = 2
_LONG = 4  # code points by which values that have so many are told apart
_FEW = 64  # beginnings up to which the text is searched for each of them
MORE = "more"


@dataclass(frozen=True, slots=True)
class _Value:
    type: str
    text: str = field(repr=False)  # white space made single spaces
    exact_case: bool
    apart: bool = False  # a Chinese given name: found only where its neighbours are not part of something longer


@dataclass(slots=True)
class _Bucket:
    """The values that begin with the same two code points."""

    short: list[_Value] = field(default_factory=list)  # also those with white space among their first code points
    long: dict[str, list[_Value]] = field(default_factory=dict)

    def add(self, value: _Value) -> None:
        start = value.text[:_LONG]
        if len(start) < _LONG or " " in start:
            self.short.append(value)
        else:
            self.long.setdefault(start.lower(), []).append(value)

    def at(self, text: str, start: int) -> Iterable[_Value]:
        """Those that may stand at text[start]; all of them where the text is too short to say."""
        if start + _LONG > len(text):
            return self.all()
        named = self.long.get(text[start : start + _LONG].lower()) if self.long else None
        return self.short if named is None else [*self.short, *named]

    def all(self) -> Iterator[_Value]:
        yield from self.short
        for values in self.long.values():
            yield from values


def findable(kind: str, value: str) -> bool:
    """Whether a folded value is long enough to be looked for: a shorter one would be found everywhere."""
    text = " ".join(value.split())
    if kind == "LITERAL" or len(text) < (_SHORTEST_ASCII if text.isascii() else _SHORTEST):
        return False
    return len(text) >= 6 or not (kind == "SECRET" or text.isdigit())


class KnownValues:
    """An index of values. Values too short or too plain to be looked for are not taken in."""

    def __init__(self) -> None:
        self._index: dict[str, _Bucket] = {}
        self._seen: dict[_Value, None] = {}  # in order, so that a copy is the same

    def __bool__(self) -> bool:
        return bool(self._index)

    def add(self, kind: str, value: str, *, exact_case: bool = False, apart: bool = False) -> None:
        """Take in a folded value. `exact_case`: a single name is looked for as it is written, "Rob" but not "rob".

        `apart`: a Chinese given name, found only between words that go with a name (see `given_names`).
        """
        text = " ".join(value.split())
        if not findable(kind, text):
            return
        self._take(_Value(kind, text, exact_case, apart))

    def _take(self, value: _Value) -> None:
        if value not in self._seen:
            self._seen[value] = None
            self._index.setdefault(value.text[:2].lower(), _Bucket()).add(value)

    @property
    def beginnings(self) -> frozenset[str]:
        """The first two code points, in small letters, of every value."""
        return frozenset(self._index)

    def limited_to(self, kinds: frozenset[str]) -> KnownValues:
        """A copy with the values of these types."""
        copy = KnownValues()
        for value in self._seen:
            if value.type in kinds:
                copy._take(value)
        return copy

    def find(self, text: str) -> list[Match]:
        """All places of folded `text` where a known value stands; they may overlap."""
        if not self._index:
            return []
        lowered = text.lower()
        simple = len(lowered) == len(text)
        if simple and len(self._index) <= _FEW:
            places = sorted((at, start) for start in self._index for at in _places(lowered, start))
        else:
            pairs = (lowered[at : at + 2] if simple else text[at : at + 2].lower() for at in range(len(text) - 1))
            places = [(at, start) for at, start in enumerate(pairs) if start in self._index]
        found = []
        for at, start in places:
            for value in self._index[start].at(text, at):
                end = _end_of(value, text, at)
                if isinstance(end, int):
                    found.append(Match(value.type, at, end, 0.9))
        return found

    def at(self, text: str, start: int, *, final: bool) -> Match | str | None:
        """The longest known value that begins at text[start]; MORE if a longer text could still hold one; or None."""
        if not self._index:
            return None
        if start + 1 >= len(text):
            first = text[start].lower()
            return MORE if not final and any(key.startswith(first) for key in self._index) else None
        best: Match | None = None
        bucket = self._index.get(text[start : start + 2].lower())
        for value in () if bucket is None else bucket.at(text, start):
            end = _end_of(value, text, start)
            if end is None:
                continue
            if isinstance(end, str) or (end == len(text) and not final):
                if not final:
                    return MORE
                continue
            if best is None or end > best.end:
                best = Match(value.type, start, end, 0.9)
        return best


def _places(text: str, start: str) -> Iterator[int]:
    """Where `start` stands in `text`; places may overlap."""
    at = text.find(start)
    while at >= 0:
        yield at
        at = text.find(start, at + 1)


def _end_of(value: _Value, text: str, start: int) -> int | str | None:
    """Where `value` ends if it stands at text[start]; MORE if the text ends inside it; None if it does not."""
    if start > 0 and _joined(text[start - 1], text[start]):
        return None
    at = start
    for character in value.text:
        if at >= len(text):
            return MORE
        if character == " ":
            if not text[at].isspace():
                return None
            while at < len(text) and text[at].isspace():
                at += 1
            continue
        if text[at] != character and not _alike(value, text, at, start, character):
            return None
        at += 1
    if (at < len(text) and _joined(text[at - 1], text[at])) or (value.apart and not _stands_apart(text, start, at)):
        return None
    return at


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Whether the Chinese characters around text[start:end], if any, are such as stand around a name."""
    if start > 0 and is_han(text[start - 1]) and text[start - 1] not in BEFORE_GIVEN_ZH:
        return False
    return end >= len(text) or not is_han(text[end]) or text[end] in AFTER_GIVEN_ZH


def _alike(value: _Value, text: str, at: int, start: int, character: str) -> bool:
    """Whether another case of a character will do: always, but for a single name only in capitals, as in a heading."""
    if value.exact_case:
        return at > start and text[at] == character.upper() and text[at - 1].isupper()
    return text[at].lower() == character.lower()


def _joined(left: str, right: str) -> bool:
    """Whether two neighbours are of one word: ASCII letters or digits on both sides. Chinese touches anything."""
    return left.isalnum() and right.isalnum() and _alphabetic(left) and _alphabetic(right)


def _alphabetic(character: str) -> bool:
    return ord(character) < 0x2E80
