"""Whether a question names documents: by file name, title, company, folder, year or date.

A word counts by how few documents of the library carry it: "10K" or "report" in every name says nothing, "Adobe" in
one of them says which. A name counts as said by how much of it was said: one everyday word out of a long title is not
a name. Chinese is compared in pairs of characters, for its names have no spaces.

The index is built once for a library's list of documents; asking it costs the length of the question. Knows nothing of
passages and stores. Immutable, so any thread.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from studiolo.knowledge.calendar import days_in, same_day, years_in
from studiolo.knowledge.language import HAN, fold
from studiolo.knowledge.seams import Shelved

STRONG = 0.5  # a strength from which a question is taken to mean the document
_FOLDERS = 2  # the nearest folders of a path that may be named
_LONG = 8  # units of a title from which it is a sentence: nobody calls a document by it
_SENTENCE = 0.2  # what such a title counts
_SHORT_FORM = 0.45  # initials of a name in the opening
_OPENING = 0.3  # what a name in a document's opening counts beside one in its own name: not enough to be sure
_FOLDER = 0.5
_DATE = 0.9
_WRONG_YEAR = 0.5  # what stays of a strength where the question says a year and the document another
_YEAR_ALONE = 0.3
_ALL_NAME = 0.8  # share of a question from which its words are its topic, and not a name with a question about it
_TOPIC = 0.45  # what stays of a strength then: less than STRONG
_COMMON = 0.5  # share of the documents from which on a word in their names says nothing

_LATIN = re.compile("[a-z0-9\u00df-\u024f]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_POSSESSIVE = re.compile(r"['’]s?\b")
_INITIALISM = re.compile(r"\b[A-Z][A-Z&]{1,5}\b")
_PROPER = re.compile(r"\b[A-Z][\w&.-]*(?:\s+(?:of|and|&|the)?\s*[A-Z][\w&.-]*)*")
_HAN_RUN = re.compile(f"{HAN.pattern}+")
_QUARTER = re.compile(r"(?<=\d)(?=q[1-4]\b)")
_JOINING = """
the a an of and or for to in on at by with from as is are was were be it its this that these those what which
who when where why how do does did has have had can not no inc ltd llc plc corp co company corporation limited
gmbh pdf docx doc txt md html xlsx pptx csv eml final copy draft version
"""
_STOP = frozenset(_JOINING.split())
_FORMS = re.compile("股份有限公司|有限责任公司|有限公司|股份公司")


@dataclass(frozen=True, slots=True)
class Named:
    """What a question says of documents: how surely it means each (0..1), and the words it says it with."""

    strengths: Mapping[str, float] = field(default_factory=dict)
    words: frozenset[str] = field(default=frozenset(), repr=False)  # folded; for leaving them out of a search inside

    @property
    def strong(self) -> tuple[str, ...]:
        """Ids of the documents that the question means, the surest first; () where it is not clear."""
        best = max(self.strengths.values(), default=0.0)
        sure = [key for key, strength in self.strengths.items() if strength >= max(STRONG, 0.7 * best)]
        return tuple(sorted(sure, key=lambda key: (-self.strengths[key], key)))


@dataclass(frozen=True, slots=True)
class _Name:
    """One way a document can be called: its units (words, Chinese pairs) and what being called so counts."""

    document: int
    units: frozenset[str]
    counts: float
    whole: bool = False  # a title: a part of it is not yet its name, as a part of a file's name may be
    proper: bool = False  # units are said one by one (an opening's proper names), not as a whole


class NameIndex:
    """The names of a library's documents."""

    def __init__(self, documents: Sequence[Shelved]) -> None:
        self._ids = [document.id for document in documents]
        self._years: list[frozenset[int]] = []
        self._dated = [(place, days_in(fold(f"{d.name} {d.title}"))) for place, d in enumerate(documents)]
        self._dated = [(place, days) for place, days in self._dated if days]
        self._names: list[_Name] = []
        for place, document in enumerate(documents):
            self._names.extend(_names(place, document))
            self._years.append(_years(document))
        carried: dict[str, set[int]] = defaultdict(set)
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(self._names):
            for unit in name.units:
                carried[unit].add(name.document)
                self._postings[unit].append(number)
        count = len(documents)
        self._weights = {
            unit: math.log((count + 1) / (len(places) + 0.5))
            for unit, places in carried.items()
            if len(places) <= max(1, count * _COMMON)
        }
        self._whole = [sum(self._weights.get(unit, 0.0) for unit in name.units) for name in self._names]
        self._enough = math.log((count + 1) / 1.5) if count > 1 else 1.0

    def named(self, question: str) -> Named:
        """How surely `question` means each document; one that it does not touch is left out."""
        if len(self._ids) < 2:
            return Named()
        said = _said(question)
        matched: dict[int, set[str]] = defaultdict(set)
        for unit in said:
            if unit in self._weights:
                for number in self._postings[unit]:
                    matched[number].add(unit)
        strengths: dict[int, float] = {}
        by_document: dict[int, set[str]] = defaultdict(set)
        for number, units in matched.items():
            name = self._names[number]
            strength = self._strength(number, units)
            if strength > strengths.get(name.document, 0.0):
                strengths[name.document] = strength
            by_document[name.document] |= units
        if strengths and self._share(said, set().union(*matched.values())) > _ALL_NAME:
            strengths = {place: strength * _TOPIC for place, strength in strengths.items()}
        self._weigh_dates(strengths, question)
        best = max(strengths.values(), default=0.0)
        words = frozenset(
            word
            for place, strength in strengths.items()
            if strength >= max(STRONG, 0.7 * best)
            for unit in by_document[place]
            for word in said[unit]
        )
        return Named({self._ids[place]: strength for place, strength in strengths.items() if strength > 0.0}, words)

    def _strength(self, number: int, units: set[str]) -> float:
        """How well a name is said: enough to single a document out, and enough of the name itself."""
        name = self._names[number]
        mass = sum(self._weights[unit] for unit in units)
        specific = min(1.0, mass / self._enough)
        covered = 1.0 if name.proper else (mass / self._whole[number]) ** (1.0 if name.whole else 0.5)
        return name.counts * specific * covered

    def _share(self, said: Mapping[str, frozenset[str]], units: set[str]) -> float:
        """How much of a question the names in it make up; a word that no name has weighs like a rare one."""
        alone = [unit for unit, words in said.items() if len(words) == 1 and not unit.startswith("^")]
        named = {word for unit in units for word in said[unit]}
        weights = [(self._weights.get(unit, self._enough), unit in named) for unit in alone]
        whole = sum(weight for weight, _ in weights)
        return sum(weight for weight, here in weights if here) / whole if whole else 1.0

    def _weigh_dates(self, strengths: dict[int, float], question: str) -> None:
        folded = fold(question)
        asked_days = days_in(folded)
        if asked_days:
            for place, days in self._dated:
                if any(same_day(one, other) for one in days for other in asked_days):
                    strengths[place] = max(strengths.get(place, 0.0), _DATE)
        asked = years_in(folded)
        if not asked:
            return
        known = sum(1 for years in self._years if years)
        fitting = [place for place, years in enumerate(self._years) if years & asked]
        for place, strength in strengths.items():
            if self._years[place] and not self._years[place] & asked:
                strengths[place] = strength * _WRONG_YEAR
        if known > 1 and fitting and len(fitting) < known:
            for place in fitting:
                strengths[place] = min(1.0, strengths.get(place, 0.0) + _YEAR_ALONE * (1 - len(fitting) / known))


