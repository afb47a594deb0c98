"""Several parser processes, so that several files are read at once. May be used by any number of threads."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from studiolo.jobs import CancelToken
from studiolo.knowledge.parsers.blocks import Budget, Parsed
from studiolo.knowledge.parsers.child import Cancelled, ParserProcess

_POLL_S = 0.1  # how soon a cancel is noticed while all children are busy
_CHILDREN_MOST = 2  # a child may hold gigabytes


class ParserPool:
    """`children` parser processes (as many as there are cores, two at most, where it is not said); each is started when
    a file first comes to it."""

    def __init__(self, *, budget: Budget | None = None, children: int | None = None) -> None:
        count = children or min(_CHILDREN_MOST, os.cpu_count() or 1)
        self._all = [ParserProcess(budget=budget) for _ in range(count)]
        # Last in, first out: one file after another goes to one child, and the second is started only when needed.
        self._free: queue.LifoQueue[ParserProcess] = queue.LifoQueue()
        for process in self._all:
            self._free.put(process)
        self._closed = threading.Event()

    def parse(
        self,
        path: Path,
        *,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Parsed:
        """As `ParserProcess.parse`, in the next child that is free."""
        process = self._take(cancel)
        try:
            return process.parse(path, cancel=cancel, passwords=passwords, progress=progress)
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End all children; what runs is stopped with Cancelled."""
        self._closed.set()
        for process in self._all:
            process.close()

    def _take(self, cancel: CancelToken | None) -> ParserProcess:
        while not self._closed.is_set() and not (cancel is not None and cancel.cancelled):
            try:
                return self._free.get(timeout=_POLL_S)
            except queue.Empty:
                continue
        raise Cancelled
