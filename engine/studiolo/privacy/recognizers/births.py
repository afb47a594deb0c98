"""Dates of birth: a date behind a word for being born, or before one (`1985年3月12日出生`). A date alone is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studiolo.privacy.recognizers.base import CONTEXT_REACH, Match

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_NUMBER = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:18[89][0-9]|19[0-9]{2}|20[0-9]{2})"
_HAN = "[〇零一二三四五六七八九十廿卅]"
_DATE = re.compile(
    rf"(?<![0-9A-Za-z.\-/])(?:"
    rf"{_YEAR}[ ]?(?:(?P<by>[\-/.])[ ]?{_NUMBER}(?:[ ]?(?P=by)[ ]?{_DAY})?|"
    rf"年[ ]?{_NUMBER}[ ]?月(?:[ ]?{_DAY}[ ]?[日号])?)"
    rf"|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    rf"|[0-9]{{1,2}}(?P<or>[\-/. ])[0-9]{{1,2}}(?P=or)(?:{_YEAR}|[0-9]{{2}})"
    rf"|{_DAY}(?:st|nd|rd|th)?[ \-./]{{1,2}}(?:of )?{_MONTH},?[ \-./]{{1,2}}(?:{_YEAR}|'?[0-9]{{2}})"
    rf"|{_MONTH}[ \-./]{{1,2}}{_DAY}(?:st|nd|rd|th)?,?[ \-/]{{1,2}}(?:{_YEAR}|'?[0-9]{{2}})"
    rf"|{_MONTH},? {_YEAR}"
    rf"|{_HAN}{{4}}年{_HAN}{{1,3}}月(?:{_HAN}{{1,3}}[日号])?"
    rf")(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_GAP = r"""[ "'*]{0,3}(?:\([^()\n]{1,16}\)[ ]?)?[ \n|]{0,3}(?:[:=\-][ ]{0,2})?(?:(?:is|was|on|in|at|是|为|為|在|于|'
              '於)[ ]?){0,2}[:=|]?[ "']{0,3}"""
_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])(?:date[ _\-]of[ _\-]birth|birth[ _\-]?da(?:te|y)|d\.?[ ]?o\.?[ ]?b\.?|born|b\.(?= )|birth|"
    r"geboren|"
    r"geb\.|née?|nacimiento|naissance)(?:,? (?:in|at) [A-Z][a-z]{2,20})?,?"
    r"|出生(?:日期|年月日|年月|时间|于|於)?|生日|(?<![发产诞衍滋丛])生[于於]|生年月日|生辰|年月日)" + _GAP + r"\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[ ,]{0,2}(?:出生|生人|生(?=[,.;、。，\s)]|$)|诞生|降生|\(?(?:date of birth|DOB|born)(?![A-Za-z]))", re.IGNORECASE
)
_WORD = re.compile(
    r"birth|born|d\.?[ ]?o\.?[ ]?b(?![a-z])|(?<![a-z])b\. |geb|née|nacimiento|naissance"
    r"|出生|生[日于於人年辰]|[诞降]生|年月日|生(?=[,.;、。)\s]|$)",
    re.IGNORECASE,
)


class _Births:
    """The family: what surrounds a date is looked at only in texts that have a word for being born."""

    @property
    def name(self) -> str:
        """For audit and tests."""
        return "births"

    @property
    def types(self) -> tuple[str, ...]:
        """The types it can find."""
        return ("DATE_OF_BIRTH",)

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Dates of birth that lie in text[start:end]."""
        stop = len(text) if end is None else end
        if _WORD.search(text, max(0, start - CONTEXT_REACH), stop) is None:
            return
        for date in _DATE.finditer(text, start, stop):
            first, last = date.span()
            born = _BEFORE.search(text, max(0, first - CONTEXT_REACH), first)
            if born is not None or (last - first > 5 and _AFTER.match(text, last)):
                yield Match("DATE_OF_BIRTH", first, last, 0.85)


BIRTHS = _Births()
