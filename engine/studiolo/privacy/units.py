"""Cutting a stream of folded text into units that no value of a rule can straddle.

A unit is a word (a run of what stands in e-mail addresses, keys, links, numbers), or number-like words joined by the
separators and the few words that stand inside telephone numbers, cards, dates and coordinates, or a run of Chinese
that may be the local part of an address, or any other single code point. Where a unit ends depends on the text up to
the next word or two and on nothing else: so a stream gives the same units however it is cut.

Pure functions. Any thread.
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.cn_ids import PLATE_PROVINCES

LONGEST = 512  # a run longer than that is cut: nothing of value is that long but a private key
_GROUP_LONGEST = 80  # number-like words joined to one unit: no further one is taken in behind this many code points
# Letters of any script before U+2E80 count as words: their blocks, without the punctuation and symbols between them.
LETTER = "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff"
WORD = rf"0-9{LETTER}._%+\-@/:=&?#~$!*'^|`{{}}"
HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"(?:\((?=[0-9+])[{WORD}]*\)?)?(?:(?!-----BEGIN)[{WORD}])*")
_WIDE = re.compile(rf"[{WORD}{HAN}]{{0,60}}")  # a host of other scripts
_LOCAL = re.compile(rf"[{HAN}]{{1,7}}")
_LOCAL_LONGEST = 6
_GOES_ON = re.compile(r"(?:[0-9][^@]*|(?<![A-Za-z])[A-Z]{1,4})\)?$")  # how a word ends that another may be joined to
_JOINS = re.compile(r"\(?\+?-?(?:[A-Za-z]{0,4}[0-9]|[A-Z]{1,4}(?![A-Za-z]))")
_DIGIT = re.compile("[0-9]")
_CAPITALS = re.compile("[A-Z]{1,3}")
_FINE = re.compile(r"\.[0-9]{2}|[0-9]['°]")  # a number that a second coordinate may follow
_LETTERS = re.compile(rf"[{LETTER}]+")
_GAP = frozenset(" -./_·°′″'\"()\n")
_MOST_GAP = 4
# Words that stand between two numbers of one value, and words behind a number that say what it is.
_LINKS = frozenset(
    {
        "ext",
        "extension",
        "x",
        "n",
        "s",
        "e",
        "w",
        "of",
        "lat",
        "latitude",
        "lon",
        "long",
        "lng",
        "longitude",
        "st",
        "nd",
        "rd",
        "th",
    }
    | {
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    }
    | {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"}
)
_LINKS_ZH = (
    "转", "分机", "年", "月", "日", "号", "度", "分", "秒", "北纬", "南纬", "东经", "西经", "经度", "纬度", "、",
    "栋", "室",
)  # fmt: skip
_SAYING = frozenset({"born", "dob", "date"})
_SAYING_ZH = ("出生", "生人", "诞生", "降生")
_SUFFIXES_ZH = frozenset("年月日号度分秒")
_BEHIND_ZH = (*_SAYING_ZH, *_LINKS_ZH)
_MOST_LINKS = 3
_MOST_CAPITALS = 4
_PREFIXES = frozenset(word[:n] for word in _LINKS | _SAYING for n in range(1, len(word) + 1))
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_LONGEST = 12_000
_PEM_HEAD = "-----BEGIN "


def unit_end(text: str, start: int, *, final: bool) -> int | None:
    """Where the unit that begins at text[start] ends; None while that is not known. `final`: nothing comes after."""
    first = text[start]
    if first == "-":
        pem = _pem_end(text, start, final=final)
        if pem != start:
            return pem
    if first in PLATE_PROVINCES:
        plate = _plate_end(text, start, final=final)
        if plate is None or "@" not in text[start:plate]:
            return plate
        end: int | None = plate
    else:
        end = _word_end(text, start, final=final)
    if end is None:
        return None
    if end == start:
        end = _local_end(text, start, final=final)
        if end is None or end == start:
            return None if end is None else start + 1
    end = _address_end(text, start, end, final=final)
    return None if end is None else _number_end(text, start, end, final=final)


def _word_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of the word at `start` (== start: there is none). An opening bracket belongs to the digits after it."""
    if text[start] == "(" and start + 1 >= len(text):
        return start if final else None
    found = _WORD.match(text, start, start + LONGEST)
    end = found.end() if found else start
    return None if end == len(text) and not final and end - start < LONGEST else end


