"""Persons, places and organisations: an English model on Latin script, LAC on Chinese, chosen run by run.

The models' mistakes are known and guarded against: labels and headings taken for names, single common words, spans
that run over a line's end. Knows no policy; the English model comes in as a callable, because only `analyzer.py`
imports spaCy. Any thread, if the models allow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from studiolo.privacy.normalize import is_han
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recognizers.lexicon import (
    AMBIGUOUS_SURNAMES,
    COMMON,
    NO_NAMES,
    NOT_NAMES_ZH,
    OFFICES_ZH,
    PLACE_WORDS,
    SURNAMES,
    TITLES_EN,
    TITLES_ZH,
)

Entities = Callable[[Sequence[str]], Sequence[Iterable[tuple[str, int, int]]]]  # texts -> (type, start, end) of each

# A run, and what it must hold, are two patterns: one that asks for both looks for it anew at every character of a
# text that lacks it, which takes minutes for a long one.
_LINE = re.compile(r"[^\n]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]")
_NOT_HAN = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f。、《》「」【】]+")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2}")
_LOWERED = re.compile(r"(?<![A-Za-z])[a-z]{3,}(?![A-Za-z])")
_LONGEST = 4000  # code points the English model reads at once
_TITLE = re.compile(rf"^(?:{TITLES_EN})\.?[ ]+")
_EDGE = " \t\r\n.,;:!?\"'()[]{}<>|*_#-/\\&\u2019\u201c\u201d\u2018"
_ONE_WORD_MIN = 3


class NameFinder(Protocol):
    """Finds names in folded texts."""

    def find(self, texts: Sequence[str]) -> list[list[Match]]:
        """For each text its PERSON, LOCATION and ORGANIZATION matches; they may overlap those of the rules."""
        ...


class ScriptNames:
    """Names by script: `latin` reads the runs without Chinese, `han` reads the lines that hold some.

    Each is asked once for all texts: it reads many short runs together far faster than one by one.
    """

    def __init__(self, *, latin: Entities, han: Entities) -> None:
        self._latin = latin
        self._han = han

    def find(self, texts: Sequence[str]) -> list[list[Match]]:
        """The names of each text."""
        found: list[list[Match]] = [[] for _ in texts]
        runs = [(number, start, end) for number, text in enumerate(texts) for start, end in _latin_runs(text)]
        lowered: dict[int, set[str]] = {}
        for (number, start, _end), entities in zip(runs, _asked(self._latin, texts, runs), strict=True):
            text = texts[number]
            for kind, first, last in entities:
                if number not in lowered:
                    lowered[number] = set(_LOWERED.findall(text))
                match = _latin_match(text, kind, start + first, start + last, lowered[number])
                found[number] += [match] if match else []
        lines = [
            (number, *line.span())
            for number, text in enumerate(texts)
            for line in _LINE.finditer(text)
            if _HAN.search(text, *line.span())
        ]
        for (number, start, _end), entities in zip(lines, _asked(self._han, texts, lines), strict=True):
            for kind, first, last in entities:
                match = _han_match(texts[number], kind, start + first, start + last)
                found[number] += [match] if match else []
        return [[m for m in matches if _says_a_name(text, m)] for text, matches in zip(texts, found, strict=True)]


def only_a_title(value: str) -> bool:
    """Whether nothing but a title is left of a person's name."""
    return _ONLY_TITLE_ZH.fullmatch(value) is not None


def _asked(
    model: Entities, texts: Sequence[str], stretches: Sequence[tuple[int, int, int]]
) -> Sequence[Iterable[tuple[str, int, int]]]:
    """What `model` finds in stretches (text's number, start, end)."""
    return model([texts[number][start:end] for number, start, end in stretches]) if stretches else ()


def _says_a_name(text: str, match: Match) -> bool:
    """Whether more than a capital at a sentence's beginning speaks for a name of one word."""
    single = match.type == "PERSON" and " " not in text[match.start : match.end] and text[match.start].isascii()
    if single and _may_begin_a_sentence(text, match.start, match.end):
        return _NAME_GOES_ON.match(text, match.end) is not None
    return True


_NAME_GOES_ON = re.compile(
    r"(?:'s)?,? (?:said|says|will|is|was|has|had|to|asked|called|wrote|agreed|would|can|could|should|must|did|does|"
    r"reported|confirmed|sent|signed|paid|moved|lives|lived|works|worked|wants|needs|thinks|joined|left|who|told|takes|"
    r"took|prepares|checks|also|and [A-Z])(?![A-Za-z])"
)


def _may_begin_a_sentence(text: str, start: int, end: int) -> bool:
    """Whether a capital says nothing here: after a full stop, at a line's start, in a list, in a heading."""
    before = text[max(0, start - 80) : start].rstrip(" ")
    return not before or not (before[-1].isalpha() or before[-1] in ",)'\u2019") or end == len(text)


