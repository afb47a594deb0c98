"""Which encoder an embedder uses: the fastest whose vectors are those of sentence-transformers' float32, by measure.

Measured once for a model, a processor and the libraries' versions, on a fixed text in two languages, and kept; later
starts then never import torch. Whatever fails on the way leaves sentence-transformers. Threads: the caller locks.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studiolo.cpu import cpu_flags
from studiolo.knowledge.ct2_encoder import Ct2Encoder
from studiolo.knowledge.onnx_encoder import OnnxEncoder, write_whole
from studiolo.knowledge.sentence_models import Precision, TorchEncoder, one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 2  # of the graphs and of the kept choice
LEAST_COSINE = 0.99
_LIBRARIES = (
    "ctranslate2",
    "numpy",
    "onnx",
    "onnxruntime",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
)
_MODEL_FILES = (
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "tokenizer.json",
    "model.safetensors",
)
_PROBE = (
    "The tenant shall pay the rent on the first day of each month and keep the flat in good repair.",
    "What is the notice period?",
    "Table 4. Net sales 2021: 35,355; 2022: 34,229; change: (3.2) %.",
    "def area(width: float, height: float) -> float:\n    return width * height",
    "Clean the brew group once a week with warm water; descale the boiler every three months. " * 6,
    "员工应当妥善保管账号和密码，不得转借他人使用；离职时须在三个工作日内交还全部设备。",
    "合同期限是多久？",
    "本协议自双方签字盖章之日起生效，有效期为两年，期满前三十日内任何一方均可书面提出续签或者终止。" * 4,
)


@dataclass(frozen=True, slots=True)
class Tokenised:
    """A text with its prefix, and its token ids with the special ones."""

    text: str = field(repr=False)
    ids: Sequence[int] = field(repr=False)


class Encoder(Protocol):
    """One way to compute the model's vectors; all give the same up to rounding."""

    name: str

    def encode(self, batch: Sequence[Tokenised]) -> NDArray[np.float32]:
        """One unit-length row a text. Any thread; computes on the calling thread."""
        ...


class _ByIds:
    def __init__(self, encoder: Ct2Encoder | OnnxEncoder) -> None:
        self.name = encoder.name
        self._encoder = encoder

    def encode(self, batch: Sequence[Tokenised]) -> NDArray[np.float32]:
        return self._encoder.encode([one.ids for one in batch])


class _ByTexts:
    def __init__(self, encoder: TorchEncoder) -> None:
        self.name = encoder.name
        self._encoder = encoder

    def encode(self, batch: Sequence[Tokenised]) -> NDArray[np.float32]:
        one_thread()  # torch's setting is the calling thread's own
        return self._encoder.encode([one.text for one in batch])


def model_digest(folder: Path) -> str:
    """SHA-256 over the files that decide the vectors, as hexadecimal digits."""
    digest = hashlib.sha256()
    for name in _MODEL_FILES:
        try:
            with (folder / name).open("rb") as file:
                part = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            part = "-"
        digest.update(f"{name} {part}\n".encode())
    return digest.hexdigest()


def choose(
    folder: Path,
    model_id: str,
    *,
    precision: Precision,
    tokenise: Callable[[Sequence[str]], list[Tokenised]],
    cache: Path | None,
) -> Encoder:
    """The encoder to use, loaded. `cache`: folder for graphs and choices, None keeps nothing.

    A precision other than "auto" is sentence-transformers with that precision.
    Raises UserError(damaged_model), EnvironmentFault(missing_package).
    """
    if precision != "auto":
        return _ByTexts(TorchEncoder(folder, model_id, precision=precision))
    digest = model_digest(folder)
    graph, converted = (
        None if cache is None else cache / f"{digest[:24]}-int8-{FORMAT}-{_key('')[:8]}.{kind}"
        for kind in ("graph", "ct2")
    )
    record = None if cache is None else cache / f"choice-{_key(digest)[:24]}.json"
    kept = _read(record)
    if kept == Ct2Encoder.name and (ready := _loaded(Ct2Encoder, folder, converted)) is not None:
        return ready
    if kept == OnnxEncoder.name and (ready := _loaded(OnnxEncoder, folder, graph)) is not None:
        return ready
    if kept.startswith("torch"):
        return _ByTexts(TorchEncoder(folder, model_id))
    reference = _ByTexts(TorchEncoder(folder, model_id, precision="float32"))
    probe = tokenise(_PROBE)
    chosen: Encoder = reference
    cosine = 1.0
    for kind, kept_at in ((Ct2Encoder, converted), (OnnxEncoder, graph)):
        fast = _loaded(kind, folder, kept_at)
        if fast is not None:
            chosen, cosine = _faster(fast, chosen, probe, reference=reference, cosine=cosine)
    if chosen is reference:
        chosen = _ByTexts(TorchEncoder(folder, model_id))
    if record is not None:
        write_whole(record, json.dumps({"encoder": chosen.name, "least_cosine": round(cosine, 5)}).encode())
    return chosen


def _faster(
    fast: Encoder, best: Encoder, probe: Sequence[Tokenised], *, reference: Encoder, cosine: float
) -> tuple[Encoder, float]:
    """The faster one of `fast` and the `best` so far, if its vectors hold to the reference's; and its least cosine."""
    try:
        least = float((fast.encode(probe) * reference.encode(probe)).sum(axis=1).min())
        gains = least >= LEAST_COSINE and _seconds(fast, probe) < _seconds(best, probe)
    except Exception:  # noqa: BLE001 - the libraries' errors have no common base that is public
        return best, cosine
    return (fast, least) if gains else (best, cosine)


def _seconds(encoder: Encoder, probe: Sequence[Tokenised]) -> float:
    times = []
    for _ in range(2):
        began = time.perf_counter()
        encoder.encode(probe)
        times.append(time.perf_counter() - began)
    return min(times)


def _loaded(kind: type[Ct2Encoder | OnnxEncoder], folder: Path, kept: Path | None) -> Encoder | None:
    try:
        return _ByIds(kind(folder, kept=kept))
    except Exception:  # noqa: BLE001 - UnsupportedModel, or a missing or failing library, whose errors have no base
        return None


def _read(record: Path | None) -> str:
    try:
        found: Any = {} if record is None else json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    name = found.get("encoder") if isinstance(found, dict) else ""
    return name if isinstance(name, str) else ""


def _key(digest: str) -> str:
    versions = []
    for name in _LIBRARIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} -")
    machine = [platform.machine(), platform.processor(), *sorted(cpu_flags())]
    return hashlib.sha256("\n".join([str(FORMAT), digest, *versions, *machine]).encode()).hexdigest()
