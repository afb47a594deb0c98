"""Calls off the main thread, and their results back on it.

Threads: `run` is called on the main thread; `work` runs on a pool thread; `then` and `failed` run on the main thread,
carried there by ONE queued signal. No widget and no model is touched anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from studiolo.engine import Engine
from studiolo_desktop.bridge.problem import Problem, problem_of

T = TypeVar("T")


class Calls(QObject):
    """Runs short pieces of work on a few threads of its own."""

    _finished = Signal(object)

    def __init__(self, engine: Callable[[], Engine], *, threads: int = 6, parent: QObject | None = None) -> None:
        """`engine` gives the engine of this moment, or raises EnvironmentFault(engine_gone)."""
        super().__init__(parent)
        self._engine = engine
        self._closed = False
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="window-call")
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def engine(self) -> Engine:
        """The engine of this moment, for a stream. Raises EnvironmentFault(engine_gone)."""
        return self._engine()

    def run(self, work: Callable[[Engine], T], *, then: Callable[[T], None], failed: Callable[[Problem], None]) -> None:
        """Do `work` with the engine; then call exactly one of `then` and `failed`, unless the window has closed."""
        self.run_local(lambda: work(self._engine()), then=then, failed=failed)

    def run_local(self, work: Callable[[], T], *, then: Callable[[T], None], failed: Callable[[Problem], None]) -> None:
        """The same for work that needs no engine: a file to write, a folder to list."""
        if self._closed:
            return

        def guarded() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - the edge of this thread: whatever it is, the window says so
                problem = problem_of(error)
                self._post(lambda: failed(problem))
            else:
                self._post(lambda: then(result))

        self._pool.submit(guarded)

    def submit(self, work: Callable[[], None]) -> Future[Any]:
        """Let a stream read on one of these threads."""
        return self._pool.submit(work)

    def close(self) -> None:
        """Wait for what runs; results that come now are dropped."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _post(self, deliver: Callable[[], None]) -> None:
        if not self._closed:
            self._finished.emit(deliver)

    @Slot(object)
    def _deliver(self, deliver: Callable[[], None]) -> None:
        if not self._closed:
            deliver()


class LatestCall:
    """Calls of which only the last one's answer is wanted: those before come to nothing."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._number = 0

    def drop(self) -> None:
        """What is under way is not wanted any more."""
        self._number += 1

    def run(self, work: Callable[[Engine], T], *, then: Callable[[T], None], failed: Callable[[Problem], None]) -> None:
        """As `Calls.run`; neither is called once another call was begun, or `drop` said so."""
        self.drop()
        number = self._number

        def arrived(result: T) -> None:
            if number == self._number:
                then(result)

        def broken(problem: Problem) -> None:
            if number == self._number:
                failed(problem)

        self._calls.run(work, then=arrived, failed=broken)
