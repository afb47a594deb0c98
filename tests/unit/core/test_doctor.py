"""What the doctor says of the machine and of each installed chat model, before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo import doctor
from studiolo.doctor import examine
from studiolo.inference import tuning
from studiolo.inference.tuning import Calibration, Speed, Tuning, default_tuning, keep_calibration
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.settings import Settings
from studiolo.types import Check


@pytest.fixture
def store(home: Home, tmp_path: Path) -> ModelStore:
    made = ModelStore(home, load_catalogue())
    made.import_file(gguf_files.write(tmp_path / "tiny.gguf"))
    return made


def checks(store: ModelStore, **options: object) -> dict[str, Check]:
    found = examine(store.home, store=store, settings=Settings(), **options)  # type: ignore[arg-type, call-arg]
    return {check.name: check for check in found}


def test_the_machine_is_described(store: ModelStore) -> None:
    found = checks(store)
    assert found["cpu"].state == "ok"
    assert int(found["cpu"].values["logical"]) >= int(found["cpu"].values["cores"]) >= 1
    assert found["cpu"].values["processor"]
    assert int(found["memory"].values["total_bytes"]) >= int(found["memory"].values["available_bytes"])
    assert found["power"].values["source"] in ("mains", "battery", "unknown")


def test_a_model_that_fits_and_one_that_does_not(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = checks(store)["fit.tiny"]
    assert (fits.state, fits.values["fits"]) == ("ok", True)
    parts = sum(int(fits.values[name]) for name in ("weights_bytes", "kv_bytes", "compute_bytes"))
    assert parts == fits.values["needed_bytes"]
    monkeypatch.setattr(doctor, "free_for_models", lambda: 1000)
    tight = checks(store)["fit.tiny"]
    assert (tight.state, tight.values["fits"], tight.values["smaller"]) == ("warning", False, "")
    loaded = checks(store, loaded="tiny")["fit.tiny"]
    assert (loaded.state, loaded.values["loaded"]) == ("ok", True)


def test_a_damaged_model_is_said(store: ModelStore) -> None:
    path = store.path("tiny")
    path.write_bytes(path.read_bytes()[:100])
    assert (checks(store)["fit.tiny"].state, checks(store)["fit.tiny"].detail) == ("failed", "damaged_model")


def test_how_a_model_runs_and_what_was_measured(store: ModelStore) -> None:
    before = checks(store)["tuning.tiny"]
    assert before.values["calibrated"] is False
    assert before.values["threads_read"] == default_tuning().threads_read
    chosen = Tuning(1, 1, batch=128, ubatch=128)
    found = Calibration(chosen, Speed(200.0, 30.0), Tuning(2, 2), Speed(100.0, 20.0), 1e10, 30.0, 0.0)
    keep_calibration(store.get("tiny").sha256, found, cache=store.home.cache)
    after = checks(store)["tuning.tiny"].values
    assert (after["calibrated"], after["batch"], after["is_default"]) == (True, 128, False)
    assert (after["read_tokens_s"], after["default_read_tokens_s"]) == (200.0, 100.0)
    assert (after["write_tokens_s"], after["default_write_tokens_s"]) == (30.0, 20.0)


def test_a_calibration_of_another_machine_does_not_count(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Calibration(Tuning(9, 9), Speed(2, 2), Tuning(2, 2), Speed(1, 1), 1e10, 30.0, 0.0)
    keep_calibration(store.get("tiny").sha256, found, cache=store.home.cache)
    monkeypatch.setattr(tuning, "cpu_name", lambda: "another")
    assert checks(store)["tuning.tiny"].values["calibrated"] is False
