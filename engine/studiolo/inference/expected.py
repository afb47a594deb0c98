"""How a chat model would do on this machine, told before it is loaded: memory and speed.

A calibrated model's speed was measured. Writing reads all weights once a token, so that of another is expected to be as
much slower as its file is larger; with none calibrated it comes from how fast memory is. Any thread; the first call
measures memory, which takes a tenth of a second.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from studiolo.cpu import worker_threads
from studiolo.errors import StudioloError
from studiolo.hardware.bandwidth import memory_bandwidth
from studiolo.hardware.memory import total_memory_bytes
from studiolo.inference.fit import free_for_models, need_of
from studiolo.inference.tuning import Calibration, read_calibration, tuning_for
from studiolo.models.store import ModelStore
from studiolo.settings import Settings
from studiolo.types import Model, ModelFit

OF_BANDWIDTH = 0.7  # of what plain copying moves; dequantizing takes the rest
MOST_TOKENS_S = 100.0  # small models are bound by other things than memory


def model_fits(*, store: ModelStore, settings: Settings, loaded: str = "") -> list[ModelFit]:
    """One for each chat model of the catalogue and each imported one. `loaded`: the id of the one in memory."""
    models = [model for model in store.list() if model.kind == "chat"]
    kept = {model.id: found for model in models if (found := read_calibration(model.sha256, cache=store.home.cache))}
    free, total = free_for_models(), total_memory_bytes()
    needs = {model.id: _need(model, store, settings) for model in models}
    free += needs.get(loaded, 0)
    return [
        ModelFit(
            model=model.id,
            needed_bytes=needs[model.id],
            free_bytes=free,
            total_bytes=total,
            fits=needs[model.id] <= free,
            write_tokens_s=_writes(model, models, kept, threads=settings.threads),
            read_tokens_s=round(kept[model.id].speed.read, 1) if model.id in kept else 0.0,
            measured=model.id in kept,
        )
        for model in models
    ]


def _need(model: Model, store: ModelStore, settings: Settings) -> int:
    """Bytes; of one that is not here, or cannot be read, what the catalogue says."""
    if model.installed:
        tuning = tuning_for(model.sha256, cache=store.home.cache, threads=settings.threads)
        try:
            return need_of(model.id, store=store, context_tokens=settings.context_tokens, tuning=tuning).total
        except StudioloError:  # damaged: whoever loads it is told so
            pass
    return model.memory_bytes


def _writes(model: Model, models: Sequence[Model], kept: dict[str, Calibration], *, threads: int) -> float:
    """Tokens a second."""
    if model.id in kept:
        return round(kept[model.id].speed.write, 1)
    known = [other for other in models if other.id in kept]
    if known:
        nearest = min(known, key=lambda other: abs(other.size_bytes - model.size_bytes))
        speed = kept[nearest.id].speed.write * nearest.size_bytes / max(1, model.size_bytes)
    else:
        speed = OF_BANDWIDTH * _bandwidth(worker_threads(threads)) / max(1, model.size_bytes)
    return round(min(MOST_TOKENS_S, speed), 1)


@functools.cache
def _bandwidth(threads: int) -> float:
    return memory_bandwidth(threads)
