"""Vectors by onnxruntime with 8-bit weights, without torch: token ids in, unit rows out.

The graph is made once from the model's own files and kept with its SHA-256; a damaged copy is made anew. Threads: any
may call `encode`, several at once; each call computes on the thread that makes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.isolation.telemetry import switch_off
from studiolo.knowledge.bert_graph import Plan, Tables, build, read_plan, read_tables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DIGEST_BYTES = 32


class OnnxEncoder:
    """A plain BERT. Raises UnsupportedModel, or whatever onnxruntime and onnx raise: the caller then takes torch."""

    name = "onnx-int8"

    def __init__(self, folder: Path, *, kept: Path | None) -> None:
        """`kept`: where the graph is kept, None for nowhere."""
        self._plan: Plan = read_plan(folder)
        self._tables: Tables = read_tables(folder)
        self._session: Any = _session(_graph(folder, self._plan, kept))

    def encode(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """One unit-length row for each list of token ids, the special ones among them."""
        import numpy as np

        cut = [self._cut(one) for one in ids]
        lengths = np.array([len(one) for one in cut], dtype=np.int32)
        longest = int(lengths.max())
        padded = np.zeros((len(cut), longest), dtype=np.int64)
        for row, one in enumerate(cut):
            padded[row, : len(one)] = one
        states = self._tables.words[padded].astype(np.float32)
        states += self._tables.positions[:longest]
        hidden = self._session.run(None, {"states": states, "lengths": lengths})[0]
        if self._plan.mean:
            rows = np.stack([hidden[row, :length].mean(axis=0) for row, length in enumerate(lengths)])
        else:
            rows = hidden[:, 0]
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit

    def _cut(self, ids: Sequence[int]) -> Sequence[int]:
        """At most the model's length; the end mark stays, as sentence-transformers cuts it."""
        longest = self._plan.longest
        return ids if len(ids) <= longest else [*ids[: longest - 1], ids[-1]]


def _session(graph: bytes) -> Any:
    switch_off(os.environ)  # it reads the environment when it is imported
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the caller's: a batch shared out over threads waits for the slowest
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    onnxruntime.disable_telemetry_events()
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _graph(folder: Path, plan: Plan, kept: Path | None) -> bytes:
    if kept is not None:
        with suppress(OSError):
            content = kept.read_bytes()
            digest, graph = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
            if graph and hashlib.sha256(graph).digest() == digest:
                return graph
    graph = build(folder, plan)
    if kept is not None:
        write_whole(kept, hashlib.sha256(graph).digest() + graph)
    return graph


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the cache whole or not at all; a disk that refuses costs only the time to make it again."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with suppress(OSError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.write_bytes(content)
            os.replace(partial, path)  # noqa: PTH105
        finally:
            partial.unlink(missing_ok=True)
