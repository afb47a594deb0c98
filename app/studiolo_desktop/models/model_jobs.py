"""Long work on models that are here: making a smaller one, measuring how one runs fastest. One at a time. No widget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.events import Event, Failed, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import problem_of_event
from studiolo_desktop.bridge.stream import EventStream
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.notices import Notice, Notices

JobKind = Literal["quantize", "calibrate"]
LAYOUTS = ("q8_0", "q6_k", "q5_k_m", "q4_k_m", "q4_0", "q3_k_m")
BITS = {"q8_0": 8.5, "q6_k": 6.6, "q5_k_m": 5.7, "q4_k_m": 4.9, "q4_0": 4.6, "q3_k_m": 3.9}  # a weight, about


@dataclass
class ModelJob:
    """What is going on. `done`: bytes written, or trials made."""

    kind: JobKind
    model_id: str
    made_id: str = ""
    done: int = 0
    stopping: bool = False


class ModelJobs(QObject):
    """The work on models, seen from the window."""

    changed = Signal()
    ended = Signal(str)  # the kind, where it came to its end

    def __init__(self, calls: Calls, models: ModelsModel, notices: Notices, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._models = models
        self._notices = notices
        self._stream: EventStream | None = None
        self.running: ModelJob | None = None

    def quantize(self, model_id: str, layout: str) -> None:
        """Make a smaller model of one that is here."""
        calls = self._calls
        self._begin(
            ModelJob("quantize", model_id),
            lambda cancel: calls.engine().quantize_model(model_id, layout, cancel=cancel),
        )

    def calibrate(self, model_id: str) -> None:
        """Measure how it runs fastest here."""
        calls = self._calls
        self._begin(
            ModelJob("calibrate", model_id), lambda cancel: calls.engine().calibrate_model(model_id, cancel=cancel)
        )

    def stop(self) -> None:
        """Stop what is going on; nothing is left of it."""
        if self._stream is not None and self.running is not None:
            self.running.stopping = True
            self._stream.cancel()
            self.changed.emit()

    def close(self) -> None:
        """The window closes."""
        if self._stream is not None:
            self._stream.cancel()

    def _begin(self, job: ModelJob, work: Callable[[CancelToken], Iterator[Event]]) -> None:
        if self.running is not None:
            return
        self.running = job
        self._stream = EventStream(work, self._calls, parent=self)
        self._stream.arrived.connect(self._take)
        self._stream.start()
        self.changed.emit()

    @Slot(list)
    def _take(self, events: list[Event]) -> None:
        job = self.running
        if job is None:
            return
        for event in events:
            match event:
                case Progress():
                    job.done = event.done
                    job.made_id = event.item
                case Finished() | Failed():
                    self._end(job, event)
                    return
                case _:
                    pass
        self.changed.emit()

    def _end(self, job: ModelJob, event: Finished | Failed) -> None:
        if self._stream is not None:
            self._stream.deleteLater()
        self._stream, self.running = None, None
        if isinstance(event, Failed):
            self._notices.report(problem_of_event(event), about=job.kind)
        elif event.reason != "cancelled":
            model = self._models.model(job.model_id)
            name = model.title if model else job.model_id
            self._notices.say(Notice("good", key=f"models.{job.kind}_done", values={"name": name}, about=job.kind))
            self.ended.emit(job.kind)
        self._models.refresh()
        self.changed.emit()
