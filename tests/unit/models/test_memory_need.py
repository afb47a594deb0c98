"""What a model will need is told from its header: weights, keys and values, and what is computed in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo.models.gguf import GgufInfo, read_gguf
from studiolo.models.memory import FIXED_BYTES, LEAST_CONTEXT, MARGIN, estimate, largest_context


@pytest.fixture
def tiny(tmp_path: Path) -> GgufInfo:
    """4 layers, 2 key heads of 8, embedding 64, 3 words, context 2,048."""
    return read_gguf(gguf_files.write(tmp_path / "m.gguf"))


def test_keys_and_values_grow_with_the_context(tiny: GgufInfo) -> None:
    need = estimate(tiny, file_bytes=1000, context_tokens=1024)
    assert need.weights == 1000
    assert need.kv == 1024 * 4 * 2 * (8 + 8) * 2
    assert need.total == need.weights + need.kv + need.compute
    assert estimate(tiny, file_bytes=1000, context_tokens=1024, sequences=3).kv == 3 * need.kv
    assert estimate(tiny, file_bytes=1000, context_tokens=1024, kv_type="q8_0").kv == need.kv * 34 // 64
    assert estimate(tiny, file_bytes=1000, context_tokens=1001).kv == need.kv  # llama.cpp pads it


def test_no_more_than_the_models_own_context(tiny: GgufInfo) -> None:
    whole, more = (estimate(tiny, file_bytes=1, context_tokens=tokens) for tokens in (2048, 10**6))
    assert whole == more


def test_without_flash_attention_every_heads_scores_are_held(tiny: GgufInfo) -> None:
    plain = estimate(tiny, file_bytes=1, context_tokens=2048, flash_attention=False)
    assert plain.compute == int(512 * (2048 * 9 + 16 * 64) * 4 * MARGIN) + FIXED_BYTES
    assert estimate(tiny, file_bytes=1, context_tokens=2048).compute < plain.compute


def test_smaller_batches_compute_in_less(tiny: GgufInfo) -> None:
    small, large = (estimate(tiny, file_bytes=1, context_tokens=2048, batch=batch).compute for batch in (128, 512))
    assert (large - FIXED_BYTES) // 4 == pytest.approx(small - FIXED_BYTES, abs=2)


def test_the_vocabulary_is_computed_over(tmp_path: Path) -> None:
    words = read_gguf(
        gguf_files.write(tmp_path / "m.gguf", keys={"llama.vocab_size": 9, "tokenizer.ggml.tokens": ["虎"] * 50_000})
    )
    assert estimate(words, file_bytes=1, context_tokens=512).compute > 512 * 50_000 * 4


def test_the_longest_context_that_fits(tiny: GgufInfo) -> None:
    whole = estimate(tiny, file_bytes=1, context_tokens=2048).total
    assert largest_context(tiny, file_bytes=1, free_bytes=whole, context_tokens=4096) == 2048
    shorter = largest_context(tiny, file_bytes=1, free_bytes=whole - 1, context_tokens=4096)
    assert LEAST_CONTEXT <= shorter < 2048
    assert estimate(tiny, file_bytes=1, context_tokens=shorter).total < whole
    assert largest_context(tiny, file_bytes=1 << 40, free_bytes=whole, context_tokens=4096) == 0
