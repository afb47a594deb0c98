"""A stored text as its reader sees it, with marks where that differs from what the model read or wrote.

Not for several threads at once: one object a text.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from studiolo.privacy.normalize import fold
from studiolo.privacy.policy import LITERAL
from studiolo.privacy.stream import StreamScreen
from studiolo.privacy.tokens import Token, read_token
from studiolo.types import Edit, Mark, Sides


class MarkingScreen(StreamScreen):
    """A `StreamScreen` that notes what it puts in place of what."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self._kinds: deque[tuple[str, bool]] = deque()  # of what is put next: its type, and whether it is hidden
        self._taken = 0  # code points of the text that are through
        self._longer = 0  # by how much what was emitted is longer than that
        self._marks: list[tuple[str, bool, int, int, int, int]] = []

    def sides(self, text: str) -> Sides:
        """All of `text`, as the model wrote it, from both sides. Raises PolicyBlock.

        Without marks where a person's own patterns, which are looked for by the sentence, changed it once more.
        """
        shown = self.feed(text) + self.finish()
        if len(shown) != len(text) + self._longer:
            return Sides(shown, text)
        marks = (
            Mark(kind, start, end, first, last, token_in(text[first:last]), hidden)
            for kind, hidden, start, end, first, last in self._marks
            if kind != LITERAL
        )
        return Sides(shown, text, tuple(marks))

    def _glide(self, chunk: str) -> str | None:  # noqa: ARG002 - its name is the stream's
        return None  # every piece goes through `_scan`

    def _scan(self, chunk: str, *, final: bool) -> str:
        self._kinds.clear()
        before = len(self._pending) + len(chunk)
        out = super()._scan(chunk, final=final)
        self._taken += before - len(self._pending)
        return out

    def _shown(self, kind: str, value: str, shown: str) -> str:
        put = super()._shown(kind, value, shown)
        self._kinds.append((kind, put != shown))
        return put

    def _replaced(self, start: int, stop: int, put: str) -> None:
        kind, hidden = self._kinds.popleft()
        first, last = self._taken + start, self._taken + stop
        at = first + self._longer
        self._marks.append((kind, hidden, at, at + len(put), first, last))
        self._longer += len(put) - (last - first)


def token_in(text: str) -> str:
    """The canonical name of the token that `text` is, "" where it is none."""
    folded = fold(text).text
    token = read_token(folded, 0, final=True) if folded else None
    return token.name if isinstance(token, Token) and token.end == len(folded) else ""


def question_sides(question: str, screened: str, edits: tuple[Edit, ...]) -> Sides:
    """A question from both sides; `edits` are those that made `screened` of it. The owner reads it as it was put."""
    marks = (
        Mark(e.type, e.start, e.end, e.new_start, e.new_end, token_in(screened[e.new_start : e.new_end]))
        for e in edits
        if e.type != LITERAL
    )
    return Sides(question, screened, tuple(marks))
