"""What a word with a capital says by itself: a country, a people, a large city, a given name with what follows it.

One walk over the capitalised words of a text, looked up in `gazetteer.py` and `first_names.py`. English grammar decides
what a list cannot: a given name that may only begin a sentence needs a verb, and "Victoria Station" is nobody.
No model. Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recognizers.first_names import FIRST_NAMES
from studiolo.privacy.recognizers.gazetteer import PLACES_AND_PEOPLES
from studiolo.privacy.recognizers.letters import CAPITALISED, LETTER, UPPER
from studiolo.privacy.recognizers.lexicon import COMMON, MONTHS_AND_DAYS, NAME_WORDS, ORG_WORDS, PLACE_WORDS

_RUN = re.compile(
    rf"(?<![{LETTER}0-9@_/]){CAPITALISED}(?:(?<=[ .][{UPPER}])\.(?= [{UPPER}])"
    rf")?(?: {CAPITALISED}(?:(?<= [{UPPER}])\.(?= [{UPPER}]))?)*"
)
_PARTICLE = re.compile(rf" (?:(?:de|van|von|der|den|da|di|del|dos|bin|al|la|le|ter|ten) ){{1,2}}{CAPITALISED}")
_BEFORE_PLACES = re.compile(r"(?:(?<![A-Za-z])(?i:in|the|an?|of|at|from|near|st\.?|lake|mount|port|fort|san|santa)) $")
_AFTER_WORD = re.compile(rf"[{LETTER}] $")
_LONGEST_PLACE = max(name.count(" ") for name in PLACES_AND_PEOPLES) + 1
# Given names that are everyday words, but hardly ever with a capital inside a sentence.
_WORDS_TOO = frozenset(
    """
    amber angel carol ruby jade melody robin daisy violet olive ivy hazel heather holly iris lily penny sandy dale harry
    nick randy dolores mercedes lourdes pilar paz luz nieves remedios crystal constance clement eve lance mason troy
    victor
    wade warren wayne kit terry tiffany drew gene gale gail ali anil art ash aya bo carmen clara dana dora ember
    fern flora
    gloria gray jay jean jo kay kim lee leo linden liv logan lola lotta mai mario max mercy minh nada nana norm nova
    pam peg
    pepper rani reed rita rune sage sam serena sierra sol sonny stella summer tag tara ted tim tor uma una vera
    vesna viola
    wally wendy willow zola
    """.split()  # noqa: SIM905
)
# Places, peoples and titles of works bear them as often as people do.
_NEVER_ALONE = frozenset(
    """
    norman victoria ann marshall nelson jesus santiago rosario salvador trinidad lincoln regina diego francisco
    """.split()  # noqa: SIM905
)
# Everyday words, or given names, before they are places or peoples.
_NOT_ALONE = frozenset("pole turk lao kiwi split perth jew latin roma chad georgia jordan".split())  # noqa: SIM905


class _Capitals:
    """The family of this module."""

    name = "capitals"
    types = ("PERSON", "LOCATION", "NRP")

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Values in text[start:end]."""
        stop = len(text) if end is None else end
        for run in _RUN.finditer(text, start, stop):
            words = _words(text, *run.span())
            at = 0
            while at < len(words):
                match, taken = _known(text, words[at:])
                if match is not None:
                    yield match
                at += taken


def _words(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """The words of a stretch, without the full stops behind them, and where they stand."""
    words = []
    for word in text[start:end].split(" "):
        bare = word.rstrip(".")
        words.append((bare, start, start + len(bare)))
        start += len(word) + 1
    return words


def _known(text: str, words: list[tuple[str, int, int]]) -> tuple[Match | None, int]:
    """What begins with the first word, and how many words it takes."""
    start = words[0][1]
    person = _person(text, words)
    if person is not None:
        return person, sum(at < person.end for _, at, _ in words)
    for count in range(min(_LONGEST_PLACE, len(words)), 0, -1):
        name = " ".join(word for word, _, _ in words[:count]).casefold()
        kind = PLACES_AND_PEOPLES.get(name)
        if kind is not None and not (
            count == 1 and name in _NOT_ALONE and not _BEFORE_PLACES.search(text[:start][-9:])
        ):
            return Match(kind, start, words[count - 1][2], 0.6), count
    return None, 1


def _person(  # noqa: PLR0911 - one return a guard
    text: str, words: list[tuple[str, int, int]]
) -> Match | None:
    first, start, end = words[0]
    plain = first.casefold()
    if plain not in FIRST_NAMES or (first.isupper() and len(first) < 4):
        return None
    before = text[max(0, start - 10) : start]
    last = end
    for word, _, stop in words[1:4]:
        lowered = word.casefold()
        if lowered in COMMON or lowered in MONTHS_AND_DAYS or lowered in PLACES_AND_PEOPLES:
            break
        if lowered in PLACE_WORDS or lowered in ORG_WORDS:
            return None
        last = stop
    particle = _PARTICLE.match(text, last)
    if particle is not None:
        last = particle.end()
    if last > end:
        return None if before.endswith(("the ", "The ")) else Match("PERSON", start, last, 0.7)
    if len(first) < 3 or plain in NAME_WORDS or plain in COMMON or plain in PLACES_AND_PEOPLES or plain in _NEVER_ALONE:
        return None
    if _BEFORE_PLACES.search(before) or (len(words) > 1 and words[1][0].casefold() not in COMMON):
        return None
    if plain in _WORDS_TOO and not _AFTER_WORD.search(before):
        return None  # a capital that may only begin a sentence
    return Match("PERSON", start, end, 0.6)


CAPITALS = _Capitals()
