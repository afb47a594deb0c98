"""Requests with different adapters in one context: who is run with whom, and what is never shared."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.inference.test_runtime_places import Store, counting_runtime

from studiolo.errors import Code, UserError
from studiolo.inference import adapters as adapters_module
from studiolo.inference.adapters import KEPT, AdapterSet, ContextAdapters
from studiolo.inference.runtime import REQUESTS, LlamaRuntime
from studiolo.inference.steps import Ended, Prompt, Reading
from studiolo.inference.stored import StoredReadings
from studiolo.models.adapters import AdapterFile
from studiolo.types import Sampling


class Memory:
    """What of adapters a fake llama.cpp holds, and what it was told to work with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loaded: list[str] = []
        self.freed: list[str] = []
        self.put_in: list[dict[str, float]] = []
        memory = self

        class Adapter:
            def __init__(self, _model: object, path: Path, *, adapter_id: str) -> None:
                if "damaged" in path.name:
                    raise UserError(Code.DAMAGED_MODEL, model=adapter_id)
                self.id = adapter_id
                memory.loaded.append(adapter_id)

            def close(self) -> None:
                memory.freed.append(self.id)

        def use(_model: object, _context: object, scales: dict[Any, float]) -> None:
            assert not {one.id for one in scales} & set(memory.freed), "it works with what was freed"
            self.put_in.append({one.id: scale for one, scale in scales.items()})

        monkeypatch.setattr(adapters_module, "LlamaAdapter", Adapter)
        monkeypatch.setattr(adapters_module, "use_adapters", use)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> LlamaRuntime:
    return counting_runtime(monkeypatch)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return Memory(monkeypatch)


def file(name: str, scale: float = 1.0) -> AdapterFile:
    return AdapterFile(name, Path(f"{name}.gguf"), f"digest of {name}", scale)


def prompt(*tokens: int, adapters: tuple[AdapterFile, ...] = (), **more: Any) -> Prompt:
    return Prompt((tokens,), adapters=adapters, **more)


LAW, POEMS = (file("law"),), (file("诗歌", 0.5),)


def run(runtime: LlamaRuntime, requests: list[Any], *, batches: int = 200) -> list[list[Any]]:
    """Which of the requests each batch was run for, until all have ended."""
    seen: list[list[Any]] = []
    while left := [one for one in requests if not one.ended]:
        before = {one: len(one.tokens) for one in left}
        steps = runtime.advance(left)
        seen.append([one for one, came in zip(left, steps, strict=True) if came or len(one.tokens) > before[one]])
        assert len(seen) < batches
    return seen


def test_a_batch_is_of_one_set_and_the_sets_take_turns(runtime: LlamaRuntime, memory: Memory) -> None:
    many = Sampling(max_tokens=20)
    wanted = [(), LAW, (), POEMS]
    requests = [runtime.begin(prompt(1, 2, number, adapters=adapters), many) for number, adapters in enumerate(wanted)]
    batches = run(runtime, requests)
    assert all(len({one.adapters for one in batch}) == 1 for batch in batches)
    assert [len(one.tokens) for one in requests] == [23] * 4  # type: ignore[union-attr]
    turns = [batch[0].adapters for at, batch in enumerate(batches) if at == 0 or batch[0] not in batches[at - 1]]
    plain, law, poems = (requests[at].adapters for at in (0, 1, 3))  # type: ignore[union-attr]
    assert turns[:4] == [plain, law, poems, plain]  # nobody waits until another has ended
    assert memory.put_in[:3] == [{"law": 1.0}, {"诗歌": 0.5}, {}]
    assert sorted(memory.loaded) == ["law", "诗歌"]  # once each


def test_who_is_alone_keeps_the_adapters_in(runtime: LlamaRuntime, memory: Memory) -> None:
    for _ in range(3):
        request = runtime.begin(prompt(1, 2, 3, adapters=LAW), Sampling(max_tokens=20))
        run(runtime, [request])
        runtime.end(request)  # type: ignore[arg-type]
    assert memory.put_in == [{"law": 1.0}]


def test_a_broken_off_batch_is_no_turn(runtime: LlamaRuntime, memory: Memory) -> None:
    context: Any = runtime._context
    both = [
        runtime.begin(prompt(1, 2, at, adapters=adapters), Sampling(max_tokens=4))
        for at, adapters in ((0, LAW), (1, ()))
    ]
    context.aborted = True
    for _ in range(40):
        runtime.advance(both)  # type: ignore[arg-type]
    assert memory.put_in == []  # the model's own turn lasts
    context.aborted = False
    run(runtime, both)


