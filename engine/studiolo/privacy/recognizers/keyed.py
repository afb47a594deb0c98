"""Numbers that only the words before them give away: `passport no. 12345678`, `学号：20231234`.

A key is looked for from the value to the left: the few code points before a candidate are reversed and matched,
    anchored,
against reversed keys. So a text costs one cheap match a candidate, however many keys there are. Between key and value
may stand what people put there: number, no., is, 号码, 为, a colon, brackets, one line break.

Knows no country's numbers: they are handed in. Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from studiolo.privacy.recognizers.base import CONTEXT_REACH, Match

# Groups of letters and digits with a digit in each; a group of capitals may stand first, or between two with digits.
# Behind a hyphen, slash or dot one to three letters may close the value.
_GROUP = r"(?=[A-Za-z]{0,6}[0-9])[0-9A-Za-z]{1,24}"
GENERAL = re.compile(
    rf"(?:[A-Z]{{1,6}}[ \-])?{_GROUP}"
    rf"(?:[ \-./–]{_GROUP}|[ \-][A-Z]{{1,3}}[ \-]?(?=[0-9]){_GROUP}|[ \-/.][A-Z0-9]{{1,3}}(?![0-9A-Za-z]))*"
    r"(?:\([0-9A-Za-z]\))?(?![0-9A-Za-z])"
)
_CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z_])(?=(?:[A-Za-z_]{1,7}[ \-·]){0,2}[A-Za-z_]{0,24}[0-9])[0-9A-Za-z]|(?<=[A-Za-z])[0-9]"
)
_WORDS_BETWEEN = (
    "no", "nos", "nr", "num", "number", "numbers", "code", "id", "card", "account", "file", "registration", "and",
    "卡号", "卡",
    "号", "号码", "编号", "证号", "码", "號", "號碼", "字號", "字号", "及账号", "账户", "账号", "帐号", "和账号",
)  # fmt: skip
_VERBS = ("is", "was", "are", "reads", "是", "为", "為", "填", "写着", "用")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Keyed:
    """A type, the words that announce it, and how its values are written.

    accept: a look-alike is dropped. check: where it holds, the match is proven; where not, it still stands, because a
    mistyped number is somebody's number too.
    """

    type: str
    keys: tuple[str, ...]
    pattern: re.Pattern[str] = GENERAL
    score: float = 0.75
    fewest_digits: int = 4
    accept: Callable[[str], bool] | None = None
    check: Callable[[str], bool] | None = None
    lead: str = ""  # signs that belong to the value when they stand before it


class KeyedFamily:
    """A family of keyed numbers."""

    def __init__(self, name: str, entries: Sequence[Keyed], *, needs: re.Pattern[str]) -> None:
        """`needs`: cheap to look for, and there in every text that holds a value."""
        self._name = name
        self._types = tuple(dict.fromkeys(entry.type for entry in entries))
        self._needs = needs
        self._entries = {_plain(key): entry for entry in entries for key in entry.keys}
        self._key = _reversed_keys([key for entry in entries for key in entry.keys])

    @property
    def name(self) -> str:
        """For audit and tests."""
        return self._name

    @property
    def types(self) -> tuple[str, ...]:
        """The types it can find."""
        return self._types

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        """Values that begin in text[start:end] behind a key."""
        stop = len(text) if end is None else end
        if self._needs.search(text, start, stop) is None:
            return
        at = start
        while (candidate := _CANDIDATE.search(text, at, stop)) is not None:
            first = candidate.start()
            entry = self.before(text, first)
            while entry is not None and first > start and text[first - 1] in entry.lead:
                first -= 1
            value = entry.pattern.match(text, first, stop) if entry is not None else None
            if entry is None or value is None or not _stands(entry, value[0]):
                following = _CANDIDATE_END.match(text, candidate.start(), stop)
                at = following.end() if following is not None else candidate.start() + 1
                continue
            proven = entry.check is not None and entry.check(value[0])
            yield Match(entry.type, first, value.end(), entry.score, proven)
            at = value.end()

    def before(self, text: str, start: int) -> Keyed | None:
        """What the words that end before text[start] announce."""
        left = text[max(0, start - CONTEXT_REACH) : start][::-1]
        found = self._key.match(left)
        return self._entries[_plain(found["key"][::-1])] if found is not None else None


_CANDIDATE_END = re.compile(r"[A-Za-z]+|[0-9][0-9A-Za-z]*")


def _stands(entry: Keyed, value: str) -> bool:
    digits = sum("0" <= c <= "9" for c in value)
    return digits >= entry.fewest_digits and len(value) <= _LONGEST and (entry.accept is None or entry.accept(value))


def _plain(key: str) -> str:
    return re.sub(r"[ _\-\n]+", " ", key).lower()


def _backwards(word: str) -> str:
    """A pattern for the reversed word: blanks may be hyphens or underscores or a line's end."""
    return r"[ _\-\n]".join(re.escape(part[::-1]) for part in reversed(word.split(" ")))


def _reversed_keys(keys: Sequence[str]) -> re.Pattern[str]:
    """Matches, from its beginning, a reversed text that ends in a key and what may stand behind one."""
    between = "|".join(
        _backwards(word) + (r"(?![A-Za-z])" if word.isascii() else "")
        for word in sorted(_WORDS_BETWEEN, key=len, reverse=True)
    )
    verbs = "|".join(_backwards(word) + (r"(?![A-Za-z])" if word.isascii() else "") for word in _VERBS)
    listed = "|".join(
        _backwards(key) + (r"(?![A-Za-z0-9])" if key[:1].isascii() else "")
        for key in sorted(keys, key=len, reverse=True)
    )
    return re.compile(
        rf"[(+]{{0,2}}[\"'“「\[#]?[ ]{{0,3}}(?:[|\n][ ]{{0,2}}){{0,2}}(?:[:=#][ ]{{0,2}})?(?:(?:{verbs})[ ]{{0,2}})?"
        rf"(?:(?:\.?(?:{between})|\)[^()\n]{{1,30}}\()[ _]{{0,2}}){{0,4}}[\"'*]{{0,2}}\.?(?P<key>{listed})",
        re.IGNORECASE,
    )
