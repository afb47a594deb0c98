"""What a model will need is told from its header: weights, keys and values, and what is computed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo.inference.context import MOST_SCORES
from studiolo.models.gguf import GgufInfo, read_gguf
from studiolo.models.memory import FIXED_BYTES, LEAST_CONTEXT, MARGIN, SCORE_ROWS, estimate, largest_context


@pytest.fixture
def tiny(tmp_path: Path) -> GgufInfo:
    """4 layers, 2 key heads of 8, embedding 64, 3 words, context 2,048."""
    return read_gguf(gguf_files.write(tmp_path / "m.gguf"))


def test_keys_and_values_grow_with_the_context(tiny: GgufInfo) -> None:
    need = estimate(tiny, file_bytes=1000, context_tokens=1024)
    assert need.weights == 1000
    assert need.kv == 1024 * 4 * 2 * (8 + 8) * 2
    assert need.total == need.weights + need.kv + need.compute
    assert estimate(tiny, file_bytes=1000, context_tokens=1024, kv_type="q8_0").kv == need.kv * 34 // 64
    assert estimate(tiny, file_bytes=1000, context_tokens=1001).kv == need.kv  # llama.cpp pads it


def test_no_more_than_the_models_own_context(tiny: GgufInfo) -> None:
    whole, more = (estimate(tiny, file_bytes=1, context_tokens=tokens) for tokens in (2048, 10**6))
    assert whole == more


MIB = 1 << 20
SMALL = {"layers": 30, "heads": 9, "kv_heads": 3, "embedding_length": 576, "feed_forward_length": 1536}
LARGE = {"layers": 28, "heads": 12, "kv_heads": 2, "embedding_length": 1536, "feed_forward_length": 8960}


@pytest.mark.parametrize(
    ("shape", "vocabulary", "cells", "batch", "rows", "flash", "reported"),
    [  # what llama.cpp reports as "compute buffer size", MiB: SmolLM2-135M, Qwen2.5-1.5B
        (SMALL, 49152, 4096, 128, 128, True, 24.56),
        (SMALL, 49152, 16384, 512, 512, False, 326.38),
        (SMALL, 49152, 4096, 512, 72, True, 17.51),
        (SMALL, 49152, 32768, 512, 72, True, 45.51),
        (LARGE, 151936, 512, 512, 512, True, 302.75),
        (LARGE, 151936, 4096, 512, 72, True, 68.51),
        (LARGE, 151936, 4096, 128, 72, True, 42.90),
        (LARGE, 151936, 32768, 512, 72, True, 96.51),
        (LARGE, 151936, 32768, 512, 72, False, 848.01),
        (LARGE, 151936, 16384, 128, 72, False, 108.00),
    ],
)
def test_the_formula_holds_to_what_llama_cpp_reports(
    tiny: GgufInfo, shape: dict, vocabulary: int, cells: int, batch: int, rows: int, flash: bool, reported: float
) -> None:
    info = replace(tiny, vocabulary=vocabulary, context_tokens=1 << 17, **shape)
    need = estimate(
        info, file_bytes=1, context_tokens=cells, batch=batch, score_rows=rows, flash_attention=flash
    ).compute
    bare = (need - FIXED_BYTES - 4 * min(rows, batch) * vocabulary) / MARGIN / MIB
    assert bare == pytest.approx(reported, rel=0.03)


def test_the_runtime_asks_for_no_more_scores_than_are_counted() -> None:
    assert MOST_SCORES <= SCORE_ROWS


def test_the_longest_context_that_fits(tiny: GgufInfo) -> None:
    whole = estimate(tiny, file_bytes=1, context_tokens=2048).total
    assert largest_context(tiny, file_bytes=1, free_bytes=whole, context_tokens=4096) == 2048
    shorter = largest_context(tiny, file_bytes=1, free_bytes=whole - 1, context_tokens=4096)
    assert LEAST_CONTEXT <= shorter < 2048
    assert estimate(tiny, file_bytes=1, context_tokens=shorter).total < whole
    assert largest_context(tiny, file_bytes=1 << 40, free_bytes=whole, context_tokens=4096) == 0
