"""Who has which sequence of a context, and how many of its cells: the runtime over a context that only counts."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Self

import pytest

from studiolo.inference.adapters import ContextAdapters
from studiolo.inference.context import LlamaContext, Run
from studiolo.inference.runtime import REQUESTS, LlamaRuntime
from studiolo.inference.steps import Ended, Prompt
from studiolo.inference.stored import StoredReadings
from studiolo.types import Sampling

CELLS = 100
END = 0
WRITTEN = 7


class Counting:
    """A context without a model. `save` and `load` do as they are told by `loads`."""

    def __init__(self) -> None:
        self.held: list[list[int]] = [[] for _ in range(REQUESTS)]
        self.cells = CELLS
        self.loads = True
        self.aborted = False
        self.decoded = 0
        self.tuning = SimpleNamespace(kv_type="f16", flash_attention=True, draft=0)

    sequences = REQUESTS

    @property
    def free(self) -> int:
        return self.cells - sum(map(len, self.held))

    def length(self, sequence: int) -> int:
        return len(self.held[sequence])

    def common(self, sequence: int, marks: Sequence[int]) -> int:
        same = 0
        for old, new in zip(self.held[sequence], marks, strict=False):
            if old != new:
                break
            same += 1
        return same

    def cut(self, sequence: int, length: int) -> int:
        del self.held[sequence][length:]
        return len(self.held[sequence])

    def share(self, source: int, sequence: int, length: int) -> int:
        self.held[sequence] = self.held[source][:length]
        return length

    def decode(self, runs: Sequence[Run]) -> list[int] | None:
        if self.aborted:
            return None
        self.decoded += 1
        assert self.decoded < 1000, "reads for ever"
        for run in runs:
            self.held[run.sequence].extend(run.tokens if run.marks is None else run.marks)
        return [run.sequence for run in runs]

    def refuse_nonsense(self, row: int) -> None: ...

    def save(self, sequence: int, start: int, end: int) -> memoryview:
        return memoryview(bytes(end - start))

    def load(self, state: memoryview, marks: Sequence[int], *, saved_at: int, sequence: int) -> bool:
        if self.loads:
            self.held[sequence].extend(marks)
        return self.loads


class Store:
    """Readings in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    def contains(self, key: Any) -> bool:
        return key.digest in self.kept

    def put(self, key: Any, _data: Any, *, tokens: int, groups: Any) -> bool:
        self.kept[key.digest] = tokens
        return True

    def get(self, key: Any) -> Any:
        return Loaded(self.kept[key.digest]) if key.digest in self.kept else None


class Loaded:
    def __init__(self, tokens: int) -> None:
        self.tokens, self.data = tokens, memoryview(bytes(tokens))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Chooser:
    """A sampler that writes the same token for ever."""

    logprob = None

    def __init__(self, *_: object) -> None: ...

    def next(self, _context: object, _row: int) -> int:
        return WRITTEN

    def close(self) -> None: ...


def counting_runtime(monkeypatch: pytest.MonkeyPatch) -> LlamaRuntime:
    """The real one over a context that only counts; what it writes is the same token for ever."""
    monkeypatch.setattr("studiolo.inference.runtime.Sampler", Chooser)
    made: Any = LlamaRuntime.__new__(LlamaRuntime)
    made.model = SimpleNamespace(ends=lambda token: token == END, piece=lambda _token: b"x")
    made.context_tokens = CELLS
    made._context = Counting()
    made._readings = None
    made._running, made._unused = {}, list(range(REQUESTS))
    made._adapters = ContextAdapters(made.model, None, sequences=REQUESTS)
    return made


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> LlamaRuntime:
    return counting_runtime(monkeypatch)


def _prompt(*tokens: int) -> Prompt:
    return Prompt((tokens,))


def _to_the_end(runtime: LlamaRuntime, running: Any) -> int:
    written = 0
    while not running.ended:
        (steps,) = runtime.advance([running])
        written += sum(getattr(step, "tokens", 0) for step in steps)
        if steps and isinstance(steps[-1], Ended):
            break
    return written


