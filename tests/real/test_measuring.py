"""Calibrating a real model for the window: in a process of its own, told as it goes, stopped at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.real.conftest import SMALL

from studiolo.errors import Code, StudioloError
from studiolo.events import Finished, Progress
from studiolo.inference.expected import model_fits
from studiolo.inference.measuring import measure
from studiolo.inference.tuning import read_calibration
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.settings import Settings

pytestmark = pytest.mark.real_model


@pytest.fixture
def store(models_home: Home, tmp_path: Path) -> ModelStore:
    home = Home(tmp_path / "home")
    shutil.copytree(models_home.models / SMALL, home.models / SMALL)
    return ModelStore(home, load_catalogue())


def test_a_model_is_measured_and_the_result_is_what_is_expected_of_it(store: ModelStore) -> None:
    events = list(measure(SMALL, store=store, threads=1, cancel=CancelToken()))
    trials = [event for event in events if isinstance(event, Progress)]
    assert {(event.stage, event.item) for event in trials} == {("calibrate", SMALL)}
    assert [event.done for event in trials] == list(range(1, len(trials) + 1))
    assert events[-1] == Finished()
    kept = read_calibration(store.get(SMALL).sha256, cache=store.home.cache)
    fits = {fit.model: fit for fit in model_fits(store=store, settings=Settings())}
    assert fits[SMALL].measured is (kept is not None)  # a busy machine's figures are not kept
    assert fits[SMALL].fits
    if kept is not None:
        assert fits[SMALL].write_tokens_s == round(kept.speed.write, 1)
        assert fits["qwen2.5-7b"].write_tokens_s < fits[SMALL].write_tokens_s


def test_a_measurement_is_stopped_at_once_and_keeps_nothing(store: ModelStore) -> None:
    cancel = CancelToken()
    events = []
    for event in measure(SMALL, store=store, threads=1, cancel=cancel):
        events.append(event)
        cancel.cancel()
    assert events[-1] == Finished(reason="cancelled")
    assert read_calibration(store.get(SMALL).sha256, cache=store.home.cache) is None


def test_a_damaged_file_is_said_before_anything_begins(store: ModelStore) -> None:
    path = store.path(SMALL)
    path.write_bytes(b"GGUF" + bytes(path.stat().st_size - 4))
    with pytest.raises(StudioloError) as caught:
        measure(SMALL, store=store, threads=1, cancel=CancelToken())
    assert caught.value.code is Code.DAMAGED_MODEL
