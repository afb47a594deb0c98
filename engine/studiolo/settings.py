"""What a person may set, kept as JSON in the home. Unknown keys of a newer version survive a save.

A field the file does not have takes its default; a value that does not fit is named in the error (bad_request).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studiolo.errors import Code, EnvironmentFault, UserError, disk_fault

FORMAT = 1
CHOICES = {
    "language": ("", "en", "zh"),
    "theme": ("system", "light", "dark"),
}  # of the settings that are one of several


class Settings(BaseModel):
    """The settings of one home."""

    model_config = ConfigDict(extra="allow", frozen=True)

    format: int = FORMAT
    chat_model: str = Field("", description="model id; empty = the best installed one")
    embedder: str = Field("multilingual-e5-small", description="embedder of new libraries")
    context_tokens: int = Field(8192, ge=512, le=131072, description="for all requests at a time together")
    answer_tokens: int = Field(512, ge=16, le=8192)
    passages: int = Field(5, ge=1, le=20, description="passages a prompt holds at most")
    threads: int = Field(0, ge=0, le=256, description="0 = one a physical core")
    unload_minutes: float = Field(30, ge=0, le=100_000, description="a model unused so long is unloaded; 0 = never")
    read_ahead: bool = Field(True, description="read documents ahead while nobody waits")
    read_ahead_share: float = Field(0.5, gt=0, le=1, description="of the time, at most")
    readings_mb: int = Field(4096, ge=0, le=1_000_000, description="disk for what was read ahead; 0 = keep nothing")
    language: str = Field("", description="of the window; empty = the system's")
    theme: str = Field("system", description="system, light or dark")
    text_percent: int = Field(100, ge=75, le=200, description="size of the window's text, of what the system uses")
    tray: bool = Field(False, description="keep an icon in the system's tray, where it has one")
    notifications: bool = Field(True, description="say so when long work ends behind another window")
    accepted_licences: str = Field("", max_length=10_000, description="whose conditions were accepted; a comma between")


def load_settings(path: Path) -> Settings:
    """The settings in `path`, or the defaults where it does not exist."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()  # type: ignore[call-arg]  # the fields have defaults; mypy has no pydantic plugin
    except OSError:
        raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None
    except (ValueError, RecursionError):
        raise EnvironmentFault(Code.DAMAGED_STORE, store="settings") from None
    if not isinstance(raw, dict):
        raise EnvironmentFault(Code.DAMAGED_STORE, store="settings")
    if isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise EnvironmentFault(Code.NEWER_FORMAT, store="settings", found=raw["format"], supported=FORMAT)
    return _validated(raw, strict=False)


def _validated(raw: Mapping[str, Any], *, strict: bool) -> Settings:
    try:
        return Settings.model_validate(raw, strict=strict)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        bounds = {key: value for key, value in first.get("ctx", {}).items() if isinstance(value, int | float | str)}
        raise UserError(Code.BAD_REQUEST, field=f"settings.{name}", problem=first["msg"], **bounds) from None


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with some of them set. Raises UserError(bad_request), naming the first value that does not fit."""
    for name, choices in CHOICES.items():
        if name in changes and changes[name] not in choices:
            raise UserError(Code.BAD_REQUEST, field=f"settings.{name}", problem=f"not one of {', '.join(choices)}")
    return _validated({**settings.model_dump(), **changes}, strict=True)


def change_settings(path: Path, changes: Mapping[str, Any]) -> Settings:
    """Set some of the settings in `path`, and leave the others as they are; what the file then says.

    Several processes may do so at once. Raises as `load_settings`, `changed` and `save_settings` do.
    """
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            settings = changed(load_settings(path), changes)
            save_settings(path, settings)
            return settings
    except OSError as error:
        raise disk_fault(error, path.parent) from None


def save_settings(path: Path, settings: Settings) -> None:
    """Write whole or not at all."""
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(settings.model_dump_json(indent=2), encoding="utf-8")
        os.replace(partial, path)  # noqa: PTH105
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise disk_fault(error, path.parent) from None