def _years(document: Shelved) -> frozenset[int]:
    """The years a document is about: its name's or title's, else its opening's. A report's own year is in its name: a
    10-K "2022" covers fiscal 2022, and its opening says so ("for the fiscal year ended December 31, 2022")."""
    own = years_in(fold(f"{_stem(document.name)} {document.title}"))
    return own or years_in(fold(document.opening))


def _names(place: int, document: Shelved) -> Iterable[_Name]:
    seen: set[frozenset[str]] = set()
    folders = PurePath(document.path.replace("\\", "/")).parts[:-1][-_FOLDERS:]
    for text, counts in (
        (_stem(document.name), 1.0),
        (document.title, 1.0),
        *((folder, _FOLDER) for folder in folders),
    ):
        units = frozenset(_said(_without_dates(text), glued=False))
        if units and units not in seen:
            seen.add(units)
            if len(units) > _LONG * (2 if HAN.search(text) else 1):
                yield _Name(place, units, min(counts, _SENTENCE), whole=True)
                continue
            yield _Name(place, units, counts, whole=text == document.title)
            glued = "".join(_words(text)[:2])
            if glued not in units and text != document.title:
                yield _Name(place, frozenset({glued}), counts)
    proper = frozenset(_proper_units(f"{document.title}\n{document.opening}"))
    if proper:
        yield _Name(place, proper, _OPENING, proper=True)
    short = frozenset(_initials(f"{document.title}\n{document.opening}"))
    if short:
        yield _Name(place, short, _SHORT_FORM, proper=True)


