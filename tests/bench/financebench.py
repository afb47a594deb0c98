"""Questions over real filings: how often the right page, and the right document, is among the first five passages.

DATA holds `documents/financebench-dev`: annual reports as PDFs and `questions.jsonl` with the pages (from 1) on which
the evidence stands. A question counts where one of its pages is found. Asked twice: with the document given, and of
the whole library.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import UserError
from studiolo.knowledge.library import KnowledgeBase
from studiolo.types import Hit
from tests.bench._libraries import add_files, embedder_of, knowledge_base

EMBEDDERS = ("multilingual-e5-small", "all-minilm-l6-v2")
FIRST = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the file that answers it and the pages where the evidence stands."""

    text: str
    document: str
    pages: frozenset[int]


def run(data: Path, *, home: Path) -> None:
    """Print one table."""
    folder = data / "documents" / "financebench-dev"
    questions = load_questions(folder)
    print(
        "| embedder | questions | page, document given | page, whole library | document, whole library "
        "| ms a question |\n|---|---:|---:|---:|---:|---:|"
    )
    for model in EMBEDDERS:
        try:
            embedder = embedder_of(model, home=home)
        except UserError as error:
            print(f"{model}: {error}")
            continue
        with knowledge_base(embedder) as base:
            add_files(base, sorted(folder.glob("*.pdf")), library="bench")
            row = (model, str(len(questions)), *measure(base, questions))
            print("| " + " | ".join(row) + " |")
        embedder.close()


def load_questions(folder: Path) -> list[Question]:
    """The questions in order of the file."""
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Question(row["question"], row["doc"], frozenset(row["evidence_pages"])) for row in rows]


def measure(base: KnowledgeBase, questions: Sequence[Question]) -> tuple[str, ...]:
    """Shares of questions whose page is found within the document and in the library, and whose document is found."""
    given = page = document = 0
    began = time.perf_counter()
    for question in questions:
        inside = base.search(question.text, library="bench", limit=FIRST, document=question.document)
        anywhere = base.search(question.text, library="bench", limit=FIRST)
        given += has_page(inside, question)
        page += has_page(anywhere, question)
        document += any(hit.passage.document == question.document for hit in anywhere)
    seconds = (time.perf_counter() - began) / 2
    count = len(questions)
    return (*(f"{found / count:.3f}" for found in (given, page, document)), f"{1000 * seconds / count:.0f}")


def has_page(hits: Sequence[Hit], question: Question) -> bool:
    """Whether one of the hits stands on one of the pages."""
    return any(
        hit.passage.document == question.document
        and not question.pages.isdisjoint(range(hit.passage.page, hit.passage.page_end + 1))
        for hit in hits
    )
