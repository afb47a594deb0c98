"""Postal addresses as they are written in much of the world: a street with a number on either side, a unit, and the
lines or commas behind it with town, region, postcode and country.

A capital and a number alone prove nothing ("Windows 11", "Chapter 3"): a street's word (in a dozen languages), a unit,
or words that lead to an address must speak for it. Runs beside `addresses.py`, whose forms are stricter. Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recognizers.letters import LETTER, LOWER, UPPER
from studiolo.privacy.recognizers.lexicon import MONTHS_AND_DAYS

_NUMBER = r"[0-9]{1,5}[A-Za-z]?(?:[\-/][0-9]{1,4}[A-Za-z]?)?\.?"
_WORD = rf"[{UPPER}][{LETTER}.'\u2019\-]*"
_SMALL = (
    r"(?:de|del|della|delle|dei|di|da|do|dos|das|du|des|la|le|les|el|los|las|van|von|der|den|het|ter|ten|am|an|im|zum|"
    r"zur|of|the|nad|pod|na|e|y|i|u|och|og|av|al|d'|l')"
)
_WORDS_OF_STREETS = (
    r"(?:(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|crescent|close|terrace|place|square|"
    r"way|parkway|highway|hwy|row|mews|grove|gardens|walk|quay|alley|circle|trail|streets|rue|chemin|allée|allee|quai|"
    r"impasse|via|viale|piazza|corso|vicolo|strada|calle|avda|av|avenida|paseo|plaza|carretera|camino|rua|rúa|travessa|"
    r"largo|estrada|praça|ulica|ulice|utca|útja|út|tér|tere|körút|krt|rkp|rakpart|sétány|náměstí|třída|nábřeží|cesta|"
    r"strasse|straße|str|gasse|weg|allé|"
    r"platz|straat|laan|plein|gatan|gata|gate|gaten|vägen|väg|vej|gade|veien|veg|terrasse|katu|tie|tänav|iela|jalan)"
    rf"\.?|ul\.|u\.|(?<!et )al\.|nám\.)(?![{LETTER}])"
)
_ENDS_OF_STREETS = re.compile(
    r"(?i)(?:strasse|straße|strassse|gasse|allee|platz|straat|laan|plein|gracht|dijk|gatan|vägen|väg|gränd|vej|gade|"
    r"veien|vegen|gaten|katu|kuja|polku|tänav|iela|gata|götu|stræti|stígur|braut)$|(?<=[a-zäö]{4})(?:weg|tie)$"
)
# Words for a street that are written small and stand before its name; "via" and "place" are English, too.
_STREET_FIRST = (
    r"(?:rue|avenue|av\.|boulevard|chemin|allée|impasse|quai|cours|calle|avenida|avda\.|rua|praça|travessa|ulica|"
    r"ul\.|(?<!et )al\.|place (?=d[eu]s? ))"
)
_HEAD = re.compile(
    rf"(?<![{LETTER}0-9.,\-#$€£])(?P<first>{_NUMBER} (?:{_NUMBER} )?)?"
    rf"(?P<name>(?:(?P<street>{_STREET_FIRST}) ?(?:{_SMALL} ){{0,2}}|(?:{_SMALL} )?)"
    rf"{_WORD}(?: (?:{_SMALL} ?)?(?:{_WORDS_OF_STREETS}|{_WORD}|{_SMALL} {_WORD}|"
    rf"[{LOWER}]+(?= {_WORDS_OF_STREETS}))){{0,6}})"
    rf"(?P<last> {_NUMBER}(?: {_WORDS_OF_STREETS})?)?(?![{LETTER}0-9])"
)
_STREET_WORD = re.compile(rf"(?<![{LETTER}]){_WORDS_OF_STREETS}")
_UNIT = re.compile(
    r"[ ,]{0,2}(?:\n[ \t>|]{0,8})?(?i:apt|apartment|suite|ste|unit|flat|floor|"
    r"room)\.? ?#?[0-9]{1,5}[A-Za-z]?(?![0-9A-Za-z])"
)
_UNIT_WORD = re.compile(r" (?i:apt|apartment|suite|ste|unit|flat|floor|room)\.?$")
_UNIT_LINE = re.compile(
    r"\n[ \t>|]{0,8}(?P<unit>(?i:apt|apartment|suite|ste|unit|flat)\.? ?#?[0-9]{1,5}[A-Za-z]?,?)(?=[ ]*\n)"
)
_LINE_ABOVE = re.compile(rf"(?<![{LETTER}0-9])(?:{_NUMBER}|{_WORD})(?: (?:{_NUMBER}|{_WORD}|{_SMALL})){{0,7}},?[ ]*$")
_LEADS_IN = re.compile(
    r"(?i:(?<![a-z])(?:liv(?:es?|ed|ing) (?:at|on|in)|address(?: is|:)|located (?:at|on|in)|situated (?:at|on|in)|"
    r"(?:moved|moving) to|stay(?:s|ed|ing)? at|resid(?:es?|ed|ing) (?:at|on|in)|deliver(?:ed)? to|"
    r"ship(?:ped)? to|mail(?:ed)? to|"
    r"we are at|visit us at|find us at))[ \n>]{1,8}$"
)
_BOX = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?i:psc|cmr|unit) [0-9]{{3,5}},? ?(?i:box) [0-9]{{2,5}}|P\.? ?O\.? Box [0-9]{{1,6}}"
    rf"(?: {_WORD}){{0,3}})(?=[,\n. ]|$)"
)
# The last line of a military or diplomatic address of the United States (Postal Addressing Standards, section 238).
_FORCES = re.compile(r"(?<![0-9A-Za-z])(?i:[AFD]PO,? A[AEP]) [0-9]{5}(?:-[0-9]{4})?(?![0-9A-Za-z])")
_BEFORE_FORCES = re.compile(
    rf"(?:(?i:(?:psc|cmr|unit) [0-9]{{3,5}},? ?box [0-9]{{2,5}})|{_WORD}(?: {_WORD}){{1,2}})"
    r"(?:,? ?\n[ \t>|]{0,8}|,? )$"
)
_CORNER = re.compile(
    rf"(?:the )?corner of (?:{_NUMBER} )?{_WORD}(?: (?:{_WORD}|str\.?)"
    rf"){{0,3}}(?: {_NUMBER})? and (?:{_NUMBER} )?{_WORD}"
    rf"(?: {_WORD}){{0,3}}(?: {_NUMBER})?(?![{LETTER}0-9])"
)
_PIECE = (
    rf"(?:{_WORD}(?: (?:\({_WORD}\)|(?:{_SMALL} )?{_WORD})){{0,4}}(?: [0-9]{{2,6}}(?:-[0-9]{{2,4}})?|"
    rf" [0-9]{{3}} [0-9]{{2}})?|"
    r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] [0-9][A-Z][0-9]|[0-9]{2,6}(?:-[0-9]{2,4})?(?: [0-9]{2})?"
    rf"(?: {_WORD}(?: {_WORD}){{0,2}})?)"
)
_NEXT_LINE = re.compile(rf",?[ ]?(?:\n[ \t>|]{{0,8}}){{1,2}},?[ ]?(?P<piece>{_PIECE}),?[ ]?(?=\n|$|[.!?;](?:\s|$))")
_AFTER_COMMA = re.compile(rf",[ ]?(?P<piece>{_PIECE})(?![{LETTER}0-9])")
_TOWN = re.compile(rf" {_WORD}(?: {_WORD}){{0,4}}(?: [0-9]{{3,6}})?(?![{LETTER}0-9])")
_LAST_LINE = re.compile(
    rf",?[ ]?\n[ \t>|]{{0,8}}(?P<piece>{_WORD}(?: (?:\({_WORD}\)|{_WORD})"
    rf"){{0,3}} [0-9]{{2,6}}(?:-[0-9]{{2,4}})?)(?![{LETTER}0-9])"
)
_TOWN_LINE = re.compile(
    rf",?[ ]?(?:\n[ \t>|]{{0,8}})(?P<piece>{_WORD}(?: (?:{_SMALL} )?{_WORD}){{0,4}}"
    rf"(?:, ?{_WORD}(?: {_WORD}){{0,2}})? (?:[0-9]{{4,6}}(?:-[0-9]{{3,4}})?|"
    rf"[A-Z]{{1,2}}[0-9][0-9A-Z]? ?[0-9][A-Z]{{2}}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]))(?![{LETTER}0-9])"
)  # "Springfield, IL 62704"
_ANY_DIGIT = re.compile(r"[0-9]")
_POSTCODE = re.compile(r"[0-9]{4}|[0-9][A-Z]{2}$|[0-9]{3} [0-9]{2}")
_A_YEAR = re.compile(r"(?<![0-9])(?:1[5-9]|20)[0-9]{2}$")
_MOST_PIECES = 5
_LONGEST_LINE = 80  # code points
_PLAIN_HEADS = frozenset(
    """
    the chapter section page figure table article version part step lesson module exercise question volume
    """.split()  # noqa: SIM905
)


class _Blocks:
    """The family of this module."""

    name = "blocks"
    types = ("ADDRESS",)

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Addresses in text[start:end]."""
        stop = len(text) if end is None else end
        if text.find("corner of ", start, stop) >= 0:
            for found in _CORNER.finditer(text, start, stop):
                if _ANY_DIGIT.search(found[0]) or _STREET_WORD.search(found[0]):  # not of Iowa and Nebraska
                    yield Match("ADDRESS", *found.span(), 0.75)
        if not _ANY_DIGIT.search(text, start, stop):
            return
        for found in _BOX.finditer(text, start, stop):
            at = _units(text, found.end(), stop)
            yield Match("ADDRESS", found.start(), _tail(text, at, stop)[0], 0.75)
        for found in _FORCES.finditer(text, start, stop):
            above = _BEFORE_FORCES.search(text, max(start, found.start() - _LONGEST_LINE), found.start())
            yield Match("ADDRESS", above.start() if above else found.start(), found.end(), 0.75)
        for found in _UNIT_LINE.finditer(text, start, stop):
            end, _ = _tail(text, found.end(), stop)
            below = text[found.end() : end]
            if _POSTCODE.search(below) and not _A_YEAR.search(
                below
            ):  # a postcode below a line with nothing but a unit: above it stands the street or the house
                line = max(text.rfind("\n", start, found.start()) + 1, start, found.start() - _LONGEST_LINE)
                above = _LINE_ABOVE.search(text, line, found.start())
                yield Match("ADDRESS", above.start() if above else found.start("unit"), end, 0.7)
        for found in _HEAD.finditer(text, start, stop):
            match = _block(text, found, stop)
            if match is not None:
                yield match


