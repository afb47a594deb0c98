"""Requests with and without LoRA adapters beside one another, over llama.cpp itself with the smallest real model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.real.conftest import SMALL, Study, open_study
from tests.real.test_adapters_real import write
from tests.real.test_batching import Asker

from studiolo.errors import Code, StudioloError
from studiolo.inference.lease import Lease
from studiolo.inference.readings import ReadingStore
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece, Reading
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.adapters import AdapterFile, adapter_files
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.shapes import Answer
from studiolo.types import AdapterUse, Chat, Message, Question, Sampling

pytestmark = pytest.mark.real_model
ASKED = "Tell me about the harbour of Lindau. 林道的港口是什么样的？"
SYSTEM = "You answer from passages."
PASSAGE = "Passage from a.txt:\nThe garden of the house in Lindau has forty apple trees and a pond.\n\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[AdapterFile, AdapterFile]:
    """An adapter that changes what is written, and another."""
    folder = tmp_path_factory.mktemp("adapters")
    first, second = (write(folder / f"{name}.gguf", scale=scale) for name, scale in (("强", 0.002), ("b", -0.006)))
    return AdapterFile("强", first, "a1" * 32, 1.0), AdapterFile("b", second, "b2" * 32, 0.5)


@pytest.fixture
def lease(models_home: Home, tmp_path: Path) -> Iterator[Lease]:
    """The model with an empty context, over a store of readings of its own."""
    store, models = ReadingStore(tmp_path / "readings", budget_bytes=1 << 28), ModelStore(models_home, load_catalogue())

    def load(model: str) -> LlamaRuntime:
        path = models.path(model)
        return LlamaRuntime(path, model_id=model, context_tokens=1024, threads=1, store=store, digest="ab" * 32)

    scheduler = Scheduler(load)
    with scheduler.lease(SMALL) as held:
        yield held
    scheduler.close()


def asker(lease: Lease, adapters: Sequence[AdapterFile] = (), **more: Any) -> Asker:
    return Asker(lease.using(adapters), ASKED, **more)


def test_each_gets_the_text_it_gets_alone(lease: Lease, files: tuple[AdapterFile, AdapterFile]) -> None:
    """The same prompt, at the same time, with one adapter, with two and with none.

    One request of each: a batch of two differs in the last bits from two batches of one. For the same reason each is
    asked alone in an empty context, as all of them together were.
    """
    sets = [(), files[:1], files, files[1:]]
    together = [one.text for one in [asker(lease, adapters) for adapters in sets]]
    alone = [asker(lease, adapters, reproducible=True).text for adapters in sets]
    assert together == alone
    assert len(set(alone)) == len(sets)


def test_stored_readings_are_not_shared(lease: Lease, files: tuple[AdapterFile, AdapterFile]) -> None:
    with_one = lease.using(files[:1])

    def asked(lease: Lease) -> tuple[int, str]:
        """How much was loaded, and the answer, in an empty context."""
        assert asker(lease, tokens=1, reproducible=True).text
        user = TemplateMessage("user", (PASSAGE, "How many apple trees are there?"), (SYSTEM,))
        prompt = lease.compose([TemplateMessage("system", (SYSTEM,)), user])
        steps = list(lease.generate(prompt, sampling=Sampling(max_tokens=12), cancel=CancelToken()))
        assert isinstance(steps[-1], Ended)
        loaded = max(step.loaded for step in steps if isinstance(step, Reading))
        return loaded, "".join(step.text for step in steps if isinstance(step, Piece))

    def read_ahead(lease: Lease) -> int:
        prompt = lease.ahead(PASSAGE, behind=SYSTEM, groups=["a"])
        assert not lease.stored(prompt)
        for _ in lease.generate(prompt, sampling=Sampling(max_tokens=1), cancel=CancelToken()):
            pass
        assert lease.stored(prompt)
        return len(prompt.parts[1])

    size = read_ahead(lease)
    plain = asked(lease)
    unread = asked(with_one)
    assert (plain[0], unread[0]) == (size, 0)
    assert unread[1] != plain[1]
    read_ahead(with_one)  # asserts that the plain one does not count
    changed = asked(with_one)
    assert changed[0] == size
    assert [asked(lease), asked(with_one), asked(lease)] == [plain, changed, plain]


def test_a_file_that_does_not_fit_ends_its_request_alone(lease: Lease, tmp_path: Path) -> None:
    path = write(tmp_path / "other.gguf", shapes={"blk.0.attn_q.weight": (64, 64)})
    before = asker(lease, reproducible=True).text
    prompt = lease.using([AdapterFile("other", path, "c3" * 32, 1.0)]).compose([TemplateMessage("user", (ASKED,))])
    with pytest.raises(StudioloError) as raised:
        list(lease.generate(prompt, sampling=Sampling(), cancel=CancelToken()))
    assert raised.value.code is Code.ADAPTER_MISFIT
    assert asker(lease, reproducible=True).text == before


@pytest.fixture
def study(tmp_path: Path, models_home: Home) -> Iterator[Study]:
    made = open_study(Home(tmp_path / "home"), models_home, ahead=True)
    yield made
    made.engine.close()


def test_asking_with_an_adapter_and_removing_it(study: Study, tmp_path: Path) -> None:
    engine = study.engine
    page = tmp_path / "租约.md"
    page.write_text("# Lease\n\nThe tenant pays 1,200 euros each month. 租客每月支付租金。\n", encoding="utf-8")
    list(engine.add([page]))
    adapter = engine.import_model(write(tmp_path / "强.gguf", scale=0.002)).id

    def ask(**more: object) -> Answer:
        answer = Answer()
        for event in engine.ask(Question("How much does the tenant pay?", document=page.name, **more)):  # type: ignore[arg-type]
            answer.take(event)
        assert answer.failure is None
        assert answer.timings.read_tokens_per_s > 0
        assert answer.timings.write_tokens_per_s > 0
        return answer

    def model_text(answer: Answer) -> str:
        return engine.turns(answer.started.conversation_id)[-1].answer

    plain = ask(whole=True)
    with_it, nothing = (ask(whole=True, adapters=(AdapterUse(adapter, scale),)) for scale in (1.0, 0.0))
    assert model_text(with_it) != model_text(plain)
    assert model_text(nothing) == model_text(plain)
    assert (with_it.usage.reused_tokens, nothing.usage.reused_tokens > 0) == (0, True)
    stored = engine.turns(with_it.started.conversation_id)[-1]
    assert (stored.timings, stored.adapters) == (with_it.timings, (AdapterUse(adapter, 1.0),))

    chat = Chat((Message("user", "你好"),), adapters=(AdapterUse(adapter),))
    assert [event.kind for event in engine.chat(chat)][-1] == "finished"
    engine.remove_model(adapter)
    with pytest.raises(StudioloError) as raised:
        engine.ask(Question("How much?", adapters=(AdapterUse(adapter),)))
    assert (raised.value.code, raised.value.values) == (Code.UNKNOWN_ADAPTER, {"adapter": adapter, "known": ""})

    readings = engine._parts.readings
    left = readings.statistics().entries
    assert left > 0  # the model's own
    engine.remove_model(SMALL)
    assert readings.statistics().entries == 0


def test_an_adapter_of_another_architecture(models_home: Home, tmp_path: Path) -> None:
    store = ModelStore(Home(tmp_path / "home"), load_catalogue())
    adapter = store.import_file(write(tmp_path / "a.gguf", keys={"general.architecture": "qwen2"})).id
    base = store.import_file(ModelStore(models_home, load_catalogue()).path(SMALL), model_id=SMALL).id
    with pytest.raises(StudioloError) as raised:
        adapter_files([AdapterUse(adapter)], base, store=store)
    assert raised.value.code is Code.ADAPTER_MISFIT
