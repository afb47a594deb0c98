"""Answers from stored readings against answers from reading everything, with the same model in the same run.

DATA holds `retrieval/xquad`. The questions of a paragraph are asked of the same five passages, the paragraph among them
(as in `spoilt`), each three times: with the whole prompt read and no lines quoted ("full"), with the very ids of the
composed prompt read in full ("same ids"), and composed: passages loaded, the rest read. Greedy, at most 64 tokens.
First-token times are those of a paragraph's first question, full and composed, both with the instructions in the
context as after any other question; printed is the median of their ratios. For the paragraph's other questions what
full and same ids have in common is read once, which changes no answer. F1 is SQuAD's, its interval a bootstrap of the
paired difference over paragraphs.

Then a document of about 6,000 tokens: the first question reads it, the second, after a new start, loads it.

STORED_QUESTIONS a language at least (100), STORED_PART=development for paragraphs 1-120, STORED_LANGUAGES (en,zh; the
document alone where empty). Answers are kept in `.bench/stored.jsonl`, so that a run can be gone on with.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from studiolo.conversation.prompt import PromptPassage, compose, compose_whole
from studiolo.inference.lease import Lease
from studiolo.inference.readings import ReadingStore
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.steps import Piece, Prompt, Reading
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling
from tests.bench._libraries import KEPT
from tests.bench.spoilt import Case, cases_of, f1, interval

MODEL = "qwen2.5-coder-1.5b"
CELLS = 8192
DOCUMENT_TOKENS = 6000
GREEDY = Sampling(max_tokens=64)


class Bench:
    """A runtime over a store of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        models = ModelStore(Home(home), load_catalogue())
        self._path, self._digest, self._folder = models.path(MODEL), models.get(MODEL).sha256, folder
        self.open()

    def open(self) -> None:
        """As a new start finds it."""
        self.store = ReadingStore(self._folder, budget_bytes=8 << 30)
        self.runtime = LlamaRuntime(
            self._path, model_id=MODEL, context_tokens=CELLS, store=self.store, digest=self._digest
        )
        self.lease = Lease(None, MODEL, self.runtime, 0.0)  # type: ignore[arg-type]

    def close(self) -> None:
        """Free the model, finish writing."""
        self.runtime.close()

    def empty(self, *, keep: Prompt | None = None, loaded: bool = False) -> None:
        """Let go of all but the instructions of `keep`; with `loaded`, only where something was loaded."""
        context = self.runtime._context
        kept = list(keep.parts[0] + keep.parts[1] + keep.parts[2]) if keep is not None else []
        for sequence in range(context.sequences):
            if not loaded or any(mark < 0 for mark in context._held[sequence]):
                context.cut(sequence, context.common(sequence, kept))

    def settle(self) -> None:
        """Wait until all readings are on the disk."""
        deadline = time.monotonic() + 20
        while self.runtime._readings._writing and time.monotonic() < deadline:  # type: ignore[union-attr]
            time.sleep(0.01)

    def answer(self, prompt: Prompt, sampling: Sampling = GREEDY) -> tuple[str, float, Reading]:
        """The text, seconds to the first token, and what was read."""
        began, first, text = time.perf_counter(), 0.0, ""
        running = self.runtime.begin(prompt, sampling)
        assert running is not None
        reading = Reading(0, 0, 0)
        while not running.ended:
            for step in self.runtime.advance([running])[0]:
                if isinstance(step, Piece):
                    first = first or time.perf_counter() - began
                    text += step.text
                elif isinstance(step, Reading):
                    reading = step
        self.runtime.end(running)
        return text.strip(), first, reading


def run(data: Path, *, home: Path) -> None:
    """Print the tables."""
    count = int(os.environ.get("STORED_QUESTIONS", "100"))
    development = os.environ.get("STORED_PART") == "development"
    kept = _kept(KEPT / "stored.jsonl")
    print(
        "| language | questions | tokens | read of them | first token, full / composed | F1 full | same ids "
        "| composed | composed - full, 95 % | composed - same ids, 95 % |\n|---|" + "---:|" * 9
    )
    bench = Bench(home, KEPT / "readings")
    for language in filter(None, os.environ.get("STORED_LANGUAGES", "en,zh").split(",")):
        rows, before = [], -1
        for case in cases_of(data, language, count=count, development=development):
            rows.append(_case(bench, case, kept, first_of_paragraph=case.paragraph != before))
            before = case.paragraph
        print(f"| {language} | {len(rows)} | {_cells(rows)} |", flush=True)
    bench.close()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(home, Path(folder) / "readings")
        for language in ("en", "zh"):
            _document(bench, data, language)
        bench.close()


