"""Notes what keeps the main thread: turns of its event loop that took more than 50 ms of its own processor time.

For development (`STUDIOLO_WATCHDOG=1`). A turn is what is handled between two times that the loop looks for events, so
it is as long as its longest handler at least. Own processor time, because a busy machine makes everything long and
nothing of ours slower. Nothing of Qt's is overridden: an application whose events all go through Python is slower, and
a wrapper that Python still holds may stand for another object by then.

Threads: the main thread's events alone are measured.
"""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import QAbstractEventDispatcher, QObject, Slot

LIMIT_S = 0.05


class Watchdog(QObject):
    """Keeps the seconds of slow turns in `slow`; `told`: it says so on stderr, too. An application must be there."""

    def __init__(self, *, told: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.slow: list[float] = []
        self._told = told
        self._since: float | None = None  # no turn has begun yet
        dispatcher = QAbstractEventDispatcher.instance()
        dispatcher.awake.connect(self._looked)
        dispatcher.aboutToBlock.connect(self._looked)

    @Slot()
    def _looked(self) -> None:
        now = time.thread_time()
        if self._since is not None and now - self._since > LIMIT_S:
            self.slow.append(round(now - self._since, 3))
            if self._told:
                sys.stderr.write(f"{(now - self._since) * 1000:.0f} ms in one turn of the main thread\n")
        self._since = time.thread_time()
