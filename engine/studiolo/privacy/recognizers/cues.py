"""What the words beside it make of a capitalised word: somebody, somewhere, a company. English; no model.

Only what follows a person's own words for a name ("my name is", a speaker's colon, a letter's head) becomes a PERSON.
Places and companies found this way score .5: they give way to everything else that is found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recognizers.first_names import FIRST_NAMES
from studiolo.privacy.recognizers.gazetteer import PLACES_AND_PEOPLES
from studiolo.privacy.recognizers.letters import CAPITALISED, LETTER, UPPER
from studiolo.privacy.recognizers.lexicon import COMMON, MONTHS_AND_DAYS, NAME_WORDS, ORG_WORDS, PLACE_WORDS, TITLES_EN

_NOT_IN_WORD = rf"(?<![{LETTER}0-9])"
_ENDS = rf"(?![{LETTER}0-9])"
_PARTS = (
    rf"{CAPITALISED}(?: (?:[{UPPER}]\.?|"
    rf"(?:(?:de|van|von|der|den|da|di|del|dos|bin|al|la|le) ){{0,2}}{CAPITALISED})){{0,3}}"
)

_TITLE = re.compile(rf"(?<![A-Za-z])(?:{TITLES_EN})(?:\.|(?= ))(?= ?[{UPPER}])")
_CALLED = re.compile(
    rf"{_NOT_IN_WORD}(?:(?i:(?:my|his|her|their|our|the|full|first|last|maiden|middle|family|given|user|"
    rf"sur)[ ]?name(?:'s| is| was|:)"
    r"|(?:call|calls|called|calling|named) (?:me |him |her )|"
    r"surname(?: is|:)|user(?:name)?:|a (?:man|woman|person|girl|boy) (?:called|named)|signed by|"
    r"sincerely,\n|regards,\n|"
    rf"cheers,\n|thanks,\n|(?P<weak>this is|i'm|i am)|speak (?:to|with)|spoke (?:to|with)|talk(?:ed)? (?:to|"
    rf"with)))[ ]?(?:(?:{TITLES_EN})\.? )?(?P<value>{_PARTS}){_ENDS}"
)
_INITIAL = re.compile(
    rf"{_NOT_IN_WORD}(?P<value>{CAPITALISED} (?:[B-HJ-Z]\.?|[AI]\.) {CAPITALISED}(?:-{CAPITALISED})?){_ENDS}"
)
_SPEAKER = re.compile(rf"(?m:^)[ >]{{0,3}}(?P<value>{CAPITALISED}(?: {CAPITALISED})?): ?[\"\u201c]")
_HEAD = re.compile(
    rf"(?m:^)(?P<quote>[ \t>|]{{0,6}})(?P<value>{CAPITALISED}(?: (?:[{UPPER}]\.?|{CAPITALISED})){{1,3}})[ ]*\n"
    rf"(?:(?P=quote)(?P<firm>[{UPPER}0-9][^\n:;@]{{1,50}})\n)?"
    r"(?P=quote)(?:[0-9]{1,5} |(?i:psc|cmr|unit) [0-9])"
)
_LIST = re.compile(rf"{_NOT_IN_WORD}{CAPITALISED}(?:, {CAPITALISED})+,? (?:and|&|or) {CAPITALISED}{_ENDS}")
_ONE = re.compile(CAPITALISED)
_PAIR = re.compile(rf"{_NOT_IN_WORD}(?P<one>{CAPITALISED}) and (?P<other>{CAPITALISED}){_ENDS}")
_RELATIVE = (
    r"(?:grand|step)?-?(?:daughter|son|mother|father)(?:-in-law)?|(?:sister|brother)(?:-in-law)?|wife|husband|mom|dad|mum|"
    r"girlfriend|boyfriend|fiancée?|aunt|uncle|niece|nephew|cousin"
)
_KIN = re.compile(rf"{_NOT_IN_WORD}(?P<value>{CAPITALISED})['\u2019]s (?:{_RELATIVE}){_ENDS}")
_MY_KIN = re.compile(
    rf"{_NOT_IN_WORD}(?:[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Yy]our) (?:[a-z]+ )?(?:{_RELATIVE}|kid|child|baby),? "
    rf"(?P<value>{_PARTS}){_ENDS}"
)

_SUFFIX = (
    r"(?:Inc|Incorporated|Ltd|Limited|LLC|L\.L\.C|LLP|PLC|plc|Corp|Corporation|Co|Company|GmbH|AG|SE|KG|"
    r"SA|S\.A|SARL|BV|B\.V|NV|"
    r"Oy|Oyj|AB|ApS|A/S|AS|ASA|SpA|S\.p\.A|Srl|S\.r\.l|Kft|Zrt|s\.r\.o|a\.s|Pty|Pvt|KK|Foundation|"
    r"Associates|Partners|Holdings|"
    r"Group|Technologies|Solutions|Industries|Enterprises|Consulting|Ventures|Capital|Labs|Systems|Bank|"
    r"University|Institute)"
)
_FIRM = re.compile(
    rf"{_NOT_IN_WORD}(?P<value>(?:{CAPITALISED}|[0-9]{{1,4}}(?= [{UPPER}]))(?:,? (?:(?:&|"
    rf"of) )?{CAPITALISED}){{0,4}},? {_SUFFIX}\.?"
    rf"(?:,? (?:Inc|Ltd|LLC|Co|KG)\.?)?){_ENDS}"
)
_LOWERED_FIRM = re.compile(
    r"(?m:^)(?P<value>[a-z][a-z.&,'\- ]{1,40} (?:inc|ltd|llc|llp|plc|gmbh|corp)\.?)(?=[ ]*(?:\n|$))"
)
_EMPLOYED = re.compile(
    rf"{_NOT_IN_WORD}(?:(?i:work(?:s|ed|ing)? (?:for|at|with)|employed (?:by|at)|hired by|job at|"
    rf"career at|intern(?:ed|ship)? at|"
    r"joined|acquired by|owned by|founded|CEO of|CTO of|CFO of|president of|founder of|director of|"
    r"chairman of|manager at|"
    rf"engineer at|shares of|client of|customer of|on behalf of)"
    rf") (?P<value>{CAPITALISED}(?: (?:(?:&|and|of) )?{CAPITALISED}){{0,3}}){_ENDS}"
)
_BUSINESS = re.compile(
    rf"{_NOT_IN_WORD}(?P<value>{CAPITALISED}(?: (?:(?:&|and|of) )?{CAPITALISED}){{0,3}})(?:,)? (?:(?i:is|"
    rf"was) (?:an?|the) (?:[{LETTER}\-]+ ){{0,5}}?"
    r"(?:company|bank|start-?up|corporation|firm|agency|manufacturer|retailer|organi[sz]ation|"
    r"conglomerate|brand|chain|charity|"
    r"studio|publisher|airline|insurer|provider|team|club)|(?:office|headquarters|website|"
    r"employees?|shareholders?|"
    rf"store|branch|Club|Association|Council|Committee)){_ENDS}"
)
_A_DAY = rf"(?i:{'|'.join(sorted(MONTHS_AND_DAYS))})(?![{LETTER}])"  # "to Quillham on Monday"
_PLACED = re.compile(
    rf"{_NOT_IN_WORD}(?:(?i:in|near|from|around|outside|across|throughout|(?:move[ds]?|moving|travel(?:s|"
    rf"led|ling|ed|ing)?|fl(?:y|ies|ew|ying)|drove|"
    rf"drive|go(?:es|ing)?|went|back|trip|come|came|return(?:s|ed)?|welcome|relocat(?:e|ed|ing)) to|"
    rf"visit(?:s|ed|ing)?|city|town of|village of)) "
    rf"(?P<value>{CAPITALISED}(?: (?:(?:de|del|do|da|di|la|le|upon|am|an der|on(?! {_A_DAY})|sur|nad|"
    rf"of) )?{CAPITALISED}){{0,3}}){_ENDS}"
)


class _Cues:
    """The family of this module."""

    name = "cues"
    types = ("PERSON", "LOCATION", "ORGANIZATION", "TITLE")

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Values in text[start:end]."""
        stop = len(text) if end is None else end
        for pattern, score in ((_CALLED, 0.7), (_INITIAL, 0.65), (_KIN, 0.65), (_MY_KIN, 0.65), (_SPEAKER, 0.6)):
            for found in pattern.finditer(text, start, stop):
                weak = pattern is _CALLED and found["weak"] and " " not in found["value"]  # "I am Happy to help"
                weak = weak or pattern is _SPEAKER  # 'Motto: "..."'
                if _can_be_a_name(found["value"]) and (not weak or _given(found["value"].partition(" ")[0])):
                    yield Match("PERSON", *found.span("value"), score)
        for found in _TITLE.finditer(text, start, stop):
            yield Match("TITLE", *found.span(), 0.6)
        for found in _HEAD.finditer(text, start, stop):
            if _can_be_a_name(found["value"]):
                yield Match("PERSON", *found.span("value"), 0.65)
                if found["firm"] and not _can_be_a_street(found["firm"]):
                    yield Match("ORGANIZATION", found.start("firm"), found.end("firm"), 0.5)
        yield from _in_company(text, start, stop)
        for pattern, kind, score in (
            (_FIRM, "ORGANIZATION", 0.6),
            (_LOWERED_FIRM, "ORGANIZATION", 0.5),
            (_EMPLOYED, "ORGANIZATION", 0.5),
            (_BUSINESS, "ORGANIZATION", 0.5),
            (_PLACED, "LOCATION", 0.5),
        ):
            for found in pattern.finditer(text, start, stop):
                match = _without_common(found["value"], found.start("value"), kind, score)
                if match is not None:
                    yield match