def _stem(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and 1 <= len(suffix) <= 5 and suffix.isalnum() else name


def _without_dates(text: str) -> str:
    """Years and quarters parted from the words they are glued to: 2023Q4 is a year and a quarter."""
    return _QUARTER.sub(" ", re.sub(r"(?<![\d])((?:19|20)\d{2})(?=[qQ][1-4])", r"\1 ", text))


def _said(text: str, *, glued: bool = True) -> dict[str, frozenset[str]]:
    """The units of a text: words, pairs of Chinese characters, short forms in capitals (marked "^") and, where `glued`,
    two or three neighbouring words as one ("Ulta Beauty" is ULTABEAUTY); each with the folded words it was made of.
    Years are left to the calendar."""
    units: dict[str, frozenset[str]] = {}
    for run in _HAN_RUN.findall(_FORMS.sub(" ", fold(text))):
        for pair in (run[at : at + 2] for at in range(max(len(run) - 1, 1))):
            units[pair] = frozenset({pair})
    words = _words(text)
    for at, word in enumerate(words):
        if word not in _STOP and len(word) > 1 and not years_in(word):
            units[word] = frozenset({word})
        for length in (2, 3) if glued else ():
            parts = words[at : at + length]
            if len(parts) == length and not _STOP.intersection(parts):
                units.setdefault("".join(parts), frozenset(parts))
    if glued:
        for short in _INITIALISM.findall(text):
            units[f"^{short.lower()}"] = frozenset({short.lower()})
    return units


def _words(text: str) -> list[str]:
    """Folded words in Latin script and figures, in order; a possessive is no part of a word."""
    return _LATIN.findall(fold(_POSSESSIVE.sub("", _CAMEL.sub(" ", text))))


def _proper_units(text: str) -> Iterable[str]:
    """Words of the proper names that a text opens with, and Chinese pairs of what is called a company."""
    for match in _PROPER.finditer(text):
        words = [word for word in _words(match.group()) if word not in _STOP and len(word) > 2]
        if 1 <= len(words) <= 6:
            yield from (word for word in words if not years_in(word))
            if len(words) > 1:
                yield "".join(words[:2])
    for company in re.findall(f"({HAN.pattern}{{2,10}}?)(?:{_FORMS.pattern})", text):
        yield from (company[at : at + 2] for at in range(len(company) - 1))


def _initials(text: str) -> Iterable[str]:
    """Short forms of the names a text opens with: American Express is AE and AMEX."""
    for match in _PROPER.finditer(text):
        words = [word for word in _words(match.group()) if word not in _STOP]
        for length in (2, 3, 4):
            parts = words[:length]
            if len(parts) == length and all(part.isalpha() for part in parts):
                if length > 2:
                    yield "^" + "".join(part[0] for part in parts)
                if length == 2:
                    yield "^" + "".join(part[:2] for part in parts)
