"""Where a stretch of text stands in a text that was spaced, broken or punctuated differently.

Pure functions, any thread.

A page as a reader of PDFs gives it and a passage cut from it differ in blanks, line breaks, hyphens and letter forms:
so both are compared by their letters and digits alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_PIECES = re.compile(r"\n+|\s\|\s|(?<=[.!?;])\s+|(?<=[\u3002\uff01\uff1f\uff1b])")
_LEAST = 8  # letters of a piece that is looked for by itself; shorter ones stand anywhere
_LEAST_WIDE = 4  # the same where it is Chinese

Range = tuple[int, int]


def ranges_of(wanted: Iterable[str], text: str) -> list[Range]:
    """Where each of `wanted` stands first in `text`: [start, end) in code points, in order, none within another.

    What does not stand there as a whole is looked for sentence by sentence and line by line.
    """
    letters, places = _letters(text)
    found: list[Range] = []
    for stretch in wanted:
        whole = _place(_letters(stretch)[0], letters, places)
        if whole is not None:
            found.append(whole)
            continue
        for piece in _PIECES.split(stretch):
            sought = _letters(piece)[0]
            if len(sought) >= (_LEAST if sought.isascii() else _LEAST_WIDE):
                place = _place(sought, letters, places)
                if place is not None:
                    found.append(place)
    return _joined(found)


def _place(sought: str, letters: str, places: list[int]) -> Range | None:
    start = letters.find(sought) if sought else -1
    return None if start < 0 else (places[start], places[start + len(sought) - 1] + 1)


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of `text` without case and form, and where each comes from."""
    letters: list[str] = []
    places: list[int] = []
    for index, char in enumerate(text):
        for folded in unicodedata.normalize("NFKC", char).casefold():
            if folded.isalnum():
                letters.append(folded)
                places.append(index)
    return "".join(letters), places


def _joined(ranges: Iterable[Range]) -> list[Range]:
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
