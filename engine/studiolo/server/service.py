"""What the routes share: the engine, its background jobs, the streams that run, and where uploads are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from studiolo.engine import Engine
from studiolo.jobs import JobBoard
from studiolo.paths import Home
from studiolo.server.streaming import Streams


@dataclass(frozen=True, slots=True)
class Service:
    """One serving engine."""

    engine: Engine
    home: Home
    clock: Callable[[], float]  # seconds that never go back
    jobs: JobBoard = field(default_factory=JobBoard)
    streams: Streams = field(default_factory=Streams)

    def stop_work(self) -> None:
        """Cancel every stream and job; they end at their next safe point."""
        self.streams.cancel_all()
        self.jobs.cancel_all()
