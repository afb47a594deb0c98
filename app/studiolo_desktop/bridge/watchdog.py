"""Notes what keeps the main thread: handlers of events that took more than 50 ms of its own processor time.

For development (`STUDIOLO_WATCHDOG=1`) and tests: an application that is watched hands every event through Python,
which a person's need not. Own processor time, because a busy machine makes everything long and nothing of ours slower.

Threads: the main thread's events alone are measured.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

LIMIT_S = 0.05


@dataclass(frozen=True, slots=True)
class Slow:
    """A handler that took long: the class of who got the event, the event's type, seconds. No text of anybody's."""

    receiver: str
    event: str
    seconds: float


class WatchedApplication(QApplication):
    """An application that notes slow handlers in `slow`; `told`: it says so on stderr, too."""

    def __init__(self, arguments: list[str], *, told: bool = False) -> None:
        super().__init__(arguments)
        self.slow: list[Slow] = []
        self._told = told
        self._inside = False

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Hand an event over, and measure it unless it came while another was being handled."""
        if self._inside:
            return super().notify(receiver, event)
        kind, who = event.type(), type(receiver).__name__
        self._inside = True
        began = time.thread_time()
        try:
            return super().notify(receiver, event)
        finally:
            self._inside = False
            seconds = time.thread_time() - began
            if seconds > LIMIT_S:
                self._note(Slow(who, kind.name, round(seconds, 3)))

    def _note(self, slow: Slow) -> None:
        self.slow.append(slow)
        if self._told:
            sys.stderr.write(f"{slow.seconds * 1000:.0f} ms on the main thread: {slow.receiver}, {slow.event}\n")
