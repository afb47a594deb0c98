"""The conversation on screen: its turns and their versions, the answer being written, stopping, surviving a crash.

No widget, no thread. A question asked before the engine is ready waits for it. When the engine goes away in the
middle of an answer, what was written stays; once it is back, the turns are read again from the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.engine import Engine
from studiolo.errors import Code
from studiolo.events import Cited, Delta, Event, Failed, Finished, LeftOut, Progress, Redacted, Retrieved, Started
from studiolo.jobs import CancelToken
from studiolo.types import DEFAULT_LIBRARY, Citation, Hit, Question, Redaction, Timings, Turn, Usage
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem, problem_of_event
from studiolo_desktop.bridge.stream import EventStream
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor
from studiolo_desktop.models.notices import Notices

Writing = Literal["waiting", "thinking", "writing", "complete", "cancelled", "failed", "interrupted"]
UNFINISHED: tuple[Writing, ...] = ("waiting", "thinking", "writing")
_STORED: dict[str, Writing] = {
    "complete": "complete",
    "cancelled": "cancelled",
    "failed": "failed",
    "running": "interrupted",
}


@dataclass
class ChatTurn:
    """One question and its answer as far as it has come. `key` is stable on screen, `id` in the history."""

    key: int
    question: str = field(repr=False)
    id: str = ""
    versions: tuple[str, ...] = ()  # ids of the turns that stand in this place, itself among them
    instead_of: str = ""  # the turn that this is another version of
    answer: str = field(default="", repr=False)
    state: Writing = "waiting"
    stage: str = ""  # of the last Progress: "load", "read", ...
    stage_done: int = 0
    stage_total: int = 0
    sources: tuple[Hit, ...] = ()
    citations: tuple[Citation, ...] = ()
    redactions: dict[str, tuple[Redaction, ...]] = field(default_factory=dict)  # by direction
    left_out_passages: int = 0
    left_out_turns: int = 0
    truncated: bool = False
    model: str = ""
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)
    problem: Problem | None = None

    @property
    def version(self) -> int:
        """Which of its versions it is, from 0 on."""
        return self.versions.index(self.id) if self.id in self.versions else max(0, len(self.versions) - 1)

    @property
    def hidden(self) -> tuple[Redaction, ...]:
        """What the model did not get to see: screened in the question and in the passages, added up by type."""
        counts: dict[str, int] = {}
        for direction in ("question", "passages", ""):
            for redaction in self.redactions.get(direction, ()):
                counts[redaction.type] = counts.get(redaction.type, 0) + redaction.count
        return tuple(Redaction(type_, number) for type_, number in counts.items())


class ChatModel(QObject):
    """The conversation on screen."""

    reset = Signal()
    turn_added = Signal(object)  # ChatTurn
    cut = Signal(int)  # the turns from this number on are no longer those of the branch on screen
    turn_changed = Signal(object)  # ChatTurn
    turn_wanted = Signal(object)  # ChatTurn: bring it into view
    busy_changed = Signal(bool)
    conversation_changed = Signal(str)
    stored = Signal()  # a turn was begun or ended in the history

    def __init__(
        self, calls: Calls, supervisor: Supervisor, notices: Notices, *, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._calls = calls
        self._supervisor = supervisor
        self._notices = notices
        self._keys = count(1)
        self._stream: EventStream | None = None
        self._opening = ""  # the conversation being read from the history
        self.turns: list[ChatTurn] = []
        self.conversation_id = ""
        self.library = DEFAULT_LIBRARY
        self.model: str | None = None
        supervisor.changed.connect(self._engine_changed)

    @property
    def running(self) -> ChatTurn | None:
        """The turn being answered, if one is."""
        last = self.turns[-1] if self.turns else None
        return last if last is not None and last.state in UNFINISHED else None

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self.running is not None

    def ask(self, text: str) -> bool:
        """Ask; False where there is nothing to ask or an answer is still on its way."""
        return self._ask(text)

    def ask_again(self, turn: ChatTurn) -> bool:
        """Let the model answer a question once more; the earlier answer stays as another version."""
        return self.edit(turn, turn.question)

    def edit(self, turn: ChatTurn, text: str) -> bool:
        """Put a question in place of an earlier one; that one stays, with all that followed, as another version."""
        if self.busy or not text.strip() or turn not in self.turns:
            return False
        if not turn.id:  # the engine never heard of it
            return self._ask(text)
        index = self.turns.index(turn)
        del self.turns[index:]
        self.cut.emit(index)
        return self._ask(text, instead_of=turn)

    def show_version(self, turn: ChatTurn, number: int) -> None:
        """Show another version of a turn, with what followed it."""
        if self.busy or not 0 <= number < len(turn.versions):
            return
        shown, wanted = self.conversation_id, turn.versions[number]
        self._opening = shown

        def turned(engine: Engine) -> list[Turn]:
            engine.show_turn(wanted)
            return engine.turns(shown)

        self._calls.run(turned, then=lambda turns: self._opened(shown, turns), failed=self._notices.report)

    def _ask(self, text: str, *, instead_of: ChatTurn | None = None) -> bool:
        if self.busy or not text.strip():
            return False
        self._opening = ""  # what is on screen is what is asked about
        turn = ChatTurn(key=next(self._keys), question=text.strip())
        if instead_of is not None:
            turn.instead_of = instead_of.id
            turn.versions = (*(instead_of.versions or (instead_of.id,)), "")  # its own is not known yet
        self.turns.append(turn)
        self.turn_added.emit(turn)
        self.busy_changed.emit(True)
        if self._supervisor.state is EngineState.READY:
            self._begin(turn)
        return True

    def stop(self) -> None:
        """Stop the answer; what is written stays."""
        turn = self.running
        if turn is None:
            return
        if self._stream is not None:
            self._stream.cancel()
        else:
            self._end(turn, "cancelled")

    def new_conversation(self) -> None:
        """An empty page. An answer on its way is stopped."""
        self._leave()
        self._show("", [])

    def open(self, conversation_id: str, *, turn_id: str = "") -> None:
        """Show a conversation of the history, in the branch that holds `turn_id`. An answer on its way is stopped."""
        here = conversation_id == self.conversation_id and bool(self.turns)
        if here and (not turn_id or any(turn.id == turn_id for turn in self.turns)):
            self._opening = ""  # another one that was asked for just before is not wanted any more
            self._look_at(turn_id)
            return
        self._leave()
        self._opening = conversation_id

        def read(engine: Engine) -> list[Turn]:
            turns = engine.turns(conversation_id)
            if turn_id and all(turn.id != turn_id for turn in turns):
                engine.show_turn(turn_id)
                turns = engine.turns(conversation_id)
            return turns

        def opened(turns: list[Turn]) -> None:
            self._opened(conversation_id, turns)
            self._look_at(turn_id)

        self._calls.run(read, then=opened, failed=self._notices.report)

    def _look_at(self, turn_id: str) -> None:
        turn = next((turn for turn in self.turns if turn_id and turn.id == turn_id), None)
        if turn is not None:
            self.turn_wanted.emit(turn)

    @Slot()
    def read_again(self) -> None:
        """The history was changed behind the screen: show what it holds now. An answer on its way is let be."""
        if not self.conversation_id or self.busy:
            return
        shown = self.conversation_id
        self._opening = shown
        self._calls.run(
            lambda engine: engine.turns(shown),
            then=lambda turns: self._opened(shown, turns),
            failed=lambda problem: self._not_there(shown, problem),
        )

    def _not_there(self, conversation_id: str, problem: Problem) -> None:
        if problem.code is Code.UNKNOWN_CONVERSATION and self.conversation_id == conversation_id and not self.busy:
            self.new_conversation()

    def close(self) -> None:
        """The window closes."""
        if self._stream is not None:
            self._stream.cancel()

    # the stream

    def _begin(self, turn: ChatTurn) -> None:
        turn.state = "thinking"
        turn.stage = ""
        question = Question(
            text=turn.question,
            library=self.library or None,
            model=self.model,
            conversation_id=self.conversation_id or None,
            instead_of=turn.instead_of or None,
        )

        def open_stream(cancel: CancelToken) -> Iterator[Event]:
            engine: Engine = self._supervisor.engine()
            return engine.ask(question, cancel=cancel)

        stream = EventStream(open_stream, self._calls, parent=self)
        stream.arrived.connect(lambda events: self._arrived(stream, turn, events))
        self._stream = stream
        stream.start()
        self.turn_changed.emit(turn)

    def _arrived(self, stream: EventStream, turn: ChatTurn, events: list[Event]) -> None:
        if stream is not self._stream:
            if stream.ended:  # of a conversation that was left; its thread may still have been reading
                stream.deleteLater()
                self.stored.emit()
            return
        for event in events:
            self._take(turn, event)
        if turn.state in UNFINISHED:
            self.turn_changed.emit(turn)

    def _take(self, turn: ChatTurn, event: Event) -> None:
        match event:
            case Started():
                turn.id, turn.model = event.turn_id, event.model
                turn.versions = (*(one for one in turn.versions if one), turn.id)
                if event.conversation_id and event.conversation_id != self.conversation_id:
                    self.conversation_id = event.conversation_id
                    self.conversation_changed.emit(self.conversation_id)
                self.stored.emit()
            case Progress():
                turn.stage, turn.stage_done, turn.stage_total = event.stage, event.done, event.total
            case Retrieved():
                turn.sources = event.hits
            case LeftOut():
                turn.left_out_passages, turn.left_out_turns = event.passages, event.turns
            case Delta():
                turn.answer += event.text
                turn.state = "writing"
            case Redacted():
                turn.redactions[event.direction] = event.redactions
            case Cited():
                turn.citations += (event.citation,)
            case Finished():
                turn.timings, turn.usage = event.timings, event.usage
                turn.truncated = event.reason == "length"
                self._end(turn, "cancelled" if event.reason == "cancelled" else "complete")
            case Failed():
                problem = problem_of_event(event)
                gone = problem.code is Code.ENGINE_GONE
                turn.problem = None if gone else problem
                self._end(turn, "interrupted" if gone else "failed")
                if gone:
                    self._supervisor.suspect()
            case _:
                pass  # FileDone belongs to ingestion

    def _end(self, turn: ChatTurn, state: Writing) -> None:
        turn.state = state
        if self._stream is not None:
            self._stream.deleteLater()
            self._stream = None
        self.turn_changed.emit(turn)
        self.busy_changed.emit(False)
        self.stored.emit()

    # the history

    def _leave(self) -> None:
        """Stop what is being answered; its turn stays as far as it came, should the next page not open."""
        self._opening = ""
        turn = self.running
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
        if turn is not None:
            turn.state = "cancelled"
            self.turn_changed.emit(turn)
            self.busy_changed.emit(False)

    def _opened(self, conversation_id: str, turns: list[Turn]) -> None:
        if self._opening == conversation_id:
            self._opening = ""
            self._show(conversation_id, [self._from_history(turn) for turn in turns])

    def _show(self, conversation_id: str, turns: list[ChatTurn]) -> None:
        self.conversation_id = conversation_id
        self.turns = turns
        self.reset.emit()
        self.conversation_changed.emit(conversation_id)

    def _from_history(self, turn: Turn) -> ChatTurn:
        return ChatTurn(
            key=next(self._keys),
            question=turn.question,
            id=turn.id,
            versions=turn.versions,
            answer=turn.answer,
            state=_STORED[turn.state],
            sources=turn.sources,
            citations=turn.citations,
            redactions={"": turn.redactions} if turn.redactions else {},
            model=turn.model,
            timings=turn.timings,
            usage=turn.usage,
        )

    @Slot(object)
    def _engine_changed(self, change: EngineChange) -> None:
        if change.state is not EngineState.READY:
            if change.state is EngineState.FAILED and (turn := self.running) is not None and self._stream is None:
                self._end(turn, "interrupted")
            return
        turn = self.running
        if turn is not None and self._stream is None and turn.state == "waiting":
            self._begin(turn)
        elif self.conversation_id and turn is None:
            shown = self.conversation_id
            self._calls.run(
                lambda engine: engine.turns(shown),
                then=lambda turns: self._reread(shown, turns),
                failed=lambda _problem: None,  # what is on screen is still there, and asking again will say more
            )

    def _reread(self, conversation_id: str, turns: list[Turn]) -> None:
        """After a restart: the history's turns, with what only the screen still has put beside them."""
        if conversation_id != self.conversation_id or self.busy:
            return
        shown = {turn.id: turn for turn in self.turns if turn.id}
        merged: list[ChatTurn] = []
        for stored in turns:
            fresh = self._from_history(stored)
            before = shown.pop(stored.id, None)
            if before is not None:
                fresh.key = before.key
                if len(before.answer) > len(fresh.answer):
                    fresh.answer = before.answer
                fresh.sources = fresh.sources or before.sources
                fresh.redactions = before.redactions or fresh.redactions
                fresh.problem = before.problem
                if before.state == "interrupted":  # the history calls it failed; here it is known why
                    fresh.state = "interrupted"
            merged.append(fresh)
        unsaved = [turn for turn in self.turns if not turn.id or turn.id in shown]
        self._show(conversation_id, merged + unsaved)
