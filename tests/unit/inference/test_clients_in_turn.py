"""Clients of one class take turns; a person goes before scripts; a class comes from who asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from tests.support import ScriptedAnswer, ScriptedRuntime

from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Prompt, Service
from studiolo.inference.template import TemplateMessage
from studiolo.inference.turns import Turns
from studiolo.jobs import CancelToken
from studiolo.types import Sampling


class OnePlace(ScriptedRuntime):
    """A runtime that has a place for so many requests, and keeps the order in which they got one."""

    def __init__(self, *, places: int = 1, hold: threading.Event | None = None) -> None:
        super().__init__(lambda _prompt: "ok")
        self.places, self.hold = places, hold
        self.placed: list[ScriptedAnswer] = []

    def begin(self, prompt: Prompt, sampling: Sampling) -> ScriptedAnswer | None:
        if len(self.placed) >= self.places:
            return None
        self.placed.append(super().begin(prompt, sampling))
        return self.placed[-1]

    def park(self, running: ScriptedAnswer) -> None:
        self.placed.remove(running)

    def unpark(self, running: ScriptedAnswer) -> bool:
        if len(self.placed) >= self.places:
            return False
        self.placed.append(running)
        return True

    def advance(self, running: Sequence[ScriptedAnswer]) -> list[list]:
        if self.hold is not None:
            assert self.hold.wait(20)
        return super().advance(running)

    def end(self, running: ScriptedAnswer) -> None:
        if running in self.placed:
            self.placed.remove(running)
        super().end(running)


@dataclass
class Queue:
    """Requests that were put one after the other before the first place is given away."""

    runtime: OnePlace
    hold: threading.Event
    scheduler: Scheduler
    threads: list[threading.Thread] = field(default_factory=list)

    def put(self, name: str, client: str, service: Service = Service.SCRIPT) -> None:
        def ask() -> None:
            with self.scheduler.lease("m") as lease:
                prompt = lease.compose([TemplateMessage("user", (name,))])
                list(lease.generate(prompt, sampling=Sampling(), cancel=CancelToken(), service=service, client=client))

        arrived = self.scheduler._arrived
        self.threads.append(threading.Thread(target=ask))
        self.threads[-1].start()
        _until(lambda: self.scheduler._arrived > arrived)

    def order(self) -> list[str]:
        """In which order they got a place."""
        self.hold.set()
        for thread in self.threads:
            thread.join(20)
        return [prompt.split("user\n")[1].split("\x02")[0] for prompt in self.runtime.prompts]


@pytest.fixture
def queue():
    hold = threading.Event()
    runtime = OnePlace(hold=hold)
    scheduler = Scheduler(lambda _model: runtime)
    yield Queue(runtime, hold, scheduler)
    hold.set()
    scheduler.close()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert condition()


def test_one_client_with_many_requests_starves_nobody(queue: Queue) -> None:
    for number in range(20):
        queue.put(f"a{number}", "a")
    for name in ("b0", "c0", "b1"):
        queue.put(name, name[0])
    order = queue.order()
    assert order[:5] == ["a0", "b0", "c0", "a1", "b1"]
    assert order[5:] == [f"a{number}" for number in range(2, 20)]


def test_one_client_is_served_in_order_of_arrival(queue: Queue) -> None:
    names = [f"a{number}" for number in range(10)]
    for name in names:
        queue.put(name, "a")
    assert queue.order() == names


def test_several_clients_with_one_request_each_are_served_in_order_of_arrival(queue: Queue) -> None:
    for name in "dacb":
        queue.put(name, name)
    assert queue.order() == list("dacb")


def test_a_place_that_a_client_holds_counts(queue: Queue) -> None:
    queue.runtime.places = 3
    for name in ("a0", "a1", "a2", "a3", "b0"):
        queue.put(name, name[0])
    assert queue.order() == ["a0", "b0", "a1", "a2", "a3"]


def test_a_person_goes_before_scripts_however_many_clients_they_have(queue: Queue) -> None:
    for number in range(5):
        queue.put(f"s{number}", f"client {number}")
    queue.put("person", "", Service.PERSON)
    assert queue.order()[:2] == ["s0", "person"]


def test_turns() -> None:
    turns, script = Turns(), Service.SCRIPT
    assert [turns.arrive(script, "a") for _ in range(3)] == [0, 1, 2]
    assert turns.arrive(Service.PERSON, "a") == 0
    turns.serve(script, 0)
    turns.leave(script, "a")
    assert turns.arrive(script, "b") == 0
    turns.serve(script, 1)
    assert turns.arrive(script, "c") == 1  # no turn is given that is over
    assert turns.arrive(script, "a") == 3
    for client in "aaabc":
        turns.leave(script, client)
    assert turns.arrive(script, "a") == 1  # what it asked before is forgotten
    turns.leave(script, "a")
    turns.leave(Service.PERSON, "a")
    assert not turns._open
    assert not turns._last


@pytest.mark.parametrize(("named", "service"), [("interactive", Service.PERSON), ("batch", Service.SCRIPT)])
def test_classes(named: str, service: Service) -> None:
    assert Service.of(named) is service
