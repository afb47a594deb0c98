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
    r"largo|estrada|praça|ulica|ulice|utca|útja|út|tér|tere|körút|náměstí|třída|strasse|straße|str|gasse|weg|allé|"
    r"platz|straat|laan|plein|gatan|gata|gate|gaten|vägen|väg|vej|gade|veien|veg|terrasse|katu|tie|tänav|iela|jalan)"
    rf"\.?|ul\.|u\.|al\.|nám\.)(?![{LETTER}])"
)
_ENDS_OF_STREETS = re.compile(
    r"(?i)(?:strasse|straße|strassse|gasse|allee|platz|straat|laan|plein|gracht|dijk|gatan|vägen|väg|gränd|vej|gade|"
    r"veien|vegen|gaten|katu|kuja|polku|tänav|iela|gata|götu|stræti|stígur|braut)$|(?<=[a-zäö]{4})(?:weg|tie)$"
)
_HEAD = re.compile(
    rf"(?<![{LETTER}0-9.,\-#$€£])(?P<first>{_NUMBER} (?:{_NUMBER} )?)?"
    rf"(?P<name>(?:{_SMALL} )?{_WORD}(?: (?:{_SMALL} ?)?(?:{_WORDS_OF_STREETS}|{_WORD}|{_SMALL} {_WORD}|"
    rf"[{LOWER}]+(?= {_WORDS_OF_STREETS}))){{0,6}})"
    rf"(?P<last> {_NUMBER}(?: {_WORDS_OF_STREETS})?)?(?![{LETTER}0-9])"
)
_STREET_WORD = re.compile(rf"(?<![{LETTER}]){_WORDS_OF_STREETS}")
_UNIT = re.compile(
    r"[ ,]{0,2}(?:\n[ \t>|]{0,8})?(?i:apt|apartment|suite|ste|unit|flat|floor|"
    r"room)\.? ?#?[0-9]{1,5}[A-Za-z]?(?![0-9A-Za-z])"
)
_LEADS_IN = re.compile(
    r"(?i:(?<![a-z])(?:liv(?:es?|ed|ing) (?:at|on|in)|address(?: is|:)|located (?:at|on|in)|situated (?:at|on|in)|"
    r"(?:moved|moving) to|stay(?:s|ed|ing)? at|resid(?:es?|ed|ing) (?:at|on|in)|deliver(?:ed)? to|"
    r"ship(?:ped)? to|mail(?:ed)? to|"
    r"we are at|visit us at|find us at))[ \n>]{1,8}$"
)
_BOX = re.compile(
    r"(?<![0-9A-Za-z])(?:(?i:psc|cmr|unit) [0-9]{3,5},? ?(?i:box) [0-9]{2,5}|(?:USS|USNS|USNV|USCGC) "
    rf"[{UPPER}][{LETTER}'\-]+|P\.? ?O\.? Box [0-9]{{1,6}}(?: {_WORD}){{0,3}})(?=[,\n. ]|"
    rf"$)(?:[, \n>|]{{1,10}}(?i:[AFD]PO) (?i:A[AEP])(?: [0-9]{{5}}(?:-[0-9]{{4}})?)?)?"
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
_ANY_DIGIT = re.compile(r"[0-9]")
_POSTCODE = re.compile(r"[0-9]{4}|[0-9][A-Z]{2}$|[0-9]{3} [0-9]{2}")
_MOST_PIECES = 5
_PLAIN_HEADS = frozenset({"the", "chapter", "section", "page", "figure", "table", "article", "version", "part", "step"})


class _Blocks:
    """The family of this module."""

    name = "blocks"
    types = ("ADDRESS",)

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Addresses in text[start:end]."""
        stop = len(text) if end is None else end
        if text.find("corner of ", start, stop) >= 0:
            for found in _CORNER.finditer(text, start, stop):
                yield Match("ADDRESS", *found.span(), 0.75)
        if not _ANY_DIGIT.search(text, start, stop):
            return
        for found in _BOX.finditer(text, start, stop):
            at = _units(text, found.end(), stop)
            yield Match("ADDRESS", found.start(), _tail(text, at, stop)[0], 0.75)
        for found in _HEAD.finditer(text, start, stop):
            match = _block(text, found, stop)
            if match is not None:
                yield match


def _block(text: str, found: re.Match[str], stop: int) -> Match | None:
    """The address that begins with a street's name, if enough speaks for one."""
    if found["first"] is None and found["last"] is None:
        return None
    words = found["name"].split()
    plain = [word.strip(".,'").casefold() for word in words]
    if plain[0] in _PLAIN_HEADS or any(word in MONTHS_AND_DAYS for word in plain):
        return None
    street = bool(_STREET_WORD.search(found["name"])) or any(_ENDS_OF_STREETS.search(word) for word in plain)
    led = bool(_LEADS_IN.search(text, max(0, found.start() - 40), found.start()))
    at = _units(text, found.end(), stop)
    united = at > found.end()
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
            _NEXT_LINE.match(text, at, stop) or _LAST_LINE.match(text, at, stop) or _AFTER_COMMA.match(text, at, stop)
        )
        if found is None or (":" in text[found.end() : found.end() + 1]):
            break
        at = found.end("piece")
        telling = telling or any(c.isdigit() for c in found["piece"])
        if _POSTCODE.search(found["piece"]):
            break
    return at, telling


BLOCKS = _Blocks()
