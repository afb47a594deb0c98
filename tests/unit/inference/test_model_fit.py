"""A model that would not fit is refused with the figures, and with what would fit instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.inference.fit import free_for_models, need_of, require_fit
from studiolo.inference.tuning import Tuning
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home


@pytest.fixture
def store(home: Home, tmp_path: Path) -> ModelStore:
    """A store with two imported models, `tiny` of 2 layers' worth of keys and `wide` of many."""
    made = ModelStore(home, load_catalogue())
    for name, layers in (("tiny", 2), ("wide", 4000)):
        file = gguf_files.write(tmp_path / f"{name}.gguf", keys={"llama.block_count": layers}, seed=layers)
        made.import_file(file)
    return made


def refusal(store: ModelStore, model: str, free_bytes: int) -> dict[str, str | float]:
    with pytest.raises(EnvironmentFault) as caught:
        require_fit(model, store=store, context_tokens=2048, free_bytes=free_bytes)
    assert caught.value.code is Code.NOT_ENOUGH_MEMORY
    return dict(caught.value.values)


def test_what_fits_passes_with_its_need(store: ModelStore) -> None:
    need = need_of("tiny", store=store, context_tokens=2048)
    assert require_fit("tiny", store=store, context_tokens=2048, free_bytes=need.total) == need
    assert free_for_models() >= 0


def test_the_refusal_has_figures_and_names_an_installed_model(store: ModelStore) -> None:
    need = need_of("wide", store=store, context_tokens=2048)
    assert refusal(store, "wide", need.total - 1) == {
        "model": "wide",
        "needed_bytes": need.total,
        "available_bytes": need.total - 1,
        "smaller": "tiny",
        "context_tokens": 1792,
    }


def test_nothing_is_named_where_nothing_fits(store: ModelStore) -> None:
    values = refusal(store, "tiny", 1000)
    assert (values["smaller"], values["context_tokens"]) == ("", 0)


def test_a_model_of_the_catalogue_is_named_where_none_installed_fits(store: ModelStore) -> None:
    store.remove("tiny")
    smallest = min((model for model in store.list() if model.kind == "chat"), key=lambda model: model.memory_bytes)
    assert refusal(store, "wide", smallest.memory_bytes)["smaller"] == smallest.id


def test_a_damaged_model_is_not_named(store: ModelStore) -> None:
    path = store.path("tiny")
    path.write_bytes(path.read_bytes()[:100])
    free = need_of("wide", store=store, context_tokens=2048).total - 1
    assert refusal(store, "wide", free)["smaller"] not in ("tiny", "wide")
    with pytest.raises(UserError) as caught:
        require_fit("tiny", store=store, context_tokens=2048)
    assert (caught.value.code, caught.value.values["model"]) == (Code.DAMAGED_MODEL, "tiny")


def test_the_tuning_counts(store: ModelStore) -> None:
    plain = need_of("wide", store=store, context_tokens=2048)
    tuned = Tuning(1, 1, batch=128, ubatch=128, kv_type="q8_0")
    need = need_of("wide", store=store, context_tokens=2048, tuning=tuned)
    assert need.kv == plain.kv * 34 // 64
    assert need.compute < plain.compute
