"""What follows when a setting is changed while the engine runs: `preferences` over the engine's parts. Any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from studiolo.conversation.idle import ReadingAhead
from studiolo.errors import Code, UserError
from studiolo.parts import Parts
from studiolo.settings import Settings
from studiolo.types import SettingValue

_KINDS = {"chat_model": "chat", "embedder": "embedder"}  # settings that name a model
_OF_CONTEXT = ("context_tokens", "threads")  # what a loaded model was loaded with


def change_settings(parts: Parts, changes: Mapping[str, SettingValue]) -> None:
    """Set some settings. Raises what `Preferences.change` does, and UserError: unknown_model, model_kind."""
    for name, kind in _KINDS.items():
        model_id = changes.get(name)
        if isinstance(model_id, str) and model_id:
            model = parts.store.get(model_id)
            if model.kind != kind:
                raise UserError(Code.MODEL_KIND, model=model_id, kind=model.kind, needed=kind)
    parts.preferences.change(changes)


def follow(parts: Parts, ahead: ReadingAhead) -> Callable[[Settings, Settings], None]:
    """What is to be told of each change: the parts that hold a setting take the new one."""

    def heard(before: Settings, now: Settings) -> None:
        if now.unload_minutes != before.unload_minutes:
            parts.scheduler.unload_after(now.unload_minutes * 60)
        if now.readings_mb != before.readings_mb:
            parts.readings.resize(now.readings_mb << 20)
        if now.embedder != before.embedder:
            parts.knowledge.use_embedder(now.embedder)
        if any(getattr(now, name) != getattr(before, name) for name in _OF_CONTEXT):
            # not here: it waits for the answers that are being written
            threading.Thread(target=_unload, args=(parts,), name="settings-unload", daemon=True).start()
        ahead.wake()

    return heard


def _unload(parts: Parts) -> None:
    loaded = parts.scheduler.loaded
    if loaded:
        parts.scheduler.unload(loaded)
