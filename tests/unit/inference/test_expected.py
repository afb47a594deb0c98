"""How a model is expected to do: speed by the size of its file, from a calibrated one where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.models.gguf_files import gguf

from studiolo.inference import expected
from studiolo.inference.expected import model_fits
from studiolo.inference.tuning import Calibration, Speed, default_tuning, keep_calibration
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.settings import Settings


@pytest.fixture
def store(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setattr(expected, "_bandwidth", lambda threads: 10e9)
    monkeypatch.setattr(expected, "free_for_models", lambda: 1_800_000_000)
    made = ModelStore(home, load_catalogue())
    (tmp_path / "tiny.gguf").write_bytes(gguf())
    made.import_file(tmp_path / "tiny.gguf")
    return made


def calibrated(store: ModelStore, model_id: str, *, write: float) -> None:
    tuning, speed = default_tuning(1), Speed(90.0, write)
    found = Calibration(tuning, speed, tuning, speed, bandwidth=1e10, seconds=1.0, load=0.0)
    keep_calibration(store.get(model_id).sha256, found, cache=store.home.cache)


def test_with_nothing_measured_it_comes_from_how_fast_memory_is(store: ModelStore) -> None:
    fits = {fit.model: fit for fit in model_fits(store=store, settings=Settings())}
    large, size = fits["qwen2.5-coder-1.5b"], store.get("qwen2.5-coder-1.5b").size_bytes
    assert large.write_tokens_s == round(expected.OF_BANDWIDTH * 10e9 / size, 1)
    assert fits["tiny"].write_tokens_s == expected.MOST_TOKENS_S
    assert (large.fits, fits["qwen2.5-7b"].fits) == (
        large.needed_bytes <= 1_800_000_000,
        False,
    )


def test_what_was_measured_goes_before_and_stands_in_for_others(store: ModelStore) -> None:
    calibrated(store, "qwen2.5-coder-0.5b", write=43.0)
    fits = {fit.model: fit for fit in model_fits(store=store, settings=Settings())}
    assert (fits["qwen2.5-coder-0.5b"].measured, fits["qwen2.5-coder-0.5b"].write_tokens_s) == (True, 43.0)
    assert fits["qwen2.5-coder-0.5b"].read_tokens_s == 90.0
    other = fits["qwen2.5-coder-1.5b"]
    sizes = [store.get(f"qwen2.5-coder-{name}").size_bytes for name in ("0.5b", "1.5b")]
    assert (other.measured, other.write_tokens_s) == (False, round(43.0 * sizes[0] / sizes[1], 1))


def test_what_the_loaded_model_takes_counts_as_free(store: ModelStore) -> None:
    without, loaded = (model_fits(store=store, settings=Settings(), loaded=name)[0] for name in ("", "tiny"))
    tiny = next(fit for fit in model_fits(store=store, settings=Settings()) if fit.model == "tiny")
    assert loaded.free_bytes - without.free_bytes == tiny.needed_bytes > 0
