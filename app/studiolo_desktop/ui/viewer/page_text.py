"""A page's text where it has no picture, with what is marked on it. Plain text: a document is never markup here."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextBrowser

from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.chat.rich_text import SafeDocument


class PageText(QTextBrowser):
    """The text."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setDocument(SafeDocument(self))
        self.document().setDocumentMargin(Space.L)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setProperty("role", "passage")
        self.marks: list[tuple[int, int]] = []  # in QTextCursor's positions

    def show_text(self, text: str, ranges: tuple[tuple[int, int], ...], *, sure: bool) -> None:
        """Show a page; `ranges` are code points. `sure` False: a passage that was named, not words that were found."""
        self.setPlainText(text)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        leading = QTextBlockFormat()
        percent = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
        leading.setLineHeight(self._look.leading(self._look.sizes.body), percent)
        cursor.mergeBlockFormat(leading)
        self.marks = [(utf16(text, start), utf16(text, end)) for start, end in ranges]
        for start, end in self.marks:
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(self._ink(sure=sure))
        QTimer.singleShot(0, self, self.to_mark)

    def to_mark(self) -> None:
        """Bring the first mark into view, with a little of what stands before it."""
        bar = self.verticalScrollBar()
        if not self.marks:
            bar.setValue(0)
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(self.marks[0][0])
        self.setTextCursor(cursor)
        bar.setValue(bar.value() + self.cursorRect(cursor).top() - self.viewport().height() // 4)

    def _ink(self, *, sure: bool) -> QTextCharFormat:
        tokens = self._look.tokens
        ink = QTextCharFormat()
        if sure:
            ink.setBackground(QColor(tokens.mark))
            ink.setForeground(QColor(tokens.mark_ink))
        else:
            ink.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
            ink.setUnderlineColor(QColor(tokens.danger))
        return ink


def utf16(text: str, position: int) -> int:
    """A position in code points, as one in UTF-16 units, which Qt counts in."""
    return position + sum(character > "\uffff" for character in text[:position])
