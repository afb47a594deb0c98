"""Reading and writing through the engine, against llama.cpp's own loop in the same run; how soon a cancel is heeded.

The raw loop is llama_cpp's high-level `Llama` without any of our layers, greedy, on the same prompt ids and threads.
"""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

from studiolo.cpu import worker_threads
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Lease, Scheduler
from studiolo.inference.steps import Piece, Prompt, Reading
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling
from tests.bench.table import Measure, table

MODEL = "qwen2.5-coder-1.5b"
WRITTEN = 64
ROUNDS = 3
TEXT = "The tenant pays the rent on the first day of each month by standing order to the account of the landlord. "


def run(data: Path, *, home: Path) -> None:
    """Print the tables. `home` holds the model."""
    path = ModelStore(Home(home), load_catalogue()).path(MODEL)
    scheduler = Scheduler(lambda model: LlamaRuntime(path, model_id=model, context_tokens=2048))
    raw = _raw(path)
    with scheduler.lease(MODEL) as lease:
        prompts = [_prompt(lease, number) for number in range(ROUNDS + 1)]
        ours, theirs = [], []
        for prompt in prompts:  # side by side, so that a busy moment meets both
            ours.append(_engine_round(lease, prompt))
            theirs.append(_raw_round(raw, prompt))
        size = len(prompts[0].tokens)
        for title, index in (("Reading", 0), ("Writing", 1)):
            rates = [statistics.median(one[index] for one in rounds[1:]) for rounds in (theirs, ours)]
            baseline, engine = (
                Measure(name, rate, "tokens/s", smaller_is_better=False)
                for name, rate in zip(("llama.cpp's loop", "through the engine's thread"), rates, strict=True)
            )
            print(table(f"{title}, {MODEL}, a prompt of {size} tokens", [engine], baseline=baseline))
        full = statistics.median(size / one[0] for one in ours[1:])
        cancels = [_cancel_delay(lease, number) for number in range(5)]
        baseline = Measure("reading the prompt to its end", full, "s")
        worst = Measure("worst of 5 cancels while it is read", max(cancels), "s")
        print(table("Cancelling", [worst], baseline=baseline))
    scheduler.close()


def _prompt(lease: Lease, number: int) -> Prompt:
    """A prompt that shares no beginning with the last one, so that nothing is reused."""
    return lease.compose([TemplateMessage("user", (f"{number} {TEXT * 30}", "Tell a story about it."))])


def _engine_round(lease: Lease, prompt: Prompt) -> tuple[float, float]:
    """Tokens read and written a second."""
    began = time.perf_counter()
    first = last = began
    written = reused = 0
    for step in lease.generate(prompt, sampling=Sampling(max_tokens=WRITTEN), cancel=CancelToken()):
        if isinstance(step, Reading):
            reused = step.reused
        elif isinstance(step, Piece):
            last = time.perf_counter()
            first = first if written else last
            written += step.tokens
    return (len(prompt.tokens) - reused) / (first - began), (written - 1) / (last - first)


def _raw(path: Path) -> object:
    import llama_cpp  # noqa: TID251 - the baseline is llama.cpp without us

    threads = worker_threads()
    return llama_cpp.Llama(
        str(path), n_ctx=2048, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False
    )


def _raw_round(raw: object, prompt: Prompt) -> tuple[float, float]:
    tokens = prompt.tokens
    began = time.perf_counter()
    first = last = began
    written = 0
    for _ in raw.generate(tokens, temp=0.0, repeat_penalty=1.0):  # type: ignore[attr-defined]
        last = time.perf_counter()
        first = first if written else last
        written += 1
        if written == WRITTEN:
            break
    return len(tokens) / (first - began), (written - 1) / (last - first)


def _cancel_delay(lease: Lease, number: int) -> float:
    """Seconds from a cancel, asked in the middle of reading, to the end of the stream."""
    cancel = CancelToken()
    asked: list[float] = []

    def stop() -> None:
        asked.append(time.perf_counter())
        cancel.cancel()

    timer = threading.Timer(0.5 + 0.3 * number, stop)
    timer.start()
    list(lease.generate(_prompt(lease, 100 + number), sampling=Sampling(), cancel=cancel))
    ended = time.perf_counter()
    timer.join()
    return ended - asked[0]
