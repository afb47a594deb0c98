"""Which layout of 4-bit weights this processor reads, writes and decodes several sequences with fastest.

DATA is a chat model's GGUF file, f16 or Q8_0 at best; without one the home's 1.5B Q4_K_M is made into each layout.
That loses quality twice, and nothing is said of quality here: `studiolo models compare` measures it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.cpu import worker_threads
from studiolo.inference.logits import ScoringContext
from studiolo.inference.model import LlamaModel
from studiolo.inference.quality import read_and_write
from studiolo.inference.quantize import quantize, source_of
from studiolo.jobs import CancelToken
from studiolo.models.catalog import Catalogue, load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from tests.bench.table import Measure, table

MODEL = "qwen2.5-coder-1.5b"
LAYOUTS = ("q4_k_m", "q4_0", "iq4_nl", "q8_0")  # the first is the baseline
READ, WRITTEN, STEPS, ROUNDS = 512, 32, 16, 3
AT_ONCE = (4, 8)
TEXT = "The tenant pays the rent on the first day of each month by standing order. 承租人应于每月一日支付租金。"


@dataclass
class Layout:
    """A model in one layout, loaded, with its rates in tokens a second, by task."""

    name: str
    model: LlamaModel
    size_bytes: int
    rates: dict[str, list[float]] = field(default_factory=dict)

    def median(self, task: str) -> float:
        return statistics.median(self.rates[task])


def run(data: Path, *, home: Path) -> None:
    """Print the tables. `home` holds the model where `data` names none."""
    named = data.is_file()
    source = data if named else ModelStore(Home(home), load_catalogue()).path(MODEL)
    with tempfile.TemporaryDirectory() as folder:
        layouts = [_loaded(name, path) for name, path in _made(source, Home(Path(folder)))]
        try:
            for number in range(ROUNDS + 1):  # in turns, so that a busy moment meets all; the first warms up
                for layout in layouts:
                    for task, rate in _tasks(layout.model):
                        if number:
                            layout.rates.setdefault(task, []).append(rate)
            _print(layouts, source.name)
        finally:
            for layout in layouts:
                layout.model.close()


def _made(source: Path, home: Home) -> list[tuple[str, Path]]:
    """The source in each layout, made by the program's own quantizer."""
    store = ModelStore(home, Catalogue(()))
    model_id = store.import_file(source).id
    made = []
    for name in LAYOUTS:
        for _ in quantize(source_of(model_id, store), name, store=store, cancel=CancelToken(), name=name):
            pass
        made.append((name, store.path(name)))
    store.remove(model_id)
    return made


def _loaded(name: str, path: Path) -> Layout:
    return Layout(name, LlamaModel(path, model_id=name), path.stat().st_size)


def _tasks(model: LlamaModel) -> list[tuple[str, float]]:
    threads = worker_threads()
    tokens = model.tokenize(TEXT, control=False)
    context = ScoringContext(model, tokens=READ + WRITTEN, batch_tokens=READ, threads=threads)
    try:
        reading, writing = read_and_write(context, tokens, read=READ, written=WRITTEN)
    finally:
        context.close()
    rates = [(f"Reading {READ} tokens", reading), (f"Writing {WRITTEN} tokens", writing)]
    return rates + [
        (f"Writing {count} sequences at once", _at_once(model, tokens, count, threads)) for count in AT_ONCE
    ]


def _at_once(model: LlamaModel, tokens: Sequence[int], count: int, threads: int) -> float:
    """Tokens a second of all sequences together."""
    context = ScoringContext(model, tokens=2 * STEPS, batch_tokens=count, threads=threads, sequences=count)
    try:
        rows = context.step([tokens[number % len(tokens)] for number in range(count)], position=0)
        began = time.perf_counter()
        for position in range(1, STEPS + 1):
            rows = context.step([int(row.argmax()) for row in rows], position=position)
        return count * STEPS / (time.perf_counter() - began)
    finally:
        context.close()


def _print(layouts: Sequence[Layout], source: str) -> None:
    first, *others = layouts
    sizes = [Measure(one.name.upper(), one.size_bytes / 1e6, "MB") for one in layouts]
    print(table(f"Size, {source}", sizes[1:], baseline=sizes[0]))
    for task in first.rates:
        baseline, *rest = (
            Measure(one.name.upper(), one.median(task), "tokens/s", smaller_is_better=False) for one in (first, *others)
        )
        print(table(f"{task}, {source}", rest, baseline=baseline))
