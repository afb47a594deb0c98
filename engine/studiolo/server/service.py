"""What the routes share: the engine, its jobs, the streams that run, what is counted, and where uploads are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from studiolo.engine import Engine
from studiolo.jobs import JobBoard
from studiolo.paths import Home
from studiolo.server.metrics import Metrics
from studiolo.server.streaming import Streams


@dataclass(frozen=True, slots=True)
class Service:
    """One serving engine."""

    engine: Engine
    home: Home
    clock: Callable[[], float]  # seconds that never go back
    metrics: Metrics = field(default_factory=Metrics)
    jobs: JobBoard = field(default_factory=JobBoard)
    streams: Streams = field(default_factory=Streams)

    def __post_init__(self) -> None:
        self.jobs.on_event(self.metrics.file)
        self.streams.on_event(self.metrics.answer)

    def stop_work(self) -> None:
        """Cancel every stream and job; they end at their next safe point."""
        self.streams.cancel_all()
        self.jobs.cancel_all()
