"""Follow-up questions: how often the page that answers the second question of a conversation is among the first five.

Needs no DATA: the documents and the 40 two-turn cases (20 English, 20 Chinese) beside this module were written for it,
with invented people and companies, before anything was measured with them. The documents become PDFs of five pages
each, all in one library. Two thirds of the follow-ups cannot be understood alone; some change the topic.
"""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from studiolo.errors import UserError
from studiolo.knowledge.library import KnowledgeBase
from studiolo.types import Hit
from tests.bench._libraries import KeptEmbedder, add_files, embedder_of, knowledge_base
from tests.unit.knowledge.pdf_files import pdf

HERE = Path(__file__).resolve().parent / "followups_documents"
EMBEDDERS = ("multilingual-e5-small", "all-minilm-l6-v2")
FIRST = 5
PAGE_MARK = "=====\n"
LINE_WIDTH = {True: 84, False: 40}  # characters a line holds, by whether they are all ASCII


@dataclass(frozen=True, slots=True)
class Case:
    """A follow-up question, what was asked before it, and the page that answers it."""

    language: str
    earlier: tuple[str, ...]
    question: str
    document: str  # without suffix
    page: int


def run(data: Path, *, home: Path) -> None:
    """Print one table."""
    print("| embedder | language | with the earlier question | without it | ms a question |\n|---|---|---:|---:|---:|")
    for model in EMBEDDERS:
        try:
            embedder = embedder_of(model, home=home)
        except UserError as error:
            print(f"{model}: {error}")
            continue
        with knowledge_base(embedder) as base:
            for row in measure(base, embedder):
                print("| " + " | ".join(row) + " |")
        embedder.close()


def measure(base: KnowledgeBase, embedder: KeptEmbedder) -> Iterable[tuple[str, ...]]:
    """One row a language: the share of the cases whose page is found, with context and without."""
    add_cases_library(base)
    cases = load_cases()
    for language in ("en", "zh"):
        asked = [case for case in cases if case.language == language]
        began = time.perf_counter()
        found = sum(is_found(search(base, case), case) for case in asked)
        seconds = time.perf_counter() - began
        alone = sum(is_found(base.search(case.question, library="bench", limit=FIRST), case) for case in asked)
        count = len(asked)
        yield (
            embedder.model_id,
            language,
            f"{found / count:.3f}",
            f"{alone / count:.3f}",
            f"{1000 * seconds / count:.0f}",
        )


def search(base: KnowledgeBase, case: Case) -> list[Hit]:
    """The follow-up question as a conversation asks it."""
    return base.search(case.question, library="bench", limit=FIRST, context=case.earlier)


def is_found(hits: Iterable[Hit], case: Case) -> bool:
    """Whether the page is among the hits."""
    return any(
        Path(hit.passage.document).stem == case.document and hit.passage.page <= case.page <= hit.passage.page_end
        for hit in hits
    )


def load_cases() -> list[Case]:
    """The cases in order of the file."""
    rows = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    return [Case(**{**row, "earlier": tuple(row["earlier"])}) for row in rows]


def add_cases_library(base: KnowledgeBase) -> None:
    """All documents as PDFs in the library "bench"."""
    with TemporaryDirectory() as folder:
        for source in sorted(HERE.glob("*.txt")):
            pages = source.read_text(encoding="utf-8").split(PAGE_MARK)
            (Path(folder) / f"{source.stem}.pdf").write_bytes(pdf([_lines(page) for page in pages]))
        add_files(base, [Path(folder)], library="bench")


def _lines(page: str) -> list[tuple[str, float]]:
    heading, _, body = page.strip().partition("\n")
    width = LINE_WIDTH[body.isascii()]
    return [(heading, -16.0), ("", 11.0), *((line, 11.0) for line in textwrap.wrap(body, width))]
