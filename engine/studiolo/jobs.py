"""Cancelling, and work that goes on in the background with a place to watch it from.

Threads: a CancelToken may be set from any thread. A Job is fed by one worker thread and read by any number of others.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from studiolo.errors import Code, UserError, unexpected
from studiolo.events import Event, Failed, Finished


class CancelToken:
    """A flag that stops a piece of work at its next safe point. Once set it stays set."""

    __slots__ = ("_callbacks", "_event", "_lock")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask the work to stop."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when somebody asks (at once, if somebody has): for native code that cannot poll.

        It runs on the thread that cancels, and must neither block nor raise.
        """
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()


JobState = Literal["queued", "running", "finished", "failed", "cancelled"]


class Job:
    """One piece of background work: its events so far, kept so that a late watcher sees them all."""

    def __init__(self, job_id: str, cancel: CancelToken) -> None:
        self.id = job_id
        self.cancel_token = cancel
        self._events: list[Event] = []
        self._state: JobState = "queued"
        self._changed = threading.Condition()

    @property
    def state(self) -> JobState:
        """Where the work stands."""
        with self._changed:
            return self._state

    def snapshot(self) -> tuple[JobState, tuple[Event, ...]]:
        """State and all events so far."""
        with self._changed:
            return self._state, tuple(self._events)

    def watch(self) -> Iterator[Event]:
        """Every event from the first on, then those to come, to the last."""
        seen = 0
        while True:
            with self._changed:
                while seen >= len(self._events):
                    self._changed.wait()
                fresh = self._events[seen:]
            for event in fresh:
                seen += 1
                yield event
                if isinstance(event, Finished | Failed):
                    return

    def cancel(self) -> None:
        """Ask the work to stop; its stream then ends with Finished(reason="cancelled")."""
        self.cancel_token.cancel()

    def start(self) -> None:
        """For the worker: the work begins."""
        with self._changed:
            self._state = "running"

    def put(self, event: Event) -> None:
        """For the worker: add an event."""
        with self._changed:
            if isinstance(event, Failed):
                self._state = "failed"
            elif isinstance(event, Finished):
                self._state = "cancelled" if event.reason == "cancelled" else "finished"
            self._events.append(event)
            self._changed.notify_all()


class JobBoard:
    """Runs the jobs of a lane one after another on a thread of its own and keeps the last `keep` jobs for asking."""

    def __init__(self, *, keep: int = 100) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._jobs: dict[str, Job] = {}
        self._keep = keep
        self._lock = threading.Lock()
        self._told: list[Callable[[Event], None]] = []

    def on_event(self, told: Callable[[Event], None]) -> None:
        """Call `told` with every event of every job, on the job's thread; it must neither block nor raise."""
        self._told.append(told)

    def submit(self, work: Callable[[CancelToken], Iterator[Event]], *, lane: str = "") -> Job:
        """Queue a piece of work; `work` is called with the job's token on the lane's thread."""
        cancel = CancelToken()
        job = Job(uuid.uuid4().hex[:12], cancel)
        with self._lock:
            self._jobs[job.id] = job
            ended = [j for j in self._jobs.values() if j.state in ("finished", "failed", "cancelled")]
            for old in ended[: max(0, len(self._jobs) - self._keep)]:
                del self._jobs[old.id]
            if lane not in self._pools:
                self._pools[lane] = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
            pool = self._pools[lane]
        pool.submit(self._run, job, work)
        return job

    def get(self, job_id: str) -> Job:
        """The job of that id; raises UserError(unknown_job)."""
        with self._lock:
            if job_id not in self._jobs:
                raise UserError(Code.UNKNOWN_JOB, job=job_id)
            return self._jobs[job_id]

    def all(self) -> list[Job]:
        """The jobs that can be asked for, the latest last."""
        with self._lock:
            return list(self._jobs.values())

    def cancel_all(self) -> None:
        """Ask everything to stop, and wait for nothing."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()

    def close(self) -> None:
        """Cancel everything and wait for the workers to end."""
        self.cancel_all()
        with self._lock:
            pools = list(self._pools.values())
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job, work: Callable[[CancelToken], Iterator[Event]]) -> None:
        job.start()
        try:
            for event in work(job.cancel_token):
                job.put(event)
                for hear in self._told:
                    hear(event)
                if isinstance(event, Finished | Failed):
                    return
            job.put(Finished())
        except BaseException as error:  # noqa: BLE001 - the edge of this thread; the watcher must learn of it
            told = unexpected(error)
            job.put(Failed(code=told.code.value, values=told.values))