def _prompts(bench: Bench, case: Case) -> tuple[Prompt, Prompt, Prompt]:
    """Full without lines, the composed one's ids without readings, composed."""
    passages = [PromptPassage(f"document {at + 1}.txt", 1, "", text) for at, text in enumerate(case.passages)]
    composed = compose(
        case.question, passages=passages, turns=(), budget_tokens=CELLS - 64, count=bench.lease.count, quote=True
    )
    system, user = composed.messages
    plain = replace(user, parts=(*user.parts[: len(passages)], user.parts[-1]), behind=())
    with_readings = bench.lease.compose([system, user])
    return bench.lease.compose([system, plain]), replace(with_readings, behind={}), with_readings


def _case(
    bench: Bench, case: Case, kept: dict[str, dict[str, object]], *, first_of_paragraph: bool
) -> dict[str, object]:
    full, same, composed = _prompts(bench, case)
    key = hashlib.sha256(repr((MODEL, full.tokens, same.tokens)).encode()).hexdigest()
    if key in kept:
        return kept[key]
    texts, firsts, reading = [], [], Reading(0, 0, 0)
    read_ahead(bench, composed)
    if first_of_paragraph:
        bench.empty()
        bench.answer(Prompt(composed.parts[:3], keep=True))  # the instructions, once
    for prompt in (full, same, composed):
        bench.empty(keep=prompt, loaded=True)
        text, first, reading = bench.answer(prompt)
        texts.append(text)
        firsts.append(first)
    row: dict[str, object] = {
        "key": key,
        "paragraph": case.paragraph,
        "f1": [max(f1(text, gold) for gold in case.gold) for text in texts],
        "first": [firsts[0], firsts[2]] if first_of_paragraph else None,
        "tokens": len(composed.tokens),
        "read": reading.total - reading.reused - reading.loaded,
        "texts": texts,
    }
    kept[key] = row
    with (KEPT / "stored.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    return row


def read_ahead(bench: Bench, prompt: Prompt) -> None:
    """Read and store what the prompt may take from readings."""
    for number, prefix in prompt.behind.items():
        ahead = Prompt((prefix, prompt.parts[number]), behind={1: prefix}, keep=True)
        while not bench.lease.stored(ahead):
            bench.answer(ahead)
            time.sleep(0.01)
    bench.settle()


def _document(bench: Bench, data: Path, language: str) -> None:
    """Of paragraphs one after another; the questions are those of its first and of its last paragraph."""
    raw = json.loads((data / "retrieval" / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in raw["data"] for paragraph in article["paragraphs"]][120:]
    passages: list[PromptPassage] = []
    while sum(bench.lease.count(one.text) for one in passages) < DOCUMENT_TOKENS:
        passages.append(PromptPassage("history.txt", len(passages) + 1, "", paragraphs[len(passages)]["context"]))
    questions = [paragraphs[at]["qas"][0]["question"] for at in (0, len(passages) - 1)]

    def prompt(question: str) -> Prompt:
        made = compose_whole(question, passages=passages, turns=(), budget_tokens=CELLS - 64, count=bench.lease.count)
        assert made is not None
        return bench.lease.compose(made.messages, exact=made.exact)

    bench.empty()
    _, first, reading = bench.answer(prompt(questions[0]))
    bench.close()
    bench.open()
    again, loaded, second = bench.answer(prompt(questions[1]))
    bench.empty()
    whole = bench.store
    bench.close()
    whole.clear()
    bench.open()
    full, _, _ = bench.answer(prompt(questions[1]))
    print(
        f"\ndocument, {language}: {reading.total} tokens, first token after {first:.1f} s; second question, loaded "
        f"{second.loaded}, after {loaded:.2f} s, {first / loaded:.0f}x; answer the same as read in full, cut at the "
        f"same place: {again == full}",
        flush=True,
    )


def _kept(path: Path) -> dict[str, dict[str, object]]:
    path.parent.mkdir(exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["key"]: row for row in map(json.loads, lines)}


def _cells(rows: list) -> str:
    timed = [row["first"] for row in rows if row["first"] is not None]
    ratio = statistics.median(full / composed for full, composed in timed)
    firsts = [statistics.median(first[at] for first in timed) for at in range(2)]
    means = [statistics.mean(row["f1"][at] for row in rows) for at in range(3)]
    paragraphs = [row["paragraph"] for row in rows]
    return " | ".join(
        [
            f"{statistics.median(row['tokens'] for row in rows):.0f}",
            f"{statistics.median(row['read'] for row in rows):.0f}",
            f"{firsts[0]:.2f} / {firsts[1]:.2f} s, {ratio:.1f}x",
            *(f"{mean:.3f}" for mean in means),
            *(interval([row["f1"][2] - row["f1"][at] for row in rows], paragraphs) for at in (0, 1)),
        ]
    )
