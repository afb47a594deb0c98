"""Comparing two installed chat models in a process of its own, which may run out of memory and can be ended.

    python -m studiolo.inference.compare      the process; `compare` starts it

The texts are people's: they go through the process's standard input, never through its arguments or a file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from studiolo.cpu import worker_threads
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Compared, Event, Finished, Progress
from studiolo.hardware.memory import available_memory_bytes
from studiolo.inference.event_process import events_of, serve, tell
from studiolo.inference.quantize import Source
from studiolo.jobs import CancelToken
from studiolo.models.memory import DEFAULT_BATCH, estimate
from studiolo.types import COMPARED_TOKENS

CONTEXT_TOKENS = 4096  # what is measured in: see quality.py
RESERVE_BYTES = 256 << 20  # left to everything else
SAID_EVERY_S = 0.2
CHARACTERS = 64  # a token, at the most: what lies beyond is not even tokenised


def compare(
    pair: tuple[Source, Source],
    texts: Callable[[], Sequence[tuple[str, str]]],
    *,
    cancel: CancelToken,
    tokens: int = COMPARED_TOKENS,
    threads: int = 0,
) -> Iterator[Event]:
    """Measure what the second model loses and gains against the first: Progress("compare", tokens), Compared, Finished.

    `texts` gives (name, text), each of which is read up to `tokens` tokens; it may take its time.

    Raises what `texts` does, and UserError: bad_request, damaged_model; EnvironmentFault: not_enough_memory, with the
    numbers where they are known before.
    """
    _require_memory(pair)
    other_id = pair[1].model.id
    yield Progress(stage="compare", done=0, total=0, item=other_id)
    cut = [(name, text[: tokens * CHARACTERS]) for name, text in texts()]
    if not cut:
        raise UserError(Code.BAD_REQUEST, field="text", problem="no_samples")
    if cancel.cancelled:
        yield Finished(reason="cancelled")
        return
    models = [{"id": one.model.id, "path": str(one.path)} for one in pair]
    request = {"models": models, "texts": cut, "tokens": tokens, "threads": threads}
    yield from events_of("studiolo.inference.compare", request, cancel=cancel, model_id=other_id)


def _require_memory(pair: Sequence[Source]) -> None:
    needed = sum(
        estimate(
            one.info,
            file_bytes=one.path.stat().st_size,
            context_tokens=CONTEXT_TOKENS,
            score_rows=DEFAULT_BATCH,  # every token's scores are looked at
        ).total
        for one in pair
    )
    free = max(0, available_memory_bytes() - RESERVE_BYTES)
    if needed > free:
        names = " + ".join(one.model.id for one in pair)
        raise EnvironmentFault(
            Code.NOT_ENOUGH_MEMORY, model=names, needed_bytes=needed, available_bytes=free, smaller=""
        )


def main() -> int:
    """The process."""
    return serve(_measure)


def _measure(request: dict[str, Any]) -> None:
    from studiolo.inference.model import LlamaModel
    from studiolo.inference.quality import Candidate, Measuring, resident_bytes

    loaded = []
    for named in request["models"]:
        before, path = resident_bytes(), Path(named["path"])
        model = LlamaModel(path, model_id=named["id"])
        loaded.append(Candidate(model, path.stat().st_size, resident_bytes() - before))
    texts = [(str(name), str(text)) for name, text in request["texts"]]
    threads = worker_threads(request["threads"])
    measuring = Measuring((loaded[0], loaded[1]), texts, limit=request["tokens"], threads=threads)
    said = _sayer(measuring.total_tokens, loaded[1].model.id)
    tell(Compared(measuring.run(said)))
    tell(Finished())


def _sayer(total: int, item: str) -> Callable[[int], None]:
    done, last = 0, 0.0

    def say(more: int) -> None:
        nonlocal done, last
        done = min(total, done + more)
        if time.monotonic() - last >= SAID_EVERY_S:
            last = time.monotonic()
            tell(Progress(stage="compare", done=done, total=total, item=item))

    return say


if __name__ == "__main__":
    sys.exit(main())
