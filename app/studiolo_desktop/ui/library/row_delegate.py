"""Paints one row of a library: icon, name, one line below it, and a bar while a file is worked on."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studiolo.types import Document
from studiolo_desktop.look import Look
from studiolo_desktop.theme import RADIUS_SMALL, Space
from studiolo_desktop.ui.library.rows import ROW, WORDS, Row, is_bad

ICON = 20
BAR = 3
GAP = 2


class RowDelegate(QStyledItemDelegate):
    """All rows are of one height: a list of thousands then asks for one size alone."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        """Two lines, a bar's room, and air."""
        name, small = self._fonts(option.font)
        lines = QFontMetrics(name).height() + QFontMetrics(small).height()
        return QSize(120, lines + 2 * GAP + BAR + 2 * Space.S)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One row."""
        row: Row | None = index.data(ROW)
        if row is None:
            return
        tokens = self._look.tokens
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = option.rect.adjusted(Space.XS, 1, -Space.XS, -1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = chosen and bool(option.state & QStyle.StateFlag.State_HasFocus)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(tokens.accent), 1) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent_soft if chosen else tokens.line))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_SMALL, RADIUS_SMALL)
        icon, colour = self._icon(row)
        left, top = rect.left() + Space.S, rect.top() + Space.S
        painter.drawPixmap(left, top, self._look.icon(icon, colour=colour, size_px=ICON).pixmap(ICON, ICON))
        left += ICON + Space.M
        width = rect.right() - Space.S - left
        name, small = self._fonts(option.font)
        metrics = QFontMetrics(name)
        painter.setFont(name)
        painter.setPen(QColor(tokens.text))
        line = QRect(left, top, width, metrics.height())
        words = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(QPoint(left, line.top() + metrics.ascent()), words)  # by the baseline: Chinese is not cut
        metrics = QFontMetrics(small)
        painter.setFont(small)
        painter.setPen(QColor(tokens.danger if is_bad(row) else tokens.muted))
        line = QRect(left, line.bottom() + 1 + GAP, width, metrics.height())
        words = metrics.elidedText(str(index.data(WORDS)), Qt.TextElideMode.ElideRight, width)
        painter.drawText(QPoint(left, line.top() + metrics.ascent()), words)
        if not isinstance(row, Document) and row.state == "working":
            self._bar(painter, QRectF(left, line.bottom() + 1 + GAP, width, BAR), row.fraction)
        painter.restore()

    def _bar(self, painter: QPainter, whole: QRectF, fraction: float) -> None:
        tokens = self._look.tokens
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line_strong))
        painter.drawRoundedRect(whole, BAR / 2, BAR / 2)
        painter.setBrush(QColor(tokens.accent))
        painter.drawRoundedRect(
            QRectF(whole.left(), whole.top(), whole.width() * fraction, whole.height()), BAR / 2, BAR / 2
        )

    def _icon(self, row: Row) -> tuple[str, str]:
        tokens = self._look.tokens
        if is_bad(row):
            return "alert", tokens.danger
        if not isinstance(row, Document) and row.state in ("added", "updated", "unchanged"):
            return "check", tokens.accent
        if not isinstance(row, Document) and row.state == "paused":
            return "pause", tokens.muted
        return "document", tokens.muted

    def _fonts(self, base: QFont) -> tuple[QFont, QFont]:
        name, small = QFont(base), QFont(base)
        name.setPixelSize(self._look.sizes.body)
        small.setPixelSize(self._look.sizes.small)
        return name, small
