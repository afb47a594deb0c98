"""Libraries built through the product for measuring: documents become files, files are added, vectors are kept.

Embedding some thousand documents takes minutes. Vectors are therefore kept in `.bench/`, by the model's digest and the
text's, so that a second run measures the search and not the embedding.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from studiolo.events import FileDone
from studiolo.knowledge.chunking import Sizes
from studiolo.knowledge.embedding import Embedder
from studiolo.knowledge.library import KnowledgeBase
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

KEPT = Path(__file__).resolve().parent.parent.parent / ".bench"


class KeptEmbedder:
    """An embedder that remembers every text it has seen, on disk."""

    def __init__(self, embedder: Embedder, *, digest: str, folder: Path = KEPT) -> None:
        folder.mkdir(exist_ok=True)
        self.inner = embedder
        self.model_id = embedder.model_id
        self.dimension = embedder.dimension
        self.languages = embedder.languages
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(folder / f"vectors-{digest[:16]}.sqlite", check_same_thread=False, timeout=60)
        self._rows.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    def count_tokens(self, text: str) -> int:
        return self.inner.count_tokens(text)

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        return self.inner.count_tokens_batch(texts)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._kept("passage", texts)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._kept("query", [text])[0]

    def close(self) -> None:
        self._rows.close()
        self.inner.close()

    def _kept(self, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        keys = [hashlib.sha256(f"{kind}\n{text}".encode()).digest() for text in texts]
        with self._lock:
            found = {key: self._one(key) for key in keys}
        missing = [index for index, key in enumerate(keys) if found[key] is None]
        if missing:
            wanted = [texts[index] for index in missing]
            made = self.inner.embed_passages(wanted) if kind == "passage" else [self.inner.embed_query(wanted[0])]
            with self._lock:
                for index, vector in zip(missing, made, strict=True):
                    found[keys[index]] = vector.astype(np.float32).tobytes()
                    self._rows.execute(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)", (keys[index], found[keys[index]])
                    )
                self._rows.commit()
        return np.stack([np.frombuffer(found[key] or b"", dtype=np.float32) for key in keys])

    def _one(self, key: bytes) -> bytes | None:
        row = self._rows.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None


def embedder_of(model: str, *, home: Path) -> KeptEmbedder:
    """The installed model. Raises UserError(model_missing)."""
    models = ModelStore(Home(home), load_catalogue())
    folder = models.path(model)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return KeptEmbedder(Embedder(folder, model, cache=Home(home).cache / "embedding"), digest=digest)


@contextmanager
def knowledge_base(
    embedder: KeptEmbedder, *, folder: Path | None = None, sizes: Sizes | None = None
) -> Iterator[KnowledgeBase]:
    """A knowledge base in a home of its own, without a filter: what is measured is finding."""
    with TemporaryDirectory() as temporary:
        base = KnowledgeBase(
            Home(folder or Path(temporary)),
            embedder_for=lambda _: embedder,
            screen=lambda _: (),
            clock=time.time,
            default_embedder=embedder.model_id,
            new_id=lambda: uuid.uuid4().hex[:16],
            sizes=sizes,
        )
        with closing(base):
            yield base


def add_documents(base: KnowledgeBase, documents: Mapping[str, tuple[str, str]], *, library: str) -> dict[str, str]:
    """Add (title, text) documents as Markdown files; gives each file name's key.

    The names are digests, so that no question can name a document by its key.
    """
    with TemporaryDirectory() as folder:
        keys = {}
        for key, (title, text) in documents.items():
            if not f"{title}{text}".strip():
                continue  # two of Cranfield's
            body, suffix = (f"# {title}\n\n{_plain(text)}", ".md") if title else (text, ".txt")
            name = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12] + suffix
            keys[name] = key
            (Path(folder) / name).write_text(body, encoding="utf-8")
        add_files(base, [Path(folder)], library=library)
    return keys


def add_files(base: KnowledgeBase, paths: Sequence[Path], *, library: str) -> None:
    """Add files and see that every one was taken in."""
    for event in base.add(paths, library=library):
        if isinstance(event, FileDone):
            assert event.result.status != "failed", event.result.reason


def _plain(text: str) -> str:
    """`text` so that Markdown reads it as it stands."""
    marks = "\\`*_{}[]<>#+-!|"
    return "".join(f"\\{character}" if character in marks else character for character in text)
