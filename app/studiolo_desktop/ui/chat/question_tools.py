"""Under a question: which of its versions is shown, the way to the others, and a field to edit it in place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import UNFINISHED, ChatTurn
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import IconButton, button, label

FIELD_LINES = 4
ICON = 16


class QuestionEditor(QPlainTextEdit):
    """The field. Enter asks, Shift+Enter breaks the line, Escape leaves all as it was."""

    done = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "editor")
        self.setTabChangesFocus(True)
        self.setFixedHeight(FIELD_LINES * self.fontMetrics().lineSpacing() + 2 * Space.M)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Three keys of its own."""
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not shifted:
            self.done.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class QuestionTools(QWidget):
    """What can be done with a question."""

    edited = Signal(str)
    version_wanted = Signal(int)  # from 0 on
    editing = Signal(bool)  # whether the field is open

    def __init__(self, look: Look, turn: ChatTurn) -> None:
        super().__init__()
        self._look = look
        self._turn = turn
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        self.field = QuestionEditor()
        self.field.done.connect(self._done)
        self.field.left.connect(self.leave)
        column.addWidget(self.field)
        self._answers = QWidget()
        row = QHBoxLayout(self._answers)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addStretch(1)
        self.leave_button = button(self.leave)
        self.ask_button = button(self._done, role="primary")
        row.addWidget(self.leave_button)
        row.addWidget(self.ask_button)
        column.addWidget(self._answers)
        self._tools = QWidget()
        line = QHBoxLayout(self._tools)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        line.addStretch(1)
        self.back_button = IconButton(look, "chevron-left", lambda: self._step(-1), size_px=ICON)
        self.where = label(role="small")
        self.on_button = IconButton(look, "chevron-right", lambda: self._step(1), size_px=ICON)
        self.edit_button = IconButton(look, "edit", self.edit, size_px=ICON)
        for part in (self.back_button, self.where, self.on_button, self.edit_button):
            line.addWidget(part)
        column.addWidget(self._tools)
        self._open(opened=False)
        self.relook()

    def edit(self) -> None:
        """Open the field with the question in it."""
        self.field.setPlainText(self._turn.question)
        self._open(opened=True)
        self.field.setFocus()
        self.field.selectAll()

    def leave(self) -> None:
        """Leave the question as it is."""
        self._open(opened=False)
        self.edit_button.setFocus()

    def refresh(self) -> None:
        """Show the turn as it is now."""
        turn, tr = self._turn, self._look.tr
        many, ended = len(turn.versions) > 1, turn.state not in UNFINISHED
        for part in (self.back_button, self.where, self.on_button):
            part.setVisible(many)
        if many:
            self.where.setText(f"{turn.version + 1}/{len(turn.versions)}")
            self.where.setAccessibleName(tr("chat.version", n=turn.version + 1, of=len(turn.versions)))
            self.back_button.setEnabled(ended and turn.version > 0)
            self.on_button.setEnabled(ended and turn.version < len(turn.versions) - 1)
        self.edit_button.setVisible(ended)
        self.back_button.name(tr("chat.version_before"))
        self.on_button.name(tr("chat.version_after"))
        self.edit_button.name(tr("chat.edit"))

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        for part in (self.back_button, self.on_button, self.edit_button):
            part.repaint_icon()
        self.leave_button.setText(tr("dialog.cancel"))
        self.ask_button.setText(tr("chat.edit_done"))
        self.field.setAccessibleName(tr("chat.edit"))
        self.refresh()

    def _open(self, *, opened: bool) -> None:
        self.field.setVisible(opened)
        self._answers.setVisible(opened)
        self._tools.setVisible(not opened)
        self.editing.emit(opened)

    def _done(self) -> None:
        text = self.field.toPlainText().strip()
        if text:
            self._open(opened=False)
            self.edited.emit(text)

    def _step(self, by: int) -> None:
        self.version_wanted.emit(self._turn.version + by)
