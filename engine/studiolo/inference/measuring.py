"""Calibrating an installed chat model, in a process of its own: what a setting breaks must not take an answer with it.

    python -m studiolo.inference.measuring      the process; `measure` starts it

What was measured while others kept the machine busy is not kept. One thread.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studiolo.errors import disk_fault
from studiolo.events import Event, Finished, Progress
from studiolo.inference.calibration import MOST_TOKENS, Trial, calibrate
from studiolo.inference.event_process import events_of, serve, tell
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
    return events_of("studiolo.inference.measuring", request, cancel=cancel, model_id=model_id)


def main() -> int:
    """The process."""
    return serve(_measure)


def _measure(request: dict[str, Any]) -> None:
    from studiolo.inference.model import LlamaModel

    trials = 0

    def told(_trial: Trial) -> None:
        nonlocal trials
        trials += 1
        tell(Progress(stage="calibrate", done=trials, total=0, item=request["model"]))

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
    tell(Finished())


if __name__ == "__main__":
    sys.exit(main())
