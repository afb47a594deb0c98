"""Reading ahead: what is read, in which order, and when it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.support import FixedScreener, passage

from studiolo.conversation.idle import Ahead, ReadingAhead, ToRead
from studiolo.errors import Code, PolicyBlock, UserError
from studiolo.inference.steps import Ended, Prompt, Reading, Service
from studiolo.jobs import CancelToken
from studiolo.types import Passage, Sampling

WAIT_S = 20


class Model:
    """A pool of one model whose lease keeps what it was given to read. `slow`: reading goes on until cancelled."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.kept: set[str] = set()
        self.groups: list[tuple[str, ...]] = []
        self.slow = threading.Event()
        self.began = threading.Event()
        self.loaded = "m"
        self.keeps = True
        self.too_long = ""

    @contextmanager
    def lease(self, model_id: str) -> Iterator[Model]:
        raise AssertionError("it would load a model")
        yield self

    @contextmanager
    def lease_loaded(self, model_id: str) -> Iterator[Model | None]:
        yield self if model_id == self.loaded else None

    def warm(self, model_id: str) -> None: ...

    @contextmanager
    def arriving(self, model_id: str, service: Service) -> Iterator[None]:
        yield

    def ahead(self, text: str, *, behind: str, groups: tuple[str, ...]) -> Prompt:
        self.groups.append(tuple(groups))
        return Prompt(((1,), (2,)), text=f"{behind}\0{text}")

    def stored(self, prompt: Prompt) -> bool:
        return prompt.text in self.kept

    def generate(
        self, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken, service: Service
    ) -> Iterator[Reading | Ended]:
        assert service is Service.IDLE
        if self.too_long and self.too_long in prompt.text:
            raise UserError(Code.PROMPT_TOO_LONG, tokens=2, limit=1)
        self.read.append(prompt.text)
        self.began.set()
        yield Reading(0, 2, 0)
        while self.slow.is_set() and not cancel.cancelled:
            time.sleep(0.005)
        if self.keeps and not cancel.cancelled:
            self.kept.add(prompt.text)
        yield Ended("cancelled" if cancel.cancelled else "length")


TEXTS = {"a": ["Anna owes 100 euros.", "The garden is large."], "b": ["租期为十二个月。"]}


def _passages(_library: str, document: str) -> list[Passage]:
    made = [passage(text, number=number, document=f"{document}.txt") for number, text in enumerate(TEXTS[document])]
    return [
        Passage(**{**{name: getattr(one, name) for name in Passage.__slots__}, "id": f"{document}{one.id}"})
        for one in made
    ]


DOCUMENTS = [ToRead("lib", "library:lib", "b", 1), ToRead("lib", "library:lib", "a", 2)]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def start(model: Model) -> Iterator[Callable[..., ReadingAhead]]:
    made: list[ReadingAhead] = []

    def begin(**more) -> ReadingAhead:
        given = {
            "documents": lambda: DOCUMENTS,
            "passages": _passages,
            "screener": FixedScreener({"Anna": "<PERSON_1>"}),
            "models": model,
            "model_id": lambda: "m",
            "may": lambda: True,
            "room": lambda: True,
            "share": lambda: 1.0,
        }
        made.append(ReadingAhead(**{**given, **more}))
        made[-1].start()
        return made[-1]

    yield begin
    for one in made:
        one.close()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_passages_are_read_in_order_with_pseudonyms_and_in_their_own_language(
    model: Model, start: Callable[..., ReadingAhead]
) -> None:
    ahead = start()
    _until(lambda: ahead.progress == Ahead(3, 3))
    behind, texts = zip(*(text.split("\0") for text in model.read), strict=True)
    assert ["租期" in texts[0], "<PERSON_1>" in texts[1], "garden" in texts[2]] == [True] * 3
    assert "Anna" not in "".join(texts)
    assert "文件" in behind[0]
    assert behind[1].startswith("You")
    assert model.groups[0] == ("b", "lib")


def test_what_is_stored_is_not_read_again(model: Model, start: Callable[..., ReadingAhead]) -> None:
    ahead = start()
    _until(lambda: ahead.progress.done == 3)
    ahead.close()
    again = start()
    _until(lambda: again.progress.done == 3)
    assert len(model.read) == 3


def test_nothing_is_read_while_something_else_is_under_way(model: Model, start: Callable[..., ReadingAhead]) -> None:
    free = threading.Event()
    ahead = start(may=free.is_set)
    time.sleep(0.1)
    assert model.read == []
    free.set()
    ahead.wake()
    _until(lambda: ahead.progress.done == 3)


def test_a_passage_is_broken_off_when_something_else_begins_and_is_read_later(
    model: Model, start: Callable[..., ReadingAhead]
) -> None:
    free = threading.Event()
    free.set()
    model.slow.set()
    ahead = start(may=free.is_set)
    assert model.began.wait(WAIT_S)
    free.clear()
    _until(lambda: not ahead.progress.working)
    assert not model.kept
    model.slow.clear()
    free.set()
    ahead.wake()
    _until(lambda: ahead.progress.done == 3)
    assert model.read[0] == model.read[1]


def test_closing_does_not_wait_for_the_passage(model: Model, start: Callable[..., ReadingAhead]) -> None:
    model.slow.set()
    ahead = start()
    assert model.began.wait(WAIT_S)
    ahead.close()
    assert not model.kept


@pytest.mark.parametrize("given", [{"room": lambda: False}, {"model_id": lambda: ""}])
def test_without_room_or_a_loaded_model_nothing_is_read(
    given: dict[str, Callable[[], object]], model: Model, start: Callable[..., ReadingAhead]
) -> None:
    start(**given)
    time.sleep(0.1)
    assert model.read == []


def test_what_is_not_screened_or_blocked_is_not_read(model: Model, start: Callable[..., ReadingAhead]) -> None:
    blocked = FixedScreener({})
    blocked.refuses["passage"] = PolicyBlock(Code.BLOCKED_BY_POLICY, types="PERSON")
    ahead = start(screener=blocked)
    _until(lambda: ahead.progress.done == 3)
    unscreened = [passage("Anna", screened=False)]
    other = start(passages=lambda _library, _document: unscreened, documents=lambda: DOCUMENTS[:1])
    _until(lambda: other.progress.done == 1)
    assert model.read == []


def test_a_model_that_was_swapped_away_meanwhile_is_not_loaded_again(
    model: Model, start: Callable[..., ReadingAhead]
) -> None:
    model.loaded = "another"  # between the look and the lease
    ahead = start()
    _until(lambda: ahead.progress.total == 3)
    time.sleep(0.1)
    assert (model.read, ahead.progress.done) == ([], 0)


def test_a_passage_that_fits_into_no_prompt_does_not_hold_up_the_others(
    model: Model, start: Callable[..., ReadingAhead]
) -> None:
    model.too_long = "租期"
    ahead = start()
    _until(lambda: ahead.progress.done == 3)
    assert len(model.read) == 2


def test_where_nothing_can_be_kept_it_stops_and_counts_nothing(
    model: Model, start: Callable[..., ReadingAhead], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studiolo.conversation.idle._POLL_S", 0.005)
    model.keeps = False
    ahead = start()
    _until(lambda: len(model.read) == 3)
    time.sleep(0.2)
    assert (len(model.read), ahead.progress.done) == (3, 0)
    model.keeps = True
    ahead.wake()
    _until(lambda: ahead.progress.done == 3)
