"""Screening the arguments of tool calls: JSON text, whole or while it is written.

A value is looked for in what a string says, not in how it is written: `"\\u0031380013\\u0038000"` is a telephone
number. Each string and each bare word or number goes through a screen of its own, with the key it stands under as
what is left of it, so that `{"password": "x"}` is a password. What is not touched is written as it came, what is
keeps its place, and a number that is masked becomes a string: valid JSON stays valid JSON. Text that is no JSON is
screened all the same.

Not for several threads at once: one object a call. Fails closed as the screens inside do.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from studiolo.types import Redaction, Screened

_LONGEST_KEY = 80  # code points of a key that count as context
_ENDS = frozenset('{}[],:"')
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UNIT = re.compile(r"\\u([0-9A-Fa-f]{4})")
_PLAIN = re.compile(r'[^"\\]+')


class TextScreen(Protocol):
    """Screens one text while it comes."""

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """What was screened so far."""
        ...

    def feed(self, chunk: str) -> str:
        """What may go on now."""
        ...

    def cut_short(self) -> str:
        """No more comes, though more was meant to: forget a token's beginning at the end, and give it."""
        ...

    def finish(self) -> str:
        """The rest."""
        ...


class ToolArguments:
    """The arguments of one call on their way."""

    def __init__(self, opened: Callable[[str], TextScreen]) -> None:
        """`opened(left)`: a screen for one text that stands behind `left`, which it must not emit."""
        self._opened = opened
        self._raw = ""  # not read yet: the beginning of an escape
        self._literal = ""  # a bare word or number so far
        self._screen: TextScreen | None = None  # of the string that is open
        self._said = ""  # its text so far, where it may be a key
        self._key = ""
        self._nesting: list[tuple[str, str]] = []  # the open objects and arrays with the keys they stand under
        self._counts: Counter[str] = Counter()

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """What was screened in all finished texts, by type."""
        return Redaction.of(self._counts)

    def feed(self, chunk: str) -> str:
        """What of the JSON text may go on now. Raises PolicyBlock."""
        self._raw += chunk
        return self._read(final=False)

    def cut_short(self) -> str:
        """The model was stopped inside a string: forget a token's beginning at its end, and give it."""
        return "" if self._screen is None else self._screen.cut_short()

    def finish(self) -> str:
        """The rest. Raises PolicyBlock."""
        out = self._read(final=True)
        if self._screen is not None:
            out += _written(self._closed(self._screen))
            self._screen = None
        return out + self._bare()

    def _read(self, *, final: bool) -> str:
        out: list[str] = []
        at = 0
        while at < len(self._raw):
            if self._screen is None:
                out.append(self._outside(self._raw[at]))
                at += 1
                continue
            after, said = _said(self._raw, at, final=final)
            if after == at:
                break
            at = after
            if said is None:
                out += [_written(self._closed(self._screen)), '"']
                self._screen = None
                continue
            self._said = (self._said + said)[:_LONGEST_KEY]
            out.append(_written(self._screen.feed(said)))
        self._raw = self._raw[at:]
        return "".join(out)

    def _outside(self, character: str) -> str:
        if character not in _ENDS:
            self._literal += character
            return ""
        if character == ":" and self._literal.strip():
            self._said = self._literal.strip()[:_LONGEST_KEY]
        out = self._bare()
        if character == '"':
            self._screen = self._opened(self._left())
            self._said = ""
        elif character == ":":
            self._key = self._said
        elif character in "{[":
            self._nesting.append((character, self._key))
            self._key = "" if character == "{" else self._key
        else:
            if character != "," and self._nesting:
                self._nesting.pop()
            opener, key = self._nesting[-1] if self._nesting else ("", "")
            self._key = key if opener == "[" else ""
        return out + character

    def _left(self) -> str:
        return f"{self._key}: " if self._key else ""

    def _bare(self) -> str:
        """A finished bare word or number: as it is, or as a string where something of it was masked."""
        literal, self._literal = self._literal, ""
        core = literal.strip()
        if not core:
            return literal
        screen = self._opened(self._left())
        screened = screen.feed(core) + self._closed(screen)
        if screened == core:
            return literal
        at = literal.index(core)
        return f"{literal[:at]}{json.dumps(screened, ensure_ascii=False)}{literal[at + len(core) :]}"

    def _closed(self, screen: TextScreen) -> str:
        rest = screen.finish()
        self._counts.update({redaction.type: redaction.count for redaction in screen.redactions})
        return rest


def screened_arguments(text: str, screen: Callable[[str], Screened]) -> tuple[str, tuple[Redaction, ...]]:
    """A whole JSON text with each of its texts put through `screen`, and what was screened. Raises what it does."""
    arguments = ToolArguments(lambda left: _Whole(left, screen))
    return arguments.feed(text) + arguments.finish(), arguments.redactions


class _Whole:
    """A screen that waits for the whole text."""

    def __init__(self, left: str, screen: Callable[[str], Screened]) -> None:
        self._left = left
        self._text = ""
        self._screen = screen
        self.redactions: tuple[Redaction, ...] = ()

    def feed(self, chunk: str) -> str:
        self._text += chunk
        return ""

    def cut_short(self) -> str:
        return ""

    def finish(self) -> str:
        screened = self._screen(self._left + self._text)
        self.redactions = screened.redactions
        border, grown = len(self._left), 0
        for edit in screened.edits:
            if edit.end <= border:
                grown += (edit.new_end - edit.new_start) - (edit.end - edit.start)
            elif edit.start < border:  # a value that began in the key is shown whole where the text begins
                return screened.text[edit.new_start :]
        return screened.text[border + grown :]


def _said(  # noqa: PLR0911 - a parser: one return a form
    raw: str, at: int, *, final: bool
) -> tuple[int, str | None]:
    """Up to where raw[at:] is read, inside a string, and what it says; None: the string ends; nothing read: wait."""
    plain = _PLAIN.match(raw, at)
    if plain is not None:
        return plain.end(), plain[0]
    if raw[at] == '"':
        return at + 1, None
    if at + 1 >= len(raw):
        return (at + 1, "\\") if final else (at, "")
    if raw[at + 1] != "u":
        return at + 2, _ESCAPES.get(raw[at + 1], raw[at + 1])
    first = _UNIT.match(raw, at)
    if first is None:
        return (at, "") if len(raw) < at + 6 and not final else (at + 2, "u")
    code = int(first[1], 16)
    if not 0xD800 <= code < 0xDC00:
        return first.end(), chr(code)
    second = _UNIT.match(raw, first.end())
    if second is not None and 0xDC00 <= int(second[1], 16) < 0xE000:
        return second.end(), chr(0x10000 + (code - 0xD800) * 0x400 + int(second[1], 16) - 0xDC00)
    rest = raw[first.end() :]
    if not final and len(rest) < 6 and (not rest or re.fullmatch(r"\\(?:u[0-9A-Fa-f]{0,3})?", rest)):
        return at, ""
    return first.end(), chr(code)


def _written(text: str) -> str:
    """The inside of a JSON string that says `text`; halves of characters stay escapes."""
    inside = json.dumps(text, ensure_ascii=False)[1:-1]
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", inside)
