"""Under a question: which of its versions is shown, the way to the others, and a field to edit it in place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import UNFINISHED, ChatTurn
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import IconButton, button, label

FIELD_LINES = 4
ICON = 16


class QuestionField(QPlainTextEdit):
    """The field. Enter asks, Shift+Enter breaks the line, Escape leaves all as it was."""

    done = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "editor")
        self.setTabChangesFocus(True)
        self.setFixedHeight(FIELD_LINES * self.fontMetrics().lineSpacing() + 2 * Space.M)

    def event(self, event: QEvent) -> bool:
        """Escape is the field's, not the window's."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Three keys of its own."""
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not shifted:
            self.done.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class QuestionEditor(QWidget):
    """A question to be edited, and what then becomes of it."""

    done = Signal(str)
    left = Signal()

    def __init__(self, look: Look, question: str) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        self.field = QuestionField()
        self.field.setAccessibleName(look.tr("chat.edit"))
        self.field.setPlainText(question)
        self.field.selectAll()
        self.field.done.connect(self._finish)
        self.field.left.connect(self.left)
        column.addWidget(self.field)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addStretch(1)
        row.addWidget(button(self.left.emit, text=look.tr("dialog.cancel")))
        row.addWidget(button(self._finish, role="primary", text=look.tr("chat.edit_done")))
        column.addLayout(row)

    def _finish(self) -> None:
        text = self.field.toPlainText().strip()
        if text:
            self.done.emit(text)


class QuestionTools(QWidget):
    """What can be done with a question."""

    edited = Signal(str)
    version_wanted = Signal(int)  # from 0 on
    editing = Signal(bool)  # whether the field is open

    def __init__(self, look: Look, turn: ChatTurn) -> None:
        super().__init__()
        self._look = look
        self._turn = turn
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.editor: QuestionEditor | None = None
        self._shown: tuple[object, ...] = ()
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
        self._column.addWidget(self._tools)
        self.relook()

    def edit(self) -> None:
        """Put a field in the question's place, with the question in it."""
        if self.editor is None:
            self.editor = QuestionEditor(self._look, self._turn.question)
            self.editor.done.connect(self._done)
            self.editor.left.connect(self.leave)
            self._column.addWidget(self.editor)
            self._tools.hide()
            self.editing.emit(True)
        self.editor.field.setFocus()

    def take(self, turn: ChatTurn) -> None:
        """Be for this turn from now on."""
        self._close()
        self._turn = turn
        self._shown = ()
        self.refresh()

    def leave(self) -> None:
        """Leave the question as it is."""
        self._close()
        self.edit_button.setFocus()

    def refresh(self) -> None:
        """Show the turn as it is now."""
        turn, tr = self._turn, self._look.tr
        many, ended = len(turn.versions) > 1, turn.state not in UNFINISHED
        content = (turn.versions, ended, tr.language)
        if content == self._shown:  # while an answer is written, nothing changes here
            return
        self._shown = content
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
        for part in (self.back_button, self.on_button, self.edit_button):
            part.repaint_icon()
        self.refresh()

    def _close(self) -> None:
        if self.editor is not None:
            self.editor.hide()
            self.editor.deleteLater()
            self.editor = None
            self._tools.show()
            self.editing.emit(False)

    def _done(self, text: str) -> None:
        self._close()
        self.edited.emit(text)

    def _step(self, by: int) -> None:
        self.version_wanted.emit(self._turn.version + by)
