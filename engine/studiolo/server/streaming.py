"""Blocking event streams on the event loop: a thread reads the engine, a bounded queue hands over, the loop writes SSE.

A client that goes away, or that cancels its stream by name, sets the stream's CancelToken; the work then ends at its
next safe point. Threads: `Pump` is made and read on the loop; its one thread owns the engine's iterator.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from studiolo import wire
from studiolo.errors import Code, EngineBug, StudioloError, UserError, error_for, unexpected
from studiolo.events import Event, Failed
from studiolo.jobs import CancelToken, Job
from studiolo.server.rights import Caller, caller

HEARTBEAT_S = 5.0
ADMITTED_S = 1.0  # how often it is looked whether the caller still may read
FIRST_EVENT_S = 1.0  # how long the status line waits, so that an early error can still be an HTTP status
QUEUE_EVENTS = 256
JOB_POLL_S = 0.05

log = logging.getLogger(__name__)

Source = Callable[[CancelToken], Iterator[Event]]


class Streams:
    """The streams that run now, by their caller and the name that their client gave them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # several tokens of a name where a request asks for several answers
        self._named: dict[tuple[str, str], set[CancelToken]] = {}
        self._all: set[CancelToken] = set()
        self._told: list[Callable[[Event], None]] = []
        self._may: Callable[[Caller], bool] = lambda _caller: True

    def on_event(self, told: Callable[[Event], None]) -> None:
        """Call `told` with every event of every stream, on the stream's thread; it must neither block nor raise."""
        self._told.append(told)

    def admit(self, may: Callable[[Caller], bool]) -> None:
        """Ask `may` from time to time whether a caller still may read; it must not block."""
        self._may = may

    def may(self, who: Caller) -> bool:
        """Whether a caller still may read: not where their token has been revoked, or its time is over."""
        return self._may(who)

    def tell(self, event: Event) -> None:
        """For a stream: it has said something."""
        for told in self._told:
            told(event)

    @property
    def running(self) -> int:
        """How many run now."""
        with self._lock:
            return len(self._all)

    def add(self, token: CancelToken, name: str | None, *, mark: str) -> None:
        """A stream of the caller `mark` begins."""
        with self._lock:
            self._all.add(token)
            if name:
                self._named.setdefault((mark, name), set()).add(token)

    def remove(self, token: CancelToken, name: str | None, *, mark: str) -> None:
        """A stream has ended."""
        key = (mark, name or "")
        with self._lock:
            self._all.discard(token)
            if key in self._named:
                self._named[key].discard(token)
                if not self._named[key]:
                    del self._named[key]

    def cancel(self, name: str) -> None:
        """Stop the caller's stream of that name. Raises UserError(unknown_job)."""
        with self._lock:
            tokens = list(self._named.get((caller().mark, name), ()))
        if not tokens:
            raise UserError(Code.UNKNOWN_JOB, job=name)
        for token in tokens:
            token.cancel()

    def cancel_all(self) -> None:
        """Stop everything: the server is going."""
        with self._lock:
            tokens = list(self._all)
        for token in tokens:
            token.cancel()


