"""Search, size and exactness of a library of 1,000, 10,000, 50,000 and 100,000 passages.

DATA holds `retrieval/xquad`: its paragraphs in English and Chinese, embedded by the real model, are the first
passages; the others are put together of their sentences (resampled text), with vectors mixed of theirs, so that words,
lengths and distances are those of real text. A hundred of XQuAD's questions are asked through `KnowledgeBase.search`,
the embedding of the question included. The baseline, in the same run, is LanceDB's own hybrid search (reciprocal
ranks) over one
table without an index of vectors. "Exact" compares the ten nearest of the store with those of a comparison with each.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.knowledge.library import KnowledgeBase
from studiolo.knowledge.places import Piece
from studiolo.knowledge.records import Record
from studiolo.knowledge.store import Row
from studiolo.paths import Home
from studiolo.types import Document, DocumentStatus
from tests.bench._corpora import xquad
from tests.bench._libraries import embedder_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL = "multilingual-e5-small"
SIZES = (1_000, 10_000, 50_000, 100_000)
QUESTIONS = 100
PASSAGES_A_DOCUMENT = 100


def run(data: Path, *, home: Path) -> None:
    import numpy as np

    dice = random.Random(7)
    english, chinese = (xquad(data, asked=language, read=language) for language in ("en", "zh"))
    embedder = embedder_of(MODEL, home=home).inner
    texts = [text for corpus in (english, chinese) for _, text in corpus.documents.values()]
    languages = ["en"] * len(english.documents) + ["zh"] * len(chinese.documents)
    vectors = embedder.embed_passages(texts)
    questions = [q.text for q in dice.sample([*english.questions, *chinese.questions], QUESTIONS)]
    print(
        "| passages | search p50 | search p95 | LanceDB's own hybrid p50 | p95 | top 10 as exact | on disk "
        "| a passage |\n|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            base = KnowledgeBase(
                Home(Path(folder)), embedder_for=lambda _: embedder, screen=lambda _: (), clock=lambda: 0.0
            )
            more = resampled(texts, languages, vectors, size=size, dice=dice)
            fill(base, *more)
            own = own_hybrid(Path(folder) / "own", *more)
            asked = np.stack([embedder.embed_query(question) for question in questions])
            cells = row(base, questions, asked, more[2], own, embedder, Path(folder))
            print(f"| {' | '.join(cells)} |", flush=True)
            base.close()
    embedder.close()


def resampled(
    texts: list[str], languages: list[str], vectors: NDArray[np.float32], *, size: int, dice: random.Random
) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """`size` passages: the real ones first, then mixtures of two of one language."""
    import numpy as np

    noise = np.random.default_rng(7)
    made_texts, made_languages = list(texts[:size]), list(languages[:size])
    rows = [vectors[: len(made_texts)]]
    count = size - len(made_texts)
    if count > 0:
        parts = {
            language: [place for place, one in enumerate(languages) if one == language] for language in set(languages)
        }
        first = [dice.randrange(len(texts)) for _ in range(count)]
        second = [dice.choice(parts[languages[place]]) for place in first]
        for one, other in zip(first, second, strict=True):
            half, rest = texts[one], texts[other]
            cut, start = dice.randrange(len(half) // 2, len(half)), dice.randrange(len(rest) // 2 + 1)
            made_texts.append(f"{half[:cut]} {rest[start : start + len(half) - cut]} {dice.randrange(10**6)}")
            made_languages.append(languages[one])
        share = noise.uniform(0.5, 1.0, (count, 1)).astype(np.float32)
        mixed = share * vectors[first] + (1 - share) * vectors[second]
        mixed += noise.standard_normal(mixed.shape).astype(np.float32) * 0.01
        rows.append(mixed / np.linalg.norm(mixed, axis=1, keepdims=True))
    return made_texts, made_languages, np.concatenate(rows)


def fill(base: KnowledgeBase, texts: list[str], languages: list[str], vectors: NDArray[np.float32]) -> None:
    """Put passages into the default library as documents, past parsing and embedding."""
    library = base._library("default")
    tools = base._tools
    for start in range(0, len(texts), PASSAGES_A_DOCUMENT):
        part = slice(start, start + PASSAGES_A_DOCUMENT)
        name = f"{start:06d}"
        pieces = [
            Piece(text, "", page=n + 1, page_end=n + 1, start=0, end=len(text), heading=(), label="", language=language)
            for n, (text, language) in enumerate(zip(texts[part], languages[part], strict=True))
        ]
        document = Document(
            name, "default", name, f"/{name}", name, 1, DocumentStatus.READY, "", len(pieces), len(pieces), 0.0
        )
        numbers, fresh = tools.places.reserve(library.id, pieces)
        tools.store.add(library.id, [Row(one.id, one.text) for one in fresh])
        record = Record(document, library.id, name.encode(), version=1)
        tools.places.place(record, pieces, numbers, version=1, waiting=0, visible=True)
        tools.places.screened(dict.fromkeys(numbers, ()))
        tools.store.add_vectors(library.id, library.embedder, numbers, languages[part], vectors[part])
        tools.places.embedded(numbers)
    tools.shelf.changed()
    tools.store.tidy(library.id)


def own_hybrid(
    folder: Path, texts: list[str], languages: list[str], vectors: NDArray[np.float32]
) -> Callable[[str, NDArray[np.float32]], object]:
    """LanceDB's hybrid search as its manual has it."""
    import lancedb  # noqa: TID251 - the baseline
    import pyarrow as pa
    from lancedb.index import FTS  # noqa: TID251 - the baseline
    from lancedb.rerankers import RRFReranker  # noqa: TID251 - the baseline

    rows = pa.table(
        {
            "text": texts,
            "language": languages,
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1]),
        }
    )
    table = lancedb.connect(str(folder)).create_table("own", rows)
    table.create_index("text", config=FTS(base_tokenizer="icu"))
    reranker = RRFReranker()

    def search(question: str, vector: NDArray[np.float32]) -> object:
        query = table.search(query_type="hybrid").vector(vector).text(question)
        return query.rerank(reranker).select(["text"]).limit(10).to_list()

    return search


