"""How much memory a chat model will need, told from its header before anything is loaded. Pure; any thread.

Weights, keys and values are exact. What llama.cpp computes in was measured for three models of 135M to 1.5B, contexts
of 512 to 16,384, batches of 128 and 512: the larger of the scores over the vocabulary and one layer's activations,
because they are not needed at the same time. `MARGIN` and `FIXED_BYTES` are on top.
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
_ACTIVATIONS = 16  # widths of the embedding that are alive at once in one layer, at most


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
    sequences: int = 1,
    batch: int = DEFAULT_BATCH,
    flash_attention: bool = True,
    kv_type: str = "f16",
) -> MemoryNeed:
    """What a model needs with room for `context_tokens` in each sequence, `batch` tokens being computed at once.

    A figure that the header lacks counts as 0; layers that keep less than all tokens count in full.
    """
    each = min(context_tokens, info.context_tokens) if info.context_tokens else context_tokens
    cells = -(-each // CONTEXT_STEP) * CONTEXT_STEP * sequences
    heads = max(info.heads, 1)
    head_length = info.embedding_length // heads
    width = (info.kv_heads or heads) * ((info.key_length or head_length) + (info.value_length or head_length))
    values, size = KV_BLOCKS[kv_type]
    kv = cells * info.layers * width * size // values
    scores = info.vocabulary + 2 * info.embedding_length
    attention = cells * (1 if flash_attention else heads + 1) + _ACTIVATIONS * info.embedding_length
    compute = int(min(batch, cells) * max(scores, attention) * 4 * MARGIN) + FIXED_BYTES
    return MemoryNeed(file_bytes, kv, compute)


def largest_context(info: GgufInfo, *, file_bytes: int, free_bytes: int, context_tokens: int) -> int:
    """The most tokens of context, at most `context_tokens`, with which the model fits; 0 where none does."""
    tokens = min(context_tokens, info.context_tokens) if info.context_tokens else context_tokens
    for steps in range(tokens // CONTEXT_STEP, LEAST_CONTEXT // CONTEXT_STEP - 1, -1):
        fitting = steps * CONTEXT_STEP
        if estimate(info, file_bytes=file_bytes, context_tokens=fitting).total <= free_bytes:
            return fitting
    return 0
