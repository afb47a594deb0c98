"""Smaller files of a real model: they load, answer, are listed and removed; a cancelled one leaves nothing."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from studiolo.cli.main import run
from studiolo.cli.terminal import Terminal
from studiolo.errors import Code, StudioloError
from studiolo.events import Finished, Progress
from studiolo.inference.quantize import quantize
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.steps import Piece
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling

pytestmark = pytest.mark.real_model
SMALL = "smollm2-135m"


@pytest.fixture
def store(models_home: Home, tmp_path: Path) -> ModelStore:
    home = Home(tmp_path / "home")
    shutil.copytree(models_home.models / SMALL, home.models / SMALL)
    return ModelStore(home, load_catalogue())


def left_over(store: ModelStore) -> list[str]:
    return [path.name for path in store.scratch("x").parent.glob("quantize-*")]


@pytest.mark.parametrize("target", ["q4_0", "q8_0"])
def test_the_result_is_a_model_that_answers(store: ModelStore, target: str) -> None:
    events = list(quantize(SMALL, target, store=store, cancel=CancelToken()))
    assert events[-1] == Finished()
    made, source = store.get(f"{SMALL}-{target}"), store.get(SMALL)
    assert isinstance(events[0], Progress)
    assert events[0].item == made.id
    path = store.path(made.id)
    assert made.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert made.size_bytes == path.stat().st_size
    assert (made.licence, made.languages) == (source.licence, source.languages)
    assert made.note == f"made from {SMALL}, {target.upper()}"
    runtime = LlamaRuntime(path, model_id=made.id, context_tokens=256)
    try:
        for text in ("The capital of France is", "法国的首都是"):
            prompt = runtime.tokenize(text, control=False)
            steps = runtime.generate(prompt, sampling=Sampling(max_tokens=8), cancel=CancelToken())
            assert any(isinstance(step, Piece) and step.text for step in steps)
    finally:
        runtime.close()
    assert not left_over(store)
    store.remove(made.id)
    assert made.id not in [model.id for model in store.list()]


def test_a_cancelled_one_leaves_nothing(store: ModelStore) -> None:
    cancel = CancelToken()
    before = [model.id for model in store.list()]
    events = []
    for event in quantize(SMALL, "q4_0", store=store, cancel=cancel):
        events.append(event)
        cancel.cancel()  # the other process is at work
    assert isinstance(events[0], Progress)
    assert events[-1] == Finished(reason="cancelled")
    assert [model.id for model in store.list()] == before
    assert not left_over(store)


@pytest.mark.parametrize(
    ("model", "target", "name", "code"),
    [
        (SMALL, "q9", None, Code.BAD_REQUEST),
        ("nobody", "q4_0", None, Code.UNKNOWN_MODEL),
        ("qwen2.5-coder-1.5b", "q4_0", None, Code.MODEL_MISSING),
        ("lac", "q4_0", None, Code.MODEL_KIND),
        (SMALL, "q4_0", SMALL, Code.MODEL_EXISTS),
    ],
)
def test_what_cannot_be_made_is_said(store: ModelStore, model: str, target: str, name: str | None, code: Code) -> None:
    with pytest.raises(StudioloError) as raised:
        list(quantize(model, target, store=store, cancel=CancelToken(), name=name))
    assert raised.value.code is code


def test_a_damaged_source_is_said(store: ModelStore) -> None:
    path = store.path(SMALL)
    with path.open("rb+") as file:  # the right length, and no model
        file.seek(64)
        file.write(b"\xff" * 4096)
    with pytest.raises(StudioloError) as raised:
        list(quantize(SMALL, "q4_0", store=store, cancel=CancelToken()))
    assert raised.value.code is Code.DAMAGED_MODEL
    assert not left_over(store)


def test_a_full_disk_is_said_before_anything_is_written(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 0

    monkeypatch.setattr("studiolo.models.files.shutil.disk_usage", lambda _: Usage)
    with pytest.raises(StudioloError) as raised:
        list(quantize(SMALL, "q4_0", store=store, cancel=CancelToken()))
    assert raised.value.code is Code.DISK_FULL
    assert not left_over(store)


def test_the_command_says_what_was_lost_and_gained(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUDIOLO_HOME", str(store.home.root))
    assert run(["models", "quantize", SMALL, "--to", "Q8_0", "--name", "小模型"], terminal=Terminal()) == 0
    said = capsys.readouterr().err
    assert "second time" in said
    assert "no smaller" in said
    assert store.get("小模型").installed
    assert run(["models", "quantize", SMALL, "--to", "q9"], terminal=Terminal()) == 1
    assert "q4_k_m" in capsys.readouterr().err
