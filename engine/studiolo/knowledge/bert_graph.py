"""A BERT encoder of a sentence-transformers folder as an ONNX graph with 8-bit weights, made from its safetensors.

The word table stays outside: it is most of a multilingual model, and a look-up reads only the rows it needs from the
mapped file. The graph takes the sum of word, position and type vectors and gives the last hidden states. Weights are
int8 by output column, activations are quantised as they come (DynamicQuantizeMatMul of onnxruntime's contrib
operators, documented in its ContribOperators.md). Attention, norms and GELU stay float32.

Pure functions. The only module that imports onnx. Any thread.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PARTS = {"Transformer", "Pooling", "Normalize"}
_CONTRIB = "com.microsoft"


class UnsupportedModel(Exception):
    """The folder holds something else than a plain BERT with mean or first-token pooling: torch must read it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the folder's configuration says."""

    width: int
    heads: int
    layers: int
    epsilon: float
    longest: int  # tokens, with the special ones; what is longer is cut
    mean: bool  # pooling: the mean of all tokens, or the first token alone


@dataclass(frozen=True, slots=True)
class Tables:
    """Word vectors (tokens x width, as stored, mapped) and position vectors with the type's added (float32)."""

    words: NDArray[Any] = field(repr=False)
    positions: NDArray[np.float32] = field(repr=False)


def read_plan(folder: Path) -> Plan:
    """Raises UnsupportedModel."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
        limits = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
        parts = {str(module["type"]).rpartition(".")[2] for module in modules}
        modes = {name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True}
        modes |= {f"pooling_mode_{pooling['pooling_mode']}"} if isinstance(pooling.get("pooling_mode"), str) else set()
        mean = modes <= {"pooling_mode_mean_tokens", "pooling_mode_mean"} and bool(modes)
        first = modes <= {"pooling_mode_cls_token", "pooling_mode_cls"} and bool(modes)
        plain = (
            config["model_type"] == "bert"
            and config.get("hidden_act", "gelu") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and parts <= _PARTS
        )
        if not plain or not (mean or first):
            raise UnsupportedModel
        most = int(config["max_position_embeddings"])
        return Plan(
            width=int(config["hidden_size"]),
            heads=int(config["num_attention_heads"]),
            layers=int(config["num_hidden_layers"]),
            epsilon=float(config["layer_norm_eps"]),
            longest=min(int(limits.get("max_seq_length") or most), most),
            mean=mean,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UnsupportedModel from None


def read_tables(folder: Path) -> Tables:
    """Raises UnsupportedModel where a table is missing or of another type than float16 or float32."""
    import numpy as np

    words = _tensor(folder, "embeddings.word_embeddings.weight")
    positions = _tensor(folder, "embeddings.position_embeddings.weight").astype(np.float32)
    kinds = _tensor(folder, "embeddings.token_type_embeddings.weight").astype(np.float32)
    return Tables(words=words, positions=positions + kinds[0])


def build(folder: Path, plan: Plan) -> bytes:
    """The serialised graph: `states` float32 [batch, tokens, width] and `lengths` int32 [batch] in, states out."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    constants: list[Any] = []

    def weight(name: str) -> NDArray[np.float32]:
        return _tensor(folder, name).astype(np.float32)

    def constant(name: str, value: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: list[str], output: str, *, domain: str = _CONTRIB, **settings: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **settings))
        return output

    def linear(value: str, name: str, matrix: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`matrix` is [in, out]."""
        scale = np.maximum(np.abs(matrix).max(axis=0), 1e-12) / 127
        levels = np.clip(np.round(matrix / scale), -127, 127).astype(np.int8)
        return node(
            "DynamicQuantizeMatMul",
            [
                value,
                constant(f"{name}.weight", levels),
                constant(f"{name}.scale", scale.astype(np.float32)),
                constant(f"{name}.zero", np.zeros(matrix.shape[1], np.int8)),
                constant(f"{name}.bias", bias),
            ],
            name,
        )

    def norm(value: str, name: str, source: str) -> str:
        weights = [
            constant(f"{name}.gain", weight(f"{source}.weight")),
            constant(f"{name}.shift", weight(f"{source}.bias")),
        ]
        return node("LayerNormalization", [value, *weights], name, domain="", axis=-1, epsilon=plan.epsilon)

    value = norm("states", "start", "embeddings.LayerNorm")
    for number in range(plan.layers):
        layer, at = f"encoder.layer.{number}", f"layer{number}"
        parts = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = linear(
            value,
            f"{at}.joined",
            np.concatenate([weight(f"{part}.weight").T for part in parts], axis=1),
            np.concatenate([weight(f"{part}.bias") for part in parts]),
        )
        names = [f"{at}.{part}" for part in ("query", "key", "value")]
        nodes.append(helper.make_node("Split", [joined], names, axis=2, num_outputs=3))
        mixed = node("MultiHeadAttention", [*names, "", "lengths"], f"{at}.mixed", num_heads=plan.heads)
        source = f"{layer}.attention.output"
        out = linear(mixed, f"{at}.out", weight(f"{source}.dense.weight").T, weight(f"{source}.dense.bias"))
        added = node("Add", [out, value], f"{at}.added", domain="")
        value = norm(added, f"{at}.norm", f"{source}.LayerNorm")
        source = f"{layer}.intermediate.dense"
        wide = linear(value, f"{at}.wide", weight(f"{source}.weight").T, weight(f"{source}.bias"))
        curved = node("Gelu", [wide], f"{at}.curved")
        source = f"{layer}.output"
        narrow = linear(curved, f"{at}.narrow", weight(f"{source}.dense.weight").T, weight(f"{source}.dense.bias"))
        summed = node("Add", [narrow, value], f"{at}.summed", domain="")
        value = norm(summed, f"{at}.end", f"{source}.LayerNorm")
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "tokens", plan.width]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["batch", "tokens", plan.width])],
        constants,
    )
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid(_CONTRIB, 1)]
    serialised: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return serialised


def _tensor(folder: Path, name: str) -> NDArray[Any]:
    """A tensor of model.safetensors, mapped (format: 8 bytes of header length, JSON header, data)."""
    import numpy as np

    path = folder / "model.safetensors"
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if size < 100 << 20 else {}
        entry = header.get(name) or header[f"bert.{name}"]
        kind = {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]
        start = 8 + size + int(entry["data_offsets"][0])
        return np.memmap(path, dtype=kind, mode="r", offset=start, shape=tuple(entry["shape"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UnsupportedModel from None
