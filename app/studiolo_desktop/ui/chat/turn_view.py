"""One question and its answer: the words, what state they are in, where they come from, what was hidden."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from studiolo.types import Hit
from studiolo_desktop.i18n import seconds_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import UNFINISHED, ChatTurn
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.chat.question_tools import QuestionTools
from studiolo_desktop.ui.chat.rich_text import AnswerText
from studiolo_desktop.ui.common.controls import IconButton, button, label, set_role
from studiolo_desktop.ui.common.flow import FlowLayout

MOST_CHIPS = 4
BAR_WIDTH = 180


def place(look: Look, hit: Hit) -> str:
    """Where a passage stands, in words: its page or pages and what people call them, "" where there is neither."""
    passage = hit.passage
    if passage.page <= 0:
        return passage.label
    pages = look.tr("sources.page", page=passage.page)
    if passage.page_end > passage.page:
        pages = look.tr("sources.pages", page=passage.page, page_end=passage.page_end)
    return look.tr("sources.labelled", label=passage.label, pages=pages) if passage.label else pages


class TurnView(QWidget):
    """One turn."""

    source_wanted = Signal(object, int)  # ChatTurn, number of the source (0: the list)
    link_wanted = Signal(str)
    seen_wanted = Signal(object)  # ChatTurn: what the model saw of it
    refreshed = Signal()

    def __init__(self, look: Look, turn: ChatTurn, ask_again: Callable[[ChatTurn], bool]) -> None:
        super().__init__()
        self._look = look
        self.turn = turn
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, Space.XL)
        column.setSpacing(Space.M)

        self.question = label(role="question", wrap=True)
        self.question.setIndent(0)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.question)
        asked = QVBoxLayout()
        asked.setSpacing(2)
        asked.addLayout(row)
        self.tools = QuestionTools(look, turn)
        self.tools.editing.connect(lambda opened: self.question.setVisible(not opened))
        asked.addWidget(self.tools)
        column.addLayout(asked)

        self.answer = AnswerText(look)
        self.answer.cited.connect(lambda number: self.source_wanted.emit(self.turn, number))
        self.answer.link_clicked.connect(self.link_wanted)
        column.addWidget(self.answer)

        self.status = label(role="muted", wrap=True)
        column.addWidget(self.status)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR_WIDTH)
        column.addWidget(self.bar)

        self._chips = QWidget()
        self._chips.setProperty("role", "clear")
        self._flow = FlowLayout(self._chips)
        column.addWidget(self._chips)
        self._shown: tuple[object, ...] = ()

        self.hidden = QWidget()
        line = QHBoxLayout(self.hidden)
        line.setContentsMargins(Space.XS, 0, 0, 0)
        line.setSpacing(Space.S)
        self._hidden_icon = QLabel()
        self._hidden_words = label(role="small", wrap=True)
        line.addWidget(self._hidden_icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._hidden_words, 1)
        column.addWidget(self.hidden)

        self.copy_button = IconButton(look, "copy", self._copy, size_px=17)
        self.again_button = IconButton(look, "retry", lambda: _ignore(ask_again(self.turn)), size_px=17)
        self.seen_button = IconButton(look, "sides", lambda: self.seen_wanted.emit(self.turn), size_px=17)
        self._facts = label(role="small")
        self._foot = self._build_foot()
        column.addWidget(self._foot)
        self.take(turn)

    def take(self, turn: ChatTurn) -> None:
        """Show this turn from now on: nothing stays of the one before. Making a view anew takes three times as long."""
        self.turn = turn
        self._shown = ()
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setText(turn.question)
        self.question.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._name_question()
        self.question.setAccessibleDescription("")
        self.tools.take(turn)
        self.answer.forget()
        self.refresh()
        self._fit_question()

    def _build_foot(self) -> QWidget:
        foot = QWidget()
        line = QHBoxLayout(foot)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        line.addWidget(self.copy_button)
        line.addWidget(self.again_button)
        line.addWidget(self.seen_button)
        line.addSpacing(Space.S)
        line.addWidget(self._facts)
        line.addStretch(1)
        return foot

    def refresh(self) -> None:
        """Show the turn as it is now."""
        turn = self.turn
        markers = frozenset(range(1, len(turn.sources) + 1))
        self.answer.setVisible(bool(turn.answer))
        if turn.answer:
            self.answer.show_markdown(turn.answer, markers, writing=turn.state in UNFINISHED)
        text, role = self._status_words()
        self.status.setText(text)
        self.status.setVisible(bool(text))
        set_role(self.status, role)
        self._refresh_bar()
        ended = turn.state not in UNFINISHED
        self._foot.setVisible(ended)
        self.copy_button.setVisible(bool(turn.answer))
        self._facts.setText("  ·  ".join(self._figures()))
        self._refresh_chips(ended=ended)
        self._refresh_hidden()
        self.tools.refresh()
        self.copy_button.name(self._look.tr("chat.copy"))
        self.again_button.name(self._look.tr("chat.ask_again"))
        self.seen_button.setVisible(bool(turn.id))
        self.seen_button.name(self._look.tr("sides.open"))
        self.refreshed.emit()

    def _figures(self) -> list[str]:
        """Which model answered, how long it took, how fast it wrote, what energy that cost; what is not known is left
        out."""
        timings, tr = self.turn.timings, self._look.tr
        facts = [self.turn.model] if self.turn.model else []
        if timings.total_s > 0:
            facts.append(seconds_text(timings.total_s))
        if timings.write_tokens_per_s > 0:
            facts.append(tr("chat.speed", speed=f"{timings.write_tokens_per_s:.1f}"))
        if timings.energy_j is not None:
            facts.append(tr("chat.energy", joules=f"{timings.energy_j:.0f}"))
        return facts

    def relook(self) -> None:
        """New words, new colours."""
        self._shown = ()
        self.answer.relook()
        self.tools.relook()
        self.copy_button.repaint_icon()
        self.again_button.repaint_icon()
        self.seen_button.repaint_icon()
        self._name_question()
        self.refresh()
        self._fit_question()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The question's bubble is as wide as its words, and never the whole width."""
        super().resizeEvent(event)
        self._fit_question()

    def _name_question(self) -> None:
        self.question.setAccessibleName(f"{self._look.tr('chat.question')}: {self.turn.question}")

    def _fit_question(self) -> None:
        self.question.ensurePolished()
        metrics = QFontMetrics(self.question.font())
        natural = max((metrics.horizontalAdvance(line) for line in self.turn.question.splitlines()), default=0)
        self.question.setFixedWidth(min(natural + 2 * 16 + 16, int(self.width() * 0.82)))

    def _status_words(self) -> tuple[str, str]:
        """What to say below the answer, and in which role."""
        turn, tr = self.turn, self._look.tr
        if turn.state in ("waiting", "thinking"):
            return self._waiting_words(), "muted"
        if turn.state in ("failed", "interrupted"):
            return self._failure_words(), "danger"
        notes: list[str] = []
        if turn.state == "cancelled":
            notes.append(tr("chat.cancelled"))
        if turn.truncated:
            notes.append(tr("chat.truncated"))
        if turn.left_out_passages:
            notes.append(tr.count("chat.left_out", turn.left_out_passages))
        if turn.left_out_turns:
            notes.append(tr.count("chat.left_out_turns", turn.left_out_turns))
        return "  ·  ".join(notes), "small"

    def _refresh_bar(self) -> None:
        """How much of the prompt the model has read; where nothing can be counted, that it is at work."""
        turn = self.turn
        self.bar.setVisible(turn.state == "thinking")
        if turn.state == "thinking":
            counted = turn.stage == "read" and turn.stage_total > 0
            self.bar.setRange(0, turn.stage_total if counted else 0)
            self.bar.setValue(turn.stage_done if counted else 0)
            self.bar.setAccessibleName(self.status.text())

    def _failure_words(self) -> str:
        if self.turn.state == "interrupted":
            return self._look.tr("chat.interrupted")
        if self.turn.problem is None:  # of the history, which keeps no reason
            return self._look.tr("chat.failed")
        sentence = self._look.sentence(self.turn.problem)
        return f"{sentence.what} {sentence.todo}".strip()

    def _waiting_words(self) -> str:
        turn, tr = self.turn, self._look.tr
        if turn.state == "waiting":
            return tr("chat.waiting")
        if turn.stage in ("load", "prepare"):
            return tr("chat.loading")
        return tr.count("chat.reading", len(turn.sources)) if turn.sources else tr("chat.thinking")

    def _refresh_chips(self, *, ended: bool) -> None:
        turn = self.turn
        content = (turn.sources, turn.citations if ended else (), turn.hidden, ended)
        if content == self._shown:
            return
        self._shown = content
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for chip in self._chips_now(ended=ended):
            self._flow.addWidget(chip)
        self._chips.setVisible(self._flow.count() > 0)
        self._chips.updateGeometry()

    def _chips_now(self, *, ended: bool) -> list[QWidget]:
        turn, tr = self.turn, self._look.tr
        chips: list[QWidget] = []
        cited = {citation.marker for citation in turn.citations}
        shown = [n for n in sorted(cited) if 0 < n <= len(turn.sources)] if ended else []
        for number in shown[:MOST_CHIPS]:
            hit = turn.sources[number - 1]
            chips.append(self._source_chip(number, hit))
        if turn.sources:
            others = len(turn.sources)
            text = tr.count("chat.sources", others)
            chips.append(button(lambda: self.source_wanted.emit(turn, 0), role="chip-quiet", text=text))
        elif ended and turn.state == "complete":
            quiet = label(tr("chat.no_sources"), role="small")
            chips.append(quiet)
        return chips

    def _source_chip(self, number: int, hit: Hit) -> QPushButton:
        where = place(self._look, hit)
        name = hit.passage.document
        short = QFontMetrics(self.font()).elidedText(name, Qt.TextElideMode.ElideMiddle, 200)
        text = f"{number}  {short}" + (f", {where}" if where else "")
        chip = button(lambda: self.source_wanted.emit(self.turn, number), role="chip", text=text.replace("&", "&&"))
        chip.setAccessibleName(self._look.tr("chat.citation", n=number, document=f"{name} {where}".strip()))
        chip.setToolTip(name)
        return chip

    def _refresh_hidden(self) -> None:
        self.hidden.setVisible(bool(self.turn.hidden))
        said = self._look.tr("chat.hidden", what=self._look.tr.hidden(self.turn.hidden)) if self.turn.hidden else ""
        if said != self._hidden_words.text():
            self._hidden_words.setText(said)
            self.hidden.setAccessibleName(said)
        self._hidden_icon.setPixmap(self._look.pixmap("mask", size_px=16))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.turn.answer)


def _ignore(_result: bool) -> None:
    """A button's answer nobody waits for."""
