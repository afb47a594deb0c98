"""The sources of one answer: document, page, and the passage with the quoted words marked."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot

from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import label
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.sources.card import SourceCard


class SourcesPane(ScrollColumn):
    """Cards, the cited ones first in the order of their numbers."""

    def __init__(self, look: Look, chat: ChatModel) -> None:
        super().__init__(margin=Space.L, gap=Space.M)
        self._look = look
        self._chat = chat
        self._content: tuple[object, ...] | None = None
        self.turn: ChatTurn | None = None
        self.cards: dict[int, SourceCard] = {}
        chat.reset.connect(self._reset)
        chat.turn_added.connect(self.show_turn)
        chat.turn_changed.connect(self._changed)
        look.changed.connect(self.relook)
        self._reset()

    @Slot(object)
    def show_turn(self, turn: ChatTurn | None) -> None:
        """Show the sources of this turn."""
        if turn is not self.turn:
            self.turn = turn
            self._content = None
            self.refresh()

    def select(self, turn: ChatTurn, number: int) -> None:
        """Show the sources of a turn and open one of them."""
        self.show_turn(turn)
        for n, card in self.cards.items():
            card.set_open(n == number)
        if number in self.cards:
            card = self.cards[number]
            QTimer.singleShot(0, card, lambda: self.ensureWidgetVisible(card, 0, Space.L))

    def refresh(self) -> None:
        """Show what the turn holds now."""
        turn = self.turn
        content = (turn.key, turn.sources, turn.citations, turn.state) if turn is not None else ()
        if content == self._content:
            return
        self._content = content
        opened = [n for n, card in self.cards.items() if card.opened]
        self.clear()
        self.cards = {}
        tr = self._look.tr
        self.setAccessibleName(tr("sources.name"))
        if turn is None or not turn.sources:
            ended = turn is not None and turn.state == "complete"
            self.append(label(tr("sources.none") if ended else tr("sources.empty"), role="muted", wrap=True))
            return
        cited = {citation.marker for citation in turn.citations}
        numbered = sorted(enumerate(turn.sources, start=1), key=lambda pair: (pair[0] not in cited, pair[0]))
        for number, hit in numbered:
            citations = [c for c in turn.citations if c.marker == number]
            card = SourceCard(self._look, number, hit, citations)
            card.toggled.connect(self._toggled)
            self.cards[number] = card
            self.append(card)
        for number in opened:
            if number in self.cards:
                self.cards[number].set_open(True)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        self._content = None
        self.refresh()

    @Slot()
    def _reset(self) -> None:
        self.turn = None
        self._content = None
        turns = self._chat.turns
        if turns:
            self.turn = turns[-1]
        self.refresh()

    @Slot(object)
    def _changed(self, turn: ChatTurn) -> None:
        if turn is self.turn:
            self.refresh()

    @Slot(int)
    def _toggled(self, number: int) -> None:
        for n, card in self.cards.items():
            if n != number:
                card.set_open(False)
