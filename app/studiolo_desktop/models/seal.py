"""The seal as it is now, and its proof when somebody asks for it. No widget, no thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.client.proof import Proof
from studiolo.jobs import CancelToken
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineState, Supervisor

Prove = Callable[[CancelToken], Proof | None]
"""Runs the proof to its end; None where it was cancelled."""


class SealState(StrEnum):
    """What can be said of the seal."""

    AWAY = "away"  # the engine does not run: nobody to be sealed
    SEALED = "sealed"
    ALONE = "alone"  # the engine is, the window is not
    OPEN = "not_sealed"


class SealModel(QObject):
    """One seal, one proof."""

    changed = Signal()

    def __init__(
        self,
        calls: Calls,
        supervisor: Supervisor,
        *,
        prove: Prove | None,
        window_sealed: bool | None = None,
        parent: QObject | None = None,
    ) -> None:
        """`prove` None: this system has no seal to prove. `window_sealed` None: it was not tried."""
        super().__init__(parent)
        self._calls = calls
        self._supervisor = supervisor
        self._prove = prove
        self._cancel: CancelToken | None = None
        self.window_sealed = window_sealed
        self.proof: Proof | None = None
        self.problem: Problem | None = None
        supervisor.changed.connect(self._moved)
        supervisor.status_changed.connect(self._moved)

    @property
    def state(self) -> SealState:
        """As the engine has just tried it itself."""
        status = self._supervisor.status
        if self._supervisor.state is not EngineState.READY or status is None:
            return SealState.AWAY
        if not status.sealed:
            return SealState.OPEN
        return SealState.ALONE if self.window_sealed is False else SealState.SEALED

    @property
    def provable(self) -> bool:
        """Whether there is anything to prove on this system."""
        return self._prove is not None

    @property
    def proving(self) -> bool:
        """Whether the proof is being run."""
        return self._cancel is not None

    def prove(self) -> None:
        """Run it, unless it runs."""
        if self._prove is None or self._cancel is not None:
            return
        prove, cancel = self._prove, CancelToken()
        self._cancel = cancel
        self.proof = self.problem = None
        self.changed.emit()
        self._calls.run_local(lambda: prove(cancel), then=self._proven, failed=self._failed)

    def stop(self) -> None:
        """Stop the proof."""
        if self._cancel is not None:  # ending its process may wait for the porter: not on the main thread
            threading.Thread(target=self._cancel.cancel, name="stop-proof", daemon=True).start()

    def _proven(self, proof: Proof | None) -> None:
        self._cancel = None
        self.proof = proof
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self._cancel = None
        self.problem = problem
        self.changed.emit()

    @Slot()
    def _moved(self) -> None:
        self.changed.emit()
