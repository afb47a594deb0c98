"""What a recogniser is: a family of rules that reads folded text and names the stretches that hold a value.

Families know neither Presidio nor policy nor storage: `analyzer.py` puts them into Presidio's frame, `stream.py`
runs the same objects on an answer as it is written. They keep no state between calls. Any thread.

Text touches text in Chinese, so no rule uses `\\b`: borders are lookarounds on digits and ASCII letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

NOT_AFTER_DIGIT = r"(?<![0-9])(?<![0-9][.\-])"
NOT_AFTER_WORD = r"(?<![0-9A-Za-z_])"
NOT_BEFORE_DIGIT = r"(?![0-9])"
NOT_BEFORE_WORD = r"(?![0-9A-Za-z_])"

# What many rules need. A rule's `needs` begins with few characters, so that most texts are passed over at once.
SEVEN_DIGITS = re.compile(r"[0-9](?:[^0-9]{0,4}[0-9]){6}")
SIX_DIGITS = re.compile(r"[0-9]{6}")

CONTEXT_REACH = 48  # code points to the left in which a context word counts
KEY_REACH = 64  # code points to the left in which the key of a keyed value begins


@dataclass(frozen=True, slots=True)
class Match:
    """One value in folded text. `proven`: a check digit or a fixed form leaves no doubt."""

    type: str
    start: int
    end: int
    score: float
    proven: bool = False


class Family(Protocol):
    """One family of rules."""

    @property
    def name(self) -> str:
        """For audit and tests."""
        ...

    @property
    def types(self) -> tuple[str, ...]:
        """The types it can find."""
        ...

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Values that lie in text[start:end]; what stands left of `start` is seen as context only."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for one type. The value is group `value` where the pattern has one, else the whole match.

    check: proof of the value; False drops the match, True makes it proven.
    context: words one of which must stand in the CONTEXT_REACH code points before the value (ASCII ones as whole
    words), on the same line or the one before.
    """

    type: str
    pattern: re.Pattern[str]
    score: float
    check: Callable[[str], bool] | None = None
    accept: Callable[[str], bool] | None = None  # a look-alike is dropped, nothing is proven
    context: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None  # a look-alike is announced by what ends directly before it
    proven: bool = False
    keyed: bool = False  # the pattern begins with a key word, which may stand left of the text that is looked at
    trim: re.Pattern[str] | None = None  # what it matches at the value's beginning is not part of the value
    needs: tuple[re.Pattern[str], ...] = ()  # cheap to look for, and all there in every text that holds a match

    def begin(self, start: int) -> int:
        """Where the pattern is looked for from, if values from `start` on are asked for."""
        return max(0, start - KEY_REACH) if self.keyed else start

    def find(self, text: str, start: int, end: int) -> Iterator[Match]:
        """Matches in text[start:end]."""
        group = "value" if "value" in self.pattern.groupindex else 0
        for found in self.pattern.finditer(text, self.begin(start), end):
            first, last = found.span(group)
            if first == last or first < start:
                continue
            value = found[group]
            if self.trim is not None and (extra := self.trim.match(value)):
                first += extra.end()
                value = value[extra.end() :]
            if self.accept is not None and not self.accept(value):
                continue
            if self.check is not None and not self.check(value):
                continue
            if self.context is not None and not self.context.search(text, max(0, first - CONTEXT_REACH), first):
                continue
            if self.unless is not None and self.unless.search(text, max(0, first - CONTEXT_REACH), first):
                continue
            yield Match(self.type, first, last, self.score, self.proven or self.check is not None)


class RuleFamily:
    """A family that is nothing but rules."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        self._name = name
        self._rules = tuple(rules)
        self._types = tuple(dict.fromkeys(rule.type for rule in self._rules))

    @property
    def name(self) -> str:
        """For audit and tests."""
        return self._name

    @property
    def types(self) -> tuple[str, ...]:
        """The types it can find."""
        return self._types

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Values that lie in text[start:end]."""
        stop = len(text) if end is None else end
        met: dict[tuple[re.Pattern[str], int], bool] = {}
        for rule in self._rules:
            begin = rule.begin(start)
            for sign in rule.needs:
                asked = sign, begin
                if asked not in met:
                    met[asked] = sign.search(text, begin, stop) is not None
                if not met[asked]:
                    break
            else:
                yield from rule.find(text, start, stop)


def words(*spellings: str) -> re.Pattern[str]:
    """A context pattern: ASCII spellings as whole words, others anywhere; case does not matter."""
    parts = [
        rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])" if word.isascii() else re.escape(word) for word in spellings
    ]
    return re.compile("|".join(parts), re.IGNORECASE)


# Words that say a bare number is no person's: what is counted, numbered or sold. They end where the number begins.
SOMETHING_ELSE = re.compile(
    r"(?:(?<![A-Za-z])(?:order|invoice|ticket|batch|lot|part|item|sku|serial|model|build|version|revision|release|commit|tracking|"
    r"parcel|shipment|case|issue|job|run|transaction|reference|ref|isbn|issn|ean|upc|barcode|hash|page|row|line|record|article|"
    r"section|clause|total|about|around|over|nearly|almost|roughly|approximately|exactly|than|were|are|sum|amount|size|count|seed|"
    r"timestamp|time|port|offset|address|error|code|room|flight|train|stock|product|device|asset|unit)s?"
    r"(?:[ _\-]?(?:no|nr|num|number|id|code|of|the))?\.?|[$€£¥#]|"
    r"订单|单号|流水|编号|批次|批号|发票|合同|工单|快递|包裹|运单|物流|型号|零件|货号|书号|条形码|版本|第|共|约|金额|时间戳|序列号|条款)"
    r"(?:号码?|编号|码)?[ ]?[:=#_]?[ ]?\Z",
    re.IGNORECASE,
)


# A bare number before a word of measure is an amount.
NOT_COUNTED = (
    r"(?![ ]?(?:%|(?i:bytes?|bits?|files?|people|users?|visitors?|persons?|items?|records?|rows?|tokens?|words?|"
    r"lines?|pages?|times|"
    r"seconds?|minutes?|hours?|days?|years?|tons?|tonnes?|litres?|liters?|metres?|meters?|km|kg|ms|dollars?|euros?|pounds|yuan|"
    r"shares?|votes?|copies|units?|inhabitants|residents|miles|steps|points)(?![A-Za-z])))"
)


def digits_of(value: str) -> str:
    """The ASCII digits of a value."""
    return "".join(c for c in value if "0" <= c <= "9")
