"""How fast passages become vectors: the chosen encoder against plain sentence-transformers encode in float32.

DATA holds `retrieval/xquad/xquad.{en,zh}.json`; every third paragraph of each language is one passage. Printed are
passages a second and how many times faster, the least and the mean cosine to the baseline, and the time of one query.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from studiolo.errors import UserError
from studiolo.knowledge.embedding import Embedder
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from tests.bench.retrieval import load_xquad
from tests.bench.table import seconds

EMBEDDERS = ("multilingual-e5-small", "all-minilm-l6-v2")
QUERY = "How long is the notice period of the lease?"


def run(data: Path, *, home: Path) -> None:
    """Print one table."""
    models = ModelStore(Home(home), load_catalogue())
    texts = [
        text
        for language in ("en", "zh")
        for text in list(load_xquad(data / "retrieval" / "xquad" / f"xquad.{language}.json")[0].values())[::3]
    ]
    print("| model | encoder | passages/s | times faster | least cosine | mean cosine | ms a query |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for model in EMBEDDERS:
        try:
            folder = models.path(model)
        except UserError as error:
            print(f"{model}: {error}")
            continue
        measure(model, folder, texts)


def measure(model: str, folder: Path, texts: list[str]) -> None:
    """The rows of one model: plain encode, the float32 fallback, the encoder that is chosen."""
    from sentence_transformers import SentenceTransformer  # noqa: TID251 - the baseline

    plain = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    prefix = "passage: " if "e5" in model else ""
    exact = np.asarray(
        plain.encode([prefix + text for text in texts], normalize_embeddings=True, show_progress_bar=False)
    )

    def loop() -> None:
        plain.encode([prefix + text for text in texts], batch_size=32, show_progress_bar=False)

    base_s = seconds(loop, repeat=3, warm_up=0)
    query_s = seconds(lambda: plain.encode([QUERY], show_progress_bar=False))
    rows = [("sentence-transformers encode, float32 (baseline)", base_s, exact, query_s)]
    with TemporaryDirectory() as cache:
        for settings in ({"precision": "float32"}, {"cache": Path(cache)}):
            embedder = Embedder(folder, model, **settings)
            began = time.perf_counter()
            vectors = embedder.embed_passages(texts)  # loads, and chooses, the first time
            first_s = time.perf_counter() - began
            taken_s = seconds(lambda embedder=embedder: embedder.embed_passages(texts), repeat=3, warm_up=0)
            query_s = seconds(lambda embedder=embedder: embedder.embed_query(QUERY), repeat=20)
            rows.append((f"{embedder.encoder} (first call {first_s:.1f} s)", taken_s, vectors, query_s))
            embedder.close()
    for name, taken_s, vectors, query_s in rows:
        cosine = (vectors * exact).sum(axis=1)
        figures = (len(texts) / taken_s, base_s / taken_s, cosine.min(), cosine.mean(), 1000 * query_s)
        print("| {} | {} | {:.1f} | {:.2f} | {:.4f} | {:.4f} | {:.1f} |".format(model, name, *figures), flush=True)
