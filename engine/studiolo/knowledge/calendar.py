"""Years and days as people write them in questions and file names, English and Chinese. Pure functions, any thread."""

from __future__ import annotations

import re
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:19|20)\d{2}"
_FISCAL = re.compile(rf"(?<![a-z])(?:fy|fiscal(?:\s+year)?)\s*[-_']?\s*({_YEAR}|\d{{2}})(?!\d)", re.IGNORECASE)
_PLAIN = re.compile(rf"(?<!\d)({_YEAR})(?!\d)")
_HAN_YEAR = re.compile("([一二][〇○零一二三四五六七八九]{3})年?")
_HAN_DIGITS = str.maketrans("〇○零一二三四五六七八九", "00012345678" + "9")
_SHORT_YEAR = re.compile(r"(?<!\d)(\d{2})年(?:度|报|年)")
_COMPACT = re.compile(rf"(?<!\d)(?P<y>{_YEAR})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_DAYS = (
    re.compile(rf"(?<!\d)(?P<y>{_YEAR})[-_./年 ](?P<m>0?[1-9]|1[0-2])[-_./月 ](?P<d>3[01]|[12]\d|0?[1-9])(?!\d)"),
    _COMPACT,
    re.compile(rf"(?<!\d)(?P<d>3[01]|[12]\d|0?[1-9])\.(?P<m>0?[1-9]|1[0-2])\.(?P<y>{_YEAR})(?!\d)"),
    re.compile(
        rf"(?<![a-z\d])(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?[\s_-]+(?:of\s+)?{_MONTH}(?:,?[\s_-]+(?P<y>{_YEAR}))?(?![a-z\d])"
    ),
    re.compile(
        rf"(?<![a-z]){_MONTH}[\s_-]+(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?!\d)(?:,?[\s_-]+(?P<y>{_YEAR}))?"
    ),
    re.compile(r"(?<!\d)(?P<m>0?[1-9]|1[0-2])月(?P<d>3[01]|[12]\d|0?[1-9])[日号]"),
)


class Day(NamedTuple):
    """A day of a year; year 0 = not said."""

    year: int
    month: int
    day: int


def years_in(text: str) -> frozenset[int]:
    """Years that `text` (folded) names: 2022, FY22, fiscal 2022, 2022年, 二〇二二年, 22年年报."""
    found = {int(match.group(1)) for match in _PLAIN.finditer(text)}
    found |= {match.year for match in days_in(text) if match.year}
    found |= {_whole(match.group(1)) for match in _FISCAL.finditer(text)}
    found |= {int(match.group(1).translate(_HAN_DIGITS)) for match in _HAN_YEAR.finditer(text)}
    found |= {_whole(match.group(1)) for match in _SHORT_YEAR.finditer(text)}
    return frozenset(year for year in found if 1900 <= year < 2100)


def days_in(text: str) -> frozenset[Day]:
    """Days that `text` (folded) names: 2026-04-14, 20260414, 14.4.2026, 14 April 2026, 4月14日."""
    found = set()
    for pattern in _DAYS:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            month = _MONTHS.index(parts["name"][:3]) + 1 if parts.get("name") else int(parts["m"])
            found.add(Day(int(parts.get("y") or 0), month, int(parts["d"])))
    return frozenset(found)


def same_day(first: Day, second: Day) -> bool:
    """Whether they can be the same: a year that is not said fits any."""
    return first[1:] == second[1:] and (first.year == second.year or 0 in (first.year, second.year))


def _whole(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year) if int(year) < 70 else 1900 + int(year)
