"""What the routes share: the engine, its jobs, the streams that run, what is counted, and where uploads are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.events import Event
from studiolo.jobs import CancelToken, Job, JobBoard
from studiolo.paths import Home
from studiolo.server.limits import BUSY_S, MOST_JOBS, too_many
from studiolo.server.metrics import Metrics
from studiolo.server.rights import caller
from studiolo.server.streaming import Streams
from studiolo.tokens import TokenStore


class CallersJobs(JobBoard):
    """Jobs, each of which is there for its caller and the owner alone."""

    def __init__(self) -> None:
        super().__init__()
        self._marks: dict[str, str] = {}  # by job id

    def require_room(self) -> None:
        """Raises UserError(too_many_requests) where a named token has as many jobs under way as it may."""
        if caller().mark and sum(job.state in ("queued", "running") for job in self.all()) >= MOST_JOBS:
            raise too_many("concurrent", MOST_JOBS, BUSY_S)

    def submit(self, work: Callable[[CancelToken], Iterator[Event]], *, lane: str = "") -> Job:
        """Queue a piece of work of the caller's. Raises as `require_room`."""
        self.require_room()
        job = super().submit(work, lane=lane)
        self._marks[job.id] = caller().mark
        kept = {known.id for known in super().all()}
        for old in [known for known in list(self._marks) if known not in kept]:
            self._marks.pop(old, None)
        return job

    def all(self) -> list[Job]:
        """Those of the caller; the owner's are all."""
        mark = caller().mark
        return [job for job in super().all() if not mark or self._marks.get(job.id) == mark]

    def states(self) -> list[str]:
        """How everybody's stand: for counting, whoever asks."""
        return [job.state for job in super().all()]

    def get(self, job_id: str) -> Job:
        """The job of that id; raises UserError(unknown_job), for somebody else's too."""
        mark = caller().mark
        if mark and self._marks.get(job_id) != mark:
            raise UserError(Code.UNKNOWN_JOB, job=job_id)
        return super().get(job_id)


@dataclass(frozen=True, slots=True)
class Service:
    """One serving engine, asked in the name of each request's caller."""

    engine: Engine
    home: Home
    clock: Callable[[], float]  # seconds that never go back
    tokens: TokenStore
    metrics: Metrics = field(default_factory=Metrics)
    jobs: CallersJobs = field(default_factory=CallersJobs)
    streams: Streams = field(default_factory=Streams)

    def __post_init__(self) -> None:
        self.jobs.on_event(self.metrics.file)
        self.streams.on_event(self.metrics.answer)
        self.streams.admit(lambda who: who.token is None or self.tokens.holds(who.token))

    def stop_work(self) -> None:
        """Cancel every stream and job; they end at their next safe point."""
        self.streams.cancel_all()
        self.jobs.cancel_all()
