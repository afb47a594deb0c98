"""How much memory a chat model will need, told from its header before anything is loaded. Pure; any thread.

Weights, keys and values are exact. The formula for what llama.cpp computes in was fitted to what it reports for three
models of 135M to 1.5B, contexts of 512 to 32,768, batches of 128 and 512, with and without flash attention: the
largest of three phases, because their buffers are not alive at the same time. `MARGIN` and `FIXED_BYTES` are on top.
"""

from __future__ import annotations

from dataclasses import dataclass

from studiolo.models.gguf import GgufInfo

KV_BLOCKS = {"f16": (1, 2), "q8_0": (32, 34)}  # values a block, bytes a block: ggml's types
DEFAULT_BATCH = 512
CONTEXT_STEP = 256  # llama.cpp pads a context to it
LEAST_CONTEXT = 512
MARGIN = 1.1
FIXED_BYTES = 32 << 20  # vocabulary, graphs, what the threads work in
SCORE_ROWS = 72  # tokens of one batch whose scores may be asked for: what contexts are made with
_FEED_FORWARD = 8  # widths of the embedding that a feed-forward layer of unknown size is taken for


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes of the weights, of keys and values, and of what is computed in."""

    weights: int
    kv: int
    compute: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv + self.compute


def estimate(
    info: GgufInfo,
    *,
    file_bytes: int,
    context_tokens: int,
    batch: int = DEFAULT_BATCH,
    score_rows: int = SCORE_ROWS,
    flash_attention: bool = True,
    kv_type: str = "f16",
) -> MemoryNeed:
    """What a model needs with room for `context_tokens` in all its sequences, `batch` of them computed at once.

    A figure that the header lacks counts as 0; layers that keep less than all tokens count in full.
    """
    tokens = min(context_tokens, info.context_tokens) if info.context_tokens else context_tokens
    cells = -(-tokens // CONTEXT_STEP) * CONTEXT_STEP
    heads, width = max(info.heads, 1), info.embedding_length
    head_length = width // heads
    key_value = (info.kv_heads or heads) * ((info.key_length or head_length) + (info.value_length or head_length))
    values, size = KV_BLOCKS[kv_type]
    kv = cells * info.layers * key_value * size // values
    rows, batch = min(batch, score_rows), min(batch, cells)
    feed_forward = info.feed_forward_length or _FEED_FORWARD * width
    phases = (
        4 * (rows * info.vocabulary + batch * 2 * width),
        batch * (4 * (4 * width + 3 * feed_forward) + cells * (2 if flash_attention else 4)),  # and attention's mask
        0 if flash_attention else 4 * batch * (cells * (heads + 1) + 6 * width),
    )
    compute = int(max(phases) * MARGIN) + 4 * rows * info.vocabulary + FIXED_BYTES
    return MemoryNeed(file_bytes, kv, compute)


def largest_context(info: GgufInfo, *, file_bytes: int, free_bytes: int, context_tokens: int) -> int:
    """The most tokens of context, at most `context_tokens`, with which the model fits; 0 where none does."""
    tokens = min(context_tokens, info.context_tokens) if info.context_tokens else context_tokens
    for steps in range(tokens // CONTEXT_STEP, LEAST_CONTEXT // CONTEXT_STEP - 1, -1):
        fitting = steps * CONTEXT_STEP
        if estimate(info, file_bytes=file_bytes, context_tokens=fitting).total <= free_bytes:
            return fitting
    return 0
