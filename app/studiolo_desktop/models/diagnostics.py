"""The report for support: one zip file that says how Studiolo is here, and nothing of what a person wrote or owns.

What goes in is listed, never what stays out: numbers, switches, and the few strings known to be ours. Names of imported
models, of libraries and of folders are a person's. The engine's log holds no user text by its own rule; paths in it are
cut short. No widget, no thread.
"""

from __future__ import annotations

import json
import platform
import sys
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import PySide6
from PySide6.QtCore import QObject, Signal

from studiolo import __version__
from studiolo.engine import Engine
from studiolo.errors import StudioloError, disk_fault
from studiolo.paths import Home
from studiolo.types import Check, Model, Setting
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.models.notices import Notice, Notices

LOG_LINES = 400  # the last of each file
LOGS = ("engine.log", "engine.fault.log")
PACKAGES = ("llama-cpp-python", "lancedb", "torch", "sentence-transformers", "presidio-analyzer", "spacy", "pypdfium2")
# Strings of the doctor's checks that are ours or the machine's; all others are left out.
STRINGS = frozenset(
    ("version", "processor", "instructions", "source", "protection", "by", "reason", "kv_type", "problem", "open_ways")
)
_CHOSEN = frozenset(("theme", "language"))  # settings that are one of our own words


class Diagnostics(QObject):
    """Writes the report."""

    saved = Signal(str)

    def __init__(self, calls: Calls, notices: Notices, home: Home, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._notices = notices
        self._home = home

    def save(self, path: Path) -> None:
        """Write it to `path`, with what the engine says where one runs."""
        calls, home = self._calls, self._home

        def work() -> None:
            try:
                engine: Engine | None = calls.engine()
            except StudioloError:
                engine = None
            write_report(path, engine=engine, home=home)

        calls.run_local(work, then=lambda _none: self._done(path), failed=self._notices.report)

    def _done(self, path: Path) -> None:
        self._notices.say(Notice("good", key="diagnostics.saved", values={"name": path.name}, about="diagnostics"))
        self.saved.emit(str(path))


def write_report(path: Path, *, engine: Engine | None, home: Home) -> None:
    """The report as a file. Raises EnvironmentFault(disk_full, no_permission)."""
    parts: dict[str, Any] = {"versions.json": versions()}
    try:
        if engine is not None:
            known = engine.models()
            parts["settings.json"] = plain_settings(engine.settings(), known)
            parts["checks.json"] = [plain_check(check, known) for check in engine.doctor()]
            parts["models.json"] = [plain_model(model) for model in known]
    except StudioloError as error:  # a report on an engine that fails is the one that is wanted most
        parts["engine.json"] = {"error": error.code.value}
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, json.dumps(content, ensure_ascii=False, indent=2))
            for name in LOGS:
                archive.writestr(f"logs/{name}", last_lines(home.logs / name, home))
    except OSError as error:
        raise disk_fault(error, path.parent) from None


def versions() -> dict[str, str]:
    """Of Studiolo, Python, Qt, the system and the packages that do the work."""
    found = {
        "studiolo": __version__,
        "python": sys.version.split()[0],
        "qt": PySide6.__version__,
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = ""
    return found


def plain_settings(settings: Sequence[Setting], models: Sequence[Model]) -> dict[str, Any]:
    """Numbers and switches as they are; of the strings those that are one of ours."""
    ids = _ours(models)
    return {
        setting.name: setting.value
        for setting in settings
        if not isinstance(setting.value, str) or setting.name in _CHOSEN or setting.value in ids
    }


def plain_check(check: Check, models: Sequence[Model]) -> dict[str, Any]:
    """One line of the doctor's."""
    ids = _ours(models)
    name, _, model = check.name.partition(".")
    own = model in ids or name == "models"
    values = {
        key: value
        for key, value in check.values.items()
        if not isinstance(value, str) or key in STRINGS or (key == "model" and value in ids)
    }
    return {"name": check.name if own or not model else f"{name}.(imported)", "state": check.state, "values": values}


def plain_model(model: Model) -> Mapping[str, Any]:
    """One model; of an imported one what its file is, not what it is called."""
    ours = model.id in _ours([model])
    return {
        "id": model.id if ours else "(imported)",
        "kind": model.kind,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "installed": model.installed,
        "architecture": model.architecture,
    }


def last_lines(path: Path, home: Home) -> str:
    """The end of a log, with the folders of a person cut out of its paths."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        return ""
    text = "\n".join(lines)
    for folder, mark in ((str(home.root), "(home)"), (sys.prefix, "(program)"), (str(Path.home()), "~")):
        text = text.replace(folder, mark)
    return text


def _ours(models: Sequence[Model]) -> frozenset[str]:
    """Ids of the catalogue; an imported model, known by having none of the catalogue's licences, is a person's."""
    return frozenset(model.id for model in models if model.licence_url)
