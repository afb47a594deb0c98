"""Whether the machine has time for work that nobody waits for: on mains power, and not busy with others' work.

Threads: any; it may be asked many times a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from studiolo.hardware.load import LoadMeter
from studiolo.hardware.power import on_mains_power

MOST_LOAD = 0.25  # of the processors, by others
EVERY_S = 2.0  # how often the system is asked


class IdleMachine:
    """Call it: True where there is time. A machine that does not tell its power source counts as on mains."""

    def __init__(
        self,
        *,
        most_load: float = MOST_LOAD,
        every_s: float = EVERY_S,
        mains: Callable[[], bool | None] = on_mains_power,
        meter: LoadMeter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Until `every_s` after this nothing is known of the load, and the answer is False."""
        self._most_load, self._every_s = most_load, every_s
        self._mains, self._meter, self._monotonic = mains, meter or LoadMeter(), monotonic
        self._asked_at = monotonic()
        self._idle = False
        self._lock = threading.Lock()

    def __call__(self) -> bool:
        """What the system said, at most `every_s` ago."""
        with self._lock:
            now = self._monotonic()
            if now - self._asked_at >= self._every_s:
                self._asked_at = now
                self._idle = self._mains() is not False and self._meter.load() <= self._most_load
            return self._idle
