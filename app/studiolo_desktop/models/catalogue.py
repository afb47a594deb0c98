"""Models: which there are, which is chosen, getting and removing them. No widget, no thread.

The engine has no network, so it cannot fetch: a pull is a separate program, reached through `pull`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.events import Event, Failed, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.types import Check, Model, ModelFit, SettingValue
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem, problem_of_event
from studiolo_desktop.bridge.stream import EventStream
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor
from studiolo_desktop.models.notices import Notice, Notices

Pull = Callable[[str, CancelToken], Iterator[Event]]
"""Fetches a model by id in a program of its own."""


@dataclass
class Fetching:
    """A model on its way. `stage` "prepare" comes after the last byte."""

    model_id: str
    stage: str = "pull"
    done_bytes: int = 0
    total_bytes: int = 0
    stopping: bool = False


class ModelsModel(QObject):
    """The catalogue and what is being fetched from it."""

    changed = Signal()
    got = Signal()  # what was fetched is here, and nothing more is to come
    chosen_changed = Signal(str)
    terms_wanted = Signal(object, object)  # a Model whose licence is not accepted yet, and what goes on once it is
    fetching_changed = Signal()

    def __init__(
        self,
        calls: Calls,
        supervisor: Supervisor,
        notices: Notices,
        *,
        pull: Pull,
        keep: Callable[[Mapping[str, SettingValue]], None],
        chosen: str = "",
        embedder: str = "",
        accepts: Callable[[str], bool] = lambda _licence: True,
        disk_free: Callable[[], int] = lambda: 0,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._calls = calls
        self._notices = notices
        self._pull = pull
        self._keep = keep
        self._stream: EventStream | None = None
        self._wanted: list[str] = []
        self._readings = count(1)
        self._latest_reading = 0
        self._wish = self._usual = chosen  # that of the conversation on screen, and the settings'
        self._embedder = embedder
        self._accepts = accepts
        self._disk_free = disk_free
        self._first = ""
        self.disk_free_bytes = 0  # 0: not known
        self.machine: dict[str, Check] = {}  # what the engine found of processor and memory, by name
        self.items: list[Model] = []
        self.known = False
        self.fetching: Fetching | None = None
        self.failed: dict[str, Problem] = {}
        self.fits: dict[str, ModelFit] = {}
        supervisor.changed.connect(self._engine_changed)

    @property
    def chat_models(self) -> list[Model]:
        """Installed models that can answer."""
        return [m for m in self.items if m.kind == "chat" and m.installed]

    @property
    def chosen(self) -> Model | None:
        """The model that answers: the person's choice, else the default one, else any that is there."""
        there = [model for model in self.chat_models if self.usable(model)]
        wished = next((m for m in there if m.id == self._wish), None)
        return wished or next((m for m in there if m.default), None) or (there[0] if there else None)

    @property
    def starter(self) -> list[Model]:
        """What is missing for a first answer: a chat model if there is none, the embedder, and what finds names."""
        missing = [m for m in self.items if not m.installed]
        recommended = None if any(map(self.usable, self.chat_models)) else self.recommended
        chat = [] if recommended is None else [recommended]
        embedder = [m for m in missing if m.kind == "embedder" and m.id == self._embedder]
        return chat + embedder + [m for m in missing if m.kind == "names"]

    @property
    def offered(self) -> list[Model]:
        """Chat models for a first start that this machine's memory holds, the smallest first."""
        chat = [m for m in self.items if m.kind == "chat" and not m.installed]
        fitting = [m for m in chat if m.id not in self.fits or self.fits[m.id].fits]
        return sorted(fitting or chat, key=lambda m: m.size_bytes)

    @property
    def recommended(self) -> Model | None:
        """The chat model to get first: the person's wish, else the engine's, else the largest that fits."""
        offered = self.offered
        wished = next((m for m in offered if m.id == self._first), None)
        return wished or next((m for m in offered if m.default), None) or (offered[-1] if offered else None)

    def want_first(self, model_id: str) -> None:
        """Get this one first."""
        self._first = model_id
        self.changed.emit()

    def usable(self, model: Model) -> bool:
        """Whether its licence has no conditions, or they were accepted."""
        return not model.conditions or self._accepts(model.licence)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids that will be fetched after the one that is."""
        return tuple(self._wanted)

    def model(self, model_id: str) -> Model | None:
        """The model of that id."""
        return next((m for m in self.items if m.id == model_id), None)

    def choose(self, model_id: str) -> None:
        """Let this model answer from now on, here and in new conversations; where its licence has conditions, once that
        is accepted."""
        model = self.model(model_id)
        if model is not None and not self.usable(model):
            self.terms_wanted.emit(model, lambda: self.choose(model_id))
            return
        self._wish = self._usual = model_id
        self._keep({"chat_model": model_id})
        self.chosen_changed.emit(model_id)
        self.changed.emit()

    def use(self, model_id: str) -> None:
        """Let this model answer in the conversation on screen ("": the usual one); one that is gone changes nothing."""
        wished = model_id or self._usual
        if wished != self._wish and (not model_id or any(model.id == model_id for model in self.chat_models)):
            self._wish = wished
            self.changed.emit()

    @Slot()
    def refresh(self) -> None:
        """Read the catalogue again."""
        number = next(self._readings)
        self._calls.run(
            lambda engine: engine.models(),
            then=lambda items: self._arrived(number, items),
            failed=lambda _problem: None,  # an engine that is away is announced by the supervisor
        )
        self._calls.run(
            lambda engine: (engine.model_fits(), engine.doctor(), self._disk_free()),
            then=self._machine_arrived,
            failed=lambda _problem: None,
        )

    def pull_starter(self) -> None:
        """Fetch all that a first answer needs."""
        for model in self.starter:
            self.pull(model.id)

    def pull(self, model_id: str) -> None:
        """Fetch a model; one at a time, the others wait."""
        current = self.fetching.model_id if self.fetching else ""
        if model_id in (current, *self._wanted):
            return
        model = self.model(model_id)
        if model is not None and not self.usable(model):
            self.terms_wanted.emit(model, lambda: self.pull(model_id))
            return
        self.failed.pop(model_id, None)
        self._wanted.append(model_id)
        self._next_pull()

    def cancel_pull(self) -> None:
        """Stop fetching; what has come is kept and resumed another time."""
        self._wanted.clear()
        if self._stream is not None and self.fetching is not None:
            self.fetching.stopping = True
            self._stream.cancel()
        self.fetching_changed.emit()

    def import_file(self, path: Path) -> None:
        """Take a model file from this machine."""
        self._notices.say(Notice("info", key="notice.importing", values={"name": path.name}, about="import"))
        self._calls.run(lambda engine: engine.import_model(path), then=self._imported, failed=self._import_failed)

    def remove(self, model_id: str) -> None:
        """Remove a model's files."""
        self._calls.run(
            lambda engine: engine.remove_model(model_id),
            then=lambda _none: self.refresh(),
            failed=self._notices.report,
        )

    def close(self) -> None:
        """The window closes; an unfinished pull resumes another time."""
        self._wanted.clear()
        if self._stream is not None:
            self._stream.cancel()

    def _next_pull(self) -> None:
        if self._stream is not None or not self._wanted:
            self.fetching_changed.emit()
            return
        model_id = self._wanted.pop(0)
        known = self.model(model_id)
        self.fetching = Fetching(model_id=model_id, total_bytes=known.size_bytes if known else 0)
        stream = EventStream(lambda cancel: self._pull(model_id, cancel), self._calls, parent=self)
        stream.arrived.connect(self._take)
        self._stream = stream
        stream.start()
        self.fetching_changed.emit()

    @Slot(list)
    def _take(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Progress() if self.fetching is not None:
                    self.fetching.stage = event.stage
                    if event.stage == "pull":
                        self.fetching.done_bytes = event.done
                        self.fetching.total_bytes = event.total or self.fetching.total_bytes
                case Finished():
                    self._pull_ended(None, cancelled=event.reason == "cancelled")
                    return
                case Failed():
                    self._pull_ended(problem_of_event(event))
                    return
                case _:
                    pass
        self.fetching_changed.emit()

    def _pull_ended(self, problem: Problem | None, *, cancelled: bool = False) -> None:
        if problem is not None and self.fetching is not None:
            self.failed[self.fetching.model_id] = problem
            self._notices.report(problem, about="pull")
            self._wanted.clear()
        if self._stream is not None:
            self._stream.deleteLater()
            self._stream = None
        self.fetching = None
        self.refresh()
        if problem is None and not cancelled and not self._wanted:
            self.got.emit()
        self._next_pull()

    def _imported(self, model: Model) -> None:
        self._notices.say(Notice("good", key="notice.imported", values={"name": model.title}, about="import"))
        if model.kind == "chat":  # an adapter cannot answer
            if self.model(model.id) is None:
                self.items = [*self.items, model]
            self.choose(model.id)
        self.refresh()

    def _import_failed(self, problem: Problem) -> None:
        self._notices.report(problem, about="import")

    def _machine_arrived(self, found: tuple[list[ModelFit], list[Check], int]) -> None:
        fits, checks, self.disk_free_bytes = found
        self.fits = {fit.model: fit for fit in fits}
        self.machine = {check.name: check for check in checks if check.name in ("cpu", "memory")}
        self.changed.emit()

    def _arrived(self, number: int, items: list[Model]) -> None:
        if number < self._latest_reading:
            return  # overtaken by a later reading
        self._latest_reading = number
        before = self.chosen
        self.items, self.known = items, True
        after = self.chosen
        if after is not None and (before is None or before.id != after.id):
            self.chosen_changed.emit(after.id)
        self.changed.emit()

    @Slot(object)
    def _engine_changed(self, change: EngineChange) -> None:
        if change.state is EngineState.READY:
            self.refresh()
