"""How much of the processors others use: whoever works only while the machine is idle asks here.

Our own work does not count, nor that of our child processes. Threads: one meter, one owner.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds since some start: of all processors together, of these the busy ones, and our own share of the busy."""

    all_s: float
    busy_s: float
    own_s: float


class LoadMeter:
    """Compares now with the last time it was asked."""

    def __init__(self, sample: Callable[[], Sample] | None = None) -> None:
        """`sample`: where the figures come from; None = the system."""
        self._sample = sample or take_sample
        self._last = self._sample()

    def load(self) -> float:
        """Share of the processors that others kept busy since the last call (or the start), 0 to 1.

        A span that is too short to have been counted gives 0.
        """
        last, now = self._last, self._sample()
        self._last = now
        span = now.all_s - last.all_s
        others = (now.busy_s - last.busy_s) - max(0.0, now.own_s - last.own_s)
        return min(1.0, max(0.0, others / span)) if span > 0 else 0.0


def load(window_s: float = 0.2) -> float:
    """What `LoadMeter.load` gives over the next `window_s` seconds; waits for them."""
    meter = LoadMeter()
    time.sleep(window_s)
    return meter.load()


def take_sample() -> Sample:
    """The figures of the processors this process may run on. Time that a host took from its guest counts as busy."""
    import psutil

    every = psutil.cpu_times(percpu=True)
    if hasattr(os, "sched_getaffinity"):
        allowed = os.sched_getaffinity(0)
        if max(allowed) < len(every):
            every = [times for number, times in enumerate(every) if number in allowed]
    # user and nice hold the guests' time already
    totals = [sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0) for times in every]
    idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in every)
    return Sample(sum(totals), sum(totals) - idle, _own_s())


def _own_s() -> float:
    """Processor time of this process, of its children that have ended, and of those that live."""
    import psutil

    me = psutil.Process()
    own = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:  # ended in between
            continue
        own += times.user + times.system + times.children_user + times.children_system
    return own