def test_what_was_read_with_others_is_not_taken_over(runtime: LlamaRuntime, memory: Memory) -> None:
    def reused(adapters: tuple[AdapterFile, ...]) -> int:
        request: Any = runtime.begin(prompt(*range(1, 11), adapters=adapters), Sampling(max_tokens=2))
        run(runtime, [request])
        runtime.end(request)
        return request.reused

    assert [reused(one) for one in ((), (), LAW, LAW, (file("law", 0.5),), POEMS, (), LAW)] == [0, 9, 0, 9, 0, 0, 9, 9]


def test_a_running_beginning_is_shared_with_the_same_adapters_alone(runtime: LlamaRuntime, memory: Memory) -> None:
    first: Any = runtime.begin(prompt(*range(1, 11), 50, adapters=LAW), Sampling(max_tokens=5))
    runtime.advance([first])
    second: Any = runtime.begin(prompt(*range(1, 11), 60), Sampling(max_tokens=5))
    third: Any = runtime.begin(prompt(*range(1, 11), 70, adapters=LAW), Sampling(max_tokens=5))
    assert (second.reused, third.reused) == (0, 10)


def test_a_sequence_that_was_others_begins_anew(runtime: LlamaRuntime, memory: Memory) -> None:
    """All sequences hold something with the adapter; a request without it must get none of that."""
    for _ in range(REQUESTS):
        run(runtime, [runtime.begin(prompt(1, 2, 3, adapters=LAW), Sampling(max_tokens=1))])
    for request in list(runtime._running.values()):
        runtime.end(request)
    plain: Any = runtime.begin(prompt(1, 2, 3, 4), Sampling(max_tokens=1))
    assert (plain.reused, runtime._context.length(plain.sequence)) == (0, 0)
    assert runtime._adapters.read_with(plain.sequence) == ()


def test_stored_readings_are_of_one_set(runtime: LlamaRuntime, memory: Memory) -> None:
    context: Any = runtime._context
    store = Store()
    runtime._readings = StoredReadings(store, context, model_digest="m")  # type: ignore[arg-type]
    groups: list[tuple[str, ...]] = []
    put = store.put
    store.put = lambda *given, groups, **more: (seen.append(groups), put(*given, groups=groups, **more))[1]  # type: ignore[method-assign]
    seen = groups

    def asked(adapters: tuple[AdapterFile, ...]) -> tuple[bool, int]:
        """Whether it counts as stored before it is asked, and how much is loaded."""
        one = Prompt((tuple(range(10, 30)), (50, 51)), exact=1, groups=("d",), adapters=adapters)
        stored = runtime.stored(one)
        request: Any = runtime.begin(one, Sampling(max_tokens=1))
        run(runtime, [request])
        runtime.end(request)
        for sequence in range(REQUESTS):
            context.cut(sequence, 0)
        runtime._readings._writer.submit(lambda: None).result()  # type: ignore[union-attr]
        return stored, request.loaded

    assert [asked(one) for one in ((), LAW, (), LAW, (file("law", 0.5),))] == [
        (False, 0), (False, 0), (True, 20), (True, 20), (False, 0),
    ]  # fmt: skip
    assert groups[:2] == [("d", "model m"), ("d", "model m", "model digest of law")]


def test_adapters_that_nobody_uses_go_and_those_in_use_stay(memory: Memory) -> None:
    held = ContextAdapters(SimpleNamespace(), None, sequences=1)  # type: ignore[arg-type]
    long: AdapterSet = held.hold("a long request", LAW)
    held.put_in(long)
    for number in range(KEPT + 3):
        user = object()
        held.hold(user, (file(f"a{number}"),))
        held.let_go(user)
    assert memory.freed == ["a0", "a1"]  # the last one was held when it was looked at
    held.put_in(())
    held.let_go("a long request")
    held.hold("another", (file("a3"),))
    assert memory.freed == ["a0", "a1", "law"]
    held.close()
    assert sorted(memory.freed) == sorted(memory.loaded)


def test_one_that_cannot_be_loaded_takes_no_place(runtime: LlamaRuntime, memory: Memory) -> None:
    with pytest.raises(UserError):
        runtime.begin(prompt(1, 2, adapters=(file("law"), file("damaged"))), Sampling(max_tokens=1))
    assert runtime._running == {}
    assert sorted(runtime._unused) == list(range(REQUESTS))
    assert [one for one in run_alone(runtime, LAW) if isinstance(one, Ended)]


def run_alone(runtime: LlamaRuntime, adapters: tuple[AdapterFile, ...]) -> list[Any]:
    request = runtime.begin(prompt(1, 2, adapters=adapters), Sampling(max_tokens=1))
    (steps,) = runtime.advance([request])  # type: ignore[list-item]
    assert isinstance(steps[0], Reading)
    return steps