class Pump:
    """Runs one blocking stream on a thread and gives its events to the loop."""

    def __init__(self, source: Source, streams: Streams, *, name: str | None = None) -> None:
        """Start at once; must be made on the running loop, while a request is served. Its thread knows the caller."""
        self._cancel = CancelToken()
        self._caller = caller()
        self._mark = self._caller.mark
        self._streams = streams
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | StudioloError] = asyncio.Queue()
        self._room = threading.Semaphore(QUEUE_EVENTS)
        self._left = threading.Event()
        self._peeked: Event | None = None
        streams.add(self._cancel, name, mark=self._mark)
        known = contextvars.copy_context()
        threading.Thread(target=known.run, args=(self._run, source), name="stream", daemon=True).start()

    async def settle(self) -> None:
        """Wait a moment for the first event. Raises StudioloError where the work could not even begin."""
        with suppress(TimeoutError):
            item = await asyncio.wait_for(self._queue.get(), FIRST_EVENT_S)
            self._room.release()
            if isinstance(item, StudioloError):
                self.leave()
                raise item
            self._peeked = item

    def raise_if_failed(self) -> None:
        """After `settle`: raise the error where the very first event says that the work failed."""
        if isinstance(self._peeked, Failed):
            self.leave()
            raise error_for(self._peeked.code, self._peeked.values)

    async def events(self) -> AsyncIterator[Event | None]:
        """Every event to the last; None where nothing happened for a while. An error becomes Failed.

        So does the end of the caller's token, which is looked for every `ADMITTED_S`.
        """
        try:
            if self._peeked is not None:
                yield self._peeked
                if wire.is_last(self._peeked):
                    return
            spoke = looked = self._loop.time()
            while True:
                item: Event | StudioloError | None = None
                with suppress(TimeoutError):
                    item = await asyncio.wait_for(self._queue.get(), min(HEARTBEAT_S, ADMITTED_S))
                now = self._loop.time()
                if now - looked >= ADMITTED_S:
                    looked = now
                    if not self._streams.may(self._caller):
                        yield Failed(Code.UNAUTHORISED.value)
                        return
                if item is None:
                    if now - spoke >= HEARTBEAT_S:
                        spoke = now
                        yield None
                    continue
                spoke = now
                self._room.release()
                event = Failed(item.code.value, item.values) if isinstance(item, StudioloError) else item
                yield event
                if wire.is_last(event):
                    return
        finally:
            self.leave()

    def cancel(self) -> None:
        """Stop the work; its events go on to the last."""
        self._cancel.cancel()

    def leave(self) -> None:
        """Nobody reads any more: stop the work."""
        self._left.set()
        self._cancel.cancel()
        self._streams.remove(self._cancel, self._name, mark=self._mark)

    def _run(self, source: Source) -> None:
        try:
            stream = source(self._cancel)
            try:
                ended = False
                for event in stream:
                    if not ended:
                        self._streams.tell(event)
                        self._hand_over(event)
                    ended = ended or wire.is_last(event)
                    if self._left.is_set() and not ended:
                        return
            finally:
                close = getattr(stream, "close", None)
                if close is not None:
                    close()
            if not ended:
                self._hand_over(EngineBug(Code.INTERNAL, where="stream without an end"))
        except StudioloError as error:
            self._hand_over(error)
        except Exception as error:
            log.exception("stream failed")
            self._hand_over(unexpected(error))

    def _hand_over(self, item: Event | StudioloError) -> None:
        while not self._room.acquire(timeout=0.2):
            if self._left.is_set():
                return
        with suppress(RuntimeError):  # the loop has closed: the process is going down
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)


async def several(pumps: Sequence[Pump]) -> AsyncGenerator[tuple[int, Event | None], None]:
    """The events of streams that run side by side, each with its stream's number, as they come.

    Ends with the last of them, or with the first Failed: the others are then left.
    """
    queue: asyncio.Queue[tuple[int, Event | None]] = asyncio.Queue(maxsize=1)

    async def pass_on(number: int, pump: Pump) -> None:
        async for event in pump.events():
            await queue.put((number, event))

    tasks = [asyncio.create_task(pass_on(number, pump)) for number, pump in enumerate(pumps)]
    running = len(pumps)
    try:
        while running:
            number, event = await queue.get()
            yield number, event
            if isinstance(event, Failed):
                return
            running -= event is not None and wire.is_last(event)
    finally:
        for pump in pumps:
            pump.leave()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def sse_lines(events: AsyncIterator[Event | None]) -> AsyncIterator[str]:
    """Events as server-sent events, heartbeats between them."""
    async for event in events:
        yield wire.HEARTBEAT if event is None else wire.sse(event)


async def job_events(job: Job, streams: Streams) -> AsyncIterator[Event | None]:
    """A job's events from its first to its last, watched without a thread; None where nothing happened for a while.

    The end of the caller's token ends them, and leaves the job.
    """
    who, looked_s = caller(), 0.0
    seen, quiet_s = 0, 0.0
    while True:
        looked_s += JOB_POLL_S
        if looked_s >= ADMITTED_S:
            looked_s = 0.0
            if not streams.may(who):
                yield Failed(Code.UNAUTHORISED.value)
                return
        _, events = job.snapshot()
        for event in events[seen:]:
            yield event
            if wire.is_last(event):
                return
        quiet_s = 0.0 if len(events) > seen else quiet_s + JOB_POLL_S
        seen = len(events)
        if quiet_s >= HEARTBEAT_S:
            quiet_s = 0.0
            yield None
        await asyncio.sleep(JOB_POLL_S)


class EventStream(StreamingResponse):
    """The HTTP answer that carries server-sent events; `on_end` is called however it ends."""

    def __init__(self, lines: AsyncIterator[str], *, on_end: Callable[[], None] | None = None) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(lines, media_type="text/event-stream", headers=headers)
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a client that goes away ends it early."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._on_end is not None:
                self._on_end()
