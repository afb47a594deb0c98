"""Asking before something cannot be undone, or leads out of the window. One place, so that tests can answer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label


class Confirm(QDialog):
    """A question with two answers; the safe one has the focus."""

    def __init__(
        self,
        look: Look,
        *,
        title: str = "",
        text: str,
        yes: str,
        field: bool = False,
        secret: bool = False,
        also: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`field`: with a line to type into (`secret`: unseen). `also`: a choice beside it, not made at first."""
        super().__init__(parent)
        self.setModal(True)
        self.setWindowTitle(title or look.tr("app.name"))
        self.setMinimumWidth(look.sizes.px(400))
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        if title:
            column.addWidget(label(title, role="title", wrap=True))
        said = label(text, wrap=True, selectable=True)
        column.addWidget(said)
        self.field = QLineEdit()
        self.field.setAccessibleName(text)
        self.field.setVisible(field)
        if secret:
            self.field.setEchoMode(QLineEdit.EchoMode.Password)
        column.addWidget(self.field)
        self.also = QCheckBox(also.replace("&", "&&"))
        self.also.setVisible(bool(also))
        column.addWidget(self.also)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addStretch(1)
        self.no_button = button(self.reject, text=look.tr("dialog.cancel"))
        self.yes_button = button(self.accept, text=yes, role="primary")
        row.addWidget(self.no_button)
        row.addWidget(self.yes_button)
        column.addLayout(row)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        if field:
            self.yes_button.setDefault(True)
            self.field.setFocus()
        else:
            self.no_button.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """As high as its words need at this width: Qt does not ask wrapped text by itself."""
        super().showEvent(event)
        layout = self.layout()
        if layout is not None:
            self.resize(self.width(), max(self.height(), layout.heightForWidth(self.width())))
