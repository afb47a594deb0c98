"""What stands in the place of a page: that it is being opened, locked, empty, or why it cannot be shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label


class Message(QWidget):
    """A sentence in the middle, and one thing to do about it."""

    def __init__(self, look: Look, *, on_again: Callable[[], None], on_password: Callable[[str], None]) -> None:
        super().__init__()
        self._look = look
        self._on_password = on_password
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XXL, Space.XL, Space.XL)
        column.setSpacing(Space.M)
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = label(role="muted", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setMaximumWidth(260)
        self.password.returnPressed.connect(self._unlock)
        self.again_button = button(on_again)
        self.unlock_button = button(self._unlock)
        column.addWidget(self._icon)
        column.addWidget(self.words)
        for control in (self.password, self.again_button, self.unlock_button):
            column.addWidget(control, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def show_waiting(self) -> None:
        """The page is on its way."""
        self._show("document", self._look.tr("viewer.opening"))

    def show_nothing(self) -> None:
        """Nothing was read of it."""
        self._show("document", self._look.tr("viewer.nothing"))

    def show_locked(self, name: str) -> None:
        """It needs a password."""
        tr = self._look.tr
        self.unlock_button.setText(tr("viewer.unlock"))
        self.password.clear()
        self._show("alert", tr("file.password", name=name), locked=True)
        self.password.setAccessibleName(self.words.text())

    def show_problem(self, problem: Problem) -> None:
        """It cannot be shown."""
        sentence = self._look.sentence(problem)
        self.again_button.setText(self._look.tr("notice.try_again"))
        self._show("alert", f"{sentence.what} {sentence.todo}".strip(), again=True)

    def _show(self, icon: str, words: str, *, again: bool = False, locked: bool = False) -> None:
        self._icon.setPixmap(self._look.pixmap(icon, colour=self._look.tokens.muted, size_px=28))
        self.words.setText(words)
        self.setAccessibleName(words)
        self.again_button.setVisible(again)
        self.password.setVisible(locked)
        self.unlock_button.setVisible(locked)

    @Slot()
    def _unlock(self) -> None:
        if self.password.text():
            self._on_password(self.password.text())
            self.password.clear()
