"""Jobs under many hands: work of random kinds submitted, watched from several threads, cancelled at random moments.

Holds whenever: a stream ends with exactly one of Finished / Failed and nothing after it; every watcher sees the same
events; the state agrees with the last event; no user's text of an unexpected error is in the stream; closing ends
the worker.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.events import Event, Failed, Finished, Progress
from studiolo.jobs import CancelToken, Job, JobBoard
from tests.soak.scenario import Round

SECRET = "13800138000"
ENDS = {"finished": "stop", "cancelled": "cancelled"}


class Jobs:
    """The scenario; a round is one board with a handful of jobs."""

    name = "jobs"
    rounds = 20_000
    quick_s = 5.0

    def start(self, folder: Path) -> None:
        self._threads = threading.active_count()

    def play(self, this: Round) -> None:
        board = JobBoard(keep=this.random.randint(8, 20))
        plans = [(this.random.choice(KINDS), this.random.randint(0, 30)) for _ in range(this.random.randint(1, 8))]
        jobs = [board.submit(lambda cancel, plan=plan: work(cancel, *plan)) for plan in plans]
        seen: list[list[Event]] = [[] for _ in range(2 * len(jobs))]
        watchers = [
            threading.Thread(target=watch, args=(jobs[number // 2], into), name=f"watch-{number}")
            for number, into in enumerate(seen)
        ]
        for watcher in watchers:
            watcher.start()
        cancelled = [job for job in jobs if this.random.random() < 0.3]
        for job in cancelled:
            job.cancel()
        for watcher in watchers:
            watcher.join(timeout=60)
            assert not watcher.is_alive(), "a watcher never saw the end"
        for number, (kind, _) in enumerate(plans):
            check(jobs[number], kind=kind, first=seen[2 * number], second=seen[2 * number + 1])
        board.close()
        assert threading.active_count() == self._threads, "a thread is left"

    def stop(self) -> None:
        pass


def finishes(cancel: CancelToken, steps: int) -> Iterator[Event]:
    for step in range(steps):
        if cancel.cancelled:
            yield Finished(reason="cancelled")
            return
        yield Progress("work", step, steps)
    yield Finished()


def ends_without_a_word(cancel: CancelToken, steps: int) -> Iterator[Event]:
    for step in range(steps):
        yield Progress("work", step, steps)


def talks_on(cancel: CancelToken, steps: int) -> Iterator[Event]:
    yield Finished()
    yield Progress("work", steps, steps)


def fails_as_known(cancel: CancelToken, steps: int) -> Iterator[Event]:
    yield Progress("work", 0, steps)
    raise UserError(Code.FILE_MISSING, path="x")


def fails_unforeseen(cancel: CancelToken, steps: int) -> Iterator[Event]:
    yield Progress("work", 0, steps)
    raise RuntimeError(SECRET)


KINDS = (finishes, ends_without_a_word, talks_on, fails_as_known, fails_unforeseen)


def work(cancel: CancelToken, kind, steps: int) -> Iterator[Event]:
    return kind(cancel, steps)


def watch(job: Job, into: list[Event]) -> None:
    into.extend(job.watch())


def check(job: Job, *, kind, first: list[Event], second: list[Event]) -> None:
    assert first == second, "two watchers saw different events"
    ends = [event for event in first if isinstance(event, Finished | Failed)]
    assert len(ends) == 1, f"{len(ends)} ends"
    assert first[-1] is ends[0], "an event after the end"
    state, events = job.snapshot()
    assert list(events) == first
    assert state in ("finished", "failed", "cancelled")
    if isinstance(ends[0], Finished):
        assert ends[0].reason == ENDS[state]
    else:
        assert state == "failed"
    if kind is fails_as_known:
        assert isinstance(ends[0], Failed)
        assert ends[0].code == Code.FILE_MISSING
    if kind is fails_unforeseen:
        assert isinstance(ends[0], Failed)
        assert ends[0].code == Code.INTERNAL
        assert SECRET not in repr(ends[0].values)
