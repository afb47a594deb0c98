"""A policy while it is being changed: what the file says, what the person has made of it, what that does to a text.

No widget, no thread. A draft is the file's own section (`PolicyView.section`); what is not edited here stays in it.
"""

from __future__ import annotations

import copy
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studiolo.types import PolicyPreview, PolicyView
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.library import LibraryModel

_EDITED = ("types", "directions", "allow")
PAUSE_MS = 350  # after the last change, before the draft is tried on the text


class PolicyModel(QObject):
    """The policy of one library, or ("") of the home."""

    changed = Signal()  # another library, or what is stored
    previewed = Signal()
    saved = Signal()

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._library = library
        self._asked = 0  # previews asked for; only the answer to the last counts
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._try)
        self.name = ""
        self.view: PolicyView | None = None
        self.draft: dict[str, Any] = {}
        self.text = ""
        self.direction = "question"
        self.preview: PolicyPreview | None = None
        self.problem: Problem | None = None  # of the draft, or of reading or saving
        self.saving = False

    @property
    def libraries(self) -> list[str]:
        """The libraries there are, by name."""
        return [library.name for library in self._library.libraries]

    @property
    def dirty(self) -> bool:
        """Whether the draft says something else than the file."""
        return self.view is not None and _pruned(self.draft) != _pruned(self.view.section)

    def open(self, name: str) -> None:
        """Read the policy of a library ("" = of the home); a draft of another one is dropped."""
        self.name = name
        self._calls.run(
            lambda engine: engine.policy(name),
            then=lambda view: self._opened(name, view),
            failed=self._failed,
        )

    def revert(self) -> None:
        """Drop the draft."""
        if self.view is not None:
            self._opened(self.name, self.view)

    def edit(self, draft: dict[str, Any]) -> None:
        """The person has changed something."""
        self.draft = draft
        self._soon()

    def look_at(self, text: str, direction: str) -> None:
        """The text to try the draft on, and where it would go."""
        if (text, direction) != (self.text, self.direction):
            self.text, self.direction = text, direction
            self._soon()

    def save(self) -> None:
        """Put the draft in force."""
        if self.saving:
            return
        self.saving = True
        name, section = self.name, _pruned(self.draft)
        self._calls.run(
            lambda engine: engine.set_policy(name, section),
            then=lambda view: self._saved(name, view),
            failed=self._failed,
        )

    def _opened(self, name: str, view: PolicyView) -> None:
        if name != self.name:
            return
        self.view, self.problem = view, None
        self.draft = copy.deepcopy(view.section)
        self.changed.emit()
        self._try()

    def _saved(self, name: str, view: PolicyView) -> None:
        self.saving = False
        self._opened(name, view)
        self.saved.emit()

    def _failed(self, problem: Problem) -> None:
        self.saving = False
        self.problem = problem
        self.previewed.emit()

    def _soon(self) -> None:
        self._asked += 1  # an answer that is on its way is of another draft
        self._timer.start()

    @Slot()
    def _try(self) -> None:
        self._asked += 1
        asked, name, section = self._asked, self.name, _pruned(self.draft)
        text, direction = self.text, self.direction
        self._calls.run(
            lambda engine: engine.preview_policy(name, section, text, direction=direction),
            then=lambda preview: self._tried(asked, preview, None),
            failed=lambda problem: self._tried(asked, None, problem),
        )

    def _tried(self, asked: int, preview: PolicyPreview | None, problem: Problem | None) -> None:
        if asked == self._asked:
            self.preview, self.problem = preview, problem
            self.previewed.emit()


def _pruned(section: dict[str, Any]) -> dict[str, Any]:
    """The same without empty tables, lists and texts in what is edited here; elsewhere they may mean something."""
    kept = {key: _filled(value) if key in _EDITED else value for key, value in section.items()}
    return {key: value for key, value in kept.items() if key not in (*_EDITED, "custom", "profile") or value}


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    inner = {key: _filled(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in inner.items() if value not in ({}, [])}
