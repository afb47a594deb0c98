"""LoRA adapters over a real model: put in and taken out between two batches, scaled, refused where they do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.unit.models import gguf_files

from studiolo.errors import Code, StudioloError
from studiolo.inference.adapters import LlamaAdapter, use_adapters
from studiolo.inference.logits import ScoringContext
from studiolo.inference.model import LlamaModel
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

pytestmark = pytest.mark.real_model
SMALL = "smollm2-135m"
LAYERS, WIDTH, KEYS, INNER = 30, 576, 192, 1536  # of SmolLM2-135M
TEXTS = ("The tenant pays the rent", "承租人支付租金")


def every_tensor() -> dict[str, tuple[int, int]]:
    """The (columns, rows) of all that an adapter can change."""
    layer = {
        **{f"attn_{name}": (WIDTH, WIDTH) for name in ("q", "output")},
        **{f"attn_{name}": (WIDTH, KEYS) for name in "kv"},
        **{f"ffn_{name}": (WIDTH, INNER) for name in ("gate", "up")},
        "ffn_down": (INNER, WIDTH),
    }
    return {f"blk.{n}.{name}.weight": shape for n in range(LAYERS) for name, shape in layer.items()}


@pytest.fixture(scope="module")
def model(models_home: Home) -> Iterator[LlamaModel]:
    loaded = LlamaModel(ModelStore(models_home, load_catalogue()).path(SMALL), model_id=SMALL)
    yield loaded
    loaded.close()


def write(path: Path, **options: object) -> Path:
    path.write_bytes(gguf_files.lora(options.pop("shapes", every_tensor()), **options))  # type: ignore[arg-type]
    return path


def scores(context: ScoringContext, text: str) -> np.ndarray:
    context.clear()
    tokens = context.model.tokenize(text, control=False)
    return context.read(tokens, start=0, first=len(tokens) - 1)[0].copy()


def test_put_in_scaled_and_taken_out_without_loading_again(model: LlamaModel, tmp_path: Path) -> None:
    context = ScoringContext(model, tokens=64, batch_tokens=64, threads=1)  # made before the adapters are loaded
    alone = [scores(context, text) for text in TEXTS]
    strong = LlamaAdapter(model, write(tmp_path / "强.gguf", scale=0.003), adapter_id="strong")
    nothing = LlamaAdapter(model, write(tmp_path / "nothing.gguf", scale=0.0), adapter_id="nothing")
    try:
        for text, before in zip(TEXTS, alone, strict=True):
            use_adapters(model, context.handle, {strong: 1.0})
            whole = scores(context, text)
            use_adapters(model, context.handle, {strong: 0.25})
            quarter = scores(context, text)
            assert np.abs(whole - before).max() > np.abs(quarter - before).max() > 0.01
            use_adapters(model, context.handle, {strong: 0.0, nothing: 1.0})
            assert np.allclose(scores(context, text), before, atol=1e-3)
            use_adapters(model, context.handle, {strong: 0.25, nothing: 1.0})
            assert np.allclose(scores(context, text), quarter, atol=1e-3)
            use_adapters(model, context.handle, {})
            assert np.array_equal(scores(context, text), before)
    finally:
        use_adapters(model, context.handle, {})
        strong.close()
        nothing.close()
        strong.close()  # once more does nothing
    assert np.array_equal(scores(context, TEXTS[0]), alone[0])
    context.close()


def test_its_model_may_go_first(models_home: Home, tmp_path: Path) -> None:
    base = LlamaModel(ModelStore(models_home, load_catalogue()).path(SMALL), model_id=SMALL)
    adapter = LlamaAdapter(base, write(tmp_path / "a.gguf"), adapter_id="a")
    base.close()
    adapter.close()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"keys": {"general.architecture": "qwen2"}}, Code.ADAPTER_MISFIT),
        ({"keys": {"general.type": "model"}}, Code.MODEL_KIND),
        ({"keys": {"adapter.type": "dora"}}, Code.MODEL_KIND),
        ({"shapes": {"blk.0.attn_q.weight": (WIDTH, WIDTH - 32)}}, Code.ADAPTER_MISFIT),
        ({"shapes": {"blk.99.attn_q.weight": (WIDTH, WIDTH)}}, Code.ADAPTER_MISFIT),
        ({"keys": {"adapter.alora.invocation_tokens": [1, 2]}}, Code.MODEL_KIND),
        ({"keys": {"adapter.lora.alpha": 2}}, Code.DAMAGED_MODEL),
    ],
    ids=["architecture", "a model", "another kind", "shape", "tensor", "activated", "alpha"],
)
def test_what_does_not_fit_is_said(model: LlamaModel, tmp_path: Path, options: dict, code: Code) -> None:
    with pytest.raises(StudioloError) as raised:
        LlamaAdapter(model, write(tmp_path / "a.gguf", **options), adapter_id="a")
    assert raised.value.code is code


def test_one_that_memory_does_not_hold_is_refused_with_the_numbers(
    model: LlamaModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.gguf")
    monkeypatch.setattr("studiolo.inference.adapters.free_for_models", lambda: 1000)
    with pytest.raises(StudioloError) as raised:
        LlamaAdapter(model, path, adapter_id="a")
    assert raised.value.code is Code.NOT_ENOUGH_MEMORY
    assert raised.value.values["available_bytes"] == 1000
    assert 1000 < int(raised.value.values["needed_bytes"]) <= path.stat().st_size


def test_a_cut_file_is_damaged_and_a_removed_one_unknown(model: LlamaModel, tmp_path: Path) -> None:
    path = write(tmp_path / "a.gguf")
    path.write_bytes(path.read_bytes()[:-1000])
    for code in (Code.DAMAGED_MODEL, Code.UNKNOWN_ADAPTER):
        with pytest.raises(StudioloError) as raised:
            LlamaAdapter(model, path, adapter_id="a")
        assert raised.value.code is code
        path.unlink(missing_ok=True)
