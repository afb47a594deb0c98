"""Importing, listing, finding and removing models."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest
from tests.unit.models import gguf_files, wheels

from studiolo.errors import Code, EnvironmentFault, StudioloError
from studiolo.models import files, store
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

KNOWN = gguf_files.gguf(weights=4096, seed=5)
LARGER = gguf_files.gguf(weights=8192, seed=6)


@pytest.fixture
def models(home: Home, tmp_path: Path) -> ModelStore:
    package = {"kind": "package", "wheels": ["tiny-model==1.0"], "members": ["tiny_model/known.gguf"]}
    catalogue = wheels.write_catalogue(
        tmp_path / "catalogue.json",
        wheels.model("known", KNOWN, [package], flags=["first_start"], memory_bytes=10),
        wheels.model("larger", LARGER, [{"kind": "hub", "url": "https://example.org/larger"}], memory_bytes=20),
    )
    return ModelStore(home, load_catalogue(catalogue))


def left_over(home: Home) -> list[str]:
    """What stands under models/ but for the locks."""
    if not home.models.exists():
        return []
    return sorted(
        p.relative_to(home.models).as_posix() for p in home.models.rglob("*") if p.is_file() and p.suffix != ".lock"
    )


def code_of(action, *arguments, **named) -> Code:
    with pytest.raises(StudioloError) as caught:
        action(*arguments, **named)
    assert "larger" not in repr(caught.value)
    return caught.value.code


def test_an_empty_home_lists_the_catalogue(models: ModelStore) -> None:
    assert [(model.id, model.installed, model.default) for model in models.list()] == [
        ("known", False, True),
        ("larger", False, False),
    ]
    assert code_of(models.path, "known") is Code.MODEL_MISSING
    assert code_of(models.path, "nothing") is Code.UNKNOWN_MODEL
    assert code_of(models.path, "../known") is Code.UNKNOWN_MODEL
    assert code_of(models.remove, "known") is Code.MODEL_MISSING
    assert code_of(models.best_chat_model) is Code.MODEL_MISSING
    assert not models.home.models.exists() or left_over(models.home) == []


def test_a_catalogue_file_is_known_by_its_content(models: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "another name.bin"
    path.write_bytes(KNOWN)
    model = models.import_file(path)
    assert (model.id, model.installed, model.sha256) == ("known", True, hashlib.sha256(KNOWN).hexdigest())
    assert models.path("known").read_bytes() == KNOWN
    assert left_over(models.home) == ["known/known.gguf"]
    assert models.import_file(path) == model  # again: nothing changes


def test_a_wheel_of_the_catalogue_is_opened(models: ModelStore, tmp_path: Path) -> None:
    wheel = wheels.build(tmp_path, "tiny-model", "1.0", {"tiny_model/known.gguf": KNOWN, "tiny_model/evil.py": b"1/0"})
    assert models.import_file(wheel).id == "known"
    assert left_over(models.home) == ["known/known.gguf"]


def test_a_wheel_with_other_content_is_refused(models: ModelStore, tmp_path: Path) -> None:
    wheel = wheels.build(tmp_path, "tiny-model", "1.0", {"tiny_model/known.gguf": LARGER})
    assert code_of(models.import_file, wheel) is Code.DIGEST_MISMATCH
    other = wheels.build(tmp_path, "other", "1.0", {"other/x.gguf": KNOWN})
    assert code_of(models.import_file, other) is Code.DAMAGED_MODEL
    assert left_over(models.home) == []


def test_a_gguf_of_ones_own(models: ModelStore, tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "我的 Model (v2).gguf", weights=640)
    model = models.import_file(path)
    assert model.id == "我的-model-v2"
    assert (model.kind, model.title, model.licence, model.installed) == ("chat", "Tiny 猫", "apache-2.0", True)
    assert model.size_bytes == path.stat().st_size
    assert model.memory_bytes > model.size_bytes
    assert models.path(model.id).read_bytes() == path.read_bytes()
    assert models.get(model.id) == model
    assert models.list()[-1] == model
    assert models.import_file(path) == model  # the same content again is the same model


def test_two_files_of_one_name_are_two_models(models: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = models.import_file(gguf_files.write(tmp_path / "m.gguf", seed=1))
    second = models.import_file(gguf_files.write(tmp_path / "other" / "m.gguf", seed=2))
    assert (first.id, second.id) == ("m", "m-2")
    third = gguf_files.write(tmp_path / "n.gguf", seed=3)
    assert code_of(models.import_file, third, model_id="m") is Code.MODEL_EXISTS
    assert models.import_file(third, model_id="chosen").id == "chosen"


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"GGUF", gguf_files.gguf()[:-1], b"PK\x03\x04 not a zip", b"GGUF" + b"\xff" * 500],
    ids=["empty", "text", "magic only", "cut", "zip magic", "noise"],
)
def test_what_is_no_model_is_refused_and_leaves_nothing(models: ModelStore, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    assert code_of(models.import_file, path) is Code.DAMAGED_MODEL
    assert left_over(models.home) == []
    assert path.read_bytes() == data


def test_one_flipped_byte_of_a_catalogue_file_is_refused(models: ModelStore, tmp_path: Path) -> None:
    altered = bytearray(KNOWN)
    altered[-100] ^= 1
    path = tmp_path / "known.gguf"
    path.write_bytes(altered)
    assert code_of(models.import_file, path) is Code.DIGEST_MISMATCH
    renamed = path.rename(tmp_path / "x.gguf")
    assert code_of(models.import_file, renamed, model_id="known") is Code.DIGEST_MISMATCH
    assert left_over(models.home) == []


def test_an_embedder_or_adapter_is_no_chat_model(models: ModelStore, tmp_path: Path) -> None:
    for keys in ({"general.architecture": "bert"}, {"general.type": "adapter"}):
        path = gguf_files.write(tmp_path / "e.gguf", keys=keys)
        assert code_of(models.import_file, path) is Code.MODEL_KIND
    assert left_over(models.home) == []


def test_a_missing_file_and_a_folder(models: ModelStore, tmp_path: Path) -> None:
    assert code_of(models.import_file, tmp_path / "none.gguf") is Code.FILE_MISSING
    assert code_of(models.import_file, tmp_path) is Code.FILE_UNREADABLE


def test_a_disk_without_room(models: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = gguf_files.write(tmp_path / "m.gguf")
    with monkeypatch.context() as patch:
        patch.setattr(files, "SPARE_BYTES", 1 << 62)
        assert code_of(models.import_file, path) is Code.DISK_FULL

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(store, "flush_to_disk", full)
    assert code_of(models.import_file, path) is Code.DISK_FULL
    assert left_over(models.home) == []
    with pytest.raises(EnvironmentFault):
        models.import_file(path)


def test_removing(models: ModelStore, tmp_path: Path) -> None:
    own = models.import_file(gguf_files.write(tmp_path / "m.gguf")).id
    path = tmp_path / "k"
    path.write_bytes(KNOWN)
    models.import_file(path)
    models.remove(own)
    models.remove("known")
    assert left_over(models.home) == []
    assert code_of(models.get, own) is Code.UNKNOWN_MODEL
    assert not models.installed("known")
    assert code_of(models.remove, own) is Code.UNKNOWN_MODEL


def test_the_best_chat_model_is_the_largest_that_fits(
    models: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, data in enumerate((KNOWN, LARGER)):
        path = tmp_path / str(number)
        path.write_bytes(data)
        models.import_file(path)
    assert models.best_chat_model() == "larger"

    class Memory:
        total = 30

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    assert models.best_chat_model() == "known"
    Memory.total = 1
    assert models.best_chat_model() == "known"  # none fits: the smallest, and loading says what is missing


def test_a_record_of_a_newer_version_is_not_guessed_at(models: ModelStore, tmp_path: Path) -> None:
    own = models.import_file(gguf_files.write(tmp_path / "m.gguf")).id
    record = models.home.models / own / "model.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"format": 3', '"format": 4'), encoding="utf-8")
    assert code_of(models.get, own) is Code.NEWER_FORMAT
    assert [model.id for model in models.list()] == ["known", "larger"]
    record.write_text("{", encoding="utf-8")
    assert code_of(models.get, own) is Code.UNKNOWN_MODEL