def _can_be_a_name(value: str) -> bool:
    parts = [part.strip(".").casefold() for part in value.split()]
    if value.casefold() in PLACES_AND_PEOPLES or (value.isupper() and " " not in value):
        return False
    words = [part for part in parts if len(part) > 1]  # an initial is no word
    common = any(part in COMMON or part in MONTHS_AND_DAYS or part in ORG_WORDS for part in words)
    return bool(words) and not common and parts[-1] not in PLACE_WORDS  # "A B C" heads a table


def _can_be_a_street(line: str) -> bool:
    return line[0].isdigit() and line.rstrip()[-1].isdigit()


def _in_company(text: str, start: int, stop: int) -> Iterator[Match]:
    """Names that stand beside a given name in a list: "Anna, Bo and Dimitra"."""
    for found in _LIST.finditer(text, start, stop):
        names = list(_ONE.finditer(text, *found.span()))
        if any(_given(one[0]) for one in names) and all(_can_be_a_name(one[0]) for one in names):
            for one in names:
                yield Match("PERSON", *one.span(), 0.6)
    for found in _PAIR.finditer(text, start, stop):
        if (_given(found["one"]) or _given(found["other"])) and all(map(_can_be_a_name, found.groups())):
            yield Match("PERSON", *found.span("one"), 0.6)
            yield Match("PERSON", *found.span("other"), 0.6)


def _given(name: str) -> bool:
    plain = name.casefold()
    return plain in FIRST_NAMES and plain not in NAME_WORDS


def _without_common(value: str, start: int, kind: str, score: float) -> Match | None:
    """The value, unless it begins with an everyday word or is a month, a day or a short acronym."""
    first, _, rest = value.partition(" ")
    plain = first.casefold()
    if plain in MONTHS_AND_DAYS or (plain in COMMON and (kind == "LOCATION" or not rest)):
        return None
    if not rest and (len(value) < 3 or (value.isupper() and value.isascii() and len(value) < 4)):
        return None
    return Match(kind, start, start + len(value), score)


CUES = _Cues()
