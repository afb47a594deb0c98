"""A switch: a check box in the house's look. It paints itself, in the theme's colours, and grows with the text."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from studiolo_desktop.look import Look

_WIDTH, _HEIGHT, _INSET = 42, 26, 3  # pixels at the system's size of text; the inset is for the ring of the focus


class Switch(QCheckBox):
    """On or off; it has no text of its own."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """As large as the text asks for."""
        return QSize(self._look.sizes.px(_WIDTH), self._look.sizes.px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        """No smaller."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """All of it can be pressed."""
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The slot, the knob where it stands, and a ring where the focus is."""
        tokens = self._look.tokens
        on, enabled = self.isChecked(), self.isEnabled()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        slot = QRectF(self.rect()).adjusted(_INSET, _INSET, -_INSET, -_INSET)
        ground = tokens.accent if on and enabled else tokens.line_strong if on else tokens.sunken
        painter.setBrush(QColor(ground))
        painter.setPen(QPen(QColor(ground if on else tokens.muted if enabled else tokens.line_strong), 1))
        painter.drawRoundedRect(slot, slot.height() / 2, slot.height() / 2)
        side = slot.height() - 6
        left = slot.right() - side - 3 if on else slot.left() + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.on_accent if on else tokens.muted if enabled else tokens.line_strong))
        painter.drawEllipse(QRectF(left, slot.top() + 3, side, side))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 1.5))
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
