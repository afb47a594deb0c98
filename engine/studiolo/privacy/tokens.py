"""The form of a pseudonym, and reading it back in whatever way a model wrote it.

A token is `<LABEL_n>`; a further form of the same value's owner has a letter behind the number: `<PERSON_3>` is a full
name, `<PERSON_3B>` the family name of the same person. tests/bench/pseudonym_forms.py measures how faithfully small
models repeat this form and others.

Reading is one left-to-right parser that says NONE, MORE (it could still become a token) or the token. It has no state
and looks at nothing but the text, so a stream gives the same answer however it is cut. Any thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LABELS: Final = {
    "PERSON": "PERSON",
    "PHONE_NUMBER": "PHONE",
    "EMAIL_ADDRESS": "EMAIL",
    "ADDRESS": "ADDRESS",
    "CREDIT_CARD": "CARD",
    "IBAN": "ACCOUNT",
    "BANK_ACCOUNT": "ACCOUNT",
    "CN_ID": "IDNUMBER",
    "CN_USCC": "IDNUMBER",
    "HK_ID": "IDNUMBER",
    "TW_ID": "IDNUMBER",
    "US_SSN": "IDNUMBER",
    "US_ITIN": "IDNUMBER",
    "US_EIN": "IDNUMBER",
    "UK_NHS": "IDNUMBER",
    "UK_NINO": "IDNUMBER",
    "US_MBI": "IDNUMBER",
    "MACAU_ID": "IDNUMBER",
    "NATIONAL_ID": "IDNUMBER",
    "MEDICAL_ID": "IDNUMBER",
    "INSURANCE_ID": "IDNUMBER",
    "STAFF_ID": "IDNUMBER",
    "PERMIT": "PASSPORT",
    "LICENCE_NUMBER": "LICENCE",
    "VIN": "VEHICLE",
    "IMEI": "DEVICE",
    "CRYPTO": "ACCOUNT",
    "CHAT_ACCOUNT": "ACCOUNT",
    "DATE_OF_BIRTH": "BIRTHDATE",
    "COORDINATES": "POSITION",
    "PASSPORT": "PASSPORT",
    "DRIVER_LICENSE": "LICENCE",
    "LICENSE_PLATE": "PLATE",
    "IP_ADDRESS": "NETWORK",
    "MAC_ADDRESS": "NETWORK",
    "SECRET": "SECRET",
    "LOCATION": "PLACE",
    "ORGANIZATION": "COMPANY",
    "LITERAL": "LITERAL",
}
OTHER_LABEL: Final = "VALUE"
OPENERS: Final = "<[{《〈【⟨«&\\"
_KNOWN: Final = tuple(sorted({*LABELS.values(), OTHER_LABEL}, key=len, reverse=True))
_CLOSER: Final = {"<": ">", "[": "]", "{": "}", "《": "》", "〈": "〉", "【": "】", "⟨": "⟩", "«": "»"}
_SEPARATORS: Final = frozenset(" _-\\\n")
_SEPARATORS_INSIDE: Final = _SEPARATORS | frozenset(":#.*`")  # between brackets more can be meant for a separator
_MOST_SEPARATORS: Final = 4
_EDGES: Final = " \n*`"  # what may stand between a bracket and the word: blanks and marks of bold or code
_MOST_EDGES: Final = 3
_OPEN_ENTITY: Final = "&lt;"
_CLOSE_ENTITY: Final = "&gt;"
_OPEN_ESCAPED: Final = "\\<"
_CLOSE_ESCAPED: Final = "\\>"
_MOST_DIGITS: Final = 6
_MOST_LETTERS: Final = 2

WORDS: Final = _KNOWN
"""The words that a token can begin with."""

_INITIALS: Final = frozenset(word[0] for word in WORDS)
_OPENING: Final = frozenset(_CLOSER) | {_OPEN_ENTITY[0], _OPEN_ESCAPED[0]}
_UNFINISHED: Final = re.compile(r"([A-Za-z]*)([ _\\\n:#.*`-]*)([0-9]*)([A-Za-z]{0,2})\Z")
_LABEL_LONGEST: Final = max(map(len, WORDS))
_BEGINNINGS: Final = frozenset(word[:n] for word in WORDS for n in range(len(word) + 1))

MORE: Final = "more"
"""The text ends before it is clear whether a token stands here."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as found: text[start:end], brackets included where they belong to it."""

    name: str  # in canonical spelling, without brackets: PERSON_3B
    end: int


def label_of(kind: str) -> str:
    """The word in the tokens of a type."""
    return LABELS.get(kind, OTHER_LABEL)


def token_name(label: str, number: int, form: int) -> str:
    """The canonical spelling: PERSON_3, PERSON_3B, ... PERSON_3AA. `form` counts from 0."""
    return f"{label}_{number}{_letters(form)}"


def token_text(name: str) -> str:
    """What the model reads."""
    return f"<{name}>"


