"""Of a model's int4 files the one that was measured to read fastest stands for it; a person's choice stands before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo.inference.layouts import UNMEASURED, fastest, fastest_layout, layouts
from studiolo.inference.tuning import Calibration, Speed, default_tuning, keep_calibration
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

Q4_0, Q8_0, Q4_K_M = 2, 7, 15


def written(path: Path, file_type: int) -> Path:
    path.write_bytes(gguf_files.gguf(keys={"general.file_type": file_type}, seed=file_type))
    return path


@pytest.fixture
def store(home: Home, tmp_path: Path) -> ModelStore:
    """A model of two layouts and another one: `猫`, `猫-q4_0` and `猫-q8_0` made from it."""
    made = ModelStore(home, load_catalogue())
    made.import_file(written(tmp_path / "猫.gguf", Q4_K_M))
    source = made.get("猫")
    for name, file_type in (("q4_0", Q4_0), ("q8_0", Q8_0)):
        partial = home.models / ".partial" / name / "file"
        partial.parent.mkdir(parents=True)
        written(partial, file_type)
        made.add_made(partial, model_id=f"猫-{name}", source=source, layout=name.upper())
    return made


def measured(store: ModelStore, model_id: str, read: float) -> None:
    tuning, speed = default_tuning(), Speed(read, 10.0)
    kept = Calibration(tuning, speed, tuning, speed, bandwidth=1.0, seconds=1.0, load=0.0)
    keep_calibration(store.get(model_id).sha256, kept, cache=store.home.cache)


def test_what_was_made_of_a_model_is_known_as_its_own(store: ModelStore) -> None:
    assert [store.get(name).base for name in ("猫", "猫-q4_0", "猫-q8_0")] == ["", "猫", "猫"]
    assert [(one.model_id, one.name) for one in layouts("猫", store=store)] == [("猫", "q4_k_m"), ("猫-q4_0", "q4_0")]
    assert [one.model_id for one in layouts("猫-q4_0", store=store)] == ["猫-q4_0", "猫"]
    assert layouts("猫-q8_0", store=store) == ()  # not of four bits


def test_nothing_is_preferred_that_was_not_measured(store: ModelStore) -> None:
    assert fastest("猫", store=store) == "猫"
    assert fastest_layout(store) == UNMEASURED
    measured(store, "猫-q4_0", 200.0)
    assert fastest("猫", store=store) == "猫"
    assert fastest_layout(store) == UNMEASURED


@pytest.mark.parametrize(
    ("reads", "best", "layout"), [(130.0, "猫-q4_0", "q4_0"), (103.0, "猫", "q4_0"), (70.0, "猫", "q4_k_m")]
)
def test_the_one_that_reads_faster_by_more_than_chance_answers(
    store: ModelStore, reads: float, best: str, layout: str
) -> None:
    measured(store, "猫", 100.0)
    measured(store, "猫-q4_0", reads)
    measured(store, "猫-q8_0", 500.0)
    assert fastest("猫", store=store) == best
    assert fastest_layout(store) == layout
    store.remove("猫-q4_0")
    assert fastest("猫", store=store) == "猫"


def test_models_made_before_this_was_noted_are_models_of_their_own(store: ModelStore) -> None:
    record = store.home.models / "猫-q4_0" / "model.json"
    kept = json.loads(record.read_text(encoding="utf-8"))
    del kept["model"]["base"]
    record.write_text(json.dumps({**kept, "format": 2}), encoding="utf-8")
    measured(store, "猫", 100.0)
    measured(store, "猫-q4_0", 200.0)
    assert store.get("猫-q4_0").base == ""
    assert fastest("猫", store=store) == "猫"


def test_the_engine_answers_with_it_unless_a_person_chose(store: ModelStore, home: Home) -> None:
    import os

    from studiolo.bootstrap import open_local
    from studiolo.doctor import examine
    from studiolo.settings import Settings, save_settings

    measured(store, "猫", 100.0)
    store.remove("猫-q8_0")
    assert store.best_chat_model() in ("猫", "猫-q4_0")
    slower = store.best_chat_model()
    other = "猫-q4_0" if slower == "猫" else "猫"
    measured(store, slower, 100.0)
    measured(store, other, 200.0)
    for chosen, answers in (("", other), (slower, slower)):
        save_settings(home.settings_file, Settings(chat_model=chosen))  # type: ignore[call-arg]
        engine = open_local(home, environ=os.environ)
        assert engine.status().model == answers
        assert [model.id for model in engine.models() if model.default] == [answers]
        engine.close()
    checks = {check.name: check for check in examine(home, store=store, settings=Settings())}  # type: ignore[call-arg]
    assert checks[f"tuning.{slower}"].values["faster_layout"] == other
    assert "faster_layout" not in checks[f"tuning.{other}"].values
