"""Writing with and without drafts: answers that copy a passage, that rest on passages, that copy nothing.

DATA holds `retrieval/xquad`. Each answer is written without drafts and with them, one right behind the other (which is
first changes from prompt to prompt), through the engine's thread and the filter's stream for the owner, greedy; one in
own words also by llama.cpp's own loop without any of our layers. Speeds are from an answer's first token to its last,
ratios those of one prompt's own two; those of processor time say more where others are at work (with THREADS=1: threads
that wait for one another take some too).

SPECULATION_PROMPTS of each kind and language (2), SPECULATION_KINDS (all), SPECULATION_TOKENS written at most (a kind's
own). MODEL=id chooses the model, THREADS how many it takes (the engine's own choice): one, where others are at work.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.conversation.prompt import PromptPassage, compose
from studiolo.cpu import worker_threads
from studiolo.inference.lease import Lease
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Piece, Prompt
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import Reader, Sampling
from tests.bench.spoilt import cases_of
from tests.stream_checks import LIBRARY, rules_alone

MODEL = "qwen2.5-coder-1.5b"
CELLS = 4096
WRITTEN = {"copied": 220, "from passages": 96, "own words": 96}
COPY = {
    "en": "{}\n\nRepeat the text above word for word, all of it and nothing else.",
    "zh": "{}\n\n请把上面的文字逐字重复一遍，全部重复，不要写别的。",
}
STORY = {
    "en": ("Tell a story about a ship that never came home.", "Describe how bread is baked."),
    "zh": ("讲一个关于一艘没有回家的船的故事。", "描述一下面包是怎么烤出来的。"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt."""

    kind: str
    language: str
    prompt: Prompt = field(repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """One answer, and how fast it was written."""

    text: str = field(repr=False)
    tokens: int
    rate: float  # tokens/s
    cpu: float  # tokens to a second of processor time


def run(data: Path, *, home: Path) -> None:
    """Print the table."""
    model_id = os.environ.get("MODEL", MODEL)
    count, threads = (
        int(os.environ.get(name, value)) for name, value in (("SPECULATION_PROMPTS", "2"), ("THREADS", "0"))
    )
    path = ModelStore(Home(home), load_catalogue()).path(model_id)
    scheduler = Scheduler(lambda model: LlamaRuntime(path, model_id=model, context_tokens=CELLS, threads=threads))
    raw = _raw(path, threads or worker_threads())
    print("| answer | language | tokens | without drafts | with | ratio | of processor time | same text | own loop |")
    print("|---|---|---:|---:|---:|---:|---:|---|---:|", flush=True)
    ratios: dict[str, list[float]] = {}
    with scheduler.lease(model_id) as lease, tempfile.TemporaryDirectory() as folder:
        screener = rules_alone(Path(folder))
        for number, case in enumerate(_cases(data, lease, count)):
            ours: dict[bool, Written] = {}
            _write(lease, screener, case, speculative=False, tokens=1)
            for speculative in (number % 2 == 0, number % 2 == 1):
                ours[speculative] = _write(lease, screener, case, speculative=speculative)
            plain, drafted = ours[False], ours[True]
            ratios.setdefault(case.kind, []).append(drafted.cpu / plain.cpu)
            loop = _against_loop(raw, case, plain) if case.kind == "own words" else ""
            cells = (f"{plain.rate:.1f} tokens/s", f"{drafted.rate:.1f}", f"{drafted.rate / plain.rate:.2f}")
            cells += (f"{drafted.cpu / plain.cpu:.2f}", str(plain.text == drafted.text), loop)
            print(f"| {case.kind} | {case.language} | {drafted.tokens} | {' | '.join(cells)} |", flush=True)
        screener.close()
    scheduler.close()
    for kind, found in ratios.items():
        middle, worst = statistics.median(found), min(found)
        print(f"\n{kind}, of processor time: {middle:.2f} in the middle of {len(found)}, {worst:.2f} at worst")


def _cases(data: Path, lease: Lease, count: int) -> Iterator[Case]:
    """Prompts of the kinds that are asked for."""
    kinds = os.environ.get("SPECULATION_KINDS", ",".join(WRITTEN)).split(",")
    return (case for case in _all_cases(data, lease, count) if case.kind in kinds)


def _all_cases(data: Path, lease: Lease, count: int) -> Iterator[Case]:
    for language in ("en", "zh"):
        raw = json.loads((data / "retrieval" / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))
        texts = [article["paragraphs"][0]["context"] for article in raw["data"]]
        asked = cases_of(data, language, count=count, development=True)
        for number in range(count):
            message = TemplateMessage("user", (COPY[language].format(texts[5 + number]),))
            yield Case("copied", language, lease.compose([message]))
            question, passages = asked[number].question, asked[number].passages
            relevant = next(text for text in passages if any(gold in text for gold in asked[number].gold))
            shown = [PromptPassage("history.txt", 1, "", text) for text in (relevant, passages[0], passages[1])]
            composed = compose(question, passages=shown, turns=(), budget_tokens=CELLS - 100, count=lease.count)
            yield Case("from passages", language, lease.compose(composed.messages))
            message = TemplateMessage("user", (STORY[language][number % len(STORY[language])],))
            yield Case("own words", language, lease.compose([message]))


def _write(
    lease: Lease, screener: PrivacyFilter, case: Case, *, speculative: bool, tokens: int | None = None
) -> Written:
    stream = screener.stream(library_id=LIBRARY, reader=Reader.OWNER)
    most = tokens or int(os.environ.get("SPECULATION_TOKENS", WRITTEN[case.kind]))
    sampling = Sampling(max_tokens=most, speculative=speculative)
    times: list[tuple[float, float]] = []
    text, written = "", 0
    for step in lease.generate(case.prompt, sampling=sampling, cancel=CancelToken()):
        if isinstance(step, Piece):
            text += stream.feed(step.text)
            times.append((time.perf_counter(), time.process_time()))
            written += step.tokens
    return Written(text + stream.finish(), written, *_rates(times, written))


def _rates(times: list[tuple[float, float]], written: int) -> tuple[float, float]:
    """Tokens to a second, and to one of processor time, from the first to the last."""
    spans = [last - first for first, last in zip(times[0], times[-1], strict=True)]
    return (written - 1) / max(spans[0], 1e-9), (written - 1) / max(spans[1], 1e-9)


def _raw(path: Path, threads: int) -> object:
    import llama_cpp  # noqa: TID251 - the baseline is llama.cpp without us

    return llama_cpp.Llama(
        str(path), n_ctx=CELLS, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False
    )


def _against_loop(raw: object, case: Case, plain: Written) -> str:
    """An answer's speed over that of llama.cpp's own loop: by the clock, and in processor time."""
    times: list[tuple[float, float]] = []
    for _ in raw.generate(case.prompt.tokens, temp=0.0, repeat_penalty=1.0):  # type: ignore[attr-defined]
        times.append((time.perf_counter(), time.process_time()))
        if len(times) == plain.tokens:
            break
    rate, cpu = _rates(times, plain.tokens)
    return f"{plain.rate / rate:.2f}, {plain.cpu / cpu:.2f}"
