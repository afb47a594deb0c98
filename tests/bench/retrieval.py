"""How well passages are found: nDCG@10 and recall@5 of keywords, meaning and both, in English and Chinese.

DATA holds `retrieval/xquad/xquad.{en,zh}.json`: 240 paragraphs with some 1,190 questions in each language, taken as one
library a language. Run with the default embedder and with the English-only one, whose say in Chinese must be none.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import UserError
from studiolo.knowledge.embedding import Embedder
from studiolo.knowledge.language import language_of
from studiolo.knowledge.retrieval import Retrieval
from studiolo.knowledge.store import PassageStore, Row
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Passage

EMBEDDERS = ("multilingual-e5-small", "all-minilm-l6-v2")
LIBRARY = "bench"
DEPTH = 10

Search = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the paragraph that answers it."""

    text: str
    answer: str


def run(data: Path, *, home: Path) -> None:
    """Print one table."""
    models = ModelStore(Home(home), load_catalogue())
    rows: list[tuple[str, ...]] = []
    for model in EMBEDDERS:
        try:
            embedder = Embedder(models.path(model), model)
        except UserError as error:
            print(f"{model}: {error}")
            continue
        for language in ("en", "zh"):
            paragraphs, questions = load_xquad(data / "retrieval" / "xquad" / f"xquad.{language}.json")
            rows.extend(measure(f"xquad {language}", paragraphs, questions, embedder))
        embedder.close()
    print("| set | embedder | search | nDCG@10 | recall@5 | ms a question |\n|---|---|---|---:|---:|---:|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def load_xquad(path: Path) -> tuple[dict[str, str], list[Question]]:
    """The set's paragraphs by number and its questions."""
    paragraphs: dict[str, str] = {}
    questions: list[Question] = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            key = str(len(paragraphs))
            paragraphs[key] = paragraph["context"]
            questions.extend(Question(entry["question"], key) for entry in paragraph["qas"])
    return paragraphs, questions


def measure(
    name: str, paragraphs: dict[str, str], questions: Sequence[Question], embedder: Embedder
) -> list[tuple[str, ...]]:
    """One row for each way to search."""
    with tempfile.TemporaryDirectory() as folder:
        store = PassageStore(Path(folder))
        entries = [Row(_passage(key, text)) for key, text in paragraphs.items()]
        vectors = embedder.embed_passages(list(paragraphs.values()))
        store.write(LIBRARY, entries, vectors, document_id="all", content="1")
        store.tidy(LIBRARY)
        retrieval = Retrieval(store)

        def by_words(query: str) -> list[str]:
            return [found.passage.id for found in store.keyword(LIBRARY, query, limit=DEPTH)]

        def by_meaning(query: str) -> list[str]:
            return [found.passage.id for found in store.nearest(LIBRARY, embedder.embed_query(query), limit=DEPTH)]

        def by_both(query: str) -> list[str]:
            hits = retrieval.search(query, library_id=LIBRARY, embedder=embedder, limit=DEPTH)
            return [hit.passage.id for hit in hits]

        ways: tuple[tuple[str, Search], ...] = (("keyword", by_words), ("meaning", by_meaning), ("both", by_both))
        rows = [(name, embedder.model_id, way, *_scores(questions, search)) for way, search in ways]
        store.close()
    return rows


def _scores(questions: Sequence[Question], search: Search) -> tuple[str, str, str]:
    gain = recall = 0.0
    started = time.perf_counter()
    for question in questions:
        ranked = list(search(question.text))
        if question.answer in ranked:
            position = ranked.index(question.answer)
            gain += 1 / math.log2(position + 2)
            recall += position < 5
    seconds = time.perf_counter() - started
    count = len(questions)
    return f"{gain / count:.4f}", f"{recall / count:.4f}", f"{1000 * seconds / count:.1f}"


def _passage(key: str, text: str) -> Passage:
    return Passage(
        id=key,
        document_id="all",
        document="",
        page=0,
        page_end=0,
        start=0,
        end=len(text),
        heading=(),
        text=text,
        language=language_of(text),
        spans=(),
    )