def _letters(form: int) -> str:
    """0 -> "", 1 -> "B", 25 -> "Z", 26 -> "AA", 27 -> "AB", ..."""
    if form == 0:
        return ""
    return chr(65 + form) if form < 26 else chr(64 + form // 26) + chr(65 + form % 26)


def read_token(  # noqa: PLR0911, PLR0912 - a parser: one return a place where it can stop
    text: str, start: int, *, final: bool
) -> Token | str | None:
    """The token that begins at text[start], MORE, or None. `text` is folded. `final`: nothing comes after `text`."""
    if text[start] not in _OPENING and text[start].upper()[0] not in _INITIALS:
        return None  # what stands at most places, told at once
    opening = _opening(text, start, final=final)
    if isinstance(opening, str):
        return opening
    at, closers = opening or (start, ())
    if closers:
        at = _skip(text, at, _EDGES, _MOST_EDGES)
    elif _inside_word(text, start):
        return None
    end = len(text)
    if at >= end:
        return None if final else MORE

    label = _label_at(text, at)
    if label is None:
        return MORE if not final and text[at : at + _LABEL_LONGEST + 1].upper() in _BEGINNINGS else None
    written = text[at : at + len(label)]
    at += len(label)

    first = at
    allowed = _SEPARATORS_INSIDE if closers else _SEPARATORS
    while at < end and text[at] in allowed and at - first < _MOST_SEPARATORS:
        at += 1
    separators = text[first:at]
    if at >= end:
        return None if final else MORE
    # Without brackets or underscore, only capitals on one line make a token: "person 1" is ordinary text.
    if not closers and "_" not in separators and (not written.isupper() or "\n" in separators):
        return None

    first = at
    while at < end and "0" <= text[at] <= "9" and at - first < _MOST_DIGITS:
        at += 1
    if at == first:
        return None
    number = text[first:at].lstrip("0")
    first = at
    while at < end and text[at].isascii() and text[at].isalpha() and at - first <= _MOST_LETTERS:
        at += 1
    letters = text[first:at]
    if at >= end and not final:
        return MORE
    if not number or (at < end and _wordlike(text[at]) and text[at] != "_"):
        return None
    if at < end and text[at] == "_":  # the end of `_PERSON_1_`, or the middle of a longer word
        after = _skip(text, at, "_", _MOST_EDGES)
        if after >= end and not final:
            return MORE
        if after < end and _wordlike(text[after]):
            return None
    if letters.endswith("s"):  # a plural; the nineteenth form is written in capitals, as all are
        letters, at = letters[:-1], at - 1
    if len(letters) > _MOST_LETTERS:
        return None
    return _close(text, at, closers, f"{label}_{number}{letters.upper()}", final=final)


def unfinished(text: str, start: int) -> str | None:
    """The beginning of a token's name that stands at text[start], where folded `text` ends in it: "PERSON_1", "PER".

    None where the text goes on behind it, or where it is as likely a word: without `<` a label must be there whole.
    """
    if read_token(text, start, final=False) != MORE:
        return None
    opening = _opening(text, start, final=True)
    at, closers = opening if isinstance(opening, tuple) else (start, ())
    if closers:
        at = _skip(text, at, _EDGES, _MOST_EDGES)
    ours = bool(closers) and closers[0] in (">", _CLOSE_ENTITY, _CLOSE_ESCAPED)
    found = _UNFINISHED.match(text, at)
    if found is None or (ours and at == len(text) and text[-1] in _EDGES):
        return None
    label, separators, number, letters = found.groups()
    whole = label.upper() in WORDS
    if not whole:
        return label.upper() if ours and not separators and not number else None
    if not closers and not number and "_" not in separators:
        return None
    return f"{label}_{number.lstrip('0')}{letters}".upper() if separators or number else label.upper()


def may_begin(text: str, at: int) -> bool:
    """Whether a token without brackets may begin at text[at], not inside a word; underscores may mark italics."""
    return not _inside_word(text, at)


def _inside_word(text: str, at: int) -> bool:
    before = at
    while before > 0 and text[before - 1] == "_" and at - before <= _MOST_EDGES:
        before -= 1
    return before > 0 and _wordlike(text[before - 1])


def _opening(text: str, start: int, *, final: bool) -> tuple[int, tuple[str, ...]] | str | None:
    """(where the word may begin, what may close the token); None where no bracket stands; MORE where one might."""
    closer = _CLOSER.get(text[start])
    if closer is not None:
        if closer in "]}" and text[start + 1 : start + 2] == text[start]:  # only of brackets that we never write
            return start + 2, (closer * 2, closer)
        return start + 1, ((closer, _CLOSE_ESCAPED, _CLOSE_ENTITY) if closer == ">" else (closer,))
    for written, closers in ((_OPEN_ENTITY, (_CLOSE_ENTITY, ">")), (_OPEN_ESCAPED, (_CLOSE_ESCAPED,))):
        if text.startswith(written, start):
            return start + len(written), closers
        if not final and written.startswith(text[start:]):
            return MORE
    return None


def _close(text: str, at: int, closers: tuple[str, ...], name: str, *, final: bool) -> Token | str | None:
    """Take the closing bracket along. Of an unclosed pair only `<` belongs to the token: others are punctuation."""
    wanted = closers or (">",)
    after = _skip(text, at, _EDGES, _MOST_EDGES) if closers else at
    for closer in wanted:
        if text.startswith(closer, after):
            return Token(name, after + len(closer))
        if not final and closer.startswith(text[after:]):
            return MORE
    if not closers or closers[0] == ">":
        return Token(name, at)
    return None  # the opener stays text; the core is read again from its own start


def _label_at(text: str, at: int) -> str | None:
    upper = text[at : at + 12].upper()
    if not upper.startswith(_KNOWN):
        return None
    return next((known for known in _KNOWN if upper.startswith(known)), None)


def _skip(text: str, at: int, characters: str, most: int) -> int:
    stop = min(len(text), at + most)
    while at < stop and text[at] in characters:
        at += 1
    return at


def _wordlike(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())
