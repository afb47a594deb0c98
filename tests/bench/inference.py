"""Reading and writing through the engine, against llama.cpp's own loop in the same run; how soon a cancel is heeded;
several requests at once against one after another; how long a person waits behind reading ahead.

The raw loop is llama_cpp's high-level `Llama` without any of our layers, greedy, on the same prompt ids and threads.

INFERENCE_LAYOUT (say q4_0) makes the model into another layout first, and measures that. What `reproducible` costs is
measured where it costs: a request whose beginning another one has read already, and several at once.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

from studiolo.cpu import worker_threads
from studiolo.inference.lease import Lease
from studiolo.inference.quantize import quantize, source_of
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece, Prompt, Reading, Service
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import Catalogue, load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling
from tests.bench.table import Measure, table

MODEL = "qwen2.5-coder-1.5b"
WRITTEN = 64
ROUNDS = 3
TOGETHER = 100
TEXT = "The tenant pays the rent on the first day of each month by standing order to the account of the landlord. "


def run(data: Path, *, home: Path) -> None:
    """Print the tables. `home` holds the model."""
    with tempfile.TemporaryDirectory() as folder:
        _measure(_model(home, Path(folder)))


def _model(home: Path, folder: Path) -> Path:
    path = ModelStore(Home(home), load_catalogue()).path(MODEL)
    layout = os.environ.get("INFERENCE_LAYOUT", "")
    if not layout:
        return path
    store = ModelStore(Home(folder), Catalogue(()))
    source = source_of(store.import_file(path).id, store)
    for _ in quantize(source, layout, store=store, cancel=CancelToken(), name=layout):
        pass
    return store.path(layout)


def _measure(path: Path) -> None:
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
        reading = max(_cancel_delay(lease, _prompt(lease, 100 + number), 0.5 + 0.3 * number) for number in range(5))
        short = lease.compose([TemplateMessage("user", ("Tell a long story about a ship.",))])
        writing = max(_cancel_delay(lease, short, 1.5 + 0.3 * number) for number in range(5))
        rows = [
            Measure("worst of 5 cancels while it is read", reading, "s"),
            Measure("worst of 5 cancels while an answer is written", writing, "s"),
        ]
        print(table("Cancelling", rows, baseline=Measure("reading the prompt to its end", full, "s")))
        _together(lease)
        _reproducible(lease)
        _behind_idle(lease)
    scheduler.close()


def _together(lease: Lease) -> None:
    """Tokens a second of 2, 4 and 8 requests that each write TOGETHER tokens, against one after another."""
    rows = []
    alone = statistics.median(_written_by(lease, 1) for _ in range(ROUNDS))
    for count in (2, 4, 8):
        rate, fairness = zip(*(_at_once(lease, count) for _ in range(ROUNDS)), strict=True)
        rows.append(Measure(f"{count} at once", statistics.median(rate), "tokens/s", smaller_is_better=False))
        print(f"{count} at once: the last ends {statistics.median(fairness):.2f}x as late as the first")
    baseline = Measure("one after another", alone, "tokens/s", smaller_is_better=False)
    print(table(f"Writing {TOGETHER} tokens each", rows, baseline=baseline))


def _written_by(lease: Lease, number: int) -> float:
    """Tokens a second written by one alone; its prompt is read before."""
    prompt = _long(lease, number)
    list(lease.generate(prompt, sampling=Sampling(max_tokens=1), cancel=CancelToken()))
    began = time.perf_counter()
    sampling = Sampling(max_tokens=TOGETHER, speculative=False)
    steps = list(lease.generate(prompt, sampling=sampling, cancel=CancelToken()))
    assert steps[-1] == Ended("length"), "wrote less than it was to"
    return TOGETHER / (time.perf_counter() - began)


def _long(lease: Lease, number: int) -> Prompt:
    """A prompt whose answer is longer than anybody waits for."""
    text = f"Write all numbers from {1000 * number + 1000} to {1000 * number + 1300}, separated by commas."
    return lease.compose([TemplateMessage("user", (text,))])


def _at_once(lease: Lease, count: int, *, reproducible: bool = False) -> tuple[float, float]:
    """Tokens a second in all; how much later the last ended than the first."""
    prompts = [_long(lease, number) for number in range(count)]
    for prompt in prompts:
        list(lease.generate(prompt, sampling=Sampling(max_tokens=1), cancel=CancelToken()))
    ends: list[float] = []

    def ask(prompt: Prompt) -> None:
        sampling = Sampling(max_tokens=TOGETHER, reproducible=reproducible, speculative=False)
        steps = list(lease.generate(prompt, sampling=sampling, cancel=CancelToken()))
        ends.append(time.perf_counter() - began)
        assert steps[-1] == Ended("length"), "wrote less than it was to"

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(prompt,)) for prompt in prompts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return TOGETHER * count / max(ends), max(ends) / min(ends)


def _behind_idle(lease: Lease) -> None:
    """First token of a person's short question, alone and while something is read ahead."""
    waits: dict[bool, list[float]] = {False: [], True: []}
    for number in range(ROUNDS * 2):
        idle = bool(number % 2)
        cancel = CancelToken()
        reading = threading.Thread(
            target=lambda cancel=cancel, number=number: list(
                lease.generate(
                    _prompt(lease, 200 + number), sampling=Sampling(max_tokens=1), cancel=cancel, service=Service.IDLE
                )
            )
        )
        if idle:
            reading.start()
            time.sleep(0.7)
        prompt = lease.compose([TemplateMessage("user", (f"{number}: name a colour.",))])
        began = time.perf_counter()
        for step in lease.generate(prompt, sampling=Sampling(max_tokens=1), cancel=CancelToken()):
            if isinstance(step, Piece):
                waits[idle].append(time.perf_counter() - began)
        cancel.cancel()
        if idle:
            reading.join()
    behind = Measure("while reading ahead", max(waits[True]), "s")
    baseline = Measure("nothing else under way", statistics.median(waits[False]), "s")
    print(table("First token of a short question", [behind], baseline=baseline))


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


