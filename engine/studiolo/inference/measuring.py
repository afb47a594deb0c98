"""Calibrating an installed chat model, in a process of its own: what a setting breaks must not take an answer with it.

    python -m studiolo.inference.measuring      the process; `measure` starts it

What was measured while others kept the machine busy is not kept. One thread.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from studiolo import wire
from studiolo.errors import StudioloError, disk_fault, error_for, unexpected
from studiolo.events import Event, Failed, Finished, Progress
from studiolo.inference import process
from studiolo.inference.calibration import MOST_TOKENS, Trial, calibrate
from studiolo.inference.fit import require_fit
from studiolo.inference.quantize import source_of
from studiolo.inference.tuning import keep_calibration
from studiolo.jobs import CancelToken
from studiolo.models.store import ModelStore


def measure(model_id: str, *, store: ModelStore, threads: int, cancel: CancelToken) -> Iterator[Event]:
    """Progress (stage "calibrate", trials made), then Finished.

    Raises UserError: unknown_model, model_kind, model_missing, damaged_model; EnvironmentFault(not_enough_memory).
    """
    source = source_of(model_id, store)
    require_fit(model_id, store=store, context_tokens=2 * MOST_TOKENS)
    request = {
        "model": model_id,
        "path": str(source.path),
        "sha256": source.model.sha256,
        "cache": str(store.home.cache),
        "threads": threads,
    }
    return _run(request, cancel)


def _run(request: dict[str, Any], cancel: CancelToken) -> Iterator[Event]:
    with process.start("studiolo.inference.measuring", output=True) as running:
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
            with suppress(OSError):
                running.stdin.close()
    if cancel.cancelled and not ended:
        yield Finished(reason="cancelled")
    elif not ended:
        raise process.no_memory(str(request["model"]))


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

    trials = 0

    def told(_trial: Trial) -> None:
        nonlocal trials
        trials += 1
        _tell(Progress(stage="calibrate", done=trials, total=0, item=request["model"]))

    cache = Path(request["cache"])
    model = LlamaModel(Path(request["path"]), model_id=request["model"])
    try:
        found = calibrate(model, cancel=CancelToken(), threads=request["threads"], on_trial=told)
    finally:
        model.close()
    if found is not None and not found.disturbed:
        try:
            keep_calibration(request["sha256"], found, cache=cache)
        except OSError as error:
            raise disk_fault(error, cache) from None
    _tell(Finished())


def _tell(event: Event) -> None:
    sys.stdout.write(wire.dumps(wire.event_plain(event)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
