"""Opening a home and loading into it: every refusal names what to do, and comes before anything native runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo import bootstrap
from studiolo.bootstrap import open_local
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.home_format import prepare_home
from studiolo.inference import fit
from studiolo.inference.library import library
from studiolo.inference.readings import ReadingStore
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.preferences import Preferences
from studiolo.settings import Settings
from studiolo.types import Question


def refused(action: Callable[..., object], *arguments: object, **named: object) -> StudioloError:
    with pytest.raises(StudioloError) as caught:
        action(*arguments, **named)
    return caught.value


@pytest.fixture
def store(home: Home, tmp_path: Path) -> ModelStore:
    """A store with one imported model of a few kilobytes, `tiny`."""
    made = ModelStore(home, load_catalogue())
    (tmp_path / "tiny.gguf").write_bytes(gguf_files.gguf())
    made.import_file(tmp_path / "tiny.gguf")
    return made


def loader(store: ModelStore) -> Callable[[str], object]:
    readings = ReadingStore(store.home.readings, budget_bytes=0)
    return bootstrap._runtime_loader(store, Preferences(store.home.settings_file, Settings()), readings)


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "available_memory_bytes", lambda: fit.RESERVE_BYTES)
    monkeypatch.setattr(bootstrap, "LlamaRuntime", None)
    error = refused(loader(store), "tiny")
    assert (error.code, error.values["model"]) == (Code.NOT_ENOUGH_MEMORY, "tiny")


def test_a_damaged_model_is_named_by_its_id(store: ModelStore) -> None:
    path = store.path("tiny")
    path.write_bytes(path.read_bytes()[:200])
    error = refused(loader(store), "tiny")
    assert (error.code, error.values["model"]) == (Code.DAMAGED_MODEL, "tiny")


def test_the_filter_names_every_model_it_lacks(store: ModelStore) -> None:
    error = refused(bootstrap._names_folder, store, "lac")
    assert error.code is Code.MODEL_MISSING
    assert str(error.values["model"]).split() == ["en-core-web-sm", "lac"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": "one"}'])
def test_a_damaged_home_is_said(home: Home, text: str) -> None:
    home.root.mkdir()
    home.format_file.write_text(text)
    assert refused(prepare_home, home).code is Code.DAMAGED_STORE


def test_a_newer_home_is_refused(home: Home) -> None:
    home.root.mkdir()
    home.format_file.write_text('{"format": 99}')
    error = refused(prepare_home, home)
    assert (error.code, error.values["found"]) == (Code.NEWER_FORMAT, 99)


def test_a_home_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert refused(prepare_home, Home(tmp_path / "home")).code is Code.NO_PERMISSION


def test_an_old_processor_is_told_before_llama_cpp_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studiolo.cpu.cpu_flags", lambda: frozenset({"sse4_2", "avx"}))
    monkeypatch.setattr("studiolo.cpu.platform.machine", lambda: "x86_64")
    error = refused(library)
    assert (type(error), error.code, error.values["missing"]) == (EnvironmentFault, Code.UNSUPPORTED_CPU, "AVX2")


def test_an_empty_home_says_what_to_pull(home: Home) -> None:
    engine = open_local(home, environ={})
    try:
        assert refused(engine.ask, Question(" \n")).code is Code.BAD_REQUEST
        asked = refused(engine.ask, Question("How long is the term?", library="default"))
        redacted = refused(engine.redact, "Call Anna Smith")
        embedded = refused(engine.embed, ["words"])
        assert engine.conversations() == []
    finally:
        engine.close()
    for error in (asked, redacted, embedded):
        assert (type(error), error.code) == (UserError, Code.MODEL_MISSING)
