"""sentence-transformers' models: the reference for every faster encoder, the fallback, and the cross-encoders.

The only module that imports sentence_transformers, transformers or torch. Threads: any, one call at a time a model.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studiolo.cpu import cpu_flags
from studiolo.errors import Code, UserError, import_failed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Precision = Literal["auto", "float32", "bfloat16"]
_BATCH_MOST = 32


class TorchEncoder:
    """A sentence-transformers folder, loaded. Raises UserError(damaged_model), EnvironmentFault(missing_package)."""

    def __init__(self, folder: Path, model_id: str, *, precision: Precision = "auto") -> None:
        """`precision` "auto" takes bfloat16 weights where the processor has a matrix unit for them (twice the speed
        at a cosine of .9999 to float32); by AVX512-BF16 alone the gain was measured to be small."""
        half = precision == "bfloat16" or (precision == "auto" and "amx_bf16" in cpu_flags())
        self.name = "torch-bfloat16" if half else "torch-float32"
        with _loading(model_id) as (torch, library):
            self._model = library.SentenceTransformer(
                str(folder),
                device="cpu",
                local_files_only=True,
                model_kwargs={"dtype": torch.bfloat16 if half else torch.float32},
            )
        self._model.eval()
        # The tokenizer sets up padding at its first call, which must not meet another call.
        self._model.encode(["a", "a b"], prompt="", show_progress_bar=False)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit-length row a text."""
        import numpy as np

        found = self._model.encode(
            list(texts), batch_size=_BATCH_MOST, convert_to_numpy=True, prompt="", show_progress_bar=False
        )
        rows: NDArray[np.float32] = np.asarray(found, dtype=np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows


class CrossEncoderReranker:
    """A folder of a sentence-transformers CrossEncoder with one score a pair. Loads at the first question."""

    def __init__(self, folder: Path, model_id: str) -> None:
        """Raises UserError(model_missing)."""
        if not (folder / "config.json").is_file():
            raise UserError(Code.MODEL_MISSING, model=model_id)
        self._folder = folder
        self._model_id = model_id
        self._model: Any = None
        self._lock = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers `query`, from 0 to 1. Raises UserError(damaged_model)."""
        if not texts:
            return []
        with self._lock:
            if self._model is None:
                self._model = self._load()
            found = self._model.predict(
                [(query, text) for text in texts], batch_size=_BATCH_MOST, show_progress_bar=False
            )
        return [float(score) for score in found]

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._model = None

    def _load(self) -> Any:
        with _loading(self._model_id) as (torch, library):
            model = library.CrossEncoder(
                str(self._folder),
                device="cpu",
                local_files_only=True,
                num_labels=1,
                activation_fn=torch.nn.Sigmoid(),
            )
        model.model.eval()
        return model


def one_thread() -> None:
    """No helpers inside torch for the calling thread, if torch can be had."""
    with contextlib.suppress(ImportError, OSError, MemoryError):  # said in words where the model is loaded
        import torch  # noqa: TID251 - the one place

        torch.set_num_threads(1)


@contextlib.contextmanager
def _loading(model_id: str) -> Any:
    """(torch, sentence_transformers), with what a damaged folder raises translated."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import sentence_transformers  # noqa: TID251 - the one place
        import torch  # noqa: TID251 - the one place
        from transformers.utils import logging as transformers_logging
    except (ImportError, OSError, MemoryError) as error:
        raise import_failed(error, package="sentence-transformers") from None
    transformers_logging.disable_progress_bar()  # stderr is the command line's
    try:
        yield torch, sentence_transformers
    except (OSError, ValueError, KeyError, RuntimeError):
        raise UserError(Code.DAMAGED_MODEL, model=model_id) from None