def _cancel_delay(lease: Lease, prompt: Prompt, after_s: float) -> float:
    """Seconds from a cancel, asked so long after the start, to the end of the stream."""
    cancel = CancelToken()
    asked: list[float] = []

    def stop() -> None:
        asked.append(time.perf_counter())
        cancel.cancel()

    timer = threading.Timer(after_s, stop)
    timer.start()
    list(lease.generate(prompt, sampling=Sampling(), cancel=cancel))
    ended = time.perf_counter()
    timer.join()
    return ended - asked[0]


def _reproducible(lease: Lease) -> None:
    """What the setting costs: a prompt that goes on from one just read, and four requests at once."""
    times: dict[bool, list[float]] = {False: [], True: []}
    together: dict[bool, list[float]] = {False: [], True: []}
    for number in range(ROUNDS):
        begun = _prompt(lease, 300 + number)
        for alone in (False, True):
            sampling = Sampling(max_tokens=1, reproducible=alone)
            list(lease.generate(begun, sampling=Sampling(max_tokens=1), cancel=CancelToken()))
            more = Prompt((*begun.parts, tuple(lease.compose([TemplateMessage("user", ("Again.",))]).tokens)))
            began = time.perf_counter()
            list(lease.generate(more, sampling=sampling, cancel=CancelToken()))
            times[alone].append(time.perf_counter() - began)
            together[alone].append(_at_once(lease, 4, reproducible=alone)[0])
    rows = [Measure("reproducible", statistics.median(times[True]), "s")]
    print(
        table("A follow-up to its first token", rows, baseline=Measure("as ever", statistics.median(times[False]), "s"))
    )
    rows = [Measure("reproducible", statistics.median(together[True]), "tokens/s", smaller_is_better=False)]
    baseline = Measure("as ever", statistics.median(together[False]), "tokens/s", smaller_is_better=False)
    print(table("Four at once", rows, baseline=baseline))
