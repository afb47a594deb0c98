"""Which of a model's int4 files reads fastest on this processor: as calibration measured each, not as is supposed.

Layouts of four bits differ little in size and quality, and in speed much, from processor to processor otherwise. Where
a model is here in several of them and all that were compared are calibrated, the fastest stands for the model; whoever
names a model gets the one that they name. Nothing is measured here. Threads: any.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import StudioloError
from studiolo.inference.calibration import LEAST_GAIN
from studiolo.inference.tuning import read_calibration
from studiolo.models.gguf import read_gguf
from studiolo.models.store import ModelStore
from studiolo.types import Model

# general.file_type: llama.h, enum llama_ftype
INT4 = {2: "q4_0", 3: "q4_1", 14: "q4_k_s", 15: "q4_k_m", 25: "iq4_nl", 30: "iq4_xs"}
UNMEASURED = "q4_k_m"  # of those that are common, the one that loses least


@dataclass(frozen=True, slots=True)
class Layout:
    """One int4 file of a model. `read`: tokens a second, 0 where it is not calibrated."""

    model_id: str
    name: str
    read: float


def layouts(model_id: str, *, store: ModelStore) -> tuple[Layout, ...]:
    """The int4 files of a model that are here, that one first; () where it is none. Raises UserError(unknown_model)."""
    model = store.get(model_id)
    family = [other for other in store.list() if _is_of(other, base=model.base or model.id) and other.id != model.id]
    found = [layout for one in (model, *family) if (layout := _layout(one, store)) is not None]
    return tuple(found) if found and found[0].model_id == model_id else ()


def fastest(model_id: str, *, store: ModelStore) -> str:
    """The id of the model's int4 file that reads fastest, by more than chance; its own where that is not known."""
    here = layouts(model_id, store=store)
    if len(here) < 2 or not here[0].read:
        return model_id
    best = max(here, key=lambda layout: layout.read)
    return best.model_id if best.read >= here[0].read * LEAST_GAIN else model_id


def fastest_layout(store: ModelStore) -> str:
    """The int4 layout that reads fastest here, as far as one model was measured in several; else `UNMEASURED`."""
    for model in store.list():
        if model.kind != "chat" or not model.installed or model.base:
            continue
        measured = [layout for layout in layouts(model.id, store=store) if layout.read]
        if len(measured) > 1:
            return max(measured, key=lambda layout: layout.read).name
    return UNMEASURED


def _is_of(model: Model, *, base: str) -> bool:
    return model.kind == "chat" and model.installed and base in (model.base, model.id)


def _layout(model: Model, store: ModelStore) -> Layout | None:
    """None where the model is not here, or not int4."""
    if model.kind != "chat" or not model.installed:
        return None
    try:
        name = INT4.get(_file_type(store.path(model.id), model.sha256))
    except StudioloError:  # a damaged file says so when it is used
        return None
    if name is None:
        return None
    kept = read_calibration(model.sha256, cache=store.home.cache)
    return Layout(model.id, name, kept.speed.read if kept else 0.0)


@functools.lru_cache(maxsize=64)
def _file_type(path: Path, sha256: str) -> int:  # noqa: ARG001 - a file of the same name may be another one later
    return read_gguf(path).file_type
