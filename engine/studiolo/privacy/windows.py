"""Finding new names in an answer while it is written, a sentence at a time.

A window is a sentence: it ends behind an end mark, at a line's end, or where it has grown too long, and so depends on
the text alone, never on how the stream was cut. What goes in has been through the units (`stream.py`), which mask
secrets and known values: what stands for those is left alone.
The name finder comes as a callable over a batch of folded texts, so that this module needs no model's library; all
windows that one piece completes are read together.

Not for several threads at once. Lets exceptions pass: the stream fails closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers.base import Family, Match
from studiolo.privacy.spans import resolve

Names = Callable[[Sequence[str]], Sequence[Iterable[Match]]]
"""Folded texts -> the names in each."""

LONGEST = 240  # code points of a window; longer sentences are cut at the last blank before
_CONTEXT = 96  # code points of the windows before that the rules for titles and addresses may look at
# A full stop ends a sentence where a blank follows and no title, initial or number stands before it.
_ABBREVIATED = r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bProf)(?<!\bSt)(?<!\bNo)(?<!\b[A-Z])(?<!\b[0-9])"
# A line's end is none inside a number that goes on in the next line.
_LINE = r"\n{2,}|(?<![0-9A-Z\n])\n|\n(?![0-9A-Z\n])"
_MARK = r"[。！？!?]+[”’」』\"')）]*(?=[^”’」』\"')）。！？!?])"
_END = re.compile(rf"{_LINE}|{_MARK}|{_ABBREVIATED}\.[”’\"')]*(?=[ \n])")
_BLANK = re.compile(r"[\s，、；,;]")
_TOKEN = re.compile(r"<[A-Z][A-Z_0-9]*>")
_LETTER = re.compile(r"[^\W\d_]")


class Windows:
    """The second half of an answer's stream, for readers who may not see new names."""

    def __init__(
        self,
        names: Names,
        *,
        families: Sequence[Family],
        hidden: Callable[[str], bool],
        shown: Callable[[str, str], str],
    ) -> None:
        """`families`: rules whose values span words. `hidden(type)`: whether it is masked, by `shown(type, value)`."""
        self._names = names
        self._families = tuple(families)
        self._hidden = hidden
        self._shown = shown
        self._pending = ""
        self._left = ""  # folded

    def feed(self, text: str, *, ahead: str = "") -> str:
        """The windows that are complete with `text`.

        `ahead`: the code point that comes next, where it is known already and ends a sentence just as what will stand
        for it does, if it is masked.
        """
        self._pending += text
        return self._read(ahead, final=False)

    def finish(self) -> str:
        """The rest."""
        return self._read("", final=True)

    def _read(self, ahead: str, *, final: bool) -> str:
        windows: list[str] = []
        at = 0
        while at < len(self._pending):
            end = _window_end(self._pending, at, ahead=ahead, final=final)
            if end is None:
                break
            windows.append(self._pending[at:end])
            at = end
        self._pending = self._pending[at:]
        if not windows:
            return ""
        folded = [fold(window) for window in windows]
        asked = [number for number, one in enumerate(folded) if _LETTER.search(one.text)]
        found = dict(zip(asked, self._names([folded[number].text for number in asked]), strict=True)) if asked else {}
        out: list[str] = []
        for number, (window, one) in enumerate(zip(windows, folded, strict=True)):
            matches = [*found.get(number, ()), *self._ruled(one.text)]
            tokens = [token.span() for token in _TOKEN.finditer(one.text)]
            kept = [part for match in matches if self._hidden(match.type) for part in _beside(match, tokens, one.text)]
            last = 0
            for match in resolve(one.text, kept):
                start, end = one.original(match.start, match.end)
                start = max(start, last)
                out += [window[last:start], self._shown(match.type, window[start:end])]
                last = end
            out.append(window[last:])
            self._left = (self._left + one.text)[-_CONTEXT:]
        return "".join(out)

    def _ruled(self, text: str) -> list[Match]:
        base = len(self._left)
        whole = self._left + text
        return [
            Match(match.type, max(0, match.start - base), match.end - base, match.score, match.proven)
            for family in self._families
            for match in family.find(whole, 0, len(whole))
            if match.end > base
        ]


def _beside(match: Match, tokens: Sequence[tuple[int, int]], text: str) -> Iterator[Match]:
    """The parts of a match outside of tokens that hold a letter or a digit."""
    at = match.start
    for start, end in [*tokens, (match.end, match.end)]:
        if end < at or start > match.end:
            continue
        part = replace(match, start=at, end=min(start, match.end))
        if any(character.isalnum() for character in text[part.start : part.end]):
            yield part
        at = max(at, end)


def _window_end(text: str, start: int, *, ahead: str = "", final: bool) -> int | None:
    """Where the window at `start` ends; None while that is not known. `ahead`: what comes behind the text."""
    more = text + ahead
    stop = min(len(more), start + LONGEST)
    found = _END.search(more, start, stop)
    # An end at the last code point could be different one code point later.
    if found is not None and found.end() <= len(text) and (found.end() < stop or stop == start + LONGEST):
        return found.end()
    stop = min(len(text), start + LONGEST)
    if stop == start + LONGEST:
        return max((m.end() for m in _BLANK.finditer(text, start + LONGEST // 2, stop)), default=stop)
    return len(text) if final else None
