"""The sources of one answer as cards, and plainly, where the documents do not answer. A card opens its page.

States: nothing asked yet; sources, quoted ones first; sources of which none was quoted, or none fits; none at all.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot

from studiolo.types import FITS
from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import label
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.sources.card import PassageCard


class SourcesPane(ScrollColumn):
    """Cards, the cited ones first in the order of their numbers."""

    page_wanted = Signal(object, int)  # ChatTurn, number of the source

    def __init__(self, look: Look, chat: ChatModel) -> None:
        super().__init__(margin=Space.L, gap=Space.M)
        self._look = look
        self._chat = chat
        self._content: tuple[object, ...] | None = None
        self._chosen = 0
        self.turn: ChatTurn | None = None
        self.cards: dict[int, PassageCard] = {}
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
            self._chosen = 0
            self.refresh()

    def select(self, turn: ChatTurn, number: int) -> None:
        """Show the sources of a turn with one of them standing out."""
        self.show_turn(turn)
        self._chosen = number
        for n, card in self.cards.items():
            card.set_chosen(n == number)
        if number in self.cards:
            card = self.cards[number]
            QTimer.singleShot(0, card, lambda: self.ensureWidgetVisible(card, 0, Space.L))

    def take_focus(self) -> None:
        """For who uses the keyboard: the card that stands out, else the first."""
        card = self.cards.get(self._chosen) or next(iter(self.cards.values()), None)
        if card is not None:
            card.setFocus()

    def refresh(self) -> None:
        """Show what the turn holds now."""
        turn = self.turn
        content = (turn.key, turn.sources, turn.citations, turn.state) if turn is not None else ()
        if content == self._content:
            return
        self._content = content
        self.clear()
        self.cards = {}
        tr = self._look.tr
        self.setAccessibleName(tr("sources.name"))
        said = verdict(turn)
        if said:
            self.append(label(tr(said), role="strong", wrap=True))
        if turn is None or not turn.sources:
            self.append(label(tr("sources.none_more") if said else tr("sources.empty"), role="muted", wrap=True))
            return
        if said:
            self.append(label(tr("sources.nearest"), role="muted", wrap=True))
        cited = {citation.marker for citation in turn.citations}
        numbered = sorted(enumerate(turn.sources, start=1), key=lambda pair: (pair[0] not in cited, pair[0]))
        for number, hit in numbered:
            citations = [c for c in turn.citations if c.marker == number]
            card = PassageCard(self._look, number, hit, citations)
            card.set_chosen(number == self._chosen)
            card.opened.connect(self._opened)
            self.cards[number] = card
            self.append(card)

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
    def _opened(self, number: int) -> None:
        if self.turn is not None:
            self.page_wanted.emit(self.turn, number)


def verdict(turn: ChatTurn | None) -> str:
    """What is to be said of an answer that the documents do not carry, as a key of the texts; "" where they do.

    Nothing was found; what was found probably does not fit and nothing of it is quoted; or no statement of the answer
    was found in what was read.
    """
    if turn is None or turn.state != "complete":
        return ""
    if not turn.sources:
        return "sources.none"
    there = [hit for hit in turn.sources if hit.passage.document_id]
    if not there or any(citation.verified for citation in turn.citations):
        return ""  # of documents that were removed nobody knows any more
    if max(hit.score for hit in there) < FITS:
        return "sources.unlikely"
    return "" if turn.citations else "sources.unquoted"
