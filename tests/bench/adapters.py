"""LoRA adapters: putting one in against loading the model again; writing with one, and in turns with others.

The adapter is made here, of rank 16 over the attention's queries and values, as fine-tuning makes most of them.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from studiolo.inference.adapters import LlamaAdapter, use_adapters
from studiolo.inference.context import LlamaContext, Run
from studiolo.inference.lease import Lease
from studiolo.inference.model import LlamaModel
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Piece
from studiolo.inference.template import TemplateMessage
from studiolo.inference.tuning import default_tuning
from studiolo.jobs import CancelToken
from studiolo.models.adapters import AdapterFile
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling
from tests.bench.table import Measure, seconds, table
from tests.real.test_adapters_real import every_tensor
from tests.unit.models import gguf_files

MODEL = "smollm2-135m"
RANK = 16
ROUNDS = 5
WRITTEN = 64


def run(data: Path, *, home: Path) -> None:
    """Print the tables. `home` holds the model; no data set is needed."""
    path = ModelStore(Home(home), load_catalogue()).path(MODEL)
    shapes = {name: shape for name, shape in every_tensor().items() if "attn_q" in name or "attn_v" in name}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(3):
            file = Path(folder) / f"{number}.gguf"
            file.write_bytes(gguf_files.lora(shapes, rank=RANK, scale=1e-5 * (number + 1)))
            files.append(AdapterFile(str(number), file, f"{number}" * 64, 1.0))
        _putting_in(path, files)
        _in_turns(path, files)


def _putting_in(path: Path, files: Sequence[AdapterFile]) -> None:
    """Seconds until a token can be run with other adapters; the token's own time is taken off."""
    tuning = default_tuning(0)

    def load_again() -> None:
        model = LlamaModel(path, model_id=MODEL)
        LlamaContext(model, cells=1024, tuning=tuning).close()
        model.close()

    loading = seconds(load_again, repeat=ROUNDS)
    model = LlamaModel(path, model_id=MODEL)
    context = LlamaContext(model, cells=1024, tuning=tuning)

    def first_time() -> None:
        LlamaAdapter(model, files[0].path, adapter_id="a").close()

    reading = seconds(first_time, repeat=ROUNDS)
    adapters = [LlamaAdapter(model, one.path, adapter_id=one.id) for one in files[:2]]

    def tokens(*, switched: bool) -> None:
        for number in range(20):
            use_adapters(model, context.handle, {adapters[number % 2 if switched else 0]: 1.0})
            context.decode([Run(0, [5], 1)])
        context.cut(0, 0)

    same, switched = (statistics.median(seconds(lambda on=on: tokens(switched=on)) for _ in range(3)) for on in (0, 1))
    context.close()
    model.close()
    rows = [
        Measure("an adapter that is not loaded yet", reading, "s"),
        Measure("one that is, between two batches", max(0.0, switched - same) / 20, "s"),
        Measure("(a token, with the same adapter)", same / 20, "s"),
    ]
    print(table("Other adapters", rows, baseline=Measure("loading the model again", loading, "s")))


def _in_turns(path: Path, files: Sequence[AdapterFile]) -> None:
    """Tokens a second of all requests together, where each has adapters of its own."""
    scheduler = Scheduler(lambda model: LlamaRuntime(path, model_id=model, context_tokens=2048))
    with scheduler.lease(MODEL) as lease:
        leases = [lease, *(lease.using([one]) for one in files)]
        for one in leases:  # each adapter is loaded, each prompt read
            _written([one])
        rounds = [([_written([lease])], [_written([leases[1]])], [_written(leases)]) for _ in range(ROUNDS)]
        alone, with_one, turns = (statistics.median(one[at][0] for one in rounds) for at in range(3))
    scheduler.close()
    rows = [
        Measure("with an adapter", with_one, "tokens/s", smaller_is_better=False),
        Measure(f"{len(leases)} requests in turns, all together", turns, "tokens/s", smaller_is_better=False),
    ]
    baseline = Measure("without", alone, "tokens/s", smaller_is_better=False)
    print(table(f"Writing {WRITTEN} tokens each", rows, baseline=baseline))


def _written(leases: Sequence[Lease]) -> float:
    """Tokens a second that requests over these write together, each over a prompt that was read before."""
    prompts = [one.compose([TemplateMessage("user", ("Tell a long story about a ship.",))]) for one in leases]
    for one, prompt in zip(leases, prompts, strict=True):
        list(one.generate(prompt, sampling=Sampling(max_tokens=1), cancel=CancelToken()))
    counts: list[int] = []

    def ask(number: int) -> None:
        steps = leases[number].generate(prompts[number], sampling=Sampling(max_tokens=WRITTEN), cancel=CancelToken())
        counts.append(sum(step.tokens for step in steps if isinstance(step, Piece)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(leases))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)
