"""Vectors by CTranslate2 with 8-bit weights: token ids in, unit rows out. Torch is needed only to convert the model.

The converted model is kept in a folder with the SHA-256 of its file; a damaged copy is made anew. Threads: any may call
`encode`, several at once; each call computes on a thread of the library's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.cpu import cpu_flags, worker_threads
from studiolo.knowledge.bert_graph import Plan, read_plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MODEL = "model.bin"
_DIGEST = "model.sha256"
# The library has AVX-512 kernels and takes them only when told. Processors with VNNI do not slow down for them, as the
# first ones with AVX-512 did.
_WIDE = frozenset({"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq", "avx512_vnni"})


class Ct2Encoder:
    """A plain BERT. Raises UnsupportedModel, or whatever CTranslate2 raises: the caller then takes another encoder."""

    name = "ct2-int8"

    def __init__(self, folder: Path, *, kept: Path | None) -> None:
        """`kept`: the folder in which the converted model is kept, None for nowhere."""
        if cpu_flags() >= _WIDE:
            os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")  # read once, at the first model
        import ctranslate2

        self._plan: Plan = read_plan(folder)
        with tempfile.TemporaryDirectory() as temporary:
            converted = _converted(folder, kept, Path(temporary))
            # One worker more than embed passages: a person's question finds one free.
            self._model: Any = ctranslate2.Encoder(
                str(converted), device="cpu", compute_type="int8", inter_threads=worker_threads() + 1, intra_threads=1
            )

    def encode(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """One unit-length row for each list of token ids, the special ones among them."""
        import numpy as np

        longest = self._plan.longest
        cut = [list(one) if len(one) <= longest else [*one[: longest - 1], one[-1]] for one in ids]
        hidden = np.asarray(self._model.forward_batch(cut).last_hidden_state)
        if self._plan.mean:
            rows = np.stack([hidden[row, : len(one)].mean(axis=0) for row, one in enumerate(cut)])
        else:
            rows = hidden[:, 0]
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit.astype(np.float32, copy=False)


def _converted(folder: Path, kept: Path | None, temporary: Path) -> Path:
    """The folder of the converted model: the kept one if it is whole, else made anew."""
    if kept is not None:
        with suppress(OSError):
            if (kept / _DIGEST).read_text(encoding="ascii") == _digest(kept / _MODEL):
                return kept
    from ctranslate2.converters import TransformersConverter

    made = temporary / "model"
    TransformersConverter(str(folder)).convert(str(made), quantization="int8")
    (made / _DIGEST).write_text(_digest(made / _MODEL), encoding="ascii")
    if kept is None:
        return made
    partial = kept.with_name(f"{kept.name}.{os.getpid()}.partial")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(made, partial)
        os.replace(partial, kept)  # noqa: PTH105
    except OSError:  # a disk that refuses costs only the time to convert it again
        shutil.rmtree(partial, ignore_errors=True)
        return made
    return kept


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
