"""The one thread that owns the model's context, and the requests before it.

Requests are read and written together, a batch at a time. Those that somebody waits for go first: while a person's
request is there or on its way (`arrivals`), scripts and reading ahead stand still, and a batch of theirs that runs is
broken off for it. Within one class clients get places in turn, each client's requests in order of arrival: one with
fifty requests keeps nobody waiting for more than one of them. Prompts are read in that order, and everyone who writes
gets a token in every batch.

A model is loaded when somebody first leases it and stays until another one is needed: a lease keeps it from being
swapped away under a running turn.

Threads: the public methods may be called from any thread; llama.cpp is touched by the "inference" thread alone,
but for `tokenize`, which only reads the vocabulary, and `interrupt`.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from studiolo.errors import Code, EngineBug, StudioloError, unexpected
from studiolo.inference.arrivals import Arrivals
from studiolo.inference.lease import Lease
from studiolo.inference.runtime import Running, Runtime
from studiolo.inference.steps import Ended, Failure, Piece, Prompt, Service, Step
from studiolo.inference.stopping import StopFinder
from studiolo.inference.turns import Turns
from studiolo.jobs import CancelToken
from studiolo.types import Sampling

T = TypeVar("T")
Loader = Callable[[str], Runtime]
_LOOK_S = 0.1
_LEAVE_S = 5.0  # how long a model that is to be freed at the end waits for those who hold it


@dataclass(slots=True, eq=False)
class _Request:
    """One generation, from its arrival to its end. `running` is its place in the context, once it has one."""

    runtime: Runtime
    prompt: Prompt
    sampling: Sampling
    cancel: CancelToken
    service: Service
    number: int  # in order of arrival
    stops: StopFinder
    client: str = ""
    turn: int = 0  # of clients of one class: see `turns`
    steps: queue.SimpleQueue[Step] = field(default_factory=queue.SimpleQueue)
    running: Running | None = None
    over: bool = False

    def put(self, step: Step) -> None:
        """Hand a step to the asker, a stop string cut off."""
        if self.over:
            return
        if isinstance(step, Piece):
            text = self.stops.feed(step.text)
            if text or step.tokens:
                self.steps.put(Piece(text, step.tokens, step.logprobs))
            if self.stops.stopped:
                self.steps.put(Ended("stop"))
                self.over = True
        elif isinstance(step, Failure):
            self.fail(step.error)
        elif isinstance(step, Ended):
            rest = self.stops.finish()
            if rest:
                self.steps.put(Piece(rest, 0))
            self.steps.put(step)
            self.over = True
        else:
            self.steps.put(step)

    def fail(self, error: StudioloError) -> None:
        """Tell the asker that nothing more comes."""
        if not self.over:
            self.over = True
            self.steps.put(Failure(error))


class Scheduler:
    """Serves generation requests on its thread, several at once."""

    def __init__(self, load: Loader, *, unload_after_s: float = 0) -> None:
        """`load(model_id)` builds a runtime; it is called on the inference thread.

        A model that nobody has leased for `unload_after_s` is freed; 0 = never.
        """
        self._load = load
        self._unload_after_s = unload_after_s
        self._used_at = time.monotonic()
        self._state = threading.Condition()
        self._tasks: list[Callable[[], None]] = []  # for the inference thread, between two batches
        self._waiting: list[_Request] = []
        self._served: list[_Request] = []  # those that have a place; the inference thread's own
        self._in_batch: Sequence[_Request] = ()
        self._model_id = ""
        self._runtime: Runtime | None = None  # what leases get; None while it is being loaded
        self._held: Runtime | None = None  # the inference thread's own reference, to free it
        self._load_error: StudioloError | None = None  # of the last load, for those who waited for it
        self._leases = 0
        self._open = 0  # requests that somebody wants an answer to
        self._persons = 0
        self._arrivals = Arrivals(clock=time.monotonic)
        self._moved = False  # whether somebody has come or gone since places were given last
        self._arrived = 0
        self._turns = Turns()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="inference", daemon=True)
        self._thread.start()

    @property
    def loaded(self) -> str:
        """The id of the loaded model, "" if none is."""
        with self._state:
            return self._model_id

    @property
    def busy(self) -> bool:
        """Whether a request is running, waiting or on its way that somebody wants an answer to."""
        with self._state:
            return self._open > 0 or self._arrivals.before(Service.IDLE)

    def give_way(self, over: Callable[[], bool] = lambda: False, *, timeout_s: float = 60.0) -> None:
        """Wait while a person's request is on its way, read or written: for work on other threads that takes processors
        from it.

        `over`: whether that work is to end; it is asked a few times a second.
        """
        until = time.monotonic() + timeout_s
        with self._state:
            while self._persons or self._arrivals.before(Service.SCRIPT):
                if self._closed or over() or time.monotonic() >= until:
                    return
                self._state.wait(_LOOK_S)

    @contextmanager
    def arriving(self, model_id: str, service: Service) -> Iterator[None]:
        """A request is on its way to the model, for the block: others of a later class give way from now on."""
        with self._state:
            arrival = self._arrivals.enter(service, model_id)
            runtime = self._runtime if self._model_id == model_id else None
            if runtime is not None and any(one.service > service for one in self._in_batch):
                runtime.interrupt()
        try:
            yield
        finally:
            with self._state:
                self._arrivals.leave(arrival)
                self._state.notify_all()

    @contextmanager
    def lease(self, model_id: str) -> Iterator[Lease]:
        """Load `model_id` if need be (waiting while another model is in use) and keep it loaded for the block."""
        started = time.monotonic()
        with self._state:
            while self._leases and self._model_id != model_id and not self._closed:
                self._end_idle()
                self._state.wait()
            self._refuse_closed()
            self._leases += 1
            needs_load = self._model_id != model_id
            if needs_load:
                self._model_id = model_id
                self._runtime = None
        try:
            runtime = self._on_thread(lambda: self._swap(model_id)) if needs_load else self._wait_loaded(model_id)
            yield Lease(self, model_id, runtime, time.monotonic() - started if needs_load else 0.0)
        finally:
            self._give_back()

    @contextmanager
    def lease_loaded(self, model_id: str) -> Iterator[Lease | None]:
        """The same where `model_id` is loaded now, else None: for work that is not to load a model."""
        with self._state:
            runtime = self._runtime if self._model_id == model_id and not self._closed else None
            self._leases += runtime is not None
        try:
            yield None if runtime is None else Lease(self, model_id, runtime, 0.0)
        finally:
            if runtime is not None:
                self._give_back()

    def _give_back(self) -> None:
        with self._state:
            self._leases -= 1
            self._used_at = time.monotonic()
            self._state.notify_all()

    def warm(self, model_id: str) -> None:
        """Begin to load a model, without waiting; nothing happens where one is loaded or in use.

        A failure shows when somebody leases the model.
        """
        with self._state:
            if self._leases or self._model_id:
                return

        def load() -> None:
            with contextlib.suppress(StudioloError), self.lease(model_id):
                pass

        threading.Thread(target=load, name="warm-model", daemon=True).start()

    def run(
        self,
        runtime: Runtime,
        prompt: Prompt,
        *,
        sampling: Sampling,
        cancel: CancelToken,
        service: Service,
        client: str = "",
    ) -> Iterator[Step]:
        """Queue one generation and give its steps as they come. Leaving early cancels it."""
        with self._state:
            self._refuse_closed()
            self._arrived += 1
            stops = StopFinder(sampling.stop)
            turn = self._turns.arrive(service, client)
            request = _Request(runtime, prompt, sampling, cancel, service, self._arrived, stops, client, turn)
            self._open += service is not Service.IDLE
            self._persons += service is Service.PERSON
            self._moved = True
            self._waiting.append(request)
            if any(one.service > service for one in self._in_batch):
                runtime.interrupt()
            self._state.notify_all()
        cancel.on_cancel(lambda: self._cancelled(request))
        ended = False
        try:
            while not ended:
                step = request.steps.get()
                ended = isinstance(step, (Failure, Ended))
                if isinstance(step, Failure):
                    raise step.error
                yield step
        finally:
            if not ended:
                cancel.cancel()

    def unload(self, model_id: str) -> None:
        """Free the model if it is loaded and nobody uses it (before its file is removed)."""
        with self._state:
            while self._leases and self._model_id == model_id and not self._closed:
                self._state.wait()
            if self._model_id != model_id or self._runtime is None or self._closed:
                return
            self._runtime, self._model_id = None, ""
        self._on_thread(self._free)

    def unload_after(self, seconds: float) -> None:
        """Free a model that nobody has leased for so long, from now on; 0 = never."""
        with self._state:
            self._unload_after_s = seconds
            self._state.notify_all()

    def close(self) -> None:
        """End what runs, free the model once nobody holds it (or after some seconds), and end the thread."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._state.notify_all()
        self._thread.join(timeout=30)

    def _refuse_closed(self) -> None:
        """With the lock. Raises EngineBug once the scheduler is closed: its thread is gone, and so is the model."""
        if self._closed:
            raise EngineBug(Code.INTERNAL, where="closed scheduler")

    def _serve(self) -> None:
        while True:
            with self._state:
                while not (self._tasks or self._waiting or self._served or self._closed):
                    self._state.wait(self._until_unused())
                    if self._until_unused() == 0:
                        self._runtime, self._model_id = None, ""
                        self._tasks.append(self._free)
                tasks, self._tasks = self._tasks, []
                closed = self._closed
            for task in tasks:
                task()
            if closed:
                break
            self._drop_cancelled()
            self._give_places()
            self._run_batch()
        self._end_all()
        with self._state:  # who counts tokens with the model must not find it gone
            self._state.wait_for(lambda: not self._leases, timeout=_LEAVE_S)
        self._free()

    def _until_unused(self) -> float | None:
        """With the lock: seconds until the loaded model has been unused for long; None where that cannot come."""
        if not self._unload_after_s or self._leases or self._runtime is None:
            return None
        return max(0.0, self._used_at + self._unload_after_s - time.monotonic())

    def _drop_cancelled(self) -> None:
        with self._state:
            gone = [one for one in self._waiting if one.cancel.cancelled]
            self._waiting = [one for one in self._waiting if not one.cancel.cancelled]
        for request in [*gone, *(one for one in self._served if one.cancel.cancelled)]:
            request.put(Ended("cancelled"))
            self._leave(request)

    def _give_places(self) -> None:
        """In order of class, of turns and of arrival, as far as there are places: a later one never takes an earlier
        one's.

        One of a later class that has a place leaves it to one of an earlier class, and goes on afterwards.
        """
        with self._state:
            moved, self._moved = self._moved, False
            waiting = sorted(self._waiting, key=lambda one: (one.service, one.turn, one.number)) if moved else []
        for request in waiting:
            try:
                while not self._placed(request):
                    later = [one for one in self._served if one.service > request.service]
                    if not later:
                        break
                    self._park(max(later, key=lambda one: (one.service, one.number)))
            except BaseException as error:  # noqa: BLE001 - the edge of this thread; the asker must not wait for ever
                self._fail(request, error)
                continue
            if request not in self._served:
                if self._served:
                    return
                self._fail(request, EngineBug(Code.INTERNAL, where="no place in an empty context"))

    def _placed(self, request: _Request) -> bool:
        runtime = request.runtime
        if request.running is None:
            request.running = runtime.begin(request.prompt, request.sampling)
            if request.running is None:
                return False
        elif not runtime.unpark(request.running):
            return False
        with self._state:
            self._waiting.remove(request)
            self._turns.serve(request.service, request.turn)
        self._served.append(request)
        return True

    def _park(self, request: _Request) -> None:
        assert request.running is not None
        request.runtime.park(request.running)
        self._served.remove(request)
        with self._state:
            self._waiting.append(request)

    def _run_batch(self) -> None:
        """One batch for those of the first class that is there."""
        with self._state:
            first = min((one.service for one in self._served), default=Service.IDLE)
            batch = [one for one in self._served if one.service == first]
            if (
                not batch
                or any(one.cancel.cancelled for one in batch)
                or any(one.service < first for one in self._waiting)
            ):
                return  # what to do has changed just now
            if self._arrivals.before(first, self._model_id):
                self._state.wait(_LOOK_S)
                return
            self._in_batch = batch
            runtime = batch[0].runtime
            runtime.resume()  # under the lock: an interrupt that is meant for this batch comes after it
        try:
            steps = runtime.advance([one.running for one in batch if one.running is not None])
        except BaseException as error:  # noqa: BLE001 - as above
            for request in batch:
                self._fail(request, error)
            return
        finally:
            with self._state:
                self._in_batch = ()
        for request, came in zip(batch, steps, strict=True):
            for step in came:
                request.put(step)
            if request.over:
                self._leave(request)

    def _end_idle(self) -> None:
        """With the lock, on the thread of somebody who needs another model: reading ahead must not make them wait."""
        for request in [*self._waiting, *self._served]:
            if request.service is Service.IDLE:
                threading.Thread(target=request.cancel.cancel, daemon=True).start()

    def _cancelled(self, request: _Request) -> None:
        """On the thread that cancels: break off the batch that the request is in; one that waits is told at once."""
        with self._state:
            if any(one is request for one in self._in_batch):
                request.runtime.interrupt()
            elif any(one is request for one in self._waiting):  # the batch of others goes on; `_drop_cancelled` later
                request.put(Ended("cancelled"))
            self._state.notify_all()

    def _fail(self, request: _Request, error: BaseException) -> None:
        request.fail(error if isinstance(error, StudioloError) else unexpected(error))
        self._leave(request)

    def _leave(self, request: _Request) -> None:
        if request.running is not None:
            request.runtime.end(request.running)
        self._served = [one for one in self._served if one is not request]
        with self._state:
            self._waiting = [one for one in self._waiting if one is not request]
            self._turns.leave(request.service, request.client)
            self._open -= request.service is not Service.IDLE
            self._persons -= request.service is Service.PERSON
            self._moved = True
            if not self._persons:
                self._state.notify_all()

    def _free(self) -> None:
        """On the inference thread: let go of the loaded model and of whoever still waits for it."""
        self._end_all()
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _end_all(self) -> None:
        """On the inference thread: end the requests of the loaded model."""
        with self._state:
            left = [one for one in (*self._served, *self._waiting) if one.runtime is self._held]
        for request in left:
            request.put(Ended("cancelled"))
            self._leave(request)

    def _on_thread(self, task: Callable[[], T]) -> T:
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(task())
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, whatever it is
                future.set_exception(error)

        with self._state:
            self._refuse_closed()  # nobody would do it
            self._tasks.append(work)
            self._state.notify_all()
        return future.result()

    def _swap(self, model_id: str) -> Runtime:
        """On the inference thread: free the old model, load the new one, tell those who wait."""
        self._free()
        try:
            runtime = self._load(model_id)
        except BaseException as error:
            with self._state:
                self._model_id = ""
                self._load_error = error if isinstance(error, StudioloError) else None
                self._state.notify_all()
            raise
        self._held = runtime
        with self._state:
            self._runtime = runtime
            self._state.notify_all()
        return runtime

    def _wait_loaded(self, model_id: str) -> Runtime:
        with self._state:
            while self._model_id == model_id and self._runtime is None and not self._closed:
                self._state.wait()
            self._refuse_closed()
            if self._runtime is None:
                raise self._load_error or EngineBug(Code.INTERNAL, where="model load")
            return self._runtime
