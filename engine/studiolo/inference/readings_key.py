"""What a stored reading is known by: everything that makes keys and values valid, and nothing else.

Not in it: the number of threads, and the text (the token ids stand for it). Threads: immutable values.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property

from studiolo.inference.readings_file import FORMAT, GROUP_BYTES


@dataclass(frozen=True, slots=True)
class RopeSettings:
    """Rotary position embedding, named and defaulted as in llama.h (`llama_context_params`); 0 = the model's own."""

    scaling_type: int = -1
    freq_base: float = 0.0
    freq_scale: float = 0.0
    yarn_ext_factor: float = -1.0
    yarn_attn_factor: float = -1.0
    yarn_beta_fast: float = -1.0
    yarn_beta_slow: float = -1.0
    yarn_orig_ctx: int = 0


@dataclass(frozen=True)
class ReadingKey:
    """Two readings with equal keys hold the same keys and values, whoever made them."""

    model: str  # SHA-256 of the model file, hex
    build: str  # of llama.cpp
    prefix: tuple[int, ...] = field(repr=False)  # token ids that stood before the part when it was read
    part: tuple[int, ...] = field(repr=False)  # token ids that were read
    key_type: str  # ggml's names, such as f16 and q8_0
    value_type: str
    flash_attention: bool
    rope: RopeSettings = RopeSettings()
    adapters: tuple[tuple[str, float], ...] = ()  # SHA-256 of each LoRA file and its scale, in one order
    layout: str = ""  # what else counts: a sliding window kept whole, how batches were cut, what was saved

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex over all fields with their names, kinds and lengths, and over the format's version."""
        whole = hashlib.sha256(b"studiolo reading key\0")
        for piece in _encoded(FORMAT, self):
            whole.update(piece)
        return whole.hexdigest()


def group_digest(group: str) -> bytes:
    """What stands for a group in a file: GROUP_BYTES that do not tell its name."""
    return hashlib.sha256(b"studiolo reading group\0" + group.encode("utf-8", "surrogatepass")).digest()[:GROUP_BYTES]


def model_group(digest: str) -> str:
    """The group of all that was read by a model, or with an adapter, of this SHA-256 in hex."""
    return f"model {digest}"


def _encoded(version: int, key: ReadingKey) -> Iterator[bytes]:
    yield _value(version)
    for one in fields(key):
        value = getattr(key, one.name)
        yield _value(one.name)
        if one.name in ("prefix", "part"):
            yield _token_ids(value)
        elif one.name == "adapters":
            yield _value(tuple((digest, float(scale)) for digest, scale in value))
        else:
            yield _value(value)


def _value(value: object) -> bytes:
    """Kind, length and content: no two values have the same bytes, and none is the beginning of another."""
    if isinstance(value, bool):
        kind, content = b"b", b"\1" if value else b"\0"
    elif isinstance(value, int):
        kind, content = b"i", struct.pack("<q", value)
    elif isinstance(value, float):
        kind, content = b"f", struct.pack("<d", value)
    elif isinstance(value, str):
        kind, content = b"s", value.encode("utf-8", "surrogatepass")
    elif isinstance(value, tuple):
        kind, content = b"t", b"".join(_value(one) for one in value)
    elif isinstance(value, RopeSettings):
        numbers = ((one, getattr(value, one.name)) for one in fields(value))
        return _value(tuple((one.name, float(n) if isinstance(one.default, float) else n) for one, n in numbers))
    else:
        raise TypeError(type(value).__name__)
    return kind + struct.pack("<Q", len(content)) + content


def _token_ids(ids: tuple[int, ...]) -> bytes:
    """As `_value`, many times faster for thousands: each id as the 32 bits of a llama_token, little-endian."""
    packed = array("i", ids)
    if sys.byteorder == "big":
        packed.byteswap()
    content = packed.tobytes()
    return b"T" + struct.pack("<Q", len(content)) + content