def _latin_runs(text: str) -> Iterator[tuple[int, int]]:
    for run in _NOT_HAN.finditer(text):
        start, end = run.span()
        if not _LATIN_WORD.search(text, start, end):
            continue
        while end - start > _LONGEST:
            cut = max(text.rfind("\n", start, start + _LONGEST), text.rfind(". ", start, start + _LONGEST) + 1)
            cut = cut if cut > start else start + _LONGEST
            yield start, cut
            start = cut
        yield start, end


def _on_one_line(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without what follows a line's end, and without punctuation at its edges."""
    line = text.find("\n", start, end)
    if line >= 0:
        start, end = (start, line) if text[start:line].strip(_EDGE) else (line + 1, end)
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _latin_match(  # noqa: PLR0911 - one return a guard
    text: str, kind: str, start: int, end: int, lowered: set[str]
) -> Match | None:
    start, end = _on_one_line(text, start, end)
    if text[start:end].endswith(("'s", "\u2019s")):
        end -= 2
    value = text[start:end]
    if kind == "DATE_TIME":
        return _date(value, start, end)
    if kind != "PERSON":
        if value in NO_NAMES or value.casefold() in COMMON:
            return None
        return Match(kind, start, end, 0.6) if len(value) >= 2 and any(c.isupper() for c in value) else None
    title = _TITLE.match(value)
    if title:
        start += title.end()
        value = text[start:end]
    # A label before the name is taken with it: "Tenant Margaret Holloway".
    while " " in value and value.split(" ", 1)[0].lower() in COMMON - {"may", "will", "park"}:
        start += len(value.split(" ", 1)[0]) + 1
        value = text[start:end]
    parts = value.split()
    if not parts or any(c.isdigit() or c in "@/\\_<>=#|" for c in value) or not value[0].isupper():
        return None
    if len(parts) > 1 and parts[-1].casefold() in PLACE_WORDS:
        return Match("LOCATION", start, end, 0.6)
    plain = [part.strip(_EDGE).lower() for part in parts]
    if all(part in COMMON or part in lowered for part in plain) or plain[-1] in COMMON - {"may", "park", "will", "day"}:
        return None
    if len(parts) == 1:
        if len(value) < _ONE_WORD_MIN or value.isupper() or not value.replace("-", "").replace("'", "").isalpha():
            return None
        return Match("PERSON", start, end, 0.6)
    return Match("PERSON", start, end, 0.85)


_AGED = re.compile(r"(?:years?|yrs?|months?)(?:-| )old|of age|y/o")
_TELLS_A_DAY = re.compile(
    r"[0-9]|(?i:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|christmas|easter|noon|midnight)"
)  # "next week" tells nobody anything about anyone
_LEADING = re.compile(r"[0-9]{1,3}(?![0-9])")
_NOT_A_DATE = re.compile(r"[0-9]{5}|^[0-9]{1,3}$")


def _date(value: str, start: int, end: int) -> Match | None:
    """What the model takes for a date; long numbers are something else."""
    if _NOT_A_DATE.search(value) or not _TELLS_A_DAY.search(value):
        return None
    if _AGED.search(value):
        return Match("AGE", start, start + len(number[0]), 0.55) if (number := _LEADING.match(value)) else None
    return Match("DATE_TIME", start, end, 0.55)


_OFFICE_ZH = re.compile(OFFICES_ZH)
_ONLY_TITLE_ZH = re.compile(rf"(?:{TITLES_ZH}|{OFFICES_ZH})")


def _han_match(text: str, kind: str, start: int, end: int) -> Match | None:
    while start < end and not (is_han(text[start]) or text[start].isalnum()):
        start += 1
    while end > start and not (is_han(text[end - 1]) or text[end - 1].isalnum()):
        end -= 1
    value = text[start:end]
    if (
        kind == "PERSON"
        and len(value) == 2
        and value[0] not in SURNAMES
        and start > 0
        and text[start - 1] in SURNAMES - AMBIGUOUS_SURNAMES
    ):
        start -= 1  # the model took a given name and left its family name
        value = text[start:end]
    if not any(is_han(c) for c in value):  # Latin words are the English model's
        return None
    if kind != "PERSON":
        return Match(kind, start, end, 0.6) if len(value) >= 2 else None
    if len(value) < 2 and not (value in SURNAMES and _OFFICE_ZH.match(text, end)):
        return None
    if len(value) > 24 or _ONLY_TITLE_ZH.fullmatch(value) or value in NOT_NAMES_ZH or any(c.isdigit() for c in value):
        return None
    return Match("PERSON", start, end, 0.85)
