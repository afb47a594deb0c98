"""The folders that the library shown is kept in step with. No widget, no thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studiolo.engine import Engine
from studiolo.types import Watched
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.library import LibraryModel


class WatchingModel(QObject):
    """Read when it is asked for: folders change by hand alone."""

    changed = Signal()

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._library = library
        self.folders: list[Watched] = []
        self.known = False
        self.problem: Problem | None = None

    def refresh(self) -> None:
        """Read the folders of the library shown."""
        name = self._library.library
        self.problem = None
        self._calls.run(
            lambda engine: engine.watched(name),
            then=lambda folders: self._arrived(name, folders),
            failed=self._failed,
        )

    def watch(self, folder: Path) -> None:
        """Follow a folder from now on."""
        name = self._library.library
        self.problem = None

        def work(engine: Engine) -> list[Watched]:
            engine.watch(name, folder)
            return engine.watched(name)

        self._calls.run(
            work,
            then=lambda folders: self._arrived(name, folders),
            failed=self._failed,
        )

    def unwatch(self, folder: str) -> None:
        """Follow a folder no more; its documents stay."""
        name = self._library.library
        self.problem = None

        def work(engine: Engine) -> list[Watched]:
            engine.unwatch(name, Path(folder))
            return engine.watched(name)

        self._calls.run(
            work,
            then=lambda folders: self._arrived(name, folders),
            failed=self._failed,
        )

    def _arrived(self, name: str, folders: list[Watched]) -> None:
        if name == self._library.library:
            self.folders, self.known = folders, True
            self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self.problem = problem
        self.changed.emit()
