"""How well documents are found: keywords, meaning and both, in English, in Chinese, across and over both languages.

DATA holds `retrieval/`: SciFact, Cranfield, XQuAD and DuReader's demonstration files, each read the natural way (see
`_corpora`): a document is a file that is added to a library, and what a question finds are the files of its hits in
order. "Keyword" and "meaning" are the two legs alone, by their best passage a file; "equal ranks" is reciprocal rank
fusion of the two (k = 60), the usual baseline; "both" is `KnowledgeBase.search`. Questions that parameters were chosen
on (`Asked.development`) are left out of all figures but the last.

Below it: how well the best hit's score tells questions that the library answers from the same questions asked of the
library without the answering file.

A folder `.bench/` keeps vectors; BENCH_SETS="cran,xquad en" limits the sets.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from studiolo.errors import UserError
from studiolo.knowledge.library import KnowledgeBase
from studiolo.knowledge.meaning import knows
from studiolo.knowledge.seams import Found
from studiolo.types import FITS
from tests.bench._corpora import CORPORA, Asked, Corpus
from tests.bench._libraries import KeptEmbedder, add_documents, embedder_of, knowledge_base

EMBEDDERS = ("multilingual-e5-small", "all-minilm-l6-v2")
LIBRARY = "bench"
FIRST = 10
LEG = 60  # passages a leg is asked for
PLACES = 30  # hits from which ten files come
RANK_K = 60
UNANSWERED = ("xquad en", "xquad zh", "xquad zh->en", "xquad en->zh")
UNANSWERED_QUESTIONS = 150

Search = Callable[[str], Sequence[str]]


def run(data: Path, *, home: Path) -> None:
    """Print both tables."""
    wanted = [name.strip() for name in os.environ.get("BENCH_SETS", "").split(",") if name.strip()] or list(CORPORA)
    print(
        "| set | embedder | keyword | meaning | equal ranks | **both** | both / better leg | recall@5 of both "
        "| both, development | ms a question |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    told: list[str] = []
    for model in EMBEDDERS:
        try:
            embedder = embedder_of(model, home=home)
        except UserError as error:
            print(f"{model}: {error}")
            continue
        for name in wanted:
            corpus = CORPORA[name](data)
            if embedder.languages and "->" in name:
                continue  # it knows one language
            with knowledge_base(embedder) as base:
                keys = add_documents(base, corpus.documents, library=LIBRARY)
                print("| " + " | ".join(measure(corpus, base, keys, embedder)) + " |", flush=True)
                if name in UNANSWERED:
                    told.append("| " + " | ".join(unanswered(corpus, base, keys, embedder)) + " |")
        embedder.close()
    print(f"\n| set | embedder | ROC AUC of the score | right at {FITS} |\n|---|---|---:|---:|")
    print("\n".join(told))


def measure(corpus: Corpus, base: KnowledgeBase, keys: dict[str, str], embedder: KeptEmbedder) -> tuple[str, ...]:
    """One row: nDCG@10 of each way to search, and recall@5 and time of both legs together."""
    row = base._library(LIBRARY)
    store = base._finder

    def files(found: Sequence[Found]) -> list[str]:
        return list(dict.fromkeys(keys[entry.passage.document] for entry in found))

    def by_words(query: str) -> list[str]:
        return files(store.keyword(row.id, query, limit=LEG))

    def by_meaning(query: str) -> list[str]:
        return files(store.nearest(row.id, embedder.embed_query(query), limit=LEG))

    def by_ranks(query: str) -> list[str]:
        legs = [by_words(query), by_meaning(query)]
        scores: dict[str, float] = {}
        for leg in legs:
            for rank, key in enumerate(leg, start=1):
                scores[key] = scores.get(key, 0.0) + 1 / (RANK_K + rank)
        return sorted(scores, key=lambda key: -scores[key])

    def by_both(query: str) -> list[str]:
        hits = base.search(query, library=LIBRARY, limit=PLACES)
        return list(dict.fromkeys(keys[hit.passage.document] for hit in hits))

    questions = [question for question in corpus.questions if not question.development]
    keyword, _ = _scores(questions, by_words)
    meaning, _ = _scores(questions, by_meaning)
    ranks, _ = _scores(questions, by_ranks)
    began = time.perf_counter()
    both, recall = _scores(questions, by_both)
    milliseconds = 1000 * (time.perf_counter() - began) / len(questions)
    chosen_on = [question for question in corpus.questions if question.development]
    others, _ = _scores(chosen_on, by_both)
    understood = knows(embedder.languages, questions[0].text)
    better = max(keyword, meaning) if understood else keyword
    return (
        corpus.name,
        embedder.model_id,
        *(f"{value:.3f}" for value in (keyword, meaning, ranks)),
        f"**{both:.3f}**",
        f"{both / better:.3f}",
        f"{recall:.3f}",
        f"{others:.3f}",
        f"{milliseconds:.0f}",
    )


def unanswered(corpus: Corpus, base: KnowledgeBase, keys: dict[str, str], embedder: KeptEmbedder) -> tuple[str, ...]:
    """One row: the best score of questions that are answered and, kept to all other files, of the same ones."""
    row = base._library(LIBRARY)
    names = {document.id: document.name for document in base.documents(LIBRARY)}
    questions = [question for question in corpus.questions if not question.development]
    step = max(1, len(questions) // UNANSWERED_QUESTIONS)
    scores: dict[bool, list[float]] = {True: [], False: []}
    for question in questions[::step]:
        without = [key for key, name in names.items() if keys[name] not in question.right]
        for answered, documents in ((True, None), (False, without)):
            hits = base._retrieval.search(
                question.text, library_id=row.id, embedder=embedder, limit=1, documents=documents
            )
            scores[answered].append(hits[0].score if hits else 0.0)
    pairs = [(yes > no) + 0.5 * (yes == no) for yes in scores[True] for no in scores[False]]
    right = sum(score >= FITS for score in scores[True]) + sum(score < FITS for score in scores[False])
    count = len(scores[True]) + len(scores[False])
    return corpus.name, embedder.model_id, f"{sum(pairs) / len(pairs):.3f}", f"{right / count:.3f}"


def _scores(questions: Sequence[Asked], search: Search) -> tuple[float, float]:
    """nDCG@10 and recall@5 (of at most five), every right document weighing the same."""
    gain = recall = 0.0
    for question in questions:
        ranked = [key for key in search(question.text) if key not in question.aside][:FIRST]
        places = [place for place, key in enumerate(ranked) if key in question.right]
        ideal = sum(1 / math.log2(place + 2) for place in range(min(FIRST, len(question.right))))
        gain += sum(1 / math.log2(place + 2) for place in places) / ideal
        recall += sum(place < 5 for place in places) / min(5, len(question.right))
    return gain / len(questions), recall / len(questions)