def row(
    base: KnowledgeBase,
    questions: list[str],
    asked: NDArray[np.float32],
    vectors: NDArray[np.float32],
    own: Callable[[str, NDArray[np.float32]], object],
    embedder,
    folder: Path,
) -> list[str]:
    import numpy as np

    library = base._library("default")
    ours = times(lambda question, _: base.search(question, limit=10), questions, asked)
    theirs = times(lambda question, _: own(question, embedder.embed_query(question)), questions, asked)
    same = 0
    order = base._places.numbers(library.id)
    for vector in asked:
        nearest = [match.id for match in base._store.nearest(library.id, MODEL, vector, limit=10)]
        exact = np.argsort(-(vectors @ vector))[:10]
        same += len({order[place] for place in exact} & set(nearest))
    size = sum(path.stat().st_size for path in (folder / "lance").rglob("*") if path.is_file())
    size += (folder / "knowledge.db").stat().st_size
    return [
        f"{len(vectors):,}",
        *(f"{1000 * value:.0f} ms" for value in (*ours, *theirs)),
        f"{same / (10 * len(asked)):.4f}",
        f"{size / 2**20:.0f} MB",
        f"{size / len(vectors) / 1024:.1f} kB",
    ]


def times(search: Callable, questions: list[str], asked: NDArray[np.float32]) -> tuple[float, float]:
    """Median and 95th percentile of a search's seconds, after a warm-up."""
    for question, vector in zip(questions[:5], asked, strict=False):
        search(question, vector)
    taken = []
    for question, vector in zip(questions, asked, strict=True):
        began = time.perf_counter()
        search(question, vector)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), sorted(taken)[int(0.95 * len(taken))]
