"""What a person may set, kept as JSON in the home. Unknown keys of a newer version survive a save.

A field the file does not have takes its default; a value that does not fit is named in the error (bad_request).
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studiolo.errors import Code, EnvironmentFault, UserError, disk_fault

FORMAT = 1


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
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(Code.BAD_REQUEST, field=f"settings.{name}", problem=first["msg"]) from None


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
