"""The picture of a page, with what is marked on it drawn over it. The sheet is paper, in the dark theme too."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studiolo.types import PageBox
from studiolo_desktop.theme import LIGHT

EDGE = 2.0  # pixels a mark is wider than its words


class Sheet(QWidget):
    """One page, as large as its owner says."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QImage()
        self._sure = True
        self.boxes: tuple[PageBox, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_picture(self, picture: QImage, boxes: tuple[PageBox, ...], *, sure: bool) -> None:
        """Show a page; `sure` False: its marks are a passage that was named, and not words that were found."""
        self._picture, self.boxes, self._sure = picture, boxes, sure
        self.update()

    def fit(self, width: int) -> None:
        """Be `width` pixels wide, as high as the page is then."""
        if not self._picture.isNull():
            self.setFixedSize(QSize(width, max(1, round(width * self._picture.height() / self._picture.width()))))

    def marks(self) -> list[QRectF]:
        """Where the marks are, in pixels of this widget."""
        width, height = self.width(), self.height()
        return [
            QRectF(
                QPointF(box.left * width - EDGE, box.top * height - EDGE),
                QPointF(box.right * width + EDGE, box.bottom * height + EDGE),
            )
            for box in self.boxes
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        """The paper, then the marks, as a pen of that colour would make them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipRect(event.rect())
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        painter.drawImage(QRectF(self.rect()), self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self.marks():
            if self._sure:
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(LIGHT.mark))
            else:
                painter.setPen(QPen(QColor(LIGHT.danger), 1.2, Qt.PenStyle.DashLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(mark, 3, 3)
