"""Answers from stored readings against answers from reading everything, with the same model in the same run.

DATA holds `retrieval/xquad`. The questions of a paragraph are asked of the same five passages, the paragraph among them
(as in `spoilt`), each three times: with the whole prompt read and no lines quoted ("full"), with the very ids of the
composed prompt read in full ("same ids"), and composed: passages loaded, the rest read. Greedy, at most 64 tokens.
First-token times are those of a paragraph's first question, full and composed, both with the instructions in the
context as after any other question; printed is the median of their ratios. The paragraph's other questions are asked
together, a kind of prompt at a time, and what full and same ids have in common is read once. F1 is SQuAD's, its
interval a bootstrap of the paired difference over paragraphs.

Then a document of about 6,000 tokens: the first question reads it, the second, after a new start, loads it. STORED_CUTS
questions about it (none unless told) are also asked over the document read in other batches; where an answer differs,
the gap between the two likeliest tokens is printed where it first does.

STORED_QUESTIONS a language at least (100), STORED_PART=development for paragraphs 1-120, STORED_LANGUAGES (en,zh; the
document alone where empty). Answers are kept in `.bench/stored.jsonl`, so that a run can be gone on with.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from studiolo.conversation.prompt import PromptPassage, compose, compose_whole
from studiolo.inference import runtime
from studiolo.inference.lease import Lease
from studiolo.inference.readings import ReadingStore
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.steps import Piece, Prompt, Reading
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling, TokenLogprob
from tests.bench._libraries import KEPT
from tests.bench.spoilt import Case, cases_of, f1, interval

MODEL = "qwen2.5-coder-1.5b"
CELLS = 8192
DOCUMENT_TOKENS = 6000
OTHER_BATCH = 160
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

    def answers(self, prompts: Sequence[Prompt]) -> list[tuple[str, Reading]]:
        """The texts and what was read, as many at once as there is room for."""
        waiting, running = list(enumerate(prompts)), {}
        texts, readings = [""] * len(prompts), [Reading(0, 0, 0)] * len(prompts)
        while waiting or running:
            while waiting and (begun := self.runtime.begin(waiting[0][1], GREEDY)) is not None:
                running[waiting.pop(0)[0]] = begun
            ended = []
            for (at, one), steps in zip(running.items(), self.runtime.advance(list(running.values())), strict=True):
                for step in steps:
                    if isinstance(step, Piece):
                        texts[at] += step.text
                    elif isinstance(step, Reading):
                        readings[at] = step
                if one.ended:
                    ended.append(at)
            for at in ended:
                self.runtime.end(running.pop(at))
        return list(zip((text.strip() for text in texts), readings, strict=True))

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
        rows: list[dict[str, object]] = []
        every = cases_of(data, language, count=count, development=development)
        for _, cases in itertools.groupby(every, key=lambda case: case.paragraph):
            rows += _paragraph(bench, list(cases), kept)
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


def _paragraph(bench: Bench, cases: Sequence[Case], kept: dict[str, dict[str, object]]) -> list[dict[str, object]]:
    """The rows of a paragraph: its first question alone and timed, the others together, a kind of prompt at a time."""
    prompts = [_prompts(bench, case) for case in cases]
    keys = [hashlib.sha256(repr((MODEL, full.tokens, same.tokens)).encode()).hexdigest() for full, same, _ in prompts]
    if not all(key in kept for key in keys):
        for _, _, composed in prompts:
            read_ahead(bench, composed)
        instructions = Prompt(prompts[0][2].parts[:3], keep=True)
        bench.empty()
        bench.answer(instructions)
        first = []
        for prompt in prompts[0]:
            bench.empty(keep=prompt, loaded=True)
            first.append(bench.answer(prompt))
        texts, reads = [[text for text, _, _ in first]], [first[2][2]]
        kinds = []
        for kind in range(3):
            bench.empty(keep=prompts[0][kind], loaded=True)
            kinds.append(bench.answers([three[kind] for three in prompts[1:]]))
        texts += [[kind[at][0] for kind in kinds] for at in range(len(cases) - 1)]
        reads += [reading for _, reading in kinds[2]]
        with (KEPT / "stored.jsonl").open("a", encoding="utf-8") as file:
            for at, case in enumerate(cases):
                row = {
                    "key": keys[at],
                    "paragraph": case.paragraph,
                    "f1": [max(f1(text, gold) for gold in case.gold) for text in texts[at]],
                    "first": [first[0][1], first[2][1]] if at == 0 else None,
                    "tokens": len(prompts[at][2].tokens),
                    "read": reads[at].total - reads[at].reused - reads[at].loaded,
                    "texts": texts[at],
                }
                kept[keys[at]] = row
                file.write(json.dumps(row) + "\n")
    return [kept[key] for key in keys]


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
    every = [qa["question"] for paragraph in paragraphs[: len(passages)] for qa in paragraph["qas"]]

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
    if cuts := int(os.environ.get("STORED_CUTS", "0")):
        _other_cuts(bench, [prompt(question) for question in every[:: max(1, len(every) // cuts)][:cuts]], language)


def _other_cuts(bench: Bench, prompts: list[Prompt], language: str) -> None:
    """The same answers over a beginning read in batches of `OTHER_BATCH`."""
    ours = [_tokens(bench, prompt) for prompt in prompts]
    usual, runtime.BATCH_TOKENS = runtime.BATCH_TOKENS, OTHER_BATCH
    store = bench.store
    bench.close()
    store.clear()
    bench.open()
    try:
        others = [_tokens(bench, prompt) for prompt in prompts]
    finally:
        runtime.BATCH_TOKENS = usual
    gaps = [gap for mine, other in zip(ours, others, strict=True) if (gap := _gap(mine, other)) is not None]
    told = ", ".join(f"{gap:.3f}" for gap in gaps) or "none differs"
    print(
        f"document, {language}: read in batches of {OTHER_BATCH} instead of {usual}, {len(prompts) - len(gaps)} of "
        f"{len(prompts)} answers are the same; gap of log-probability where the others part: {told}",
        flush=True,
    )


def _tokens(bench: Bench, prompt: Prompt) -> list[TokenLogprob]:
    """The tokens of an answer, each with the two likeliest of its place."""
    tokens: list[TokenLogprob] = []
    running = bench.runtime.begin(prompt, replace(GREEDY, logprobs=2))
    assert running is not None
    while not running.ended:
        for step in bench.runtime.advance([running])[0]:
            if isinstance(step, Piece):
                tokens += step.logprobs
    bench.runtime.end(running)
    return tokens


def _gap(mine: list[TokenLogprob], other: list[TokenLogprob]) -> float | None:
    """How far the two likeliest tokens are apart where two answers part (the smaller gap); None where they do not."""
    for one, two in zip(mine, other, strict=False):
        if one.token != two.token:
            return min(abs(top[0].logprob - top[1].logprob) for top in (one.top, two.top))
    return None if len(mine) == len(other) else 0.0


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
