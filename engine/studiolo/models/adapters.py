"""LoRA adapters beside their models: which file, and whether it fits. Loads nothing; any thread."""

from __future__ import annotations

from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.models.store import ModelStore


def adapter_file(adapter_id: str, model_id: str, *, store: ModelStore) -> Path:
    """The file of an adapter that fits a chat model by its architecture; llama.cpp compares the tensors' shapes.

    Raises UserError: unknown_model, model_missing, damaged_model; model_kind where one of them is of another kind, or
    the adapter was made for another architecture.
    """
    adapter, model = store.get(adapter_id), store.get(model_id)
    for one, needed in ((adapter, "adapter"), (model, "chat")):
        if one.kind != needed:
            raise UserError(Code.MODEL_KIND, model=one.id, kind=one.kind, needed=needed)
    path, made_for = store.header(adapter_id)
    _, base = store.header(model_id)
    if made_for.architecture != base.architecture:
        kind, needed = (f"adapter ({info.architecture})" for info in (made_for, base))
        raise UserError(Code.MODEL_KIND, model=adapter_id, kind=kind, needed=needed)
    return path
