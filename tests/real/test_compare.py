"""Two real models side by side: held against plain sums; a model and itself, a smaller one, a damaged one."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studiolo.errors import Code, StudioloError
from studiolo.events import Compared, Event, Finished, Progress
from studiolo.inference import compare as comparing
from studiolo.inference import quality
from studiolo.inference.compare import compare
from studiolo.inference.logits import ScoringContext
from studiolo.inference.model import LlamaModel
from studiolo.inference.quality import Candidate, Measuring
from studiolo.inference.quantize import quantize, source_of
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

pytestmark = pytest.mark.real_model
SMALL = "smollm2-135m"
MADE = f"{SMALL}-q4_0"
ENGLISH = "The tenant pays the rent on the first day of each month. The landlord keeps the roof and the boiler sound. "
CHINESE = "承租人应于每月一日支付租金。出租人负责维修屋顶和锅炉。"
TEXTS = (("en", ENGLISH * 2), ("zh", CHINESE))


@pytest.fixture(scope="module")
def store(models_home: Home, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A home with the small model and a Q4_0 of it."""
    home = Home(tmp_path_factory.mktemp("compare"))
    shutil.copytree(models_home.models / SMALL, home.models / SMALL)
    store = ModelStore(home, load_catalogue())
    assert list(quantize(source_of(SMALL, store), "q4_0", store=store, cancel=CancelToken()))[-1] == Finished()
    return store


@pytest.fixture
def loaded(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[LlamaModel]]:
    """Both models in this process, and speeds taken on a few tokens: they are not looked at here."""
    monkeypatch.setattr(quality, "READ_TOKENS", 16)
    monkeypatch.setattr(quality, "WRITTEN_TOKENS", 2)
    models = [LlamaModel(store.path(name), model_id=name) for name in (SMALL, MADE)]
    yield models
    for model in models:
        model.close()


def measure(first: LlamaModel, second: LlamaModel, *texts: tuple[str, str], limit: int = 1000) -> object:
    pair = (Candidate(first, 1, 0), Candidate(second, 1, 0))
    return Measuring(pair, texts or TEXTS, limit=limit, threads=1).run(lambda _: None)


def plain_sums(model: LlamaModel, other: LlamaModel, text: str) -> tuple[float, float, float, float]:
    """Surprise of both in nats, agreement and divergence, from one reading of the text in 64 bits."""
    tokens = model.tokenize(text, control=False)
    rows = []
    for one in (model, other):
        context = ScoringContext(one, tokens=512, batch_tokens=512, threads=1)
        read = [*one.start_tokens(), *tokens][:-1]
        scores = context.read(read, start=0, first=0).astype(np.float64)
        rows.append(scores - np.log(np.exp(scores - scores.max()).sum(axis=1, keepdims=True)) - scores.max())
        context.close()
    came = tokens if model.start_tokens() else tokens[1:]
    p, q = rows
    at = np.arange(len(came))
    divergence = float((np.exp(p) * (p - q)).sum(axis=1).mean())
    agreement = float((p.argmax(axis=1) == q.argmax(axis=1)).mean())
    return float(-p[at, came].mean()), float(-q[at, came].mean()), agreement, divergence


def test_it_is_what_plain_sums_come_to(loaded: list[LlamaModel]) -> None:
    found = measure(*loaded, TEXTS[0])
    first, second, agreement, divergence = plain_sums(*loaded, TEXTS[0][1])
    # the text fits one window; it is read in other batches, and rounding differs with them
    assert math.log(found.model.perplexity) == pytest.approx(first, rel=0.02)
    assert math.log(found.other.perplexity) == pytest.approx(second, rel=0.02)
    assert math.log(found.perplexity_ratio) == pytest.approx(second - first, abs=0.05)
    assert found.agreement == pytest.approx(agreement, abs=0.08)
    assert found.kl_divergence == pytest.approx(divergence, rel=0.15)


def test_a_model_and_itself(loaded: list[LlamaModel]) -> None:
    found = measure(loaded[0], loaded[0])
    assert (found.agreement, found.kl_divergence, found.perplexity_ratio) == (1.0, 0.0, 1.0)
    assert found.model.perplexity == found.other.perplexity
    assert [text.name for text in found.model.texts] == ["en", "zh"]
    assert sum(text.tokens for text in found.model.texts) == found.model.tokens
    for text, (_, read) in zip(found.model.texts, TEXTS, strict=True):
        first = 0 if loaded[0].start_tokens() else len(loaded[0].piece(loaded[0].tokenize(read, control=False)[0]))
        assert text.size_bytes == len(read.encode()) - first  # no byte twice, none left out


