"""Which licences are asked about before the first use."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from tests.unit.models.gguf_files import gguf

from studiolo.models.catalog import load_catalogue
from studiolo.models.licences import has_conditions
from studiolo.models.store import RECORD, ModelStore
from studiolo.paths import Home


@pytest.mark.parametrize("licence", ["Apache-2.0", "apache-2.0", "MIT", "BSD-3-Clause", "cc0-1.0", "", " mit "])
def test_free_ones_are_not(licence: str) -> None:
    assert not has_conditions(licence)


@pytest.mark.parametrize("licence", ["llama3.2", "Gemma", "qwen-research", "CC-BY-NC-4.0", "other", "自定义许可"])
def test_others_are_whatever_they_are_called(licence: str) -> None:
    assert has_conditions(licence)


def test_models_say_so_and_their_records_stay_as_they_were(home: Home, tmp_path: Path) -> None:
    store = ModelStore(home, load_catalogue())
    assert all(model.licence_url.startswith("https://") and not model.conditions for model in store.list())
    (tmp_path / "own.gguf").write_bytes(gguf())
    model = store.import_file(tmp_path / "own.gguf")
    record = json.loads((home.models / model.id / RECORD).read_text(encoding="utf-8"))
    assert not {"licence_url", "conditions"} & record["model"].keys()  # an older version reads it, too
    record["model"]["licence"] = "llama3.2"
    (home.models / model.id / RECORD).write_text(json.dumps(record), encoding="utf-8")
    assert store.get(model.id) == dataclasses.replace(model, licence="llama3.2", conditions=True)
