"""Whoever is on the way to the model counts from their arrival: what nobody waits for stands still until then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.support import FixedScreener, ScriptedAnswer, ScriptedRuntime

from studiolo.conversation.chat import answer_chat
from studiolo.conversation.history import History
from studiolo.conversation.turn import Turns
from studiolo.events import Finished
from studiolo.inference.arrivals import MOST_S, Arrivals
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Service
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.types import Chat, Hit, Message, Question, Sampling


class Counting(ScriptedRuntime):
    """A runtime that counts the batches it is given, and answers without end."""

    def __init__(self) -> None:
        super().__init__(lambda _prompt: "x" * 100_000)
        self.batches = 0

    def advance(self, running: Sequence[ScriptedAnswer]) -> list[list]:
        self.batches += 1
        time.sleep(0.001)
        return super().advance(running)

    def stands(self) -> bool:
        """Whether nothing is written."""
        time.sleep(0.05)  # the batch that was running
        before = self.batches
        time.sleep(0.2)
        return self.batches == before


@pytest.fixture
def runtime() -> Counting:
    return Counting()


@pytest.fixture
def scheduler(runtime: Counting) -> Iterator[Scheduler]:
    made = Scheduler(lambda _model: runtime)
    yield made
    made.close()


@pytest.fixture(params=[Service.SCRIPT, Service.IDLE])
def writing(request: pytest.FixtureRequest, scheduler: Scheduler) -> Iterator[None]:
    """A request that no person waits for is being written."""
    cancel = CancelToken()
    begun = threading.Event()

    def write() -> None:
        with scheduler.lease("m") as lease:
            prompt = lease.compose([TemplateMessage("user", ("hello",))])
            sampling = Sampling(max_tokens=100_000)
            for step in lease.generate(prompt, sampling=sampling, cancel=cancel, service=request.param):
                begun.set()
                assert not isinstance(step, Ended) or step.reason == "cancelled"

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(10)
    yield
    cancel.cancel()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.usefixtures("writing")
def test_it_stands_still_from_a_persons_arrival_on(scheduler: Scheduler, runtime: Counting) -> None:
    assert not runtime.stands()
    with scheduler.arriving("m", Service.PERSON):
        assert runtime.stands()
        assert scheduler.busy
    assert not runtime.stands()


@pytest.mark.usefixtures("writing")
def test_it_goes_on_where_the_person_waits_for_another_model(scheduler: Scheduler, runtime: Counting) -> None:
    """Else both would wait for one another: the model is swapped when those who use it have come to their end."""
    with scheduler.arriving("other", Service.PERSON):
        assert not runtime.stands()


def test_other_work_gives_way_from_the_arrival_on(scheduler: Scheduler) -> None:
    passed = threading.Event()
    other = threading.Thread(target=lambda: (scheduler.give_way(), passed.set()))
    with scheduler.arriving("m", Service.SCRIPT):
        scheduler.give_way()  # for a script nobody does
        assert scheduler.busy
    assert not scheduler.busy
    with scheduler.arriving("m", Service.PERSON):
        other.start()
        assert not passed.wait(0.3)
    assert passed.wait(10)
    other.join()


def test_nobody_stands_still_for_one_that_does_not_come() -> None:
    now = 0.0
    arrivals = Arrivals(clock=lambda: now)
    first = arrivals.enter(Service.PERSON, "m")
    assert arrivals.before(Service.SCRIPT, "m")
    assert not arrivals.before(Service.PERSON, "m")
    assert not arrivals.before(Service.SCRIPT, "other")
    now = MOST_S
    assert not arrivals.before(Service.IDLE)
    second = arrivals.enter(Service.SCRIPT, "m")
    assert arrivals.before(Service.IDLE)
    assert not arrivals.before(Service.SCRIPT)
    arrivals.leave(second)
    arrivals.leave(first)
    assert not arrivals.before(Service.IDLE)


class Watching:
    """Stands for what a question goes through before the model, and looks who counts meanwhile."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look

    def search(self, query: str, **_more: object) -> list[Hit]:
        self._look()
        return []

    def whole(self, document: str, *, library: str) -> list[Hit]:
        return []


@pytest.mark.parametrize(("service", "person"), [("interactive", True), ("batch", False)])
@pytest.mark.parametrize("text", ["How long is the term?", "租期有多长？"])
def test_a_question_counts_while_it_is_searched_for(tmp_path: Path, service: str, text: str, *, person: bool) -> None:
    scheduler = Scheduler(lambda _model: ScriptedRuntime(lambda _prompt: "24"))
    seen: list[tuple[bool, bool]] = []

    def look() -> None:
        seen.append((scheduler.busy, scheduler._arrivals.before(Service.SCRIPT, "m")))

    history = History(tmp_path / "history.db")
    turns = Turns(
        retriever=Watching(look),
        screener=FixedScreener({}),
        models=scheduler,
        history=history,
        clock=time.time,
        monotonic=time.monotonic,
    )
    question = Question(text, library="default", service=service)  # type: ignore[arg-type]
    events = list(turns.ask(question, model_id="m", cancel=CancelToken()))
    assert isinstance(events[-1], Finished)
    assert seen == [(True, person)]
    assert not scheduler.busy
    left = turns.ask(question, model_id="m", cancel=CancelToken())
    next(left)
    left.close()  # whoever leaves counts no more
    assert not scheduler.busy
    scheduler.close()
    history.close()


def test_a_chat_counts_while_it_is_screened() -> None:
    scheduler = Scheduler(lambda _model: ScriptedRuntime(lambda _prompt: "24"))
    events = answer_chat(
        Chat((Message("user", "你好"),)),
        model_id="m",
        screener=FixedScreener({}),
        models=scheduler,
        cancel=CancelToken(),
        monotonic=time.monotonic,
    )
    next(events)
    assert scheduler._arrivals.before(Service.SCRIPT, "m")
    assert isinstance(list(events)[-1], Finished)
    assert not scheduler.busy
    scheduler.close()