def test_windows_go_over_a_long_text_once(loaded: list[LlamaModel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "WINDOW_TOKENS", 32)
    monkeypatch.setattr(quality, "STRIDE_TOKENS", 16)
    monkeypatch.setattr(quality, "SCORED_BATCH", 7)
    text = ENGLISH * 4
    tokens = loaded[0].tokenize(text, control=False)
    found = measure(*loaded, ("", text))
    assert found.model.tokens == len(tokens) - (0 if loaded[0].start_tokens() else 1)
    assert 0.0 < found.kl_divergence < 5.0
    assert 1.0 < found.model.perplexity < found.other.perplexity * 2


def test_only_the_first_tokens_are_read(loaded: list[LlamaModel]) -> None:
    found = measure(*loaded, *TEXTS, limit=10)
    assert all(0 < text.tokens <= 10 for text in found.model.texts)


def test_a_text_of_nothing_is_too_short(loaded: list[LlamaModel]) -> None:
    with pytest.raises(StudioloError) as raised:
        measure(*loaded, ("", ""))
    assert (raised.value.code, raised.value.values["problem"]) == (Code.BAD_REQUEST, "too_short")


def test_with_another_vocabulary_only_bytes_are_compared(
    loaded: list[LlamaModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same model, taken for one of another vocabulary: each is scored alone, with the same result."""
    together = measure(*loaded)
    monkeypatch.setattr(quality, "same_vocabulary", lambda *_: False)
    apart = measure(*loaded)
    assert (apart.agreement, apart.kl_divergence, apart.perplexity_ratio, apart.perplexity_ratio_error) == (None,) * 4
    assert apart.model.bits_per_byte == pytest.approx(together.model.bits_per_byte, rel=1e-6)
    assert apart.other.texts[1].bits_per_byte == pytest.approx(together.other.texts[1].bits_per_byte, rel=1e-6)


def test_vocabularies(loaded: list[LlamaModel], monkeypatch: pytest.MonkeyPatch) -> None:
    assert quality.same_vocabulary(*loaded)
    monkeypatch.setattr(loaded[1], "vocabulary_size", loaded[1].vocabulary_size - 1)
    assert not quality.same_vocabulary(*loaded)


def run(store: ModelStore, cancel: CancelToken, texts: tuple[tuple[str, str], ...] = TEXTS) -> Iterator[Event]:
    pair = (source_of(SMALL, store), source_of(MADE, store))
    return compare(pair, lambda: texts, cancel=cancel, tokens=24, threads=1)


def test_in_a_process_of_its_own(store: ModelStore) -> None:
    events = list(run(store, CancelToken()))
    assert isinstance(events[0], Progress)
    assert events[-1] == Finished()
    (found,) = (event.comparison for event in events if isinstance(event, Compared))
    assert (found.model.id, found.other.id, found.same_vocabulary) == (SMALL, MADE, True)
    for one in (found.model, found.other):
        assert one.size_bytes == store.path(one.id).stat().st_size
        assert one.memory_bytes > one.size_bytes // 2
        assert min(one.read_tokens_per_s, one.write_tokens_per_s) > 0
    said = [event for event in events if isinstance(event, Progress)]
    assert all(event.done <= event.total for event in said[1:])


def test_a_cancelled_one_ends(store: ModelStore) -> None:
    cancel = CancelToken()
    events = []
    for event in run(store, cancel):
        events.append(event)
        if len(events) == 2:  # the other process is at work
            cancel.cancel()
    assert events[-1] == Finished(reason="cancelled")
    cancelled = CancelToken()
    cancelled.cancel()
    assert list(run(store, cancelled))[-1] == Finished(reason="cancelled")


def test_without_texts_it_is_said(store: ModelStore) -> None:
    for texts, problem in (((), "no_samples"), ((("", ""),), "too_short")):
        with pytest.raises(StudioloError) as raised:
            list(run(store, CancelToken(), texts))
        assert raised.value.values["problem"] == problem


def test_too_little_memory_is_said_with_the_numbers(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "available_memory_bytes", lambda: 300 << 20)
    with pytest.raises(StudioloError) as raised:
        list(run(store, CancelToken()))
    assert raised.value.code is Code.NOT_ENOUGH_MEMORY
    assert raised.value.values["needed_bytes"] > raised.value.values["available_bytes"] > 0


def test_a_damaged_model_is_said_by_its_id(store: ModelStore, tmp_path: Path) -> None:
    """Weights that are no numbers load without complaint."""
    home = Home(tmp_path / "home")
    for name in (SMALL, MADE):
        shutil.copytree(store.home.models / name, home.models / name)
    damaged = ModelStore(home, load_catalogue())
    path = damaged.path(MADE)
    with path.open("rb+") as file:
        file.seek(-(4 << 20), 2)
        file.write(b"\xff" * (4 << 20))
    with pytest.raises(StudioloError) as raised:
        list(run(damaged, CancelToken()))
    assert raised.value.code is Code.DAMAGED_MODEL
    assert raised.value.values["model"] == MADE
