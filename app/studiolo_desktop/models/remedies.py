"""What may be done about a problem: the action that its notice offers. What it does is handed in.

A damaged file of ours can be set aside: it is renamed, never deleted, and the engine begins a new one. No widget.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import Code, disk_fault
from studiolo.paths import Home
from studiolo_desktop.bridge.problem import Problem

_MODELS = frozenset((Code.MODEL_MISSING, Code.DAMAGED_MODEL, Code.NOT_ENOUGH_MEMORY, Code.UNKNOWN_MODEL))
ASIDE = ("settings", "history")  # stores, as errors name them, without which the rest is whole


@dataclass(frozen=True, slots=True)
class Remedies:
    """What the window can do."""

    models: Callable[[], None]  # the list of models: get the one that is lost, remove what takes the disk
    set_aside: Callable[[str], None]  # a damaged store, by its name
    report: Callable[[], None]  # the report for support


def remedy(problem: Problem, remedies: Remedies, *, stopped: bool) -> tuple[str, Callable[[], None]] | None:
    """The key of the action's text, and the action; None where there is nothing to do but read.

    `stopped`: no engine runs, so that none has the damaged file open.
    """
    match problem.code:
        case Code.DISK_FULL:
            return "notice.free_space", remedies.models
        case code if code in _MODELS:
            return "notice.models", remedies.models
        case Code.DAMAGED_STORE:
            store = str(problem.values.get("store", ""))
            if store in ASIDE and (stopped or store == "settings"):
                return "notice.set_aside", lambda: remedies.set_aside(store)
            return "notice.report", remedies.report
        case Code.INTERNAL:
            return "notice.report", remedies.report
        case _:
            return None


def set_aside(home: Home, store: str) -> None:
    """Rename a damaged store's files; what was in them stays on the disk. Raises EnvironmentFault(no_permission)."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for file in _files(home, store):
        try:
            if file.exists():
                file.rename(file.with_name(f"{file.name}.damaged-{stamp}"))
        except OSError as error:
            raise disk_fault(error, home.root) from None


def _files(home: Home, store: str) -> list[Path]:
    if store == "settings":
        return [home.settings_file]
    database = home.history_db
    return [database, *(database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))]
