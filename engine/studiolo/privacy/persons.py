"""Forms of one person's name: which of them belong together, and which parts may be looked for alone.

"Margaret Holloway", "Holloway" and "M. Holloway" are forms of one name; so are 王小明, 王先生 and 小明, and
贾里德·艾伦, 贾里德 and 艾伦.
A wrong tie costs little, because each form keeps a token of its own that restores its own spelling: a tie only tells
the model that two tokens mean the same person. So ties are made only where exactly one person fits.

Pure functions on folded names. Any thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from studiolo.privacy.given_names import GIVEN_CHARACTERS_ZH, GIVEN_WORDS_ZH
from studiolo.privacy.normalize import is_han
from studiolo.privacy.recognizers.lexicon import (
    COMMON,
    COMPOUND_SURNAMES,
    NAME_WORDS,
    NOT_NAMES_ZH,
    ORG_WORDS,
    PLACE_WORDS,
    SURNAMES,
    TITLES_ZH,
)

_TITLED = re.compile(rf"^(?P<surname>[\u4e00-\u9fff]{{1,2}}?)(?P<given>[\u4e00-\u9fff]{{0,2}}?)(?:{TITLES_ZH})$")
_FAMILIAR = re.compile(r"^(?:小|老|阿)(?P<surname>[\u4e00-\u9fff])$")

_DOT = "·"  # between the parts of a foreign name
_LIKE_DOTS = str.maketrans("•・", "··")  # those that are not folded to it: they begin lines of lists, too

_NO_NAME_ALONE = COMMON | NAME_WORDS | PLACE_WORDS | ORG_WORDS

Shape = Literal["full", "part", "titled"]


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart; all lower case. `shape`: several parts, one part alone, or a surname with a title."""

    shape: Shape
    script: Literal["han", "latin"]
    family: str
    given: str
    whole: str


def parse(name: str) -> Name:
    """Take a folded name apart."""
    whole = " ".join(name.split()).casefold()
    if any(is_han(c) for c in whole):
        return _parse_han(whole.replace(" ", ""))
    parts = [part.strip(".,") for part in whole.split() if part.strip(".,")]
    if len(parts) > 1:
        return Name("full", "latin", parts[-1], parts[0], " ".join(parts))
    return Name("part", "latin", "", "", parts[0] if parts else whole)


def _parse_han(whole: str) -> Name:
    whole = whole.translate(_LIKE_DOTS)
    parts = [part for part in whole.split(_DOT) if part]
    if len(parts) > 1:
        return Name("full", "han", parts[-1], parts[0], whole)
    familiar = _FAMILIAR.match(whole)
    if familiar and familiar["surname"] in SURNAMES:
        return Name("titled", "han", familiar["surname"], "", whole)
    titled = _TITLED.match(whole)
    if titled:
        bare = titled["surname"] + titled["given"]
        surname = _surname(bare)
        if surname:
            return Name("titled", "han", surname, bare[len(surname) :], whole)
    surname = _surname(whole)
    if (
        surname
        and len(whole) > len(surname)
        and len(whole) - len(surname) <= 2
        and len(whole) >= 2 + (len(surname) > 1)
    ):
        return Name("full", "han", surname, whole[len(surname) :], whole)
    return Name("part", "han", "", "", whole)


def _surname(whole: str) -> str:
    if whole[:2] in COMPOUND_SURNAMES:
        return whole[:2]
    return whole[0] if whole and whole[0] in SURNAMES else ""


def same_person(one: Name, other: Name) -> bool:  # noqa: PLR0911 - one return a case
    """Whether two forms may be one person's. Symmetric."""
    if one.script != other.script:
        return False
    if one.whole == other.whole:
        return True
    if (_DOT in one.whole) != (_DOT in other.whole):
        return part_of(one, other) is not one or part_of(other, one) is not other
    if one.shape == "full" and other.shape == "full":
        return one.script == "latin" and one.family == other.family and _initials_fit(one.given, other.given)
    if "titled" in (one.shape, other.shape) and "part" not in (one.shape, other.shape):
        return one.family == other.family and (one.given == other.given or not one.given or not other.given)
    if {one.shape, other.shape} == {"full", "part"}:
        full, part = (one, other) if one.shape == "full" else (other, one)
        if full.script == "han":
            return len(part.whole) >= 2 and part.whole == full.given
        return part.whole in (full.family, full.given)
    return False


def part_of(name: Name, other: Name) -> Name:
    """`name`, but as a part alone where it is one of the foreign name `other`: 戴维斯 looks like a Chinese name."""
    if _DOT not in other.whole or len(name.whole) < 2 or name.whole not in (other.family, other.given):
        return name
    return Name("part", "han", "", "", name.whole)


def conflict(one: Name, other: Name) -> bool:
    """Whether two forms cannot be one person's: both say a family and a given name, and they differ. Symmetric."""
    if one.script != other.script or not (one.family and one.given and other.family and other.given):
        return False
    return not same_person(one, other)


def _initials_fit(one: str, other: str) -> bool:
    if len(one) > 1 and len(other) > 1:
        return one == other
    return one[:1] == other[:1]


def given_alone(name: str) -> str:
    """The two-character given name of a full Chinese name, if it is worth finding without its family name; or "".

    Guarded twice: both characters must be usual in given names, and the pair must be no ordinary word (和平, 建国).
    A third guard stands where it is looked for: its neighbours must not belong to a longer word or another name.
    """
    parsed = parse(name)
    given = parsed.given
    if parsed.script != "han" or parsed.shape != "full" or len(given) != 2:
        return ""
    if given in GIVEN_WORDS_ZH or given in NOT_NAMES_ZH or not all(c in GIVEN_CHARACTERS_ZH for c in given):
        return ""
    return given


def parts_to_look_for(name: str) -> tuple[str, ...]:
    """Parts of a full Latin name worth finding where they stand alone: capitalised, no everyday word.

    Nor a word of places or firms: a name model's mistake ("Canyon Freeway") would be found again everywhere.

    None for Chinese: see `given_alone`.
    """
    if any(is_han(c) for c in name):
        return ()
    parts = [part.strip(".,'\u2019") for part in name.split()]
    if len(parts) < 2 or len(parts) > 4:
        return ()
    return tuple(
        part
        for part in (parts[-1], parts[0])
        if len(part) >= 3 and part[0].isupper() and part.isalpha() and part.casefold() not in _NO_NAME_ALONE
    )