def _local_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of an address whose local part is Chinese and begins at `start`; `start` where there is none."""
    found = _LOCAL.match(text, start)
    if found is None or (start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_.")):
        return start
    end = found.end()
    if end - start > _LOCAL_LONGEST:
        return start
    if end >= len(text):
        return start if final else None
    return _word_end(text, end, final=final) if text[end] == "@" else start


def _address_end(  # noqa: PLR0911 - a parser: one return a place where it can stop
    text: str, start: int, end: int, *, final: bool
) -> int | None:
    """`end`, or further where an e-mail address goes on behind a space at its @ or with a host of another script."""
    if end < len(text) and text[end] == " ":
        if end + 1 >= len(text):
            return end if final else None
        if text[end + 1] == "@":
            after = _word_end(text, end + 1, final=final)
            if after is None:
                return None
            end = after
    if text[end - 1] == "@" and end - start < LONGEST:
        if end >= len(text):
            return end if final else None
        at = end + (text[end] == " ")
        if at >= len(text):
            return end if final else None
        after = _word_end(text, at, final=final)
        if after is None:
            return None
        end = after if after > at else end
    if "@" in text[start:end] and "." not in text[text.rfind("@", start, end) : end] and end - start < LONGEST:
        wide = _WIDE.match(text, end)
        after = wide.end() if wide else end
        if after >= len(text) and not final and after - end < 60:
            return None
        end = after
    return end


def _number_end(text: str, start: int, end: int, *, final: bool) -> int | None:
    """`end`, or the end of the last number-like word that is joined to the one that ends there."""
    first, group = start, end
    while end - group < _GROUP_LONGEST and _GOES_ON.search(text, first, end):
        following = _next_group(text, first, end, final=final)
        if following is None:
            return None
        at, ends = following
        if ends:
            return at
        after = _word_end(text, at, final=final)
        if after is None:
            return None
        if after == at or not _JOINS.match(text, at, after):
            break
        if not _DIGIT.search(text, start, after) and not _CAPITALS.fullmatch(text, at, after):
            break
        after = _address_end(text, at, after, final=final)
        if after is None:
            return None
        first, end = at, after
    return end


def _next_group(text: str, first: int, end: int, *, final: bool) -> tuple[int, bool] | None:  # noqa: PLR0911, PLR0912
    """Where the next word of a value begins behind text[first:end] (False), or where the unit ends because none does
    (True): at `end`, or behind what says what the number was. None while that is not known."""
    at = reached = end
    numeric = _DIGIT.search(text, first, end) is not None
    fine = _FINE.search(text, first, end) is not None
    for _ in range(_MOST_LINKS):
        gap = at
        while at < len(text) and at - gap < _MOST_GAP:
            if text[at] in "(\n" and not numeric:
                break
            if text[at] == "(":
                if at + 1 >= len(text):
                    return (reached, True) if final else None
                if text[at + 1] in "0123456789+":
                    return at, False
            if text[at] not in _GAP and not (text[at] in ",;" and at == gap):
                break
            at += 1
        if at >= len(text):
            return (reached, True) if final else None
        joined = fine or gap == at or text[gap] not in ",;"
        if text[at] in "0123456789+" or (text[at] == "-" and at > gap):
            return (at, False) if at > end and joined else (reached, True)
        if not numeric:
            return _second_capitals(text, at, end=end, final=final)
        zh = next((word for word in _BEHIND_ZH if text.startswith(word, at)), None)
        if zh is None and not final and any(word.startswith(text[at:]) for word in _BEHIND_ZH):
            return None
        if zh in _SAYING_ZH:
            return at + len(zh or ""), True
        if zh is not None:
            if at == reached and zh in _SUFFIXES_ZH:
                reached += len(zh)
            at += len(zh)
            continue
        found = _LETTERS.match(text, at)
        if found is None:
            return reached, True
        word, after = found[0], found.end()
        capitals = len(word) <= _MOST_CAPITALS and word.isupper()
        if not capitals and word.lower() not in _PREFIXES:
            return reached, True
        if after == len(text) and not final:
            return None
        if after < len(text) and "0" <= text[after] <= "9" and at > end:
            return (at, False) if joined or word.lower() == "x" else (reached, True)
        if word.lower() in _SAYING:
            return after, True
        if capitals and at > end and joined:
            return at, False
        if word.lower() not in _LINKS:
            return reached, True
        at = after
        fine = True  # behind a link word a comma joins: "May 12, 1980"
    return reached, True


def _second_capitals(text: str, at: int, *, end: int, final: bool) -> tuple[int, bool] | None:
    """As `_next_group`, behind capitals: a plate may have two groups of them before its digits, "ABC DE 1234"."""
    found = _CAPITALS.match(text, at)
    if found is None or at == end:
        return end, True
    behind = found.end()
    if behind < len(text) and text[behind] in " -·":
        behind += 1
    if behind >= len(text):
        return (end, True) if final else None
    return (at, False) if "0" <= text[behind] <= "9" else (end, True)


def _plate_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of what could be a number plate: a province, a letter, a dot or none, a word."""
    at = start + 1
    if at >= len(text):
        return at if final else None
    if not (text[at].isascii() and text[at].isalpha()):
        local = _local_end(text, start, final=final)
        return local if local is None or local > start else at
    at += 1
    if at >= len(text):
        return at if final else None
    if text[at] in "·• .-":
        at += 1
        if at >= len(text):
            return at - 1 if final else None
        if text[at] == " ":
            at += 1
            if at >= len(text):
                return at - 1 if final else None
    end = _word_end(text, at, final=final)
    return None if end is None else max(end, at - (end == at and text[at - 1] == " "))


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
