"""Several requests at once over llama.cpp itself, with the smallest real model."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest

from studiolo.inference.lease import Lease
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece, Reading, Service
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling

pytestmark = pytest.mark.real_model
MODEL = "smollm2-135m"
CELLS = 768


@pytest.fixture(scope="module")
def lease(models_home: Home) -> Iterator[Lease]:
    store = ModelStore(models_home, load_catalogue())
    scheduler = Scheduler(
        lambda model: LlamaRuntime(store.path(model), model_id=model, context_tokens=CELLS, threads=1)
    )
    with scheduler.lease(MODEL) as held:
        yield held
    scheduler.close()


class Asker(threading.Thread):
    """Asks in a thread of its own and keeps what came, with the times."""

    def __init__(self, lease: Lease, text: str, *, tokens: int = 24, service: Service = Service.PERSON, **more) -> None:
        super().__init__()
        self._lease, self._service = lease, service
        self._prompt = lease.compose([TemplateMessage("user", (text,))])
        self._sampling = Sampling(max_tokens=tokens, **more)
        self.cancel = CancelToken()
        self.came: list[tuple[float, object]] = []
        self.start()

    def run(self) -> None:
        steps = self._lease.generate(self._prompt, sampling=self._sampling, cancel=self.cancel, service=self._service)
        for step in steps:
            self.came.append((time.monotonic(), step))

    @property
    def text(self) -> str:
        self.join()
        return "".join(step.text for _, step in self.came if isinstance(step, Piece))

    @property
    def first(self) -> float:
        return next(at for at, step in self.came if isinstance(step, Piece))

    @property
    def last(self) -> object:
        self.join()
        return self.came[-1][1]


def test_many_at_once_are_all_answered_and_none_gets_the_words_of_another(lease: Lease) -> None:
    """More than there are places for; each is told a word of its own to repeat, which must not show up elsewhere."""
    words = ["zebra", "violin", "glacier", "copper", "lantern", "harbour", "pepper", "saddle", "orchid", "marble"]
    askers = [Asker(lease, f"Repeat this word ten times: {word} {word} {word}", tokens=12) for word in words]
    texts = [asker.text.casefold() for asker in askers]
    assert all(isinstance(asker.last, Ended) for asker in askers)
    assert sum(own in text for own, text in zip(words, texts, strict=True)) > len(words) / 2  # a small model
    for own, text in zip(words, texts, strict=True):
        assert not [other for other in words if other != own and other in text]


def test_a_person_goes_before_scripts_that_are_at_it_and_they_go_on_afterwards(lease: Lease) -> None:
    """The scripts hold every cell there is: one of them gives its place away, and loses no word of its answer."""
    alone = Asker(lease, "script 0 " * 60, tokens=50, service=Service.SCRIPT, temperature=1.0, seed=3)
    alone.join()
    scripts = [
        Asker(lease, f"script {n} " * 60, tokens=50, service=Service.SCRIPT, temperature=1.0, seed=3) for n in range(4)
    ]
    while not any(isinstance(step, Piece) for _, step in scripts[0].came):
        time.sleep(0.005)
    person = Asker(lease, "A person asks: " + "what is the colour of the sky? " * 60, tokens=20)
    person.join()
    ended = person.came[-1][0]
    assert isinstance(person.last, Ended)
    for script in scripts:
        script.join()
        assert isinstance(script.came[-1][1], Ended)
        assert script.came[-1][0] > ended
        assert not [at for at, step in script.came if isinstance(step, Piece) and person.first < at < ended]
        pieces = sum(step.tokens for _, step in script.came if isinstance(step, Piece))
        assert pieces == 50 or script.last == Ended("stop")


def test_reading_ahead_is_broken_off_for_a_person_and_ends_afterwards(lease: Lease) -> None:
    idle = Asker(lease, "read ahead " * 350, tokens=1, service=Service.IDLE)
    while not idle.came:
        time.sleep(0.001)
    person = Asker(lease, "Name a colour.", tokens=4)
    person.join()
    idle.join()
    assert isinstance(person.last, Ended)
    assert idle.last in (Ended("length"), Ended("stop"))
    assert person.came[-1][0] < idle.came[-1][0]


def test_places_are_given_in_order_of_arrival(lease: Lease) -> None:
    """Each needs more than half of the cells, so one is served after another."""
    askers = []
    for number in range(3):
        askers.append(Asker(lease, f"order {number} " * 140, tokens=2))
        time.sleep(0.02)
    for asker in askers:
        asker.join()
    firsts = [asker.first for asker in askers]
    assert firsts == sorted(firsts)


def test_a_reproducible_request_gives_the_same_beside_others(lease: Lease) -> None:
    asked = "写一句关于颜色的话。 Then tell a story about a sailor."
    more = {"tokens": 40, "temperature": 1.0, "seed": 11, "reproducible": True}
    alone = Asker(lease, asked, **more).text
    others = [Asker(lease, f"other {n} " * 40, tokens=60, temperature=1.0, seed=n) for n in range(3)]
    again = Asker(lease, asked, **more).text
    for other in others:
        other.join()
    assert again == alone


def test_who_leaves_early_frees_the_place(lease: Lease) -> None:
    prompt = lease.compose([TemplateMessage("user", ("Tell a long story.",))])
    for _ in range(20):  # more often than there are places
        steps = lease.generate(prompt, sampling=Sampling(max_tokens=400), cancel=CancelToken())
        while not isinstance(next(steps), Piece):
            pass
        steps.close()
    assert Asker(lease, "Name a colour.").text


def test_what_two_prompts_begin_with_is_read_once(lease: Lease) -> None:
    begin = "The same long beginning of both. " * 20
    Asker(lease, f"{begin} first {'and more ' * 100}", tokens=1).join()
    second = Asker(lease, f"{begin} second", tokens=1)
    second.join()
    reading = second.came[0][1]
    assert isinstance(reading, Reading)
    assert reading.reused > 100
    third = Asker(lease, f"{begin} first {'and more ' * 100}", tokens=1)  # the one that only began alike left it alone
    third.join()
    again = third.came[0][1]
    assert isinstance(again, Reading)
    assert again.reused >= again.total - 1


def test_requests_that_come_and_go_at_random_leave_the_next_one_right(lease: Lease) -> None:
    dice = random.Random(5)
    exact = {"tokens": 12, "reproducible": True}
    expected = Asker(lease, "Name a colour.", **exact).text
    for _ in range(4):
        askers = [
            Asker(
                lease,
                f"number {dice.random():.6f} " * dice.randint(1, 40),
                tokens=dice.randint(1, 60),
                service=dice.choice(list(Service)),
            )
            for _ in range(6)
        ]
        for asker in dice.sample(askers, 3):
            time.sleep(dice.random() * 0.1)
            asker.cancel.cancel()
        for asker in askers:
            assert isinstance(asker.last, Ended)
    assert Asker(lease, "Name a colour.", **exact).text == expected


def test_how_likely_each_token_was_comes_with_its_text_and_a_failure_is_one_requests_own(lease: Lease) -> None:
    prompt = lease.compose([TemplateMessage("user", ("写一个句子。 Name a colour.",))])
    other = Asker(lease, "Tell a story.", tokens=12)
    steps = list(lease.generate(prompt, sampling=Sampling(max_tokens=12, logprobs=2), cancel=CancelToken()))
    pieces = [step for step in steps if isinstance(step, Piece)]
    assert all(len(piece.logprobs) == piece.tokens for piece in pieces)
    written = b"".join(bytes(one.bytes) for piece in pieces for one in piece.logprobs)
    assert written.decode("utf-8", "replace") == "".join(piece.text for piece in pieces)
    assert all(one.logprob <= 0 and len(one.top) == 2 for piece in pieces for one in piece.logprobs)
    assert isinstance(other.last, Ended)
