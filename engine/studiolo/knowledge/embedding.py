"""Text to vectors. Which library computes them is chosen by measure (`embedder_choice.py`), at the first vector.

Counting tokens needs no model: it reads the folder's tokenizer.json with the tokenizers library, so that a document
can be cut into passages, and found by keyword, before anything heavy is loaded.

Threads: any may call. Passages are computed on `threads` threads, each with a batch to itself: sharing one batch out
over them makes every layer wait for the slowest (a fifth slower on an idle machine, many times on a busy one). A
person's question has a thread of its own and waits for no batch.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.cpu import worker_threads
from studiolo.errors import Code, UserError
from studiolo.knowledge.embedder_choice import Encoder, Tokenised, choose, model_digest
from studiolo.knowledge.sentence_models import Precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH_TOKENS = 512  # padded tokens of one batch
_BATCH_MOST = 32


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

    def __init__(
        self,
        model_folder: Path,
        model_id: str,
        *,
        threads: int = 0,
        precision: Precision = "auto",
        cache: Path | None = None,
    ) -> None:
        """Loads nothing yet. Raises UserError(model_missing) where the folder is not there.

        `threads` 0 means one a physical core. `precision` "auto" takes the fastest encoder whose vectors hold; the
        others are sentence-transformers with weights of that type. `cache` is the folder in which what was measured
        and made is kept; None keeps nothing, and every start measures anew.
        """
        if not (model_folder / "config.json").is_file():
            raise UserError(Code.MODEL_MISSING, model=model_id)
        self._folder = model_folder
        self._model_id = model_id
        self._threads = worker_threads(threads)
        self._precision: Precision = precision
        self._cache = cache
        self._traits = _traits(model_folder, model_id)
        self._dimension = _dimension(model_folder, model_id)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embedding")
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="embedding-question")
        self._encoder: Encoder | None = None
        self._encoder_lock = threading.Lock()
        self._tokenizer: Any = None
        self._tokenizer_lock = threading.Lock()
        self._version = ""

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

    @property
    def version(self) -> str:
        """Names what the vectors are: the model and the digest of its files. The encoder does not matter."""
        if not self._version:
            self._version = f"{self._model_id}@{model_digest(self._folder)[:16]}"
        return self._version

    @property
    def encoder(self) -> str:
        """What computes the vectors ("onnx-int8", "torch-float32"); "" before it is loaded."""
        return self._encoder.name if self._encoder is not None else ""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without the ones the model puts around it."""
        return len(self._reader().encode(text, add_special_tokens=False).ids)

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """The same for several texts, in one call of the library."""
        return [len(found.ids) for found in self._reader().encode_batch_fast(list(texts), add_special_tokens=False)]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit-length float32 row a text, in the order given. The same text is computed once."""
        import numpy as np

        places: dict[str, int] = {}
        where = [places.setdefault(text, len(places)) for text in texts]
        read = self._tokenise([self._traits.passage_prefix + text for text in places])
        rows = np.zeros((len(read), self._dimension), dtype=np.float32)
        under_way: deque[tuple[list[int], Future[NDArray[np.float32]]]] = deque()
        for batch in batches([len(one.ids) for one in read]):
            if len(under_way) > self._threads:  # one more than compute, so that no thread waits for this one
                done, vectors = under_way.popleft()
                rows[done] = vectors.result()
            under_way.append((batch, self._pool.submit(self._encode, [read[index] for index in batch])))
        for done, vectors in under_way:
            rows[done] = vectors.result()
        return rows[where]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One unit-length float32 vector."""
        read = self._tokenise([self._traits.query_prefix + text])
        vector: NDArray[np.float32] = self._asking.submit(self._encode, read).result()[0]
        return vector

    def warm(self) -> None:
        """Begin to load the model, without waiting."""
        self._pool.submit(self._loaded)

    def close(self) -> None:
        """Free the model."""
        self._asking.shutdown(wait=True)
        self._pool.shutdown(wait=True)
        self._encoder = None

    def _tokenise(self, texts: Sequence[str]) -> list[Tokenised]:
        found = self._reader().encode_batch_fast(list(texts))
        return [Tokenised(text, one.ids) for text, one in zip(texts, found, strict=True)]

    def _encode(self, batch: Sequence[Tokenised]) -> NDArray[np.float32]:
        return self._loaded().encode(batch)

    def _loaded(self) -> Encoder:
        with self._encoder_lock:
            if self._encoder is None:
                self._encoder = choose(
                    self._folder,
                    self._model_id,
                    precision=self._precision,
                    tokenise=self._tokenise,
                    cache=self._cache,
                )
            return self._encoder

    def _reader(self) -> Any:
        with self._tokenizer_lock:
            if self._tokenizer is None:
                self._tokenizer = _load_tokenizer(self._folder, self._model_id)
            return self._tokenizer


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Indices in groups of like length: padding to the longest of a batch is computed and thrown away."""
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    groups: list[list[int]] = []
    for index in order:
        longest = lengths[groups[-1][0]] if groups else 0
        if groups and len(groups[-1]) < _BATCH_MOST and (len(groups[-1]) + 1) * longest <= _BATCH_TOKENS:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _load_tokenizer(folder: Path, model_id: str) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
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
