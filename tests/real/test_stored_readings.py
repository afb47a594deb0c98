"""Stored readings over llama.cpp itself, with the smallest real model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.real.conftest import SMALL, open_study

from studiolo.inference.readings import ReadingStore
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Lease, Scheduler
from studiolo.inference.steps import Ended, Piece, Prompt, Reading, Service
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.shapes import Answer
from studiolo.types import Question, Sampling

pytestmark = pytest.mark.real_model
SYSTEM = "You answer from passages."
PASSAGES = (
    "Passage from a.txt:\nThe tenant Anna Kern pays 1,200 euros on the first day of each month by standing order.\n\n",
    "段落\uff0c出自b.txt\uff1a\n林道的院子里有四十棵苹果树和一个池塘。\n\n",
    "Passage from c.txt:\nThe garden of the house in Lindau has forty apple trees and a pond.\n\n",
)
ASKED = "Question: How many apple trees are in the garden?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "readings"


@contextmanager
def leased(models_home: Home, folder: Path) -> Iterator[tuple[Lease, ReadingStore]]:
    """A model over the readings in `folder`, as a start of the engine finds them."""
    models, store = ModelStore(models_home, load_catalogue()), ReadingStore(folder, budget_bytes=1 << 28)

    def load(model: str) -> LlamaRuntime:
        return LlamaRuntime(
            models.path(model), model_id=model, context_tokens=1024, threads=1, store=store, digest="ab" * 32
        )

    scheduler = Scheduler(load)
    with scheduler.lease(SMALL) as lease:
        yield lease, store
    scheduler.close()


def _library_prompt(lease: Lease) -> Prompt:
    user = TemplateMessage("user", (*PASSAGES, ASKED), (SYSTEM,) * len(PASSAGES))
    return lease.compose([TemplateMessage("system", (SYSTEM,)), user])


def _document_prompt(lease: Lease, question: str = ASKED) -> Prompt:
    document = "".join(PASSAGES) * 4
    user = TemplateMessage("user", (document, question))
    return lease.compose([TemplateMessage("system", (SYSTEM,)), user], exact=document)


def _run(lease: Lease, prompt: Prompt, **more) -> tuple[Reading, str]:
    """The last word on what was read, and what was written."""
    reading, text = None, ""
    for step in lease.generate(prompt, sampling=Sampling(max_tokens=16), cancel=CancelToken(), **more):
        if isinstance(step, Reading):
            reading = step
        elif isinstance(step, Piece):
            text += step.text
    assert reading is not None
    return reading, text


def _read_ahead(lease: Lease) -> None:
    for text in PASSAGES:
        steps = list(
            lease.generate(
                lease.ahead(text, behind=SYSTEM, groups=("doc", "lib")),
                sampling=Sampling(max_tokens=1),
                cancel=CancelToken(),
                service=Service.IDLE,
            )
        )
        assert steps[-1] == Ended("length")
        assert not any(isinstance(step, Piece) for step in steps)


def test_passages_read_ahead_are_loaded_after_a_new_start_and_only_the_rest_is_read(
    models_home: Home, folder: Path
) -> None:
    with leased(models_home, folder) as (lease, _):
        assert not lease.stored(_library_prompt(lease))
        _read_ahead(lease)
        assert lease.stored(_library_prompt(lease))
    with leased(models_home, folder) as (lease, store):
        assert store.statistics().entries == 3
        prompt = _library_prompt(lease)
        reading, text = _run(lease, prompt)
        passages = sum(len(prompt.parts[number]) for number in prompt.behind)
        assert (reading.loaded, reading.total, len(prompt.behind)) == (passages, len(prompt.tokens), 3)
        assert text
        again, same = _run(lease, prompt)  # now it is all in the context
        assert (again.reused, again.loaded) == (len(prompt.tokens) - 1, 0)
        assert same == text


def test_one_that_is_missing_is_read_where_it_stands(models_home: Home, folder: Path) -> None:
    with leased(models_home, folder) as (lease, _):
        _read_ahead(lease)
        prompt = _library_prompt(lease)
    with leased(models_home, folder) as (lease, _):
        newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)  # that of the third passage
        newest.unlink()
        reading, _ = _run(lease, prompt)
        first, second = (len(prompt.parts[number]) for number in sorted(prompt.behind)[:2])
        assert reading.loaded == first + second


@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_damaged_reading_is_dropped_and_the_answer_is_that_of_a_full_reading(
    models_home: Home, folder: Path, how: str, tmp_path: Path
) -> None:
    with leased(models_home, tmp_path / "other") as (lease, _):
        _, full = _run(lease, _library_prompt(lease))
    with leased(models_home, folder) as (lease, _):
        _read_ahead(lease)
    for path in folder.iterdir():
        whole = bytearray(path.read_bytes())
        if how == "flipped":
            whole[len(whole) // 2] ^= 4
        path.write_bytes(whole if how == "flipped" else whole[: len(whole) // 2])
    with leased(models_home, folder) as (lease, store):
        reading, text = _run(lease, _library_prompt(lease))
        assert reading.loaded == 0
        assert text == full
        assert (store.statistics().entries, store.statistics().damaged) == (0, 3)


def test_a_document_read_once_is_not_read_again_and_the_answer_is_the_same(
    models_home: Home, folder: Path, tmp_path: Path
) -> None:
    """The second question's answer is that of a full reading which is cut at the same place."""
    other = "Question: What does Anna Kern pay?"
    with leased(models_home, tmp_path / "other") as (lease, _):
        reading, full = _run(lease, _document_prompt(lease, other))
        assert reading.loaded == 0
    with leased(models_home, folder) as (lease, _):
        _run(lease, _document_prompt(lease))
    with leased(models_home, folder) as (lease, store):
        assert store.statistics().entries == 1
        prompt = _document_prompt(lease, other)
        assert lease.stored(prompt)
        reading, text = _run(lease, prompt)
        assert reading.loaded == sum(map(len, prompt.parts[: prompt.exact]))
        assert text == full


def test_a_library_is_read_ahead_and_a_removed_document_leaves_no_reading(tmp_path: Path, models_home: Home) -> None:
    study = open_study(Home(tmp_path / "home"), models_home, ahead=True)
    engine = study.engine
    try:
        path = tmp_path / "garden.txt"
        path.write_text("The garden of the house in Lindau has forty apple trees and a pond.\n", encoding="utf-8")
        list(engine.add([path]))
        engine.warm_up()
        engine.start_background()
        deadline = time.monotonic() + 120
        while (status := engine.status()).ahead < 1:
            assert time.monotonic() < deadline, status
            time.sleep(0.1)
        assert (status.ahead, status.ahead_of) == (1, 1)
        answer = Answer()
        for event in engine.ask(Question("How many apple trees are there?", sampling=Sampling(max_tokens=8))):
            answer.take(event)
        assert answer.failure is None
        assert answer.usage.reused_tokens > 30
        assert list((tmp_path / "home" / "readings").iterdir())
        engine.remove_document(engine.documents()[0].id)
        assert not list((tmp_path / "home" / "readings").iterdir())
    finally:
        engine.close()
