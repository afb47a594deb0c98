"""LoRA adapters as files: recognised, kept, listed, held against their base model, refused where a model answers."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo.errors import Code, UserError
from studiolo.models.adapters import adapter_file, adapter_files
from studiolo.models.catalog import load_catalogue
from studiolo.models.gguf import read_gguf
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import AdapterUse

SHAPES = {"blk.0.attn_q.weight": (64, 64)}


@pytest.fixture
def store(home: Home) -> ModelStore:
    return ModelStore(home, load_catalogue())


def take_in(store: ModelStore, folder: Path, name: str, data: bytes) -> str:
    file = folder / name
    file.write_bytes(data)
    return store.import_file(file).id


def refused(call: object) -> UserError:
    with pytest.raises(UserError) as caught:
        call()  # type: ignore[operator]
    return caught.value


def test_a_header_says_that_it_is_an_adapter(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf_files.lora(SHAPES))
    info = read_gguf(file)
    assert (info.type, info.adapter_type, info.architecture) == ("adapter", "lora", "llama")
    assert info.size_bytes <= file.stat().st_size < info.size_bytes + gguf_files.ALIGNMENT


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"adapter.lora.alpha": 2}, 0),  # llama.cpp reads a float there and ends the process
        ({"adapter.lora.alpha": "2"}, 0),
        ({"general.architecture": 7}, 0),
        ({}, 26),  # I32: cannot be multiplied
        ({}, 99),
    ],
    ids=["alpha is whole", "alpha is text", "architecture is a number", "I32", "unknown"],
)
def test_what_would_end_the_process_is_damaged(tmp_path: Path, keys: dict, kind: int) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf_files.lora(SHAPES, keys=keys, kind=kind))
    assert refused(lambda: read_gguf(file)).code is Code.DAMAGED_MODEL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (struct.pack("<IQQ", 2, 64, 2), struct.pack("<IQQ", 2, 64, 3)),  # A of rank 3, B of rank 2
        (
            struct.pack("<IQQ", 2, 64, 2),
            struct.pack("<IQQ", 3, 64, 2),
        ),  # three dimensions, the third of the type's bytes
        (struct.pack("<IQQ", 2, 64, 2), struct.pack("<IQQ", 2, 64, 0)),
        (b".lora_b", b".lora_c"),
    ],
    ids=["ranks", "dimensions", "nothing", "half a pair"],
)
def test_tensors_that_cannot_be_multiplied_are_damaged(tmp_path: Path, old: bytes, new: bytes) -> None:
    whole = gguf_files.lora(SHAPES)
    assert whole.count(old) == 1
    file = tmp_path / "a.gguf"
    file.write_bytes(whole.replace(old, new))
    assert refused(lambda: read_gguf(file)).code is Code.DAMAGED_MODEL


def test_an_adapter_of_the_embedding_stands_the_other_way_round(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    for first, code in ((2, None), (3, Code.DAMAGED_MODEL)):
        data = gguf_files.lora({"token_embd.weight": (2, 64)}, rank=2)
        a = gguf_files.text("token_embd.weight.lora_a") + struct.pack("<IQQ", 2, 2, 2)
        assert data.count(a) == 1
        file.write_bytes(data.replace(a, a[:-16] + struct.pack("<QQ", first, 1)))
        if code is None:
            assert read_gguf(file).adapter_type == "lora"
        else:
            assert refused(lambda: read_gguf(file)).code is code


def test_an_adapter_is_kept_beside_the_models(store: ModelStore, tmp_path: Path) -> None:
    adapter = take_in(store, tmp_path, "合同 adapter.gguf", gguf_files.lora(SHAPES))
    model = take_in(store, tmp_path, "base.gguf", gguf_files.gguf())
    found = {listed.id: listed for listed in store.list()}
    assert adapter == "合同-adapter"
    assert (found[adapter].kind, found[adapter].architecture, found[adapter].title) == (
        "adapter", "llama", "Tiny LoRA 猫"
    )  # fmt: skip
    assert found[adapter].memory_bytes == found[adapter].size_bytes
    assert (found[model].kind, found[model].architecture) == ("chat", "llama")
    assert store.best_chat_model() == model  # never the adapter, though it is smaller
    assert adapter_file(adapter, model, store=store) == store.path(adapter)
    store.remove(adapter)
    assert refused(lambda: store.get(adapter)).code is Code.UNKNOWN_MODEL


def test_only_an_adapter_of_the_same_architecture_fits(store: ModelStore, tmp_path: Path) -> None:
    adapter = take_in(store, tmp_path, "a.gguf", gguf_files.lora(SHAPES, keys={"general.architecture": "qwen2"}))
    model = take_in(store, tmp_path, "base.gguf", gguf_files.gguf())
    error = refused(lambda: adapter_file(adapter, model, store=store))
    assert (error.code, error.values) == (Code.ADAPTER_MISFIT, {"adapter": adapter, "model": model})
    assert refused(lambda: adapter_file(adapter, adapter, store=store)).code is Code.MODEL_KIND
    for named in (model, "lac", "none", "没有"):
        error = refused(lambda named=named: adapter_file(named, model, store=store))
        assert (error.code, error.values) == (Code.UNKNOWN_ADAPTER, {"adapter": named, "known": adapter})


def test_adapters_come_in_one_order_and_those_that_change_nothing_are_left_out(
    store: ModelStore, tmp_path: Path
) -> None:
    model = take_in(store, tmp_path, "base.gguf", gguf_files.gguf())
    assert refused(lambda: adapter_files([AdapterUse("none")], model, store=store)).values["known"] == ""
    one = take_in(store, tmp_path, "one.gguf", gguf_files.lora(SHAPES, scale=0.1))
    two = take_in(store, tmp_path, "二.gguf", gguf_files.lora(SHAPES, scale=0.2))
    uses = [AdapterUse(one, 0.5), AdapterUse(two, -2)]
    found = adapter_files(uses, model, store=store)
    assert found == adapter_files(uses[::-1], model, store=store)
    assert {(file.id, file.path, file.scale) for file in found} == {
        (one, store.path(one), 0.5),
        (two, store.path(two), -2.0),
    }
    assert [file.digest for file in found] == sorted(store.get(name).sha256 for name in (one, two))
    assert adapter_files([AdapterUse(one, 0.0)], model, store=store) == ()
    for scale in (11.0, -11.0, float("nan"), float("inf")):
        error = refused(lambda scale=scale: adapter_files([AdapterUse(one, scale)], model, store=store))
        assert (error.code, error.values["problem"]) == (Code.BAD_REQUEST, "adapter_scale")
    error = refused(lambda: adapter_files([AdapterUse(one), AdapterUse(one, 2.0)], model, store=store))
    assert (error.code, error.values["problem"]) == (Code.BAD_REQUEST, "adapter_twice")


def test_a_base_model_that_was_replaced_is_looked_at_anew(store: ModelStore, tmp_path: Path) -> None:
    adapter = take_in(store, tmp_path, "a.gguf", gguf_files.lora(SHAPES))
    model = take_in(store, tmp_path, "base.gguf", gguf_files.gguf())
    path = adapter_file(adapter, model, store=store)
    other = gguf_files.gguf(keys={"general.architecture": "qwen2"})
    store.path(model).write_bytes(other + b"\0" * 7)
    assert refused(lambda: adapter_file(adapter, model, store=store)).code is Code.ADAPTER_MISFIT
    path.unlink()
    assert refused(lambda: adapter_file(adapter, model, store=store)).code is Code.UNKNOWN_ADAPTER


@pytest.mark.parametrize(("named", "told"), [("dora", "dora"), (3, "3"), (["lora"], "adapter")])
def test_another_kind_of_adapter_is_refused(store: ModelStore, tmp_path: Path, named: object, told: str) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf_files.lora(SHAPES, keys={"adapter.type": named}))
    error = refused(lambda: store.import_file(file))
    assert (error.code, error.values["kind"]) == (Code.MODEL_KIND, told)


def test_an_imported_file_that_is_gone_or_damaged_is_said_with_the_models_id(store: ModelStore, tmp_path: Path) -> None:
    """It cannot be pulled, and its file's name means nothing to a person."""
    model = take_in(store, tmp_path, "base.gguf", gguf_files.gguf())
    path, info = store.header(model)
    assert (path, info.architecture) == (store.path(model), "llama")
    path.write_bytes(b"GGUF")
    for _ in range(2):
        error = refused(lambda: store.header(model))
        assert (error.code, error.values) == (Code.DAMAGED_MODEL, {"model": model})
        path.unlink(missing_ok=True)
    assert refused(lambda: store.header("qwen2.5-7b")).code is Code.MODEL_MISSING
