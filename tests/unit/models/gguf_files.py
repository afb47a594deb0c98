"""Writes small, real GGUF files for tests."""

from __future__ import annotations

import struct
from pathlib import Path

ALIGNMENT = 32


def text(value: str) -> bytes:
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def value(item: str | float | bool | list) -> bytes:
    """A metadata value with its type in front."""
    if isinstance(item, bool):
        return struct.pack("<I?", 7, item)
    if isinstance(item, str):
        return struct.pack("<I", 8) + text(item)
    if isinstance(item, int):
        return struct.pack("<II", 4, item)
    if isinstance(item, float):
        return struct.pack("<If", 6, item)
    if item and isinstance(item[0], str):
        return struct.pack("<IIQ", 9, 8, len(item)) + b"".join(text(part) for part in item)
    return struct.pack("<IIQ", 9, 4, len(item)) + struct.pack(f"<{len(item)}I", *item)


def gguf(
    *,
    keys: dict | None = None,
    tensors: int = 2,
    weights: int = 64,
    version: int = 3,
    tensor_type: int = 2,
    seed: int = 1,
) -> bytes:
    """A whole file: `tensors` Q4_0 tensors of `weights` weights, with the metadata of a tiny llama."""
    meta = {
        "general.architecture": "llama",
        "general.name": "Tiny 猫",
        "general.license": "apache-2.0",
        "general.file_type": 2,
        "llama.context_length": 2048,
        "llama.block_count": 4,
        "llama.embedding_length": 64,
        "llama.attention.head_count": 8,
        "llama.attention.head_count_kv": 2,
        "tokenizer.chat_template": "{{ messages }}",
        "tokenizer.ggml.tokens": ["a", "b", "你"],
        **(keys or {}),
    }
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, len(meta))
    for name, item in meta.items():
        head += text(name) + value(item)
    size = weights // 32 * 18
    step = -(-size // ALIGNMENT) * ALIGNMENT
    for number in range(tensors):
        head += text(f"blk.{number}.weight") + struct.pack("<IQIQ", 1, weights, tensor_type, number * step)
    head += b"\0" * (-len(head) % ALIGNMENT)
    data = bytes((seed * 31 + index) % 251 for index in range(step * (tensors - 1) + size))
    return head + data


def write(path: Path, **options: object) -> Path:
    path.write_bytes(gguf(**options))  # type: ignore[arg-type]
    return path


def lora(
    shapes: dict[str, tuple[int, int]], *, rank: int = 2, scale: float = 0.0, keys: dict | None = None, kind: int = 0
) -> bytes:
    """A LoRA adapter: for each tensor of the base model (columns, rows), A of ones and B of `scale`, at F32.

    The layout is that of llama.cpp's convert_lora_to_gguf.py. `kind`: the ggml type that the header names.
    """
    meta = {
        "general.type": "adapter",
        "general.architecture": "llama",
        "general.name": "Tiny LoRA 猫",
        "general.license": "apache-2.0",
        "adapter.type": "lora",
        "adapter.lora.alpha": float(rank),
        **(keys or {}),
    }
    parts = []
    for name, (columns, rows) in shapes.items():
        parts.append((f"{name}.lora_a", (columns, rank), struct.pack(f"<{columns * rank}f", *[1.0] * columns * rank)))
        parts.append((f"{name}.lora_b", (rank, rows), struct.pack(f"<{rows * rank}f", *[scale] * rows * rank)))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(parts), len(meta))
    for name, item in meta.items():
        head += text(name) + value(item)
    offset = 0
    data = b""
    for name, (first, second), content in parts:
        head += text(name) + struct.pack("<IQQIQ", 2, first, second, kind, offset)
        padded = content + b"\0" * (-len(content) % ALIGNMENT)
        offset += len(padded)
        data += padded
    return head + b"\0" * (-len(head) % ALIGNMENT) + data
