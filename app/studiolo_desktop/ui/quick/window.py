"""A small window for one question: ask, read, close; or go on in the window itself, in a conversation of its own.

Qt has no way to take a key for the whole system: within Studiolo it opens by its shortcut and from the tray's icon.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.chat.rich_text import AnswerText
from studiolo_desktop.ui.common.controls import button, label
from studiolo_desktop.ui.common.scroll import ScrollColumn


class QuickWindow(QWidget):
    """One question and its answer."""

    def __init__(self, look: Look, chat: ChatModel, models: ModelsModel, *, on_open: Callable[[], None]) -> None:
        super().__init__(None, Qt.WindowType.Tool | Qt.WindowType.WindowStaysOnTopHint)
        self._look = look
        self._chat = chat
        self._models = models
        self._on_open = on_open
        self._turn: ChatTurn | None = None
        self.setProperty("role", "canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, on=True)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, on=False)
        self.resize(look.sizes.px(520), look.sizes.px(320))
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.M)
        column.setSpacing(Space.M)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        self.field = QLineEdit()
        self.field.returnPressed.connect(self.ask)
        self.ask_button = button(self.ask, role="primary")
        line.addWidget(self.field, 1)
        line.addWidget(self.ask_button)
        column.addLayout(line)
        self.answer = AnswerText(look)
        self._page = ScrollColumn(margin=0, gap=0)
        self._page.append(self.answer)
        column.addWidget(self._page, 1)
        foot = QHBoxLayout()
        foot.setSpacing(Space.S)
        self.state = label(role="small", wrap=True)
        self.open_button = button(self._open, role="text")
        foot.addWidget(self.state, 1)
        foot.addWidget(self.open_button)
        column.addLayout(foot)
        chat.turn_changed.connect(self._turn_changed)
        chat.busy_changed.connect(self.refresh)
        models.changed.connect(self.refresh)
        look.changed.connect(self.relook)
        self.relook()

    def appear(self) -> None:
        """Come forward, ready to be written into."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.field.setFocus()
        self.field.selectAll()

    @Slot()
    def ask(self) -> None:
        """Ask what is written, in a conversation of its own."""
        text = self.field.text().strip()
        if not text or self._chat.busy or self._models.chosen is None:
            return
        self._chat.new_conversation()
        if self._chat.ask(text):
            self._turn = self._chat.turns[-1]
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """What can be done now, and how far the answer is."""
        tr, turn = self._look.tr, self._turn
        mine = turn is not None and self._chat.running is turn
        can_ask = self._models.chosen is not None and not self._chat.busy
        self.ask_button.setEnabled(can_ask)
        self.answer.show_markdown(turn.answer if turn is not None else "", frozenset(), writing=mine)
        self.answer.setVisible(turn is not None)
        if self._models.known and self._models.chosen is None:
            text = tr("composer.placeholder_no_model")
        elif mine:
            text = tr("quick.answering")
        elif self._chat.busy:
            text = tr("quick.busy")
        elif turn is not None and turn.problem is not None:
            sentence = self._look.sentence(turn.problem)
            text = f"{sentence.what} {sentence.todo}".strip()
        else:
            text = ""
        self.state.setText(text)
        self.open_button.setVisible(turn is not None)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.setWindowTitle(tr("quick.title"))
        self.field.setPlaceholderText(tr("composer.placeholder"))
        self.field.setAccessibleName(tr("composer.name"))
        self.answer.setAccessibleName(tr("chat.answer"))
        self.ask_button.setText(tr("quick.ask"))
        self.open_button.setText(tr("quick.open"))
        self.refresh()

    def _open(self) -> None:
        self.hide()
        self._on_open()

    @Slot(object)
    def _turn_changed(self, turn: ChatTurn) -> None:
        if turn is self._turn:
            self.refresh()
