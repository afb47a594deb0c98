"""The one thread that owns the model's context, and the requests before it.

Requests are read and written together, a batch at a time. Those that somebody waits for go first: while a person's
request is there, scripts and reading ahead stand still, and a batch of theirs that runs is broken off for it. Within
one class places are given in order of arrival, prompts are read in that order, and everyone who writes gets a token in
every batch.

A model is loaded when somebody first leases it and stays until another one is needed: a lease keeps it from being
swapped away under a running turn.

Threads: the public methods may be called from any thread; llama.cpp is touched by the "inference" thread alone,
but for `tokenize`, which only reads the vocabulary, and `interrupt`.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeVar

from studiolo.errors import Code, EngineBug, StudioloError, unexpected
from studiolo.inference.runtime import Running, Runtime
from studiolo.inference.steps import Ended, Piece, Prompt, Service, Step
from studiolo.inference.stopping import StopFinder
from studiolo.inference.template import Segment, TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.types import Sampling


@dataclass(frozen=True, slots=True)
class _Failure:
    error: StudioloError


T = TypeVar("T")
Loader = Callable[[str], Runtime]


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
    steps: queue.SimpleQueue[Step | _Failure] = field(default_factory=queue.SimpleQueue)
    running: Running | None = None
    over: bool = False

    def put(self, step: Step) -> None:
        """Hand a step to the asker, a stop string cut off."""
        if self.over:
            return
        if isinstance(step, Piece):
            text = self.stops.feed(step.text)
            if text or step.tokens:
                self.steps.put(Piece(text, step.tokens))
            if self.stops.stopped:
                self.steps.put(Ended("stop"))
                self.over = True
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
            self.steps.put(_Failure(error))


class Lease:
    """A loaded model that stays loaded while the lease is held."""

    def __init__(self, scheduler: Scheduler, model_id: str, runtime: Runtime, load_s: float) -> None:
        self._scheduler = scheduler
        self._runtime = runtime
        self.model_id = model_id
        self.load_s = load_s
        self._prefixes: dict[str, tuple[int, ...]] = {}

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._runtime.context_tokens

    def count(self, text: str) -> int:
        """Tokens of a text that people wrote."""
        return len(self._runtime.tokenize(text, control=False))

    def compose(self, messages: Sequence[TemplateMessage], *, exact: str = "", groups: Sequence[str] = ()) -> Prompt:
        """The prompt for `messages`: only the template's own text is tokenised with special tokens parsed.

        `exact`: the part that is to be kept with all before it (see Prompt). `groups`: what the prompt is made of.
        """
        segments = self._runtime.template.render(messages)
        lengths = accumulate(len(segment.text) for segment in segments)
        ends = tuple(zip(lengths, (segment.control for segment in segments), strict=True))
        parts: list[tuple[int, ...]] = []
        behind: dict[int, tuple[int, ...]] = {}
        exact_parts = 0
        for segment in segments:
            part = self._tokens(segment)
            if not part:
                continue
            if segment.behind:
                behind[len(parts)] = self._before(segment.behind)
            parts.append(part)
            if exact and not exact_parts and not segment.control and segment.text == exact:
                exact_parts = len(parts)
        text = "".join(segment.text for segment in segments)
        return Prompt(tuple(parts), text, ends, behind, exact=exact_parts, groups=tuple(groups))

    def ahead(self, text: str, *, behind: str, groups: Sequence[str]) -> Prompt:
        """The prompt that reads a part ahead behind the system message `behind`, and stores it."""
        prefix, part = self._before(behind), tuple(self._runtime.tokenize(text, control=False))
        return Prompt((prefix, part), behind={1: prefix}, keep=True, groups=tuple(groups))

    def stored(self, prompt: Prompt) -> bool:
        """Whether all of a prompt that can come from stored readings is stored."""
        return self._runtime.stored(prompt)

    def _tokens(self, segment: Segment) -> tuple[int, ...]:
        return tuple(self._runtime.tokenize(segment.text, control=segment.control))

    def _before(self, system: str) -> tuple[int, ...]:
        """What stands before the first message of a user's, where `system` is the system message."""
        known = self._prefixes.get(system)
        if known is None:
            rendered = self._runtime.template.render(
                [TemplateMessage("system", (system,)), TemplateMessage("user", ("-",), (system,))]
            )
            before = itertools.takewhile(lambda segment: not segment.behind, rendered)
            known = tuple(token for segment in before for token in self._tokens(segment))
            self._prefixes[system] = known
        return known

    def generate(
        self, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken, service: Service = Service.PERSON
    ) -> Iterator[Step]:
        """Reading..., Piece..., Ended, as they come. Waits for a place. Raises StudioloError."""
        return self._scheduler.run(self._runtime, prompt, sampling=sampling, cancel=cancel, service=service)


