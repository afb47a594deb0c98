"""Drafts in a runtime: what is written is what would be without them, in fewer batches; over a model that only counts.

The model writes a text that it is given, one token a character, and holds each batch to what a context allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.errors import Code, UserError
from studiolo.inference.adapters import ContextAdapters
from studiolo.inference.context import MOST_SCORES, Run
from studiolo.inference.runtime import REQUESTS, LlamaRuntime
from studiolo.inference.speculation import LEAST_MATCH
from studiolo.inference.steps import Ended, Failure, Piece, Prompt
from studiolo.types import Sampling, TokenLogprob

END = 0
DRAFT = 31
PASSAGE = (
    "The tenant pays the yearly rent in twelve parts, each on the first day of a month, to the landlord's account. "
    "承租人应当在每个月的第一天之前把当月的租金汇入出租人指定的银行账户并且保留凭证以备查验。"
    "Whoever keeps animals asks before, and the landlord may say no where the neighbours have reason to complain. "
    "The deposit comes back with the keys, and not before the last of them has been handed over to the landlord."
)


class Copying:
    """A context in which every sequence has a text to write. Says which token follows each that is scored."""

    sequences = REQUESTS

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.tuning = SimpleNamespace(kv_type="f16", flash_attention=True, draft=DRAFT)
        self.can_cut = True
        self.held: list[list[int]] = [[] for _ in range(REQUESTS)]
        self.answers: dict[int, tuple[int, list[int]]] = {}  # sequence -> where its answer begins, what it is to be
        self.rows: list[int] = []
        self.sizes: list[list[int]] = []  # of each batch, the tokens of each run
        self.aborted = False
        self.whole = True  # whether a cut in the middle leaves something

    @property
    def free(self) -> int:
        return self.cells - sum(map(len, self.held))

    def length(self, sequence: int) -> int:
        return len(self.held[sequence])

    def common(self, sequence: int, marks: Sequence[int]) -> int:
        pairs = zip(self.held[sequence], marks, strict=False)
        return next((at for at, (old, new) in enumerate(pairs) if old != new), min(self.length(sequence), len(marks)))

    def cut(self, sequence: int, length: int) -> int:
        if length < self.length(sequence):
            del self.held[sequence][length if self.whole else 0 :]
        return self.length(sequence)

    def share(self, source: int, sequence: int, length: int) -> int:
        self.held[sequence] = self.held[source][:length]
        return length

    def decode(self, runs: Sequence[Run]) -> list[int] | None:
        if self.aborted:
            return None
        self.rows, firsts = [], []
        for run in runs:
            begin, answer = self.answers[run.sequence]
            firsts.append(len(self.rows) + len(run.tokens) - run.scores)
            for token in run.tokens:
                self.held[run.sequence].append(token)
                at = self.length(run.sequence) - begin
                self.rows.append(answer[at] if 0 <= at < len(answer) else END)
        assert self.free >= 0
        assert sum(run.scores for run in runs) <= MOST_SCORES
        self.sizes.append([len(run.tokens) for run in runs])
        assert len(self.sizes) < 2000, "writes for ever"
        return firsts

    def refuse_nonsense(self, row: int) -> None: ...


class Chooser:
    """A sampler that takes what the model says, in order; `fails_at`: a token over which it fails."""

    fails_at = -1

    def __init__(self, _model: object, sampling: Sampling) -> None:
        self.taken: list[int] = []
        self.logprob = TokenLogprob("", (), 0.0) if sampling.logprobs is not None else None

    def next(self, context: Copying, row: int) -> int:
        token = context.rows[row]
        if token == type(self).fails_at:
            raise UserError(Code.BAD_REQUEST, field="grammar", problem="none")
        self.taken.append(token)
        return token

    def close(self) -> None: ...


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> LlamaRuntime:
    monkeypatch.setattr("studiolo.inference.runtime.Sampler", Chooser)
    monkeypatch.setattr(Chooser, "fails_at", -1)
    return _runtime()


def _runtime(cells: int = 10_000) -> LlamaRuntime:
    made: Any = LlamaRuntime.__new__(LlamaRuntime)
    made.model = SimpleNamespace(ends=lambda token: token == END, piece=lambda token: chr(token).encode())
    made.context_tokens = cells
    made._context = Copying(cells)
    made._readings = None
    made._running, made._unused = {}, list(range(REQUESTS))
    made._adapters = ContextAdapters(made.model, None, sequences=REQUESTS)
    return made


def _begin(runtime: Any, answer: str, prompt: str = PASSAGE, **sampling: Any) -> Any:
    tokens = tuple(map(ord, f"§{prompt}§"))
    running = runtime.begin(Prompt((tokens,)), Sampling(**{"max_tokens": 1000, **sampling}))
    if running is not None:
        runtime._context.answers[running.sequence] = (len(tokens), [*map(ord, answer), END])
    return running


@pytest.mark.parametrize("answer", ["Twelve months.", "十二个月。"])
def test_a_reproducible_answer_that_was_parked_goes_on_from_the_same_batches(runtime: Any, answer: str) -> None:
    def batches(*, parked: bool) -> list[list[int]]:
        sizes = runtime._context.sizes
        sizes.clear()
        running = _begin(runtime, answer, PASSAGE * 4, reproducible=True)
        for _ in range(5 if parked else 0):
            runtime.advance([running])
        if parked:
            before = len(sizes)
            runtime.park(running)
            other = _begin(runtime, "", "Somebody else asks. 另一个人在问。")
            assert _run(runtime, [other]) == [("", "stop", 0)]
            runtime.end(other)
            assert runtime.unpark(running)
            assert len(running.tokens) > running.prompt_size + 1  # some of the answer is there
            del sizes[: before + 1]
            runtime._context.answers[running.sequence] = (running.prompt_size, [*map(ord, answer), END])
        while not running.ended:
            runtime.advance([running])
        assert "".join(map(chr, running.tokens[running.prompt_size :])) == answer
        runtime.end(running)
        return list(sizes)

    assert batches(parked=True) == batches(parked=False)


def _run(runtime: Any, running: Sequence[Any]) -> list[tuple[str, str, int]]:
    """Of each request: its text, why it ended, how many tokens that was."""
    steps: list[list[Any]] = [[] for _ in running]
    while not all(one.ended for one in running):
        going = [one for one in running if not one.ended]
        for one, came in zip(going, runtime.advance(going), strict=True):
            steps[[other is one for other in running].index(True)] += came
            held, tokens = runtime._context.held[one.sequence], one.tokens
            assert held == tokens[: len(held)] or one.sampler is None
            assert one.ended or len(tokens) - len(held) == 1 or one.sampler is None
    found = []
    for came in steps:
        pieces = [step for step in came if isinstance(step, Piece)]
        assert isinstance(came[-1], Ended)
        found.append(("".join(one.text for one in pieces), came[-1].reason, sum(one.tokens for one in pieces)))
    return found


def _batches(runtime: Any) -> int:
    return len(runtime._context.sizes)


def test_an_answer_that_copies_is_the_same_in_fewer_batches(runtime: LlamaRuntime) -> None:
    answer = f"It says: {PASSAGE}"
    running = _begin(runtime, answer)
    assert _run(runtime, [running]) == [(answer, "stop", len(answer))]
    assert _batches(runtime) < len(answer) / 3
    assert running.sampler.taken == [*map(ord, answer), END]
    assert set(map(sum, runtime._context.sizes[1:])) <= {1, 16, 32}  # type: ignore[attr-defined]


@pytest.mark.parametrize("at", [25, 33, 47, 60, 90, 118])
def test_an_answer_that_leaves_off_copying_or_ends_anywhere_is_the_same(runtime: LlamaRuntime, at: int) -> None:
    for answer in (
        PASSAGE[:at] + "?! something else, 另一件事。",
        PASSAGE[:at],
        PASSAGE[:at] + "#" + PASSAGE[at + 1 :],
    ):
        running = _begin(runtime, answer)
        assert _run(runtime, [running]) == [(answer, "stop", len(answer))]
        assert running.sampler.taken == [*map(ord, answer), END]
        runtime.end(running)


def test_what_was_copied_and_left_can_be_gone_on_with(runtime: LlamaRuntime) -> None:
    """A sequence holds after its end what the answer was, and nothing of a draft."""
    answer = PASSAGE[:70] + "?"
    running = _begin(runtime, answer)
    _run(runtime, [running])
    assert runtime._context.held[running.sequence] == [*map(ord, f"§{PASSAGE}§{answer}")]  # type: ignore[attr-defined]
    runtime.end(running)


def test_no_more_is_written_than_asked_for(runtime: LlamaRuntime) -> None:
    for most in range(1, 80):
        running = _begin(runtime, PASSAGE, max_tokens=most)
        assert _run(runtime, [running]) == [(PASSAGE[:most], "length", most)]
        runtime.end(running)


def test_a_context_that_is_full_holds_no_drafts() -> None:
    runtime = _runtime(len(PASSAGE) + 2 + 60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studiolo.inference.runtime.Sampler", Chooser)
        assert _run(runtime, [_begin(runtime, PASSAGE)]) == [(PASSAGE[:60], "length", 60)]
    assert max(map(sum, runtime._context.sizes[1:])) > 1  # type: ignore[attr-defined]


def test_a_batch_that_is_broken_off_loses_nothing(runtime: LlamaRuntime) -> None:
    running, context = _begin(runtime, PASSAGE), runtime._context
    text = ""
    for number in range(2000):
        context.aborted = number % 2 == 1  # type: ignore[attr-defined]
        text += "".join(step.text for step in runtime.advance([running])[0] if isinstance(step, Piece))
        if running.ended:
            break
        if number % 7 == 5:  # others take its place, and a part of what it has read
            runtime.park(running)
            context.cut(running.sequence, len(PASSAGE) // 2)
            assert runtime.unpark(running)
            context.answers[running.sequence] = next(iter(context.answers.values()))  # type: ignore[attr-defined]
    assert text == PASSAGE


def test_several_that_copy_are_checked_together(runtime: LlamaRuntime) -> None:
    answers = [PASSAGE, PASSAGE[10:] + "?", PASSAGE[5:]]
    running = [_begin(runtime, answer) for answer in answers]
    assert [text for text, *_ in _run(runtime, running)] == answers
    assert any(sizes.count(16) == 3 for sizes in runtime._context.sizes)  # type: ignore[attr-defined]
    assert _batches(runtime) < len(PASSAGE) / 2


def test_who_copies_nothing_waits_for_nobodys_draft(runtime: LlamaRuntime) -> None:
    words = "an answer in words of its own, which stand nowhere in what was asked, 用自己的话写成的回答"
    copying, own = _begin(runtime, PASSAGE), _begin(runtime, words)
    assert [text for text, *_ in _run(runtime, [copying, own])] == [PASSAGE, words]
    context: Any = runtime._context
    assert not [sizes for sizes in context.sizes if len(sizes) == 2 and max(sizes) in (16, 32)]
    assert {16, 32} & {size for sizes in context.sizes if len(sizes) == 1 for size in sizes}  # alone again


def test_a_prompt_is_read_beside_a_draft(runtime: LlamaRuntime) -> None:
    copying = _begin(runtime, PASSAGE)
    while not any(len(sizes) == 1 and sizes[0] == 16 for sizes in runtime._context.sizes):  # type: ignore[attr-defined]
        runtime.advance([copying])
    reading = _begin(runtime, "other", prompt="x" * 900)
    before = _batches(runtime)
    assert [text for text, *_ in _run(runtime, [copying, reading])][1] == "other"
    beside = runtime._context.sizes[before:]  # type: ignore[attr-defined]
    assert any(sizes == [16, 64] or sizes == [32, 64] for sizes in beside)


@pytest.mark.parametrize(
    "sampling",
    [
        {"speculative": False},
        {"reproducible": True},
        {"logprobs": 0},
        {"grammar": 'root ::= "x"'},
        {"json_schema": "{}"},
    ],
)
def test_who_gets_no_drafts(runtime: LlamaRuntime, sampling: dict[str, Any]) -> None:
    assert _run(runtime, [_begin(runtime, PASSAGE, **sampling)]) == [(PASSAGE, "stop", len(PASSAGE))]
    assert set(map(sum, runtime._context.sizes[1:])) == {1}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["draft", "can_cut"])
def test_models_for_which_it_is_no_gain_or_that_cannot_forget_get_none(runtime: LlamaRuntime, name: str) -> None:
    context: Any = runtime._context
    setattr(context.tuning if name == "draft" else context, name, 0)
    assert _run(runtime, [_begin(runtime, PASSAGE)]) == [(PASSAGE, "stop", len(PASSAGE))]
    assert set(map(sum, context.sizes[1:])) == {1}


def test_memory_that_lets_go_of_all_is_read_again_once(runtime: LlamaRuntime) -> None:
    context: Any = runtime._context
    context.whole = False
    answer = PASSAGE[: LEAST_MATCH + 9] + "?" + PASSAGE[LEAST_MATCH + 9 :]
    running = _begin(runtime, answer)
    while not running.ended:
        runtime.advance([running])
    assert running.tokens[running.prompt_size :] == [*map(ord, answer)]
    assert running.drafts is None
    assert sum(map(sum, context.sizes)) < 3 * (len(running.tokens) + 32)


def test_a_failure_is_one_requests_own(runtime: LlamaRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chooser, "fails_at", ord("银"))
    failing, other = _begin(runtime, PASSAGE), _begin(runtime, PASSAGE[:100])
    last: dict[int, Any] = {}
    while not (failing.ended and other.ended):
        going = [one for one in (failing, other) if not one.ended]
        for one, came in zip(going, runtime.advance(going), strict=True):
            if came:
                last[id(one)] = came[-1]
    assert isinstance(last[id(failing)], Failure)
    assert last[id(other)] == Ended("stop")
