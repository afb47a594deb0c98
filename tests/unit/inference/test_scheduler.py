"""One thread owns the model; leases keep it; requests are served in order."""

from __future__ import annotations

import threading
import time

import pytest
from tests.support import ScriptedRuntime

from studiolo.errors import Code, EngineBug, UserError
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.types import Sampling

HELLO = [TemplateMessage("user", ("hello",))]


def _answer(scheduler: Scheduler, model: str, *, sampling: Sampling | None = None) -> str:
    with scheduler.lease(model) as lease:
        steps = lease.generate(lease.compose(HELLO), sampling=sampling or Sampling(), cancel=CancelToken())
        return "".join(step.text for step in steps if isinstance(step, Piece))


def test_the_model_is_touched_by_one_thread_only() -> None:
    runtime = ScriptedRuntime(lambda _prompt: "hi")
    scheduler = Scheduler(lambda _model: runtime)
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(_answer(scheduler, "m"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scheduler.close()
    assert results == ["hi"] * 5
    assert runtime.threads == {"inference"}
    assert runtime.closed


def test_a_model_is_swapped_only_when_nobody_uses_it() -> None:
    made: dict[str, ScriptedRuntime] = {}

    def load(model: str) -> ScriptedRuntime:
        made[model] = ScriptedRuntime(lambda _prompt: model)
        return made[model]

    scheduler = Scheduler(load)
    other: list[str] = []
    thread = threading.Thread(target=lambda: other.append(_answer(scheduler, "b")))
    with scheduler.lease("a") as lease:
        thread.start()
        time.sleep(0.05)
        assert scheduler.loaded == "a"
        assert not made["a"].closed
        steps = list(lease.generate(lease.compose(HELLO), sampling=Sampling(), cancel=CancelToken()))
        assert steps[-1] == Ended("stop")
    thread.join()
    assert other == ["b"]
    assert made["a"].closed
    scheduler.close()


def test_a_model_that_does_not_load_fails_every_waiter_and_the_next_is_tried_anew() -> None:
    broken = True

    def load(model: str) -> ScriptedRuntime:
        if broken:
            raise UserError(Code.DAMAGED_MODEL, model=model)
        return ScriptedRuntime(lambda _prompt: "ok")

    scheduler = Scheduler(load)
    with pytest.raises(UserError):
        _answer(scheduler, "m")
    broken = False
    assert _answer(scheduler, "m") == "ok"
    scheduler.close()


def test_a_failure_while_writing_reaches_the_asker_without_its_text() -> None:
    def answer(_prompt: str) -> str:
        raise ValueError("secret text")

    scheduler = Scheduler(lambda _model: ScriptedRuntime(answer))
    with pytest.raises(EngineBug) as caught:
        _answer(scheduler, "m")
    assert "secret" not in repr(caught.value) + str(caught.value) + str(caught.value.values)
    scheduler.close()


def test_cancelled_before_its_turn_a_request_never_reaches_the_model() -> None:
    runtime = ScriptedRuntime(lambda _prompt: "hi")
    scheduler = Scheduler(lambda _model: runtime)
    cancel = CancelToken()
    cancel.cancel()
    with scheduler.lease("m") as lease:
        assert list(lease.generate(lease.compose(HELLO), sampling=Sampling(), cancel=cancel)) == [Ended("cancelled")]
    assert runtime.prompts == []
    scheduler.close()


def test_cancelled_while_it_waits_a_request_does_not_wait_for_the_batch_of_others() -> None:
    pause = threading.Event()
    scheduler = Scheduler(lambda _model: ScriptedRuntime(lambda _prompt: "x" * 10, pause=pause))
    cancel = CancelToken()
    seen: list[object] = []
    with scheduler.lease("m") as lease:
        first = lease.generate(lease.compose(HELLO), sampling=Sampling(), cancel=CancelToken())
        while not isinstance(next(first), Piece):
            pass
        next(first)
        next(first)  # the batch that writes the fourth piece stands still

        def ask() -> None:
            seen.extend(lease.generate(lease.compose(HELLO), sampling=Sampling(), cancel=cancel))

        asker = threading.Thread(target=ask)
        asker.start()
        while not scheduler._waiting:
            time.sleep(0.001)
        cancel.cancel()
        asker.join(3)
        assert seen == [Ended("cancelled")]
        assert not pause.is_set()
        pause.set()
        assert list(first)[-1] == Ended("stop")
        assert _answer(scheduler, "m") == "x" * 10
    scheduler.close()
    assert not scheduler.busy
    assert not scheduler._persons


def test_stop_strings_end_the_answer() -> None:
    scheduler = Scheduler(lambda _model: ScriptedRuntime(lambda _prompt: "one END two"))
    assert _answer(scheduler, "m", sampling=Sampling(stop=("END",))) == "one "
    scheduler.close()


def test_unload_frees_the_model() -> None:
    runtime = ScriptedRuntime(lambda _prompt: "hi")
    scheduler = Scheduler(lambda _model: runtime)
    _answer(scheduler, "m")
    scheduler.unload("m")
    assert runtime.closed
    assert scheduler.loaded == ""
    scheduler.close()


def test_warm_loads_and_swallows_nothing_that_lease_would_say() -> None:
    def load(model: str) -> ScriptedRuntime:
        raise UserError(Code.DAMAGED_MODEL, model=model)

    scheduler = Scheduler(load)
    scheduler.warm("m")
    with pytest.raises(UserError) as caught:
        _answer(scheduler, "m")
    assert caught.value.code is Code.DAMAGED_MODEL
    scheduler.close()


def test_a_model_that_nobody_uses_is_unloaded_and_loaded_again_when_needed() -> None:
    made: list[ScriptedRuntime] = []

    def load(_model: str) -> ScriptedRuntime:
        made.append(ScriptedRuntime(lambda _prompt: "hi"))
        return made[-1]

    scheduler = Scheduler(load, unload_after_s=0.05)
    with scheduler.lease("m"):
        time.sleep(0.2)
        assert not made[0].closed
    deadline = time.monotonic() + 10
    while not made[0].closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert made[0].closed
    assert scheduler.loaded == ""
    assert _answer(scheduler, "m") == "hi"
    scheduler.close()


def test_other_work_gives_way_while_a_person_waits() -> None:
    pause = threading.Event()
    scheduler = Scheduler(lambda _model: ScriptedRuntime(lambda _prompt: "x" * 10, pause=pause))
    scheduler.give_way()  # nobody waits
    asker = threading.Thread(target=lambda: _answer(scheduler, "m"))
    asker.start()
    while not scheduler.busy:
        time.sleep(0.001)
    passed = threading.Event()
    other = threading.Thread(target=lambda: (scheduler.give_way(), passed.set()))
    other.start()
    assert not passed.wait(0.1)
    scheduler.give_way(lambda: True)  # work that is to end waits for nobody
    pause.set()
    asker.join()
    assert passed.wait(10)
    scheduler.close()


def test_closing_ends_what_runs_and_frees_the_model_when_it_is_given_back() -> None:
    pause = threading.Event()
    runtime = ScriptedRuntime(lambda _prompt: "x" * 10, pause=pause)
    scheduler = Scheduler(lambda _model: runtime)
    closing = threading.Thread(target=scheduler.close)
    with scheduler.lease("m") as lease:
        steps = lease.generate(lease.compose(HELLO), sampling=Sampling(), cancel=CancelToken())
        next(steps)
        closing.start()
        while not scheduler._closed:
            time.sleep(0.001)
        pause.set()
        assert list(steps)[-1] == Ended("cancelled")
        assert lease.count("still there") == 11
        assert not runtime.closed
    closing.join(10)
    assert runtime.closed


def test_a_closed_scheduler_refuses_a_lease_and_lets_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studiolo.inference.scheduler._LEAVE_S", 0.01)
    scheduler = Scheduler(lambda _model: ScriptedRuntime(lambda _prompt: "hi"))
    refused: list[str] = []

    def wait_for_another() -> None:
        with pytest.raises(EngineBug), scheduler.lease("b"):
            pass
        refused.append("b")

    with scheduler.lease("a"):
        waiter = threading.Thread(target=wait_for_another, daemon=True)
        waiter.start()
        time.sleep(0.05)
        scheduler.close()
        waiter.join(10)
    assert refused == ["b"]
    for model in ("a", "b"):
        with pytest.raises(EngineBug), scheduler.lease(model):
            pass
    scheduler.unload("a")


def test_work_that_is_not_to_load_a_model_gets_only_the_loaded_one() -> None:
    made: list[str] = []

    def load(model: str) -> ScriptedRuntime:
        made.append(model)
        return ScriptedRuntime(lambda _prompt: "hi")

    scheduler = Scheduler(load)
    with scheduler.lease_loaded("a") as lease:
        assert lease is None
    assert _answer(scheduler, "a") == "hi"
    with scheduler.lease_loaded("b") as lease:
        assert lease is None
    with scheduler.lease_loaded("a") as lease:
        assert lease is not None
    scheduler.unload("a")  # the lease was given back
    assert made == ["a"]
    scheduler.close()
