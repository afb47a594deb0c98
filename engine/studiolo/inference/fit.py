"""Whether a model fits into memory, asked before it is loaded: llama.cpp would be killed, or the machine would swap.

Reads headers only; any thread.
"""

from __future__ import annotations

from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.hardware.memory import available_memory_bytes
from studiolo.inference.tuning import Tuning
from studiolo.models.gguf import GgufInfo, read_gguf
from studiolo.models.memory import MemoryNeed, estimate, largest_context
from studiolo.models.store import ModelStore

RESERVE_BYTES = 256 << 20  # left to everything else when a model is loaded


def free_for_models() -> int:
    """Bytes that a model may take now."""
    return max(0, available_memory_bytes() - RESERVE_BYTES)


def need_of(model_id: str, *, store: ModelStore, context_tokens: int, tuning: Tuning | None = None) -> MemoryNeed:
    """What an installed chat model needs. Raises UserError: unknown_model, model_missing, damaged_model."""
    info, size = _header(model_id, store)
    return _need(info, size, context_tokens, tuning)


def require_fit(
    model_id: str,
    *,
    store: ModelStore,
    context_tokens: int,
    tuning: Tuning | None = None,
    free_bytes: int | None = None,
) -> MemoryNeed:
    """What the model needs. Raises EnvironmentFault(not_enough_memory) where that is more than `free_bytes`.

    None = what is free now. The fault names a smaller model and a shorter context, where one would fit. Also raises
    as `need_of`.
    """
    free = free_for_models() if free_bytes is None else free_bytes
    info, size = _header(model_id, store)
    need = _need(info, size, context_tokens, tuning)
    if need.total > free:
        shorter = largest_context(info, file_bytes=size, free_bytes=free, context_tokens=context_tokens)
        raise EnvironmentFault(
            Code.NOT_ENOUGH_MEMORY,
            model=model_id,
            needed_bytes=need.total,
            available_bytes=free,
            smaller=smaller_model(model_id, store=store, context_tokens=context_tokens, free_bytes=free),
            context_tokens=shorter,
        )
    return need


def smaller_model(model_id: str, *, store: ModelStore, context_tokens: int, free_bytes: int) -> str:
    """The largest other chat model that would fit: an installed one, else one of the catalogue; "" if none would."""
    others = [model for model in store.list() if model.kind == "chat" and model.id != model_id]
    fitting: list[tuple[bool, int, str]] = []
    for model in others:
        needed = model.memory_bytes
        if model.installed:
            try:
                needed = need_of(model.id, store=store, context_tokens=context_tokens).total
            except StudioloError:  # damaged: none to recommend
                continue
        if needed <= free_bytes:
            fitting.append((model.installed, model.size_bytes, model.id))
    return max(fitting)[-1] if fitting else ""


def _header(model_id: str, store: ModelStore) -> tuple[GgufInfo, int]:
    path = store.path(model_id)
    try:
        return read_gguf(path), path.stat().st_size
    except UserError as error:  # it knows the file's name only
        raise UserError(error.code, **{**error.values, "model": model_id}) from None


def _need(info: GgufInfo, size: int, context_tokens: int, tuning: Tuning | None) -> MemoryNeed:
    if tuning is None:
        return estimate(info, file_bytes=size, context_tokens=context_tokens)
    return estimate(
        info,
        file_bytes=size,
        context_tokens=context_tokens,
        batch=tuning.ubatch,
        flash_attention=tuning.flash_attention,
        kv_type=tuning.kv_type,
    )
