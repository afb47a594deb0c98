"""Where one writes: a field that grows, a button to add documents, and one that sends or stops.

What is being written belongs to its conversation and is there again when that is opened.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.drafts import Drafts
from studiolo_desktop.theme import READING_WIDTH, Space
from studiolo_desktop.ui.common.controls import IconButton, label, restyle

MOST_LINES = 8


class QuestionField(QPlainTextEdit):
    """The field. Enter sends, Shift+Enter breaks the line."""

    send = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "composer")
        self.setAcceptDrops(False)  # files dropped here are dropped on the window
        self.viewport().setAcceptDrops(False)
        self.viewport().setAutoFillBackground(False)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self.fit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends unless Shift is held."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.send.emit()
            return
        super().keyPressEvent(event)

    @Slot()
    def fit(self) -> None:
        """As high as what is written, up to a few lines."""
        line = QFontMetrics(self.font()).lineSpacing()
        lines = max(1, min(MOST_LINES, int(self.document().size().height())))
        self.setFixedHeight(lines * line + 8)
        many = self.document().size().height() > MOST_LINES
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if many else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )


class Composer(QWidget):
    """The field and its buttons, as wide as the column one reads."""

    def __init__(self, look: Look, chat: ChatModel, drafts: Drafts, on_add: Callable[[], None]) -> None:
        super().__init__()
        self._look = look
        self._chat = chat
        self._drafts = drafts
        self._shown = chat.conversation_id  # whose draft is in the field
        self._can_ask = True
        outer = QHBoxLayout(self)
        outer.setContentsMargins(Space.XL, Space.S, Space.XL, Space.M)
        column = QVBoxLayout()
        column.setSpacing(Space.S)
        self._frame = QFrame()
        self._frame.setProperty("role", "composer")
        self._frame.setMaximumWidth(READING_WIDTH + 2 * Space.L)
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        row.setSpacing(Space.S)
        self.add_button = IconButton(look, "plus", on_add, size_px=22)
        self.field = QuestionField()
        self.field.send.connect(self.send)
        self.field.setPlainText(drafts.text(self._shown))
        self.field.textChanged.connect(self.refresh)
        self.field.textChanged.connect(self._keep)
        self.field.installEventFilter(self)
        self.send_button = IconButton(look, "send", self._press, size_px=20, colour="on_accent")
        self.send_button.setProperty("role", "send")
        self.send_button.fix_size(34, 34)
        row.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.field, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.send_button, 0, Qt.AlignmentFlag.AlignBottom)
        self._hint = label(role="small", wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._frame)
        column.addWidget(self._hint)
        outer.addStretch(1)
        outer.addLayout(column, 1000)
        outer.addStretch(1)
        chat.busy_changed.connect(self.refresh)
        chat.conversation_changed.connect(self._conversation_changed)
        look.changed.connect(self.relook)
        self.relook()

    def set_can_ask(self, can_ask: bool) -> None:
        """Whether there is a model to answer."""
        self._can_ask = can_ask
        self.refresh()

    @Slot()
    def send(self) -> None:
        """Ask what is written."""
        if self._can_ask and self._chat.ask(self.field.toPlainText()):
            self.field.clear()

    @Slot()
    def refresh(self) -> None:
        """Send or stop; possible or not."""
        tr = self._look.tr
        busy = self._chat.busy
        self.send_button.set_icon("stop" if busy else "send")
        self.send_button.name(tr("composer.stop") if busy else tr("composer.send"))
        ready = self._can_ask and bool(self.field.toPlainText().strip())
        self.send_button.setEnabled(busy or ready)
        key = "composer.placeholder" if self._can_ask else "composer.placeholder_no_model"
        self.field.setPlaceholderText(tr(key))

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.field.setAccessibleName(tr("composer.name"))
        self.add_button.name(tr("composer.add"))
        self.add_button.repaint_icon()
        self._hint.setText(tr("composer.hint"))
        self.field.fit()
        self.refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The frame shows where the focus is."""
        if watched is self.field and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._frame.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            restyle(self._frame)
        return super().eventFilter(watched, event)

    @Slot()
    def _keep(self) -> None:
        self._drafts.keep_text(self._shown, self.field.toPlainText())

    @Slot(str)
    def _conversation_changed(self, conversation_id: str) -> None:
        before, self._shown = self._shown, conversation_id
        if not before and self._chat.busy:  # the same one, which has been given its name
            self._drafts.keep_text("", "")
            self._keep()
        elif before != conversation_id:
            self.field.setPlainText(self._drafts.text(conversation_id))
            self.field.moveCursor(QTextCursor.MoveOperation.End)

    def _press(self) -> None:
        if self._chat.busy:
            self._chat.stop()
        else:
            self.send()