def _block(text: str, found: re.Match[str], stop: int) -> Match | None:
    """The address that begins with a street's name, if enough speaks for one."""
    if found["first"] is None and found["last"] is None:
        return None
    name, last = found["name"], found.end()
    if found["first"] is not None and found["last"] is not None and (unit := _UNIT_WORD.search(name)) is not None:
        name, last = name[: unit.start()], found.start("name") + unit.start()  # "5 Mill Lane Suite 4" ends in a unit
    words = name.split()
    plain = [word.strip(".,'").casefold() for word in words]
    if plain[0] in _PLAIN_HEADS or any(word in MONTHS_AND_DAYS for word in plain):
        return None
    street = bool(_STREET_WORD.search(name) or found["street"]) or any(_ENDS_OF_STREETS.search(word) for word in plain)
    led = bool(_LEADS_IN.search(text, max(0, found.start() - 40), found.start()))
    at = _units(text, last, stop)
    united = at > last
    end, telling = _tail(text, at, stop)
    numbered = found["first"] is not None
    speaks = len(words) > 1 or any(_ENDS_OF_STREETS.search(word) for word in plain)  # "Court 3" is none
    if not (united or led or (street and speaks) or (telling and numbered)):
        return None
    return Match("ADDRESS", found.start(), end, 0.75)


def _units(text: str, at: int, stop: int) -> int:
    """Behind "Apt. 4 Suite 12" and the town that may follow without a comma."""
    first = at
    while (unit := _UNIT.match(text, at, stop)) is not None:
        at = unit.end()
    if at > first and (town := _TOWN.match(text, at, stop)) is not None:
        at = town.end()
    return at


def _tail(text: str, at: int, stop: int) -> tuple[int, bool]:
    """Where town, region, postcode and country end; whether a postcode was among them."""
    telling = False
    for _ in range(_MOST_PIECES):
        found = (
            _TOWN_LINE.match(text, at, stop)
            or _NEXT_LINE.match(text, at, stop)
            or _LAST_LINE.match(text, at, stop)
            or _AFTER_COMMA.match(text, at, stop)
        )
        if found is None or (":" in text[found.end() : found.end() + 1]):
            break
        at = found.end("piece")
        telling = telling or any(c.isdigit() for c in found["piece"])
        if _POSTCODE.search(found["piece"]):
            break
    return at, telling


BLOCKS = _Blocks()
