"""Names that the words beside them give away: a title, a salutation, a label. No model; both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recognizers.letters import LETTER, LOWER, UPPER
from studiolo.privacy.recognizers.lexicon import (
    AMBIGUOUS_SURNAMES,
    COMMON,
    COMPOUND_SURNAMES,
    LABELS_EN,
    LABELS_ZH,
    NOT_NAMES_ZH,
    SURNAMES,
    TITLES_EN,
    TITLES_ZH,
)

_WORD = rf"[{UPPER}](?:[{LOWER}]+(?:[{UPPER}][{LOWER}]+)?|\.)?(?:['\u2019\-][{LETTER}][{LOWER}]+)?"
_NAME = rf"{_WORD}(?: (?:(?:de|van|von|der|den|da|di|del|bin|al|la|le) ){{0,2}}{_WORD}){{0,3}}"
_TITLED = re.compile(rf"(?<![A-Za-z])(?:{TITLES_EN})(?:\. ?| )(?P<value>{_NAME})")
_LABELLED = re.compile(
    rf"(?im:(?:^|(?<=[\s|>*(]))(?:{LABELS_EN})[ *_]{{0,2}}(?::|,\n))[ *_]{{0,3}}(?P<value>{_WORD}(?: {_WORD}){{1,3}})"
)
_DEAR = re.compile(
    rf"(?m:^(?:Dear|Hi|Hello) (?!(?:{TITLES_EN})(?![a-z]))(?P<value>{_WORD}(?: {_WORD}){{0,2}})(?=[,!:\n]|$))"
)

_IN_A_ROLE = re.compile(
    r"(?<![A-Za-z])(?i:the|our|your|my|his|her|their|its) (?:[a-z]+ ){0,2}?(?:"
    r"tenant|landlord|landlady|lessee|lessor|buyer|seller|client|customer|patient|employee|manager|director|owner|agent|"
    r"guarantor|applicant|witness|supervisor|colleague|assistant|secretary|chair|doctor|lawyer|solicitor|accountant|"
    r"plumber|electrician|neighbour|neighbor|wife|husband|son|daughter|brother|sister|mother|father|friend|spouse|contact"
    rf")(?:,| is|:) (?P<value>{_WORD}(?: {_WORD}){{1,2}})(?=[,.;:)\s]|$)"
)

_SURNAME = f"(?:{'|'.join(COMPOUND_SURNAMES)}|[{''.join(sorted(SURNAMES))}])"
_HAN = r"[\u4e00-\u9fff]"
_CLEAR = f"(?:{'|'.join(COMPOUND_SURNAMES)}|[{''.join(sorted(SURNAMES - AMBIGUOUS_SURNAMES))}])"
# A family name with its title is one value; of a full name the title is no part.
_TITLED_ZH = re.compile(rf"(?P<value>(?:(?<!{_HAN}){_SURNAME}|(?<={_HAN}){_CLEAR})(?:{TITLES_ZH}))")
_FULL_TITLED_ZH = re.compile(rf"(?<!{_HAN})(?P<value>{_SURNAME}{_HAN}{{1,2}}?)(?:{TITLES_ZH})")
_LABELLED_ZH = re.compile(
    rf"(?:{LABELS_ZH})(?:\([^)\n]{{1,12}}\))?[ ]{{0,2}}:[ ]{{0,3}}(?P<value>{_SURNAME}{_HAN}{{1,2}})"
    r"(?=[\s,.;、。!?()|/0-9A-Za-z]|$|先生|女士|(?:身份证|电话|手机|联系))"
)
_LIST_ZH = re.compile(
    r"(?:参会人员|参会人|参会|出席|出席人|与会人员|成员|参加人员|列席)[ ]{0,2}:[ ]{0,3}"
    rf"(?P<list>{_HAN}{{2,4}}(?:[、, ]{{1,2}}{_HAN}{{2,4}}){{1,30}})"
)
_ITEM_ZH = re.compile(rf"{_HAN}{{2,4}}")
_LABEL_ENDS = re.compile(r":|,\n")
_ANY_HAN = re.compile(_HAN)


def looks_like_name(value: str) -> bool:
    """Whether Latin words can be a name: none of them all common words, none with a digit."""
    parts = [part.strip(".,'\u2019").lower() for part in value.split()]
    return (
        bool(parts) and not all(part in COMMON for part in parts) and parts[0] not in COMMON - {"may", "park", "will"}
    )


class _Titles:
    """The family of this module."""

    name = "titles"
    types = ("PERSON",)

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Names in text[start:end]."""
        stop = len(text) if end is None else end
        for pattern, score in ((_TITLED, 0.85), (_LABELLED, 0.8), (_DEAR, 0.7), (_IN_A_ROLE, 0.8)):
            if pattern is _LABELLED and not _LABEL_ENDS.search(text, start, stop):
                continue
            for found in pattern.finditer(text, start, stop):
                if looks_like_name(found["value"]):
                    yield Match("PERSON", *found.span("value"), score)
        if not _ANY_HAN.search(text, start, stop):
            return
        for pattern, score in ((_TITLED_ZH, 0.85), (_FULL_TITLED_ZH, 0.8), (_LABELLED_ZH, 0.85)):
            for found in pattern.finditer(text, start, stop):
                if found["value"] not in NOT_NAMES_ZH:
                    yield Match("PERSON", *found.span("value"), score)
        for found in _LIST_ZH.finditer(text, start, stop):
            for item in _ITEM_ZH.finditer(text, *found.span("list")):
                value = item[0]
                surname = value[:2] in COMPOUND_SURNAMES or (value[0] in SURNAMES and len(value) <= 3)
                if surname and value not in NOT_NAMES_ZH:
                    yield Match("PERSON", *item.span(), 0.75)


TITLES = _Titles()
