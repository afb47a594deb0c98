"""The turns of a conversation, one below the other, the latest kept in view while it is being written.

Only a stretch of them is built: it opens with the last ones and moves along as the person scrolls, a turn at a time,
so that a conversation of thousands opens at once and scrolls as smoothly as one of ten.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.theme import READING_WIDTH, Space
from studiolo_desktop.ui.chat.turn_view import TurnView
from studiolo_desktop.ui.common.controls import button
from studiolo_desktop.ui.common.scroll import ScrollColumn

AT_ONCE = 4  # turns that a conversation opens with; those beyond come one by one, each in its own frame
NEAR = 2  # heights of the view: so much is built beyond what is seen ...
FAR = 3  # ... and so much is kept on the other side
SETTLE_MS = 60
SPARE = 8  # views that are kept for turns to come: in one that is there a turn is shown in a third of the time
PACE_MS = 8  # between two turns that are built while one scrolls


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
        self._views: dict[int, TurnView] = {}  # by the turn's key, in their order
        self._spare: list[TurnView] = []
        self._first = 0  # the turns that are built are those from here ...
        self._end = 0  # ... to before here
        self._following = True
        self._below: int | None = None  # what stands below the view is to stay so high: something comes or goes above
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
        self._pace = QTimer(self, singleShot=True, interval=PACE_MS)
        self._pace.timeout.connect(self._reach)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(self._range_changed)
        bar.valueChanged.connect(self._moved)
        chat.reset.connect(self.rebuild)
        chat.cut.connect(self._cut)
        chat.turn_added.connect(self._added)
        chat.turn_changed.connect(self._changed)
        chat.turn_wanted.connect(self.show_turn)
        look.changed.connect(self.relook)
        self.setAccessibleName(look.tr("chat.name"))
        self.rebuild()

    def view(self, turn: ChatTurn) -> TurnView | None:
        """The view of a turn, if it is built."""
        return self._views.get(turn.key)

    @Slot()
    def rebuild(self) -> None:
        """Show another conversation, from its end."""
        self._build_stretch(max(0, len(self._chat.turns) - AT_ONCE))
        self.follow()

    @Slot(object)
    def show_turn(self, turn: ChatTurn) -> None:
        """Bring a turn into view, wherever it stands."""
        if turn not in self._chat.turns:
            return
        if turn.key not in self._views:
            self._build_stretch(max(0, self._chat.turns.index(turn) - AT_ONCE // 2))
        self._following = False
        for after_ms in (0, SETTLE_MS):  # once at once, once when what was just built has its height
            QTimer.singleShot(after_ms, self, lambda: self._scroll_to(turn))

    @Slot()
    def follow(self) -> None:
        """Stay at the end."""
        if self._end < len(self._chat.turns):
            self._build_stretch(max(0, len(self._chat.turns) - AT_ONCE))
        self._following = True
        QTimer.singleShot(0, self, self._to_end)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        self.setAccessibleName(self._look.tr("chat.name"))
        self._refresh_earlier()
        for view in self._views.values():
            view.relook()
        while self._spare:
            self._spare.pop().deleteLater()

    def _build(self, turn: ChatTurn) -> TurnView:
        if self._spare:
            view = self._spare.pop()
            view.take(turn)
            view.show()
            return view
        view = TurnView(self._look, turn, self._chat.ask_again)
        view.source_wanted.connect(self.source_wanted)
        view.link_wanted.connect(self.link_wanted)
        view.tools.edited.connect(lambda text: self._chat.edit(view.turn, text))
        view.tools.version_wanted.connect(lambda number: self._chat.show_version(view.turn, number))
        view.seen_wanted.connect(self.seen_wanted)
        self.built.emit(view)
        return view

    def _build_stretch(self, first: int) -> None:
        for key in list(self._views):
            self._drop(key)
        self._first = first
        self._end = min(len(self._chat.turns), first + AT_ONCE)
        for turn in self._chat.turns[first : self._end]:
            self._views[turn.key] = self._build(turn)
            self._turns.addWidget(self._views[turn.key])
        self._below = None
        self._refresh_earlier()

    def _drop(self, key: int) -> None:
        view = self._views.pop(key)
        view.hide()
        self._turns.removeWidget(view)
        if len(self._spare) < SPARE:
            self._spare.append(view)
        else:
            view.deleteLater()

    def _refresh_earlier(self) -> None:
        self._earlier.setText(self._look.tr("chat.earlier_turns"))
        self._earlier.setVisible(self._first > 0)

    def _show_earlier(self) -> None:
        self._following = False
        for _ in range(AT_ONCE):
            self._extend_up()

    def _reach(self) -> None:
        """Let go of a turn that is far away, or build one more where little is left beyond what is seen.

        Not both in one layout: what is seen is held where it is by how much the whole height changes.
        """
        bar = self.verticalScrollBar()
        near = NEAR * self.viewport().height()
        if self._let_go_of_far():
            self._pace.start()
        elif bar.value() < near and self._first > 0:
            self._extend_up()
            self._pace.start()
        elif bar.maximum() - bar.value() < near and self._end < len(self._chat.turns):
            self._extend_down()
            self._pace.start()

    def _let_go_of_far(self) -> bool:
        """Drop the first or the last view where enough is built on its side without it; whether one was."""
        if len(self._views) <= AT_ONCE or self._below is not None:
            return False
        bar = self.verticalScrollBar()
        first, last = next(iter(self._views)), next(reversed(self._views))
        height = self._views[first].height()
        if self._dispensable(bar.value(), first):
            self._drop(first)
            self._first += 1
            self._refresh_earlier()
            bar.setValue(max(0, bar.value() - height))
            return True
        if self._dispensable(bar.maximum() - bar.value(), last):
            self._drop(last)
            self._end -= 1
            return True
        return False

    def _dispensable(self, beyond: int, key: int) -> bool:
        """Whether the outermost view on one side may go, where so many pixels are built beyond what is seen."""
        return beyond - self._views[key].height() > FAR * self.viewport().height()

    def _extend_up(self) -> None:
        if self._first == 0:
            return
        self._hold()
        self._first -= 1
        turn = self._chat.turns[self._first]
        view = self._build(turn)
        self._views = {turn.key: view, **self._views}
        self._turns.insertWidget(1, view)
        self._refresh_earlier()

    def _extend_down(self) -> None:
        turn = self._chat.turns[self._end]
        self._end += 1
        self._views[turn.key] = self._build(turn)
        self._turns.addWidget(self._views[turn.key])

    def _hold(self) -> None:
        """What is seen stays where it is while something comes in above it."""
        bar = self.verticalScrollBar()
        if self._below is None and not self._following:
            self._below = bar.maximum() - bar.value()
            QTimer.singleShot(PACE_MS // 2, self, self._let_go)

    def _let_go(self) -> None:
        self._below = None

    @Slot(int)
    def _cut(self, start: int) -> None:
        if start < self._first:  # what is left is not built
            self._build_stretch(max(0, start - AT_ONCE))
            return
        kept = {turn.key for turn in self._chat.turns}
        for key in [key for key in self._views if key not in kept]:
            self._drop(key)
        self._end = min(self._end, start)

    @Slot(object)
    def _added(self, turn: ChatTurn) -> None:
        if self._end < len(self._chat.turns) - 1:  # the person had scrolled far up
            self._build_stretch(max(0, len(self._chat.turns) - AT_ONCE))
        else:
            self._end = len(self._chat.turns)
            self._views[turn.key] = self._build(turn)
            self._turns.addWidget(self._views[turn.key])
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
        self._pace.start()

    def _scroll_to(self, turn: ChatTurn) -> None:
        view, body = self._views.get(turn.key), self.widget()
        if view is not None and body is not None:
            top = view.mapTo(body, QPoint(0, 0)).y()
            self.verticalScrollBar().setValue(max(0, top - Space.XL))

    @Slot(int, int)
    def _range_changed(self, _least: int, most: int) -> None:
        if self._following:
            self.verticalScrollBar().setValue(most)
        elif self._below is not None:
            self.verticalScrollBar().setValue(most - self._below)

    @Slot(int)
    def _moved(self, value: int) -> None:
        at_end = value >= self.verticalScrollBar().maximum() - 8
        self._following = at_end and self._end == len(self._chat.turns)
        if not self._pace.isActive():
            self._pace.start()
