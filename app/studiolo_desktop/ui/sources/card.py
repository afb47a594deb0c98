"""A passage as a card: its number, document, page, a few words of it, and why it is shown. A click opens its page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from studiolo.types import Citation, Hit
from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.chat.turn_view import place
from studiolo_desktop.ui.common.controls import ElidedLabel, label, restyle

SNIPPET_CHARACTERS = 150


def quote_ranges(text: str, quotes: Sequence[str]) -> list[tuple[int, int]]:
    """Where the quotes stand in a passage, code points, merged and in order. White space need not agree."""
    found: list[tuple[int, int]] = []
    for quote in quotes:
        words = quote.split()
        if not words:
            continue
        match = re.search(r"\s*".join(re.escape(word) for word in words), text)
        if match:
            found.append(match.span())
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def snippet(text: str, ranges: Sequence[tuple[int, int]]) -> str:
    """A few words of a passage, around the first quote where there is one."""
    start = max(0, ranges[0][0] - 30) if ranges else 0
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    end = start + SNIPPET_CHARACTERS
    if end < len(text):
        space = text.rfind(" ", end - 20, end + 1)  # Chinese has none, and may be cut anywhere
        end = space if space >= 0 else end
    words = " ".join(text[start:end].split())
    return ("… " if start else "") + words + (" …" if end < len(text) else "")


class PassageCard(QFrame):
    """A card; a click, Enter or Space opens the page, where its document is still there."""

    opened = Signal(int)  # its number

    def __init__(self, look: Look, number: int, hit: Hit, citations: Sequence[Citation] | None) -> None:
        """`citations`: what an answer quotes of it; None: it was found by a search, and no answer is about it."""
        super().__init__()
        self.number = number
        quotes = [c.quote for c in citations or () if c.verified and c.quote]
        self.ranges = quote_ranges(hit.passage.text, quotes)
        self.there = bool(hit.passage.document_id)
        self.unsure = bool(citations) and not any(c.verified for c in citations or ())
        self.setProperty("role", "card")
        self.setProperty("unsure", self.unsure)
        tr = look.tr
        where = place(look, hit)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L - 2, Space.M, Space.L - 2, Space.M)
        column.setSpacing(Space.S - 2)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(label(str(number), role="badge" if citations and not self.unsure else "badge-quiet"))
        self.title = ElidedLabel(role="strong")
        name = hit.passage.document or tr("sources.removed")  # its document has gone, and its text with it
        self.title.set_whole(name)
        head.addWidget(self.title, 1)
        self.page = label(where, role="small")
        head.addWidget(self.page)
        column.addLayout(head)
        self.snippet = label(snippet(hit.passage.text, self.ranges), role="muted", wrap=True)
        column.addWidget(self.snippet)  # first: shown without a parent it would be a window of its own
        self.snippet.setVisible(bool(hit.passage.text))
        state, role = "", "small"
        if self.unsure:
            state, role = tr("sources.unverified"), "danger"
        elif citations:
            state, role = tr("sources.quoted"), "good"
        elif citations is not None:
            state = tr("sources.read")
        self.state = label(state, role=role, wrap=True)
        column.addWidget(self.state)
        self.state.setVisible(bool(state))
        if hit.suspicious:
            column.addWidget(label(tr("sources.suspicious"), role="danger", wrap=True))
        self.setAccessibleName(tr("sources.card", n=number, document=name, place=where))
        self.setAccessibleDescription(f"{state} {self.snippet.text()}".strip())
        if self.there:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setToolTip(tr("sources.open"))

    def set_chosen(self, chosen: bool) -> None:
        """Stand out from the others."""
        if self.property("selected") != chosen:
            self.setProperty("selected", chosen)
            restyle(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the page."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space do what a click does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
            return
        super().keyPressEvent(event)

    def _open(self) -> None:
        if self.there:
            self.opened.emit(self.number)
