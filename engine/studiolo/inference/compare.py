"""Comparing two installed chat models in a process of its own, which may run out of memory and can be ended.

    python -m studiolo.inference.compare      the process; `compare` starts it

The texts are people's: they go through the process's standard input, never through its arguments or a file.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from studiolo import wire
from studiolo.cpu import worker_threads
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError, error_for, unexpected
from studiolo.events import Compared, Event, Failed, Finished, Progress
from studiolo.hardware.memory import available_memory_bytes
from studiolo.inference import process
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
    yield from _run(request, cancel, other_id)


def _run(request: dict[str, Any], cancel: CancelToken, other_id: str) -> Iterator[Event]:
    with process.start("studiolo.inference.compare", output=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        cancel.on_cancel(running.kill)
        ended = False
        try:
            with suppress(OSError):  # it has died: what it left to read says so
                running.stdin.write(wire.dumps(request).encode("ascii") + b"\n")
                running.stdin.flush()
            for line in running.stdout:
                event = wire.event_from(json.loads(line))
                if isinstance(event, Failed):
                    raise error_for(event.code, event.values)
                ended = isinstance(event, Finished)
                yield event
        finally:
            running.kill()
            with suppress(OSError):  # the rest of the request, which nobody reads any more
                running.stdin.close()
    if cancel.cancelled and not ended:
        yield Finished(reason="cancelled")
    elif not ended:
        raise process.no_memory(other_id)


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
    """The process: one line of JSON in, events as lines of JSON out."""
    try:
        request = json.loads(sys.stdin.buffer.readline())
        process.end_with_starter()
        _measure(request)
    except StudioloError as error:
        _tell(Failed(code=error.code.value, values=error.values))
    except Exception as error:  # noqa: BLE001 - the edge of this process; whoever started it must learn of it
        told = unexpected(error)
        _tell(Failed(code=told.code.value, values=told.values))
    return 0


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
    _tell(Compared(measuring.run(said)))
    _tell(Finished())


def _sayer(total: int, item: str) -> Callable[[int], None]:
    done, last = 0, 0.0

    def say(more: int) -> None:
        nonlocal done, last
        done = min(total, done + more)
        if time.monotonic() - last >= SAID_EVERY_S:
            last = time.monotonic()
            _tell(Progress(stage="compare", done=done, total=total, item=item))

    return say


def _tell(event: Event) -> None:
    sys.stdout.write(wire.dumps(wire.event_plain(event)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
