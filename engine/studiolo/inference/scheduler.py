"""The one thread that owns the model's context, and the queue before it.

Requests are served in order of arrival. A model is loaded when somebody first leases it and stays until another one
is needed: a lease keeps it from being swapped away under a running turn.

Threads: the public methods may be called from any thread; llama.cpp is touched by the "inference" thread alone,
but for `tokenize`, which only reads the vocabulary.
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
from itertools import accumulate
from typing import TypeVar

from studiolo.errors import Code, EngineBug, StudioloError, unexpected
from studiolo.inference.runtime import Ended, Piece, Reading, Runtime, Step
from studiolo.inference.stopping import StopFinder
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.types import Sampling


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids in parts. A part is tokenised apart from its neighbours, so it is the same ids wherever it stands."""

    parts: tuple[tuple[int, ...], ...]
    text: str = field(default="", repr=False)  # the same, as it reads
    ends: tuple[tuple[int, bool], ...] = ()  # where each part ends in `text`; whether the template wrote it

    @property
    def tokens(self) -> list[int]:
        """All parts, joined."""
        return [token for part in self.parts for token in part]


@dataclass(frozen=True, slots=True)
class _Failure:
    error: StudioloError


T = TypeVar("T")
Loader = Callable[[str], Runtime]
_Work = Callable[[], None]


class Lease:
    """A loaded model that stays loaded while the lease is held."""

    def __init__(self, scheduler: Scheduler, model_id: str, runtime: Runtime, load_s: float) -> None:
        self._scheduler = scheduler
        self._runtime = runtime
        self.model_id = model_id
        self.load_s = load_s

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._runtime.context_tokens

    def count(self, text: str) -> int:
        """Tokens of a text that people wrote."""
        return len(self._runtime.tokenize(text, control=False))

    def compose(self, messages: Sequence[TemplateMessage]) -> Prompt:
        """The prompt for `messages`: only the template's own text is tokenised with special tokens parsed."""
        segments = self._runtime.template.render(messages)
        parts = (tuple(self._runtime.tokenize(segment.text, control=segment.control)) for segment in segments)
        lengths = accumulate(len(segment.text) for segment in segments)
        ends = tuple(zip(lengths, (segment.control for segment in segments), strict=True))
        return Prompt(tuple(part for part in parts if part), "".join(segment.text for segment in segments), ends)

    def generate(self, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        """Reading..., Piece..., Ended. Waits for its turn in the queue. Raises StudioloError."""
        return self._scheduler.run(self._runtime, prompt, sampling=sampling, cancel=cancel)


class Scheduler:
    """Serves generation requests one after another on its thread."""

    def __init__(self, load: Loader) -> None:
        """`load(model_id)` builds a runtime; it is called on the inference thread."""
        self._load = load
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._state = threading.Condition()
        self._model_id = ""
        self._runtime: Runtime | None = None  # what leases get; None while it is being loaded
        self._held: Runtime | None = None  # the inference thread's own reference, to free it
        self._load_error: StudioloError | None = None  # of the last load, for those who waited for it
        self._leases = 0
        self._running = 0
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
        """Whether a request is running or waiting."""
        with self._state:
            return self._running > 0

    @contextmanager
    def lease(self, model_id: str) -> Iterator[Lease]:
        """Load `model_id` if need be (waiting while another model is in use) and keep it loaded for the block."""
        started = time.monotonic()
        with self._state:
            while self._leases and self._model_id != model_id:
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

    def run(self, runtime: Runtime, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        """Queue one generation and give its steps as they come."""
        steps: queue.SimpleQueue[Step | _Failure] = queue.SimpleQueue()
        with self._state:
            self._running += 1
        self._work.put(lambda: self._generate(runtime, prompt, sampling, cancel, steps))
        while True:
            step = steps.get()
            if isinstance(step, _Failure):
                raise step.error
            yield step
            if isinstance(step, Ended):
                return

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
        self._work.put(None)
        self._thread.join(timeout=30)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()
        self._free()

    def _free(self) -> None:
        """On the inference thread: let go of the loaded model."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _on_thread(self, task: Callable[[], T]) -> T:
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(task())
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, whatever it is
                future.set_exception(error)

        self._work.put(work)
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

    def _generate(
        self,
        runtime: Runtime,
        prompt: Prompt,
        sampling: Sampling,
        cancel: CancelToken,
        steps: queue.SimpleQueue[Step | _Failure],
    ) -> None:
        try:
            for step in _with_stops(runtime, prompt, sampling, cancel):
                steps.put(step)
        except StudioloError as error:
            steps.put(_Failure(error))
        except BaseException as error:  # noqa: BLE001 - the edge of this thread; the asker must not wait for ever
            steps.put(_Failure(unexpected(error)))
        finally:
            with self._state:
                self._running -= 1


def _with_stops(
    runtime: Runtime, prompt: Prompt, sampling: Sampling, cancel: CancelToken
) -> Iterator[Reading | Piece | Ended]:
    finder = StopFinder(sampling.stop)
    if cancel.cancelled:
        yield Ended("cancelled")
        return
    for step in runtime.generate(prompt.tokens, sampling=sampling, cancel=cancel):
        if isinstance(step, Piece):
            text = finder.feed(step.text)
            if text or step.tokens:
                yield Piece(text, step.tokens)
            if finder.stopped:
                yield Ended("stop")
                return
        elif isinstance(step, Ended):
            rest = finder.finish()
            if rest:
                yield Piece(rest, 0)
            yield step
        else:
            yield step
