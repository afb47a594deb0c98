"""LoRA adapters beside their models: which file, and whether it fits. Loads nothing; any thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.models.store import ModelStore
from studiolo.types import AdapterUse

MOST_SCALE = 10.0  # either way: beyond it a model writes nothing that anybody could read
_ARCHITECTURES: dict[tuple[str, int, int], str] = {}  # by path, size and time of change


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """An adapter that a request is answered with: its file, which its SHA-256 in hex stands for, and its scale."""

    id: str
    path: Path
    digest: str
    scale: float


def adapter_files(uses: Sequence[AdapterUse], model_id: str, *, store: ModelStore) -> tuple[AdapterFile, ...]:
    """What answers with `model_id` and these adapters: in one order, and without those that change nothing.

    Raises UserError: unknown_adapter, which names those there are; adapter_misfit; damaged_model; bad_request where
    one is named twice or its scale is no number within MOST_SCALE.
    """
    found: dict[str, AdapterFile] = {}
    for use in uses:
        if not -MOST_SCALE <= use.scale <= MOST_SCALE:
            raise UserError(Code.BAD_REQUEST, field="adapters", problem="adapter_scale")
        path = adapter_file(use.name, model_id, store=store)
        digest = store.get(use.name).sha256
        if digest in found:
            raise UserError(Code.BAD_REQUEST, field="adapters", problem="adapter_twice")
        found[digest] = AdapterFile(use.name, path, digest, float(use.scale))
    return tuple(found[digest] for digest in sorted(found) if found[digest].scale)


def adapter_file(adapter_id: str, model_id: str, *, store: ModelStore) -> Path:
    """The file of an adapter that fits a chat model by its architecture; llama.cpp compares the tensors' shapes.

    Raises UserError: unknown_adapter, which names those there are; adapter_misfit; unknown_model, model_missing,
    model_kind of the model; damaged_model of either.
    """
    known = [one.id for one in store.list() if one.kind == "adapter" and one.installed]
    if adapter_id not in known:
        raise UserError(Code.UNKNOWN_ADAPTER, adapter=adapter_id, known=", ".join(known))
    model = store.get(model_id)
    if model.kind != "chat":
        raise UserError(Code.MODEL_KIND, model=model.id, kind=model.kind, needed="chat")
    if _architecture(adapter_id, store) != _architecture(model_id, store):
        raise UserError(Code.ADAPTER_MISFIT, adapter=adapter_id, model=model_id)
    return store.path(adapter_id)


def _architecture(model_id: str, store: ModelStore) -> str:
    """What the header says; it is read once, because a vocabulary in it takes a tenth of a second and more."""
    path = store.path(model_id)
    try:
        status = path.stat()
    except OSError:
        raise UserError(Code.DAMAGED_MODEL, model=model_id) from None
    known = (str(path), status.st_size, status.st_mtime_ns)
    if known not in _ARCHITECTURES:
        _ARCHITECTURES[known] = store.header(model_id)[1].architecture
    return _ARCHITECTURES[known]
