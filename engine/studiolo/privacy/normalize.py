"""Folded text: what the recognisers read, with a way back to the code points of the original.

Folding is NFKC of each code point by itself, with dashes made one, middle dots made one, tabs made spaces, letters that
look like Latin ones (Cyrillic, Greek) made Latin, and zero-width and soft-hyphen characters left out. No composition
across code points, so fold(a + b) == fold(a) + fold(b): a stream may be folded in any pieces. For the same reason a
look-alike is folded whatever stands beside it; the words of other scripts are read by no recogniser of ours.

Knows nothing of personal data. Any thread.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

_INVISIBLE = frozenset(
    {0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF}.union(
        range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070), range(0xFE00, 0xFE10)
    )
)
_DASHES = frozenset("‐‑‒–−﹣－")
_DOTS = frozenset("‧∙⋅・")
# Letters that are drawn as Latin ones in common typefaces: the single-letter rows for Cyrillic, Greek and Armenian of
# Unicode's confusables.txt (UTS 39), without those that only resemble them.
_LOOK_ALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХҮԌԚԜаеорсухіјѕһԁԛԝѵӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονρυγιօսոցհ",
        "ABESIJKMHOPCTYXYGQWaeopcyxijshdqwvlABEZHIKMNOPTYXaovpuyiounqh",
        strict=True,
    )
)


class _Table(dict[int, str]):
    """What each code point folds to; filled as code points are met, bounded by the size of Unicode."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if code in _INVISIBLE:
            folded = ""
        elif character in _DASHES:
            folded = "-"
        elif character in _DOTS:
            folded = "·"
        elif character in _LOOK_ALIKES:
            folded = _LOOK_ALIKES[character]
        elif character == "\t":  # a justified page may come with tabs between the words of a name
            folded = " "
        else:
            folded = unicodedata.normalize("NFKC", character)
        self[code] = folded
        return folded


class _OneToOne(_Table):
    """The same, but what would become several code points stays as it is."""

    def __missing__(self, code: int) -> str:
        folded = super().__missing__(code)
        if len(folded) > 1:
            folded = self[code] = chr(code)
        return folded


_TABLE = _Table()
_ONE_TO_ONE = _OneToOne()


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is the folded text; `offsets[i]` is where its code point i stood in the original (None: at i)."""

    text: str = field(repr=False)
    length: int  # of the original, in code points
    offsets: tuple[int, ...] | None = field(default=None, repr=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that folded[start:end] came from; empty stays empty.

        A code point that folds to several is taken whole.
        """
        if self.offsets is None:
            return start, end
        if start >= end:
            at = self.offsets[start] if start < len(self.offsets) else self.length
            return at, at
        return self.offsets[start], self.offsets[end - 1] + 1

    def folded(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the folded text that original[start:end] became."""
        if self.offsets is None:
            return start, end
        from bisect import bisect_left

        return bisect_left(self.offsets, start), bisect_left(self.offsets, end)


def fold(text: str, *, expand: bool = True) -> Folded:
    """Fold `text`. Linear; plain ASCII is handed back as it is.

    expand=False leaves code points alone that would become several (ligatures, fractions): a stream must be able to
    stop behind any folded code point.
    """
    if text.isascii() and "\t" not in text:
        return Folded(text, len(text))
    table = _TABLE if expand else _ONE_TO_ONE
    folded = text.translate(table)
    if not expand and len(folded) == len(text):  # nothing became several, so nothing was left out either
        return Folded(folded, len(text))
    if all(len(table[code]) == 1 for code in set(map(ord, text))):
        return Folded(folded, len(text))
    offsets = tuple(i for i, character in enumerate(text) for _ in table[ord(character)])
    return Folded(folded, len(text), offsets)


def unfolded(text: str) -> bool:
    """Whether folding, without expansion, leaves `text` as it is."""
    return text.translate(_ONE_TO_ONE) == text


def is_han(character: str) -> bool:
    """Whether a code point is a Chinese character (unified ideographs and their extensions)."""
    code = ord(character)
    return 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0x20000 <= code <= 0x3134F or code == 0x3007
