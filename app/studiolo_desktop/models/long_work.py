"""Long work that has come to its end: files added, models fetched, a model made smaller or measured. No widget."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.model_jobs import ModelJobs

LONG_S = 10.0  # less is over before one has turned to something else


class LongWork(QObject):
    """Tells what has ended, once."""

    ended = Signal(str)  # the key of what is to be said

    def __init__(
        self,
        library: LibraryModel,
        models: ModelsModel,
        jobs: ModelJobs,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._monotonic = monotonic
        self._began = 0.0
        library.busy_changed.connect(self._adding_changed)
        models.got.connect(lambda: self.ended.emit("ended.models"))
        jobs.ended.connect(lambda kind: self.ended.emit(f"ended.{kind}"))

    @Slot()
    def _adding_changed(self) -> None:
        if self._library.busy:
            self._began = self._began or self._monotonic()
            return
        long = bool(self._began) and self._monotonic() - self._began >= LONG_S
        self._began = 0.0
        if long:
            self.ended.emit("ended.files")
