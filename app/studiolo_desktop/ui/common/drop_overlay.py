"""What the window shows while files are held over it. It takes no events itself: the window does."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.theme import RADIUS, Space
from studiolo_desktop.ui.common.controls import label


class DropOverlay(QWidget):
    """A sheet over the whole window that says what letting go will do."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._window = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, on=True)
        column = QVBoxLayout(self)
        column.setSpacing(Space.M)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = label(role="display")
        self._hint = label(role="lead")
        for piece in (self.text, self._hint):
            piece.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addStretch(1)
        column.addWidget(self._picture)
        column.addWidget(self.text)
        column.addWidget(self._hint)
        column.addStretch(1)
        self.hide()

    def appear(self, library: str) -> None:
        """Cover the window."""
        tr = self._look.tr
        self.text.setText(tr("add.drop", library=self._look.library_name(library)))
        self._hint.setText(tr("add.drop_hint"))
        self._picture.setPixmap(self._look.pixmap("upload", colour=self._look.tokens.accent, size_px=44))
        self.setGeometry(self._window.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A veil and a frame."""
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(tokens.canvas)
        veil.setAlphaF(0.985)
        painter.fillRect(event.rect(), veil)
        painter.setPen(QPen(QColor(tokens.accent), 2, Qt.PenStyle.DashLine))
        inset = float(Space.L)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), RADIUS * 1.6, RADIUS * 1.6)
