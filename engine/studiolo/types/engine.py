"""How an engine is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`. `detail` is it in short, `values` hold what an edge makes a sentence of; no user text."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str = ""
    values: dict[str, bool | int | float | str] = field(default_factory=dict, hash=False)


SettingValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a home. `least` and `most` bound a number, None = nothing does; `choices`: () = any."""

    name: str
    value: SettingValue
    default: SettingValue
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the engine says of itself."""

    version: str
    pid: int
    home: str
    model: str  # default chat model id
    model_loaded: bool
    sealed: bool
    busy: bool
    reading: bool = False  # files are being taken in, or passages embedded anew
    ahead: int = 0  # passages read ahead by the model
    ahead_of: int = 0  # of so many
    reading_ahead: bool = False  # one is being read just now
    loading: tuple[str, ...] = ()  # what is not there yet after a start: model, search (by meaning), filter


@dataclass(frozen=True, slots=True)
class AheadStatus:
    """How far reading ahead is, and what it takes. Nothing is counted before a model is loaded."""

    on: bool  # whether it is wanted
    done: int  # passages that are read ahead
    total: int  # of so many
    working: bool  # one is being read just now
    size_bytes: int  # of what is kept
    budget_bytes: int
