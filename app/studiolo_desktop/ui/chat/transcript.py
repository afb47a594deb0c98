"""The turns of a conversation, one below the other, the latest kept in view while it is being written.

Only the last turns are built; earlier ones when the person asks for them, so that a long conversation opens at once.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.theme import READING_WIDTH, Space
from studiolo_desktop.ui.chat.turn_view import TurnView
from studiolo_desktop.ui.common.controls import button
from studiolo_desktop.ui.common.scroll import ScrollColumn

AT_ONCE = 30


class Transcript(ScrollColumn):
    """The conversation."""

    source_wanted = Signal(object, int)  # ChatTurn, number
    link_wanted = Signal(str)
    seen_wanted = Signal(object)  # ChatTurn
    built = Signal(object)  # TurnView

    def __init__(self, look: Look, chat: ChatModel) -> None:
        super().__init__(margin=0, gap=0)
        self._look = look
        self._chat = chat
        self._views: dict[int, TurnView] = {}
        self._first = 0
        self._following = True
        page = QWidget()
        page.setMaximumWidth(READING_WIDTH)
        page.setProperty("role", "clear")
        self._turns = QVBoxLayout(page)
        self._turns.setContentsMargins(0, Space.XL, 0, Space.S)
        self._turns.setSpacing(0)
        self._earlier = button(self._show_earlier, role="text")
        self._turns.addWidget(self._earlier)
        holder = QWidget()
        holder.setProperty("role", "clear")
        row = QHBoxLayout(holder)
        row.setContentsMargins(Space.XL + Space.L, 0, Space.XL + Space.L, 0)
        row.addStretch(1)
        row.addWidget(page, 1000)
        row.addStretch(1)
        self.append(holder)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(self._range_changed)
        bar.valueChanged.connect(self._moved)
        chat.reset.connect(self.rebuild)
        chat.turn_added.connect(self._added)
        chat.turn_changed.connect(self._changed)
        look.changed.connect(self.relook)
        self.setAccessibleName(look.tr("chat.name"))
        self.rebuild()

    def view(self, turn: ChatTurn) -> TurnView | None:
        """The view of a turn, if it is built."""
        return self._views.get(turn.key)

    @Slot()
    def rebuild(self) -> None:
        """Show another conversation."""
        for view in self._views.values():
            view.hide()
            self._turns.removeWidget(view)
            view.deleteLater()
        self._views.clear()
        self._first = max(0, len(self._chat.turns) - AT_ONCE)
        for turn in self._chat.turns[self._first :]:
            self._turns.addWidget(self._build(turn))
        self._refresh_earlier()
        self.follow()

    @Slot()
    def follow(self) -> None:
        """Stay at the end."""
        self._following = True
        QTimer.singleShot(0, self, self._to_end)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        self.setAccessibleName(self._look.tr("chat.name"))
        self._refresh_earlier()
        for view in self._views.values():
            view.relook()

    def _build(self, turn: ChatTurn) -> TurnView:
        view = TurnView(self._look, turn, self._chat.ask_again)
        view.source_wanted.connect(self.source_wanted)
        view.link_wanted.connect(self.link_wanted)
        view.seen_wanted.connect(self.seen_wanted)
        self._views[turn.key] = view
        self.built.emit(view)
        return view

    def _refresh_earlier(self) -> None:
        self._earlier.setText(self._look.tr("chat.earlier_turns"))
        self._earlier.setVisible(self._first > 0)

    def _show_earlier(self) -> None:
        start = max(0, self._first - AT_ONCE)
        self._following = False
        for offset, turn in enumerate(self._chat.turns[start : self._first]):
            self._turns.insertWidget(1 + offset, self._build(turn))
        self._first = start
        self._refresh_earlier()

    @Slot(object)
    def _added(self, turn: ChatTurn) -> None:
        self._turns.addWidget(self._build(turn))
        self.follow()

    @Slot(object)
    def _changed(self, turn: ChatTurn) -> None:
        view = self._views.get(turn.key)
        if view is not None:
            view.refresh()

    @Slot()
    def _to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    @Slot(int, int)
    def _range_changed(self, _least: int, most: int) -> None:
        if self._following:
            self.verticalScrollBar().setValue(most)

    @Slot(int)
    def _moved(self, value: int) -> None:
        self._following = value >= self.verticalScrollBar().maximum() - 8
