"""What stands in an empty library: that files may be dropped, and a way to choose them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label


class DropZone(QFrame):
    """Says that files may be dropped, and offers to choose them."""

    def __init__(self, look: Look, *, on_add: Callable[[], None], on_samples: Callable[[], None] | None) -> None:
        super().__init__()
        self._look = look
        self.setProperty("role", "dropzone")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.XL, Space.L, Space.L)
        column.setSpacing(Space.S)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = label(role="muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.add_button = button(on_add)
        self.samples_button = button(on_samples or on_add, role="text")
        self.samples_button.setVisible(on_samples is not None)
        column.addWidget(self._picture)
        column.addWidget(self._text)
        column.addSpacing(Space.XS)
        column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.samples_button, 0, Qt.AlignmentFlag.AlignCenter)
        look.changed.connect(self.relook)
        self.relook()

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._picture.setPixmap(self._look.pixmap("upload", colour=self._look.tokens.muted, size_px=28))
        self._text.setText(tr("docs.empty"))
        self.add_button.setText(tr("add.files"))
        self.samples_button.setText(tr("add.samples"))
