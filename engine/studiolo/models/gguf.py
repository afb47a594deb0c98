"""Reads the header of a GGUF file: what model it is, and whether the file is whole. Loads no model.

The layout is that of ggml-org/ggml, docs/gguf.md, versions 2 and 3, little-endian. The file is a stranger's: every
count and length is checked against the file's size before anything of that size is read. Pure; any thread.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studiolo.errors import Code, UserError

GGUF_MAGIC = b"GGUF"
DEFAULT_ALIGNMENT = 32
MAX_HEADER_BYTES = 256 * 1024 * 1024
MAX_KEYS = 100_000
MAX_TENSORS = 1_000_000
MAX_DIMENSIONS = 8
MAX_ARRAY_DEPTH = 4
MAX_ITEMS = 4_000_000  # of all arrays; the largest vocabularies have 262,144 tokens, thrice
MAX_ALIGNMENT = 1 << 20
_STRING, _ARRAY, _BOOL, _FLOAT = 8, 9, 7, 6
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

# ggml type -> (weights a block, bytes a block): ggml-org/ggml, include/ggml.h and src/ggml-common.h
BLOCKS: dict[int, tuple[int, int]] = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 36),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
}
LORA_TYPES = frozenset({0, 1, 8, 30})  # F32, F16, Q8_0, BF16: what llama.cpp's convert_lora_to_gguf.py writes

Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """What a header says. Figures the header does not have are 0, texts "". `size_bytes` is the size the tensors
    need; a file that is shorter is refused by `read_gguf`."""

    architecture: str
    type: str  # "model", "adapter", "mmproj"; "" in older files
    name: str
    licence: str
    context_tokens: int
    chat_template: str
    layers: int
    heads: int
    kv_heads: int
    embedding_length: int
    feed_forward_length: int  # of all experts that are used together
    key_length: int
    value_length: int
    vocabulary: int
    file_type: int
    tensors: int
    size_bytes: int
    adapter_type: str = ""  # of an adapter: "lora"; its `architecture` is that of the models it fits


def read_gguf(path: Path) -> GgufInfo:
    """Read a model's header. Raises UserError: file_missing, damaged_model."""
    try:
        with path.open("rb") as file:
            return _read(_Reader(file, path.stat().st_size))
    except FileNotFoundError:
        raise UserError(Code.FILE_MISSING, path=str(path)) from None
    except (ValueError, UnicodeDecodeError, struct.error, RecursionError):
        raise UserError(Code.DAMAGED_MODEL, model=path.name) from None
    except OSError:
        raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None


