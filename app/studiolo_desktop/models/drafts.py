"""What a person has begun to write, and the model they chose, for each conversation; kept over restarts of the window.

One small file of the home, readable by its owner alone. It is written a moment after a change, off the main thread,
and at once when the window closes. What cannot be read is begun anew: a draft is never worth refusing to start.
Main thread.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from studiolo.errors import disk_fault
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.models.notices import Notices

FORMAT = 1
SETTLE_MS = 600
LONGEST = 200_000  # code points of a draft that is kept


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one conversation."""

    text: str = field(default="", repr=False)
    model: str = ""


class Drafts(QObject):
    """Drafts and models by conversation id, "" for the one that has not begun."""

    def __init__(self, path: Path, calls: Calls, notices: Notices, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._calls = calls
        self._notices = notices
        self._kept = _read(path)
        self._writing = threading.Lock()
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self._save)

    def text(self, conversation_id: str) -> str:
        """What was being written there."""
        return self._kept.get(conversation_id, Kept()).text

    def model(self, conversation_id: str) -> str:
        """The model that was chosen there, "" for none."""
        return self._kept.get(conversation_id, Kept()).model

    def keep_text(self, conversation_id: str, text: str) -> None:
        """Keep what is being written."""
        self._keep(conversation_id, replace(self._kept.get(conversation_id, Kept()), text=text[:LONGEST]))

    def keep_model(self, conversation_id: str, model: str) -> None:
        """Keep which model was chosen."""
        self._keep(conversation_id, replace(self._kept.get(conversation_id, Kept()), model=model))

    @Slot(str)
    def forget(self, conversation_id: str) -> None:
        """The conversation is gone."""
        self._keep(conversation_id, Kept())

    def flush(self) -> None:
        """Write at once what waits to be written; the window closes."""
        if self._timer.isActive():
            self._timer.stop()
            with suppress(OSError):  # there is no window left to say it in
                self._write(self._packed())

    def _keep(self, conversation_id: str, kept: Kept) -> None:
        if kept == self._kept.get(conversation_id, Kept()):
            return
        if kept == Kept():
            del self._kept[conversation_id]
        else:
            self._kept[conversation_id] = kept
        self._timer.start()

    @Slot()
    def _save(self) -> None:
        def save() -> None:
            try:
                self._write(self._packed())
            except OSError as error:
                raise disk_fault(error, self._path.parent) from None

        self._calls.run_local(
            save, then=lambda _none: None, failed=lambda problem: self._notices.report(problem, about="drafts")
        )

    def _packed(self) -> bytes:
        kept = {conversation: asdict(one) for conversation, one in self._kept.copy().items()}
        return json.dumps({"format": FORMAT, "conversations": kept}).encode("ascii")

    def _write(self, packed: bytes) -> None:
        partial = self._path.with_suffix(".partial")
        with self._writing:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(packed)
            os.replace(partial, self._path)  # noqa: PTH105


def _read(path: Path) -> dict[str, Kept]:
    try:
        raw = json.loads(path.read_text(encoding="ascii"))
        found = raw["conversations"] if raw["format"] == FORMAT else {}
        return {str(one): Kept(str(kept["text"]), str(kept["model"])) for one, kept in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