class Scheduler:
    """Serves generation requests on its thread, several at once."""

    def __init__(self, load: Loader) -> None:
        """`load(model_id)` builds a runtime; it is called on the inference thread."""
        self._load = load
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
        self._open = 0
        self._arrived = 0
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
        """Whether a request is running or waiting that somebody wants an answer to."""
        with self._state:
            return self._open > 0

    @contextmanager
    def lease(self, model_id: str) -> Iterator[Lease]:
        """Load `model_id` if need be (waiting while another model is in use) and keep it loaded for the block."""
        started = time.monotonic()
        with self._state:
            while self._leases and self._model_id != model_id:
                self._end_idle()
                self._state.wait()
            self._leases += 1
            needs_load = self._model_id != model_id
            if needs_load:
                self._model_id = model_id
                self._runtime = None
        try:
            runtime = self._on_thread(lambda: self._swap(model_id)) if needs_load else self._wait_loaded(model_id)
            yield Lease(self, model_id, runtime, time.monotonic() - started if needs_load else 0.0)
        finally:
            with self._state:
                self._leases -= 1
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
        self, runtime: Runtime, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken, service: Service
    ) -> Iterator[Step]:
        """Queue one generation and give its steps as they come. Leaving early cancels it."""
        with self._state:
            if self._closed:
                raise EngineBug(Code.INTERNAL, where="closed scheduler")
            self._arrived += 1
            request = _Request(runtime, prompt, sampling, cancel, service, self._arrived, StopFinder(sampling.stop))
            self._open += service is not Service.IDLE
            self._waiting.append(request)
            if any(one.service > service for one in self._in_batch):
                runtime.interrupt()
            self._state.notify_all()
        cancel.on_cancel(lambda: self._cancelled(request))
        ended = False
        try:
            while not ended:
                step = request.steps.get()
                ended = isinstance(step, (_Failure, Ended))
                if isinstance(step, _Failure):
                    raise step.error
                yield step
        finally:
            if not ended:
                cancel.cancel()

    def unload(self, model_id: str) -> None:
        """Free the model if it is loaded and nobody uses it (before its file is removed)."""
        with self._state:
            while self._leases and self._model_id == model_id:
                self._state.wait()
            if self._model_id != model_id or self._runtime is None:
                return
            self._runtime, self._model_id = None, ""
        self._on_thread(self._free)

    def close(self) -> None:
        """End the thread and free the model. Running requests must have been cancelled."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._state.notify_all()
        self._thread.join(timeout=30)

    def _serve(self) -> None:
        while True:
            with self._state:
                while not (self._tasks or self._waiting or self._served or self._closed):
                    self._state.wait()
                tasks, self._tasks = self._tasks, []
                closed = self._closed
            for task in tasks:
                task()
            if closed:
                break
            self._drop_cancelled()
            self._give_places()
            self._run_batch()
        self._free()

    def _drop_cancelled(self) -> None:
        with self._state:
            gone = [one for one in self._waiting if one.cancel.cancelled]
            self._waiting = [one for one in self._waiting if not one.cancel.cancelled]
        for request in [*gone, *(one for one in self._served if one.cancel.cancelled)]:
            request.put(Ended("cancelled"))
            self._leave(request)

    def _give_places(self) -> None:
        """In order of class and arrival, as far as there are places: a later one never takes an earlier one's.

        One of a later class that has a place leaves it to one of an earlier class, and goes on afterwards.
        """
        with self._state:
            waiting = sorted(self._waiting, key=lambda one: (one.service, one.number))
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
        """On the thread that cancels: break off the batch that the request is in."""
        with self._state:
            if any(one is request for one in self._in_batch):
                request.runtime.interrupt()
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
            self._open -= request.service is not Service.IDLE

    def _free(self) -> None:
        """On the inference thread: let go of the loaded model and of whoever still waits for it."""
        held, self._held = self._held, None
        if held is None:
            return
        with self._state:
            left = [one for one in (*self._served, *self._waiting) if one.runtime is held]
        for request in left:
            request.put(Ended("cancelled"))
            self._leave(request)
        held.close()

    def _on_thread(self, task: Callable[[], T]) -> T:
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(task())
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, whatever it is
                future.set_exception(error)

        with self._state:
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
            while self._model_id == model_id and self._runtime is None:
                self._state.wait()
            if self._runtime is None:
                raise self._load_error or EngineBug(Code.INTERNAL, where="model load")
            return self._runtime
