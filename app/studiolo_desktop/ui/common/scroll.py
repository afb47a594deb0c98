"""A column that scrolls up and down, transparent, with no frame."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class ScrollColumn(QScrollArea):
    """Widgets one below the other; `column` is their layout, with a stretch at its end."""

    def __init__(self, *, margin: int, gap: int) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        body.setProperty("role", "clear")
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(margin, margin, margin, margin)
        self.column.setSpacing(gap)
        self.column.addStretch(1)
        self.setWidget(body)
        self.viewport().setAutoFillBackground(False)

    def append(self, widget: QWidget) -> None:
        """Put a widget at the end."""
        self.column.insertWidget(self.column.count() - 1, widget)

    def clear(self) -> None:
        """Take all out."""
        while self.column.count() > 1:
            item = self.column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
