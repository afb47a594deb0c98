"""One source: its number, document and page, a few words of it, and the whole passage when it is opened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from studiolo.types import Citation, Hit
from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.chat.rich_text import FittedBrowser
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


class SourceCard(QFrame):
    """A card; a click, Enter or Space opens and closes it."""

    toggled = Signal(int)  # its number, when the person opened it

    def __init__(self, look: Look, number: int, hit: Hit, citations: Sequence[Citation]) -> None:
        super().__init__()
        self._look = look
        self.number = number
        self._hit = hit
        self.opened = False
        quotes = [c.quote for c in citations if c.verified and c.quote]
        self.ranges = quote_ranges(hit.passage.text, quotes)
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        tr = look.tr
        where = place(look, hit)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L - 2, Space.M, Space.L - 2, Space.M)
        column.setSpacing(Space.S - 2)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(label(str(number), role="badge" if citations else "badge-quiet"))
        self.title = ElidedLabel(role="strong")
        name = hit.passage.document or tr("sources.removed")  # its document has gone, and its text with it
        self.title.set_whole(name)
        head.addWidget(self.title, 1)
        self.page = label(where, role="small")
        head.addWidget(self.page)
        column.addLayout(head)
        self.snippet = label(snippet(hit.passage.text, self.ranges), role="muted", wrap=True)
        column.addWidget(self.snippet)
        self.passage = FittedBrowser()
        self.passage.setProperty("role", "passage")
        self.passage.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.passage.setVisible(False)
        column.addWidget(self.passage)
        if not citations:
            state, role = tr("sources.read"), "small"
        elif any(c.verified for c in citations):
            state, role = tr("sources.quoted"), "good"
        else:
            state, role = tr("sources.unverified"), "danger"
        self.state = label(state, role=role, wrap=True)
        column.addWidget(self.state)
        self.setAccessibleName(tr("sources.card", n=number, document=name, place=where))
        self.setAccessibleDescription(state)
        self.setToolTip(tr("sources.expand"))

    def set_open(self, opened: bool) -> None:
        """Show the whole passage, or a few words of it."""
        if opened == self.opened:
            return
        self.opened = opened
        if opened and not self.passage.toPlainText():
            self.passage.setHtml(self._html())
            self.passage.setAccessibleName(self._hit.passage.text)
        self.passage.setVisible(opened)
        self.snippet.setVisible(not opened)
        self.setToolTip("" if opened else self._look.tr("sources.expand"))
        self.setProperty("selected", opened)
        restyle(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open or close."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._toggle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space do what a click does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._toggle()
            return
        super().keyPressEvent(event)

    def _toggle(self) -> None:
        self.set_open(not self.opened)
        if self.opened:
            self.toggled.emit(self.number)

    def _html(self) -> str:
        tokens = self._look.tokens
        text = self._hit.passage.text
        parts: list[str] = []
        at = 0
        for start, end in self.ranges:
            parts.append(escape(text[at:start]))
            inks = f"background-color:{tokens.mark}; color:{tokens.mark_ink}"
            parts.append(f'<span style="{inks}">{escape(text[start:end])}</span>')
            at = end
        parts.append(escape(text[at:]))
        paragraphs = "".join(parts).replace("\n", "<br>")
        leading = self._look.leading(self._look.sizes.body)
        return f'<div style="line-height:{leading}%">{paragraphs}</div>'
