"""Values in a text of any size, read in portions that are cut where no value stands.

A portion ends at a blank line, else at a line's end, else at a sentence's, and is read with what stands around it, so
that rules see their context. Names met in one portion are found again in all. Memory is bounded by the portion.

A text of one portion is read whole. In a longer one the guard that keeps common words from being taken for names
("mark", where "Mark" is a verb's beginning) sees its portion alone. Pure but for the analyzer. Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold
from studiolo.privacy.persons import parts_to_look_for
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.spans import resolve
from studiolo.types import Span

PORTION = 200_000  # code points
AROUND = 1000  # code points read on both sides of a portion: more than any rule looks at, or any value is long

_BORDERS = (
    re.compile(r"\n[^\S\n]*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?][ ]|[\u3002\uff01\uff1f]"),
    re.compile(r"\s"),
)


def analyze_any(
    text: str, *, analyze: Callable[[str], Sequence[Span]], portion: int = PORTION, around: int = AROUND
) -> tuple[Span, ...]:
    """What `analyze` finds in `text`, read in portions of at most `portion` code points. Raises what it does."""
    if len(text) <= portion:
        return tuple(analyze(text))
    found: list[Span] = []
    for start, end in cuts(text, portion):
        first, last = max(0, start - around), min(len(text), end + around)
        found += [
            Span(span.type, span.start + first, span.end + first, span.score)
            for span in analyze(text[first:last])
            if start <= span.start + first < end
        ]
    return tuple(_with_names_again(text, found))


def cuts(text: str, portion: int) -> Iterator[tuple[int, int]]:
    """Where the portions begin and end; together they are the text."""
    start = 0
    while len(text) - start > portion:
        end = start + portion
        border = next(
            (ends[-1] for pattern in _BORDERS if (ends := _ends(pattern, text, start + portion // 2, end))), end
        )
        yield start, border
        start = border
    yield start, len(text)


def _ends(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[int]:
    return [match.end() for match in pattern.finditer(text, start, end)]


def _with_names_again(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, and where a name of one portion stands in another."""
    folded = fold(text)
    seen = KnownValues()
    for span in spans:
        value = folded.text[slice(*folded.folded(span.start, span.end))]
        if span.type == "PERSON" and not (value.isascii() and " " not in value):
            seen.add("PERSON", value)
            for part in parts_to_look_for(value):
                seen.add("PERSON", part, exact_case=True)
    matches = [
        Match(span.type, *folded.folded(span.start, span.end), span.score, proven=span.score > 0.9) for span in spans
    ]
    found = resolve(folded.text, [*matches, *seen.find(folded.text)])
    return [Span(match.type, *folded.original(match.start, match.end), match.score) for match in found]