class _Reader:
    """Reads little-endian values; reading past the end or past the header's limit is a ValueError."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.size_bytes = size_bytes
        self.at = 0
        self.items = 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > min(self.size_bytes, MAX_HEADER_BYTES):
            raise ValueError("truncated")
        data = self._file.read(length)
        if len(data) != length:
            raise ValueError("truncated")
        self.at += length
        return data

    def skip(self, length: int) -> None:
        if length < 0 or self.at + length > min(self.size_bytes, MAX_HEADER_BYTES):
            raise ValueError("truncated")
        self._file.seek(length, 1)
        self.at += length

    def number(self, layout: str) -> int | float | bool:
        layout = "<" + layout
        value: int | float | bool = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def u32(self) -> int:
        return int(self.number("I"))

    def u64(self) -> int:
        return int(self.number("Q"))

    def text(self) -> str:
        return self.take(self.u64()).decode("utf-8", errors="replace")


def _read(reader: _Reader) -> GgufInfo:
    if reader.take(4) != GGUF_MAGIC:
        raise ValueError("magic")
    if reader.u32() not in (2, 3):  # 1 was never released with a model; a big-endian file shows as a huge version
        raise ValueError("version")
    tensors, keys = reader.u64(), reader.u64()
    if not 0 < tensors <= MAX_TENSORS or keys > MAX_KEYS:
        raise ValueError("counts")
    values: dict[str, Value] = {}
    lengths: dict[str, int] = {}
    types: dict[str, int] = {}
    for _ in range(keys):
        name = reader.text()
        types[name] = value_type = reader.u32()
        if value_type == _ARRAY:
            lengths[name] = _read_array(reader, values, name)
        else:
            values[name] = _read_value(reader, value_type)
    laid_out = [_read_tensor(reader) for _ in range(tensors)]
    end = max(tensor.end for tensor in laid_out)
    alignment = _integer(values, "general.alignment") or DEFAULT_ALIGNMENT
    if not 0 < alignment <= MAX_ALIGNMENT or _integer(values, "split.count") > 1:  # a shard is not a model
        raise ValueError("alignment or split")
    needed = -(-reader.at // alignment) * alignment + end
    if needed > reader.size_bytes:
        raise ValueError("truncated")
    architecture = str(values.get("general.architecture", ""))
    if not architecture:
        raise ValueError("architecture")
    if values.get("general.type") == "adapter" and values.get("adapter.type") == "lora":
        _check_adapter(types, laid_out)

    def own(key: str) -> int:
        return _integer(values, f"{architecture}.{key}")

    return GgufInfo(
        architecture=architecture,
        type=str(values.get("general.type", "")),
        name=str(values.get("general.name", "")),
        licence=str(values.get("general.license", "")),
        context_tokens=own("context_length"),
        chat_template=str(values.get("tokenizer.chat_template", "")),
        layers=own("block_count"),
        heads=own("attention.head_count"),
        kv_heads=own("attention.head_count_kv"),
        embedding_length=own("embedding_length"),
        feed_forward_length=max(
            own("feed_forward_length"), own("expert_feed_forward_length") * own("expert_used_count")
        ),
        key_length=own("attention.key_length"),
        value_length=own("attention.value_length"),
        vocabulary=lengths.get("tokenizer.ggml.tokens", 0) or own("vocab_size"),
        file_type=_integer(values, "general.file_type"),
        tensors=tensors,
        size_bytes=needed,
        adapter_type=str(values.get("adapter.type", "")),
    )


def _check_adapter(types: dict[str, int], tensors: list[_Tensor]) -> None:
    """llama.cpp ends the process on an adapter's key of another type, and on tensors that cannot be multiplied.

    It compares the shapes with the model's itself. Tensors of several experts at once are not taken.
    """
    if types.get("general.architecture") != _STRING or types.get("adapter.lora.alpha", _FLOAT) != _FLOAT:
        raise ValueError("adapter")
    shapes = {tensor.name: tensor.shape for tensor in tensors}
    for tensor in tensors:
        if tensor.type not in LORA_TYPES or len(tensor.shape) > 2 or min(tensor.shape) < 1:
            raise ValueError("adapter tensor")
        base, _, part = tensor.name.rpartition(".")
        if part != "lora_a":
            continue
        rank = shapes.get(f"{base}.lora_b", (0,))[0]
        # the embedding's A is looked up by rows and stands the other way round
        if rank != tensor.shape[0 if base.endswith("token_embd.weight") else -1]:
            raise ValueError("adapter rank")


def _integer(values: dict[str, Value], key: str) -> int:
    value = values.get(key, 0)
    return int(value) if isinstance(value, int | float) else 0


def _read_value(reader: _Reader, value_type: int) -> Value:
    if value_type == _STRING:
        return reader.text()
    if value_type not in _SCALARS:
        raise ValueError("type")
    return reader.number(_SCALARS[value_type])


def _read_array(reader: _Reader, values: dict[str, Value], name: str, depth: int = 0) -> int:
    """Read over an array and return its length. Of numbers (heads of each layer) the largest is kept."""
    item_type, length = reader.u32(), reader.u64()
    reader.items += length
    if reader.items > MAX_ITEMS or depth > MAX_ARRAY_DEPTH:
        raise ValueError("array")
    if item_type == _STRING:
        for _ in range(length):
            reader.skip(reader.u64())
    elif item_type == _ARRAY:
        for _ in range(length):
            _read_array(reader, values, name, depth + 1)
    elif item_type in _SCALARS:
        layout = _SCALARS[item_type]
        size = struct.calcsize(layout)
        if length <= 4096 and item_type != _BOOL:
            numbers = struct.unpack(f"<{length}{layout}", reader.take(length * size))
            values[name] = max(numbers, default=0)
        else:
            reader.skip(length * size)
    else:
        raise ValueError("type")
    return length


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One entry of the table. `end`: where it ends, from the start of the data."""

    name: str
    shape: tuple[int, ...]
    type: int
    end: int


def _read_tensor(reader: _Reader) -> _Tensor:
    name = reader.text()
    dimensions = reader.u32()
    if not 0 < dimensions <= MAX_DIMENSIONS:
        raise ValueError("dimensions")
    shape = tuple(reader.u64() for _ in range(dimensions))
    weights = math.prod(shape)
    tensor_type, offset = reader.u32(), reader.u64()
    per_block, block_bytes = BLOCKS.get(tensor_type, (1, 0))  # an unknown, newer type is left to llama.cpp to judge
    return _Tensor(name, shape, tensor_type, offset + -(-weights // per_block) * block_bytes)
