"""Cutting a stream of folded text into units that no value of a rule can straddle.

A unit is a word (a run of what stands in e-mail addresses, keys, links, numbers), or number-like words joined by the
separators of telephone and card numbers, or any other single code point. Where a unit ends depends on the text up to
the next code point or two and on nothing else: so a stream gives the same units however it is cut.

Pure functions. Any thread.
"""

from __future__ import annotations

import re
import unicodedata

from studiolo.privacy.recognizers.cn_ids import PLATE_PROVINCES

LONGEST = 512  # a run longer than that is cut: nothing of value is that long but a private key
_GROUP_LONGEST = 80  # number-like words joined to one unit
_EXTRA = frozenset("._%+-@/:=&?#~$!*'^|`")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_PEM_LONGEST = 12_000
_PEM_HEAD = "-----BEGIN "
_NUMBERLIKE = re.compile(r"^\(?\+?(?:[A-Z]{0,4}[0-9][0-9A-Z.\-/]*|[A-Z]{2,4})\)?$")


def in_word(character: str) -> bool:
    """Whether a code point can stand inside a unit of several."""
    if character.isascii():
        return character.isalnum() or character in _EXTRA
    return ord(character) < 0x2E80 and (character.isalpha() or unicodedata.category(character)[0] == "M")


def unit_end(text: str, start: int, *, final: bool) -> int | None:  # noqa: PLR0911 - one return a kind of unit
    """Where the unit that begins at text[start] ends; None while that is not known. `final`: nothing comes after."""
    if text[start] == "-":
        pem = _pem_end(text, start, final=final)
        if pem != start:
            return pem
    if text[start] in PLATE_PROVINCES:
        return _plate_end(text, start, final=final)
    end = _word_end(text, start, final=final)
    if end is None:
        return None
    if end == start:  # neither a word nor the beginning of a bracketed number
        return start + 1
    first = start
    while _NUMBERLIKE.match(text[first:end]) and end - start < _GROUP_LONGEST:
        following = _next_group(text, end, final=final)
        if following is None:
            return None
        if following == end:
            break
        after = _word_end(text, following, final=final)
        if after is None:
            return None
        if after == following or not _NUMBERLIKE.match(text[following:after]) or not _has_digit(text, start, after):
            break
        first, end = following, after
    return end


def _plate_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of what could be a number plate: a province, a letter, a dot or none, a word."""
    at = start + 1
    if at >= len(text):
        return at if final else None
    if not (text[at].isascii() and text[at].isalpha()):
        return at
    at += 1
    if at >= len(text):
        return at if final else None
    if text[at] in "·• ":
        at += 1
        if at >= len(text):
            return at - 1 if final else None
    end = _word_end(text, at, final=final)
    return None if end is None else max(end, at - (end == at and text[at - 1] == " "))


def _has_digit(text: str, start: int, end: int) -> bool:
    return any("0" <= c <= "9" for c in text[start:end])


def _word_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of the word at `start` (== start: there is none). An opening bracket belongs to the digits after it."""
    at = start
    if text[at] == "(":
        if at + 1 >= len(text):
            return start if final else None
        if text[at + 1] not in "0123456789+":
            return start
        at += 1
    stop = min(len(text), start + LONGEST)
    bracketed = at > start
    while at < stop:
        if in_word(text[at]):
            at += 1
        elif bracketed and text[at] == ")":
            bracketed = False
            at += 1
        else:
            return at
    return at if final or at - start >= LONGEST else None


def _next_group(text: str, end: int, *, final: bool) -> int | None:
    """Where the next word of a number would begin: behind at most one space, or directly at a bracket."""
    if end >= len(text):
        return end if final else None
    at = end + 1 if text[end] == " " else end
    if at >= len(text):
        return end if final else None
    character = text[at]
    if at == end and character != "(":
        return end
    numberlike = "0" <= character <= "9" or "A" <= character <= "Z" or character in "(+-"
    return at if numberlike else end


def _pem_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of a private key block at `start`; `start` if there is none; None while that is not known."""
    head = text[start : start + len(_PEM_HEAD)]
    if head != _PEM_HEAD:
        return None if not final and _PEM_HEAD.startswith(head) else start
    line = text.find("\n", start, start + 80)
    if line < 0 and len(text) < start + 80 and not final:
        return None
    if not _PEM.match(text, start):
        return start
    closing = _PEM_END.search(text, start, start + _PEM_LONGEST)
    if closing:
        return closing.end()
    if final or len(text) >= start + _PEM_LONGEST:
        return min(len(text), start + _PEM_LONGEST)
    return None
