"""The engine's process, looked after: started or attached to, watched, restarted once, given up on in words.

A native abort or an out-of-memory kill takes the engine and never the window. This module notices, waits a moment,
starts another, and says at each step where things stand.

Threads: everything but the thread's own loop is called on the main thread; `changed` arrives there, queued.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot

from studiolo.engine import Engine
from studiolo.errors import Code, EnvironmentFault
from studiolo.types import EngineStatus
from studiolo_desktop.bridge.problem import Problem, problem_of

HEALTH_FAILURES = 3  # in a row; one alone may be a machine that is swapping


class EngineState(StrEnum):
    """Where the engine stands, as the window sees it."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


class EngineLink(Protocol):
    """A connection to a running engine, ours or somebody else's."""

    @property
    def engine(self) -> Engine:
        """What to ask."""
        ...

    def alive(self) -> bool:
        """Whether its process still runs; True where the process is not ours to watch."""
        ...

    def close(self) -> None:
        """Let go of it; end the process if it is ours."""
        ...


@dataclass(frozen=True, slots=True)
class EngineChange:
    """One step of the engine's life."""

    state: EngineState
    problem: Problem | None = None
    status: EngineStatus | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits for what."""

    check_every_s: float = 1.0
    back_off_s: float = 1.5
    calm_s: float = 60.0  # an engine that ran this long has earned another restart


class Supervisor(QObject):
    """Keeps one engine running behind the window."""

    changed = Signal(object)  # EngineChange, on the main thread
    status_changed = Signal()  # what the engine says of itself is another than a moment ago

    _stepped = Signal(object)
    _told = Signal(object)

    def __init__(
        self, connect: Callable[[], EngineLink], *, patience: Patience | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._connect = connect
        self._patience = patience or Patience()
        self._link: EngineLink | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._nudge = threading.Event()
        self._by_hand = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = EngineChange(EngineState.STOPPED)
        self._stepped.connect(self._announce, Qt.ConnectionType.QueuedConnection)
        self._told.connect(self._take_status, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> EngineState:
        """The state last announced."""
        return self._last.state

    @property
    def status(self) -> EngineStatus | None:
        """What the engine last said of itself; it is asked every second while it is ready."""
        return self._last.status

    def engine(self) -> Engine:
        """The engine of this moment, from any thread. Raises EnvironmentFault(engine_gone)."""
        with self._lock:
            if self._link is None:
                raise EnvironmentFault(Code.ENGINE_GONE)
            return self._link.engine

    def start(self) -> None:
        """Start the engine and watch over it."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="engine-supervisor", daemon=True)
            self._thread.start()

    def suspect(self) -> None:
        """A call found nobody there: look now rather than at the next check."""
        self._nudge.set()

    def restart(self) -> None:
        """The person asks for another try after it was given up."""
        self._by_hand.set()
        self._nudge.set()

    def stop(self, *, wait_s: float = 10.0) -> None:
        """End the engine if it is ours, and the watching."""
        self._stopping.set()
        self._nudge.set()
        self._by_hand.set()
        if self._thread is not None:
            self._thread.join(wait_s)
            self._thread = None

    def _run(self) -> None:
        tries = 0
        self._step(EngineChange(EngineState.STARTING))
        while not self._stopping.is_set():
            problem, lived_s = self._one_life()
            if self._stopping.is_set():
                break
            if lived_s > self._patience.calm_s:
                tries = 0
            worth_another = problem.code in (Code.ENGINE_GONE, Code.ENGINE_START)
            if worth_another and tries == 0:
                tries = 1
                self._step(EngineChange(EngineState.RESTARTING, problem))
                self._stopping.wait(self._patience.back_off_s)
                continue
            self._by_hand.clear()
            if self._stopping.is_set():  # `stop` may have come just before the line above
                break
            self._step(EngineChange(EngineState.FAILED, problem))
            self._by_hand.wait()
            tries = 0
            if not self._stopping.is_set():
                self._step(EngineChange(EngineState.STARTING))
        self._step(EngineChange(EngineState.STOPPED))

    def _one_life(self) -> tuple[Problem, float]:
        """Connect, watch until it is gone or we stop; why it ended and how long it was ready, in seconds."""
        link: EngineLink | None = None
        try:
            link = self._connect()
            status = link.engine.status()
        except Exception as error:  # noqa: BLE001 - the edge of this thread: the window must say what happened
            if link is not None:
                link.close()
            return problem_of(error), 0.0
        began = time.monotonic()
        with self._lock:
            self._link = link
        if not self._stopping.is_set():
            self._step(EngineChange(EngineState.READY, status=status))
        try:
            self._until_gone(link)
        finally:
            with self._lock:
                self._link = None
            link.close()
        return Problem(Code.ENGINE_GONE), time.monotonic() - began

    def _until_gone(self, link: EngineLink) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._nudge.wait(self._patience.check_every_s)
            suspected = self._nudge.is_set()
            self._nudge.clear()
            if self._stopping.is_set() or not link.alive():
                return
            try:
                self._told.emit(link.engine.status())
                failures = 0
            except Exception:  # noqa: BLE001 - any failure of the health check counts the same
                failures += 1
                if suspected:
                    self._stopping.wait(0.2)  # a process that just died is still being reaped
            if failures >= HEALTH_FAILURES or not link.alive():
                return

    def _step(self, change: EngineChange) -> None:
        self._stepped.emit(change)

    @Slot(object)
    def _take_status(self, status: EngineStatus) -> None:
        if self._last.state is EngineState.READY and status != self._last.status:
            self._last = replace(self._last, status=status)
            self.status_changed.emit()

    @Slot(object)
    def _announce(self, change: EngineChange) -> None:
        self._last = change
        self.changed.emit(change)
