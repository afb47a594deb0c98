"""Reading ahead: how far it is, what it takes, and a hand on it. No widget, no thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.types import AheadStatus
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import Supervisor


class AheadModel(QObject):
    """What the engine says of it; while somebody looks, again whenever it moves."""

    changed = Signal()

    def __init__(self, calls: Calls, supervisor: Supervisor, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._supervisor = supervisor
        self.watched = False
        self.status: AheadStatus | None = None
        self.problem: Problem | None = None
        supervisor.status_changed.connect(self._moved)

    def refresh(self) -> None:
        """Ask."""
        self._calls.run(lambda engine: engine.ahead(), then=self._arrived, failed=self._failed)

    def switch(self, *, on: bool) -> None:
        """Pause it, or go on."""
        self._calls.run(lambda engine: engine.set_ahead(on=on), then=self._arrived, failed=self._failed)

    def set_budget(self, megabytes: int) -> None:
        """Give it so much disk, in MiB; what is over it is dropped."""
        self._calls.run(lambda engine: engine.set_ahead(budget_mb=megabytes), then=self._arrived, failed=self._failed)

    @Slot()
    def _moved(self) -> None:
        if self.watched:
            self.refresh()

    def _arrived(self, status: AheadStatus) -> None:
        self.problem = None
        self.status = status
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self.problem = problem
        self.changed.emit()
