"""Text to vectors by sentence-transformers: the only module that imports it, or torch. Both load at the first vector.

Counting tokens needs neither: it reads the folder's tokenizer.json with the tokenizers library, so that a document can
be cut into passages, and found by keyword, before torch is there.

Threads: any may call. The model computes on `threads` threads of its own, each with a batch to itself: sharing one
batch out over them makes every layer wait for the slowest (a fifth slower on an idle machine, many times on a busy
one). A long list never has more than one batch a thread under way, so a person's question waits for one at most.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studiolo.cpu import cpu_flags, worker_threads
from studiolo.errors import Code, UserError, import_failed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Precision = Literal["auto", "float32", "bfloat16"]
_BATCH_TOKENS = (
    1024  # padded tokens of one batch: some 0.15 s, which a question may have to wait; 2048 is a tenth faster
)
_BATCH_MOST = 32
_SPECIAL_TOKENS = 4  # begin, end and room for a prefix


@dataclass(frozen=True, slots=True)
class Traits:
    """What a family of embedders expects and is good for, by its authors' model cards."""

    query_prefix: str = ""
    passage_prefix: str = ""
    languages: tuple[str, ...] = ()  # () = many


# By a part of the model id; the first that fits. Others are taken as their folder's own prompts say.
_FAMILIES = (
    ("e5", Traits(query_prefix="query: ", passage_prefix="passage: ")),
    ("multilingual", Traits()),
    ("minilm", Traits(languages=("en",))),
)


class Embedder:
    """One embedding model in a sentence-transformers folder."""

    def __init__(self, model_folder: Path, model_id: str, *, threads: int = 0, precision: Precision = "auto") -> None:
        """Loads nothing yet. Raises UserError(model_missing) where the folder is not there.

        `threads` 0 means one a physical core. `precision` "auto" takes bfloat16 weights where the processor has a
        matrix unit for them (twice the speed at a cosine of .9999 to float32).
        """
        if not (model_folder / "config.json").is_file():
            raise UserError(Code.MODEL_MISSING, model=model_id)
        self._folder = model_folder
        self._model_id = model_id
        self._threads = worker_threads(threads)
        self._precision = precision
        self._traits = _traits(model_folder, model_id)
        self._dimension = _dimension(model_folder, model_id)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embedding", initializer=_one_thread)
        self._model: Any = None
        self._model_lock = threading.Lock()
        self._tokenizer: Any = None
        self._tokenizer_lock = threading.Lock()

    @property
    def model_id(self) -> str:
        """The catalogue's name."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return self._dimension

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it was trained for; () = many."""
        return self._traits.languages

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without the ones the model puts around it."""
        with self._tokenizer_lock:
            if self._tokenizer is None:
                self._tokenizer = _load_tokenizer(self._folder, self._model_id)
            return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit-length float32 row a text, in the order given."""
        import numpy as np

        prefixed = [self._traits.passage_prefix + text for text in texts]
        rows = np.zeros((len(texts), self._dimension), dtype=np.float32)
        under_way: deque[tuple[list[int], Future[NDArray[np.float32]]]] = deque()
        for batch in self._batches(prefixed):
            if len(under_way) >= self._threads:
                done, vectors = under_way.popleft()
                rows[done] = vectors.result()
            under_way.append((batch, self._pool.submit(self._encode, [prefixed[index] for index in batch])))
        for done, vectors in under_way:
            rows[done] = vectors.result()
        return rows

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One unit-length float32 vector."""
        vector: NDArray[np.float32] = self._pool.submit(self._encode, [self._traits.query_prefix + text]).result()[0]
        return vector

    def warm(self) -> None:
        """Begin to load the model, without waiting."""
        self._pool.submit(self._loaded)

    def close(self) -> None:
        """Free the model."""
        self._pool.shutdown(wait=True)
        self._model = None

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        """Indices in groups of like length: padding to the longest of a batch is computed and thrown away."""
        lengths = [self.count_tokens(text) + _SPECIAL_TOKENS for text in texts]
        order = sorted(range(len(texts)), key=lambda index: -lengths[index])
        batches: list[list[int]] = []
        for index in order:
            longest = lengths[batches[-1][0]] if batches else 0
            if batches and len(batches[-1]) < _BATCH_MOST and (len(batches[-1]) + 1) * longest <= _BATCH_TOKENS:
                batches[-1].append(index)
            else:
                batches.append([index])
        return batches

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        model = self._loaded()
        found = model.encode(
            list(texts), batch_size=_BATCH_MOST, convert_to_numpy=True, prompt="", show_progress_bar=False
        )
        vectors: NDArray[np.float32] = np.asarray(found, dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(lengths, 1e-12)
        return vectors

    def _loaded(self) -> Any:
        with self._model_lock:
            if self._model is None:
                self._model = _load_model(self._folder, self._model_id, precision=self._precision)
                # The tokenizer sets up padding at its first call, which must not meet another call.
                self._model.encode(["a", "a b"], prompt="", show_progress_bar=False)
            return self._model


def _one_thread() -> None:
    """For a thread of the pool: no helpers inside torch. The setting is the calling thread's own."""
    with contextlib.suppress(ImportError, OSError, MemoryError):  # said in words where the model is loaded
        import torch  # noqa: TID251 - the one place

        torch.set_num_threads(1)


def _load_model(folder: Path, model_id: str, *, precision: Precision) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch  # noqa: TID251 - the one place
        from sentence_transformers import SentenceTransformer  # noqa: TID251 - the one place
        from transformers.utils import logging as transformers_logging
    except (ImportError, OSError, MemoryError) as error:
        raise import_failed(error, package="sentence-transformers") from None
    transformers_logging.disable_progress_bar()  # stderr is the command line's
    # Only the matrix unit makes bfloat16 worth it: by AVX512-BF16 alone it was measured slower than float32. oneDNN
    # asks the kernel for the unit and does without it where it is refused.
    half = precision == "bfloat16" or (precision == "auto" and "amx_bf16" in cpu_flags())
    try:
        model = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"dtype": torch.bfloat16 if half else torch.float32},
        )
    except (OSError, ValueError, KeyError, RuntimeError):
        raise UserError(Code.DAMAGED_MODEL, model=model_id) from None
    model.eval()
    return model


def _load_tokenizer(folder: Path, model_id: str) -> Any:
    import tokenizers

    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception:  # noqa: BLE001 - the library raises bare Exception on a bad or missing file
        raise UserError(Code.DAMAGED_MODEL, model=model_id) from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _traits(folder: Path, model_id: str) -> Traits:
    name = model_id.lower()
    for part, traits in _FAMILIES:
        if part in name:
            return traits
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    passage = prompts.get("passage") or prompts.get("document") or ""
    return Traits(query_prefix=prompts.get("query") or "", passage_prefix=passage)


def _dimension(folder: Path, model_id: str) -> int:
    pooling = _read_json(folder / "1_Pooling" / "config.json")
    # sentence-transformers 6 says embedding_dimension, older versions word_embedding_dimension.
    size = pooling.get("word_embedding_dimension") or pooling.get("embedding_dimension")
    size = size or _read_json(folder / "config.json").get("hidden_size")
    if not isinstance(size, int):
        raise UserError(Code.DAMAGED_MODEL, model=model_id)
    return size


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