def test_a_parked_request_that_ends_takes_nobodys_place(runtime: LlamaRuntime) -> None:
    ahead = runtime.begin(_prompt(1, 2, 3, 4), Sampling(max_tokens=4))
    assert ahead is not None
    runtime.advance([ahead])
    runtime.park(ahead)
    person: Any = runtime.begin(_prompt(1, 2, 3, 5), Sampling(max_tokens=4))
    assert person.sequence == ahead.sequence  # type: ignore[attr-defined]  # it begins alike
    runtime.end(ahead)
    other: Any = runtime.begin(_prompt(1, 2, 3, 5), Sampling(max_tokens=4))
    assert other.sequence != person.sequence
    assert _to_the_end(runtime, person) == 4
    runtime.end(person)
    runtime.end(other)
    assert sorted(runtime._unused) == list(range(REQUESTS))


def test_an_exact_beginning_that_cannot_be_loaded_is_read(runtime: LlamaRuntime) -> None:
    context: Any = runtime._context
    runtime._readings = StoredReadings(Store(), context, model_digest="m")  # type: ignore[arg-type]
    prompt = Prompt((tuple(range(10, 40)), (50, 51)), exact=1)
    first = runtime.begin(prompt, Sampling(max_tokens=2))
    assert _to_the_end(runtime, first) == 2
    runtime.end(first)  # type: ignore[arg-type]
    runtime._readings._writer.shutdown(wait=True)
    for sequence in range(REQUESTS):
        context.cut(sequence, 0)
    context.loads = False
    context.decoded = 0
    second: Any = runtime.begin(prompt, Sampling(max_tokens=2))
    runtime._readings._writer = None  # type: ignore[assignment]  # it is stored: nothing is written
    # a batch is smaller than the part: after the first there is still something that could be loaded
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studiolo.inference.runtime.BATCH_TOKENS", 8)
        assert _to_the_end(runtime, second) == 2
    assert second.loaded == 0


def test_what_a_broken_off_batch_may_have_turned_halfway_is_loaded_again(runtime: LlamaRuntime) -> None:
    context: Any = runtime._context
    store = Store()
    runtime._readings = StoredReadings(store, context, model_digest="m")  # type: ignore[arg-type]
    part, prefix = tuple(range(20, 30)), (1,)
    store.kept[runtime._readings._key(prefix, part).digest] = len(part)
    prompt = Prompt(((1, 2), part, (3, 4)), behind={1: prefix})
    running: Any = runtime.begin(prompt, Sampling(max_tokens=2))
    runtime.advance([running])  # up to the part
    context.aborted = True
    runtime.advance([running])
    assert context.length(running.sequence) == 12
    context.cut(running.sequence, 2)  # as the context does
    context.aborted = False
    assert _to_the_end(runtime, running) == 2
    assert (running.reused, running.loaded) == (0, 10)
    assert [mark < 0 for mark in context.held[running.sequence]][:14] == [False] * 2 + [True] * 10 + [False] * 2


def test_a_context_lets_go_of_what_a_broken_off_batch_may_have_turned_halfway() -> None:
    context: Any = LlamaContext.__new__(LlamaContext)
    result = 0
    context._lib = SimpleNamespace(
        llama_state_seq_set_data=lambda _context, _data, size, _sequence: size,
        llama_memory_seq_add=lambda *_: None,
        llama_memory_seq_cp=lambda *_: None,
        llama_memory_seq_rm=lambda *_: True,
        llama_decode=lambda *_: result,
    )
    rows = range(8)
    context._batch = SimpleNamespace(
        token=[0 for _ in rows],
        pos=[0 for _ in rows],
        n_seq_id=[0 for _ in rows],
        seq_id=[[0] for _ in rows],
        logits=[0 for _ in rows],
    )
    context.handle = context._memory = None
    context._held, context._scratch, context._turning = [[1, 2], [1]], 2, {}
    state = memoryview(bytes(4))
    assert context.load(state, (-1, -2), saved_at=1, sequence=0)
    assert context.load(state, (-3, -4), saved_at=1, sequence=1)  # it stays where it was: nothing is turned
    result = 2
    assert context.decode([Run(0, [9])]) is None
    assert context._held == [[1, 2], [1, -3, -4]]
    assert context.load(state, (-1, -2), saved_at=1, sequence=0)
    result = 0
    assert context.decode([Run(0, [9])]) is not None
    result = 2
    assert context.decode([Run(0, [9])]) is None
    assert context._held[0] == [1, 2, -1, -2, 9]
