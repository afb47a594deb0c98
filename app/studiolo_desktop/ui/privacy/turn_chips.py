"""Brings the turns of the transcript their chips, and opens what a chip stands for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QUrl, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip

from studiolo.types import Sides
from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import UNFINISHED
from studiolo_desktop.models.screenings import Screenings
from studiolo_desktop.ui.chat.rich_text import AnswerText
from studiolo_desktop.ui.chat.transcript import Transcript
from studiolo_desktop.ui.chat.turn_view import TurnView
from studiolo_desktop.ui.privacy.kinds import kind_name
from studiolo_desktop.ui.privacy.value_card import ValueCard
from studiolo_desktop.ui.privacy.value_chips import chip_number, chip_rects, chip_words, seen_of


class TurnChips(QObject):
    """One for the whole transcript."""

    def __init__(self, look: Look, screenings: Screenings, transcript: Transcript) -> None:
        super().__init__(transcript)
        self._look = look
        self._screenings = screenings
        self._views: set[TurnView] = set()
        transcript.built.connect(self.attach)
        screenings.arrived.connect(self._arrived)
        look.changed.connect(self._relook)

    @Slot(object)
    def attach(self, view: TurnView) -> None:
        """A turn's view was made."""
        self._views.add(view)
        view.destroyed.connect(lambda: self._views.discard(view))
        view.refreshed.connect(lambda: self._refresh(view))
        view.answer.value_clicked.connect(lambda number: self._open(view, self._answer, number))
        view.answer.highlighted.connect(lambda url: self._hint(view, url))
        view.question.linkActivated.connect(lambda href: self._open(view, self._question, chip_number(href)))
        view.question.linkHovered.connect(lambda href: self._question_hint(view, href))
        self._refresh(view)

    def _refresh(self, view: TurnView) -> None:
        turn = view.turn
        if turn.state in UNFINISHED or not turn.id:
            return
        self._screenings.want(turn.id)
        self._show(view)

    def _show(self, view: TurnView) -> None:
        screening = self._screenings.of(view.turn.id)
        if screening is None:
            return
        if screening.answer.marks:
            view.answer.show_values(screening.answer)
        if screening.question.marks and screening.question.shown == view.turn.question:
            chip_words(view.question, screening.question, self._look)

    @Slot(str)
    def _arrived(self, turn_id: str) -> None:
        for view in self._views:
            if view.turn.id == turn_id and not view.isHidden():
                self._show(view)

    @Slot()
    def _relook(self) -> None:
        for view in self._views:
            if not view.isHidden():
                self._show(view)

    def _question(self, view: TurnView) -> Sides | None:
        screening = self._screenings.of(view.turn.id)
        return None if screening is None else screening.question

    def _answer(self, view: TurnView) -> Sides | None:
        screening = self._screenings.of(view.turn.id)
        return None if screening is None else screening.answer

    def _open(self, view: TurnView, side: Callable[[TurnView], Sides | None], number: int | None) -> None:
        sides = side(view)
        if sides is None or number is None or number >= len(sides.marks):
            return
        mark = sides.marks[number]
        card = ValueCard(self._look, sides, mark, parent=view.window())
        card.setObjectName("value-card")
        card.open_at(self._below(view.answer, number) if side == self._answer else QCursor.pos())
        if mark.hidden and mark.token:
            gone: list[bool] = []
            card.destroyed.connect(lambda: gone.append(True))
            self._screenings.reveal(
                view.turn.id,
                mark.token,
                then=lambda revealed: None if gone else card.show_value(revealed),
                failed=lambda problem: None if gone else card.show_problem(problem),
            )

    @staticmethod
    def _below(answer: AnswerText, number: int) -> QPoint:
        rects = [rect for found, rect in chip_rects(answer.document()) if found == number]
        corner = rects[0].bottomLeft().toPoint() if rects else QPoint(0, 0)
        return answer.viewport().mapToGlobal(corner + QPoint(0, 4))

    def _hint(self, view: TurnView, url: QUrl) -> None:
        """The pointer or the focus is on a link of an answer."""
        number = chip_number(url.toString())
        words = self._words(self._answer(view), number)
        view.answer.setAccessibleDescription(words)
        if words and number is not None:
            QToolTip.showText(self._below(view.answer, number), words, view.answer)
        else:
            QToolTip.hideText()

    def _question_hint(self, view: TurnView, href: str) -> None:
        words = self._words(self._question(view), chip_number(href))
        view.question.setAccessibleDescription(words)
        QToolTip.showText(QCursor.pos(), words, view.question)  # no words: it hides

    def _words(self, sides: Sides | None, number: int | None) -> str:
        if sides is None or number is None or number >= len(sides.marks):
            return ""
        mark = sides.marks[number]
        return self._look.tr("value.tip", kind=kind_name(self._look, mark.type), seen=seen_of(sides, mark))
