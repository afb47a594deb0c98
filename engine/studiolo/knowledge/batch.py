"""What one call to add files is doing: its events for whoever reads them, how far it is, and whether it was cancelled.

A batch is fed by the intake's threads and read by one. It holds no text.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from studiolo.errors import StudioloError
from studiolo.events import Event, Failed, FileDone, Progress, Tally
from studiolo.jobs import CancelToken
from studiolo.types import AddResult

_POLL_S = 0.1  # how soon a cancel is noticed while nothing happens
_EVERY_S = 0.1  # between two events of one stage
_TALLY_S = 0.5


class Batch:
    """One call's files. `heard` False: nobody reads the events (a file whose intake a kill interrupted)."""

    def __init__(
        self,
        *,
        files: int,
        cancel: CancelToken,
        passwords: tuple[str, ...] = (),
        heard: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cancel = cancel
        self.passwords = passwords
        self.replaced = False  # passages became leftovers
        self.written = False
        self.files_total = files
        self.heard = heard
        self._monotonic = monotonic
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open = files
        self._read = self._pages = self._found = self._done = 0
        self._began: float | None = None
        self._told: dict[str, float] = {}
        self._failure: StudioloError | None = None

    @property
    def over(self) -> bool:
        """Whether its files are not to be gone on with: it was cancelled, or has failed as a whole."""
        return self.cancel.cancelled or self._failure is not None

    # for the intake's threads

    def progress(self, stage: str, done: int, total: int, *, item: str) -> None:
        """Say how far a stage is with a file; what comes too soon after the last time is not said."""
        now = self._monotonic()
        key = f"{stage}\0{item}"
        with self._lock:
            if done and now - self._told.get(key, 0.0) < _EVERY_S:
                return
            if len(self._told) > 1000:
                self._told.clear()
            self._told[key] = now
        self._put(Progress(stage, done, total, item=item))
        self._tally()

    def found(self, *, pages: int, passages: int) -> None:
        """A file has been read."""
        with self._lock:
            self._read += 1
            self._pages += pages
            self._found += passages
            self._began = self._began or self._monotonic()

    def did(self, passages: int) -> None:
        """Passages have been screened and embedded."""
        with self._lock:
            self._done += passages
        self._tally()

    def done(self, result: AddResult, *, seconds: float) -> None:
        """A file has come to its end."""
        self._put(FileDone(replace(result, seconds=seconds)))
        self.leave()

    def leave(self) -> None:
        """A file is not gone on with, and nothing more is said of it."""
        with self._lock:
            self._open -= 1
            last = self._open == 0
        self._tally(at_once=True)
        if last:
            self._events.put(None)

    def fail(self, error: StudioloError) -> None:
        """The whole batch cannot go on."""
        with self._lock:
            self._failure = self._failure or error

    def end(self, error: StudioloError) -> None:
        """The reader is let go, whatever is still open."""
        self.fail(error)
        self._events.put(None)

    def tally(self) -> Tally:
        """How far it is, with an estimate of the time left."""
        with self._lock:
            elapsed = self._monotonic() - self._began if self._began is not None else 0.0
            rate = self._done / elapsed if elapsed > 0 else 0.0
            files = self.files_total - self._open
            unread = self.files_total - max(self._read, files)
            expected = self._found + (unread * self._found / self._read if self._read else 0.0)
            left = (expected - self._done) / rate if rate > 0 and self._read else None
            return Tally(
                files=files,
                files_total=self.files_total,
                pages=self._pages,
                passages=self._done,
                passages_total=self._found,
                passages_per_s=rate,
                left_s=None if left is None else max(left, 0.0),
            )

    # for the reader

    def events(self) -> Iterator[Event]:
        """What happens, until every file has come to its end; Failed, if the batch has, comes last."""
        while True:
            try:
                event = self._events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if event is None:
                break
            if not self.cancel.cancelled or isinstance(event, FileDone):
                yield event
        if self._failure is not None:
            yield Failed(code=self._failure.code.value, values=self._failure.values)

    def drain(self) -> None:
        """Wait for every file to come to its end, listening to nothing."""
        for _ in self.events():
            pass

    def _tally(self, *, at_once: bool = False) -> None:
        now = self._monotonic()
        with self._lock:
            if not at_once and now - self._told.get("", 0.0) < _TALLY_S:
                return
            self._told[""] = now
        self._put(self.tally())

    def _put(self, event: Event) -> None:
        if self.heard:
            self._events.put(event)
