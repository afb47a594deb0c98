"""What the window has to say beside the conversation: one quiet line at a time. Keys and codes, no words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QObject, Signal

from studiolo_desktop.bridge.problem import Problem

Tone = Literal["info", "good", "bad"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Either a `problem`, put into words by its code, or a text by its `key`. `action_key` names the button."""

    tone: Tone
    key: str = ""
    values: dict[str, str | int] = field(default_factory=dict, repr=False)
    problem: Problem | None = None
    action_key: str = ""
    action: Callable[[], None] | None = field(default=None, repr=False)
    about: str = ""  # a later notice about the same thing replaces this one


class Notices(QObject):
    """The notices that still stand, the latest last."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._standing: list[Notice] = []
        self.remedy: Callable[[Problem], tuple[str, Callable[[], None]] | None] = lambda _problem: None

    @property
    def latest(self) -> Notice | None:
        """The one to show."""
        return self._standing[-1] if self._standing else None

    def __len__(self) -> int:
        return len(self._standing)

    def say(self, notice: Notice) -> None:
        """Show a notice until it is dismissed or replaced."""
        if notice.about:
            self._standing = [n for n in self._standing if n.about != notice.about]
        self._standing = [n for n in self._standing if n != notice] + [notice]
        self.changed.emit()

    def report(self, problem: Problem, *, about: str = "") -> None:
        """Show a problem, with what may be done about it."""
        action_key, action = self.remedy(problem) or ("", None)
        self.say(Notice("bad", problem=problem, about=about, action_key=action_key, action=action))

    def dismiss(self) -> None:
        """The person has read the one shown."""
        if self._standing:
            self._standing.pop()
            self.changed.emit()

    def withdraw(self, about: str) -> None:
        """What a notice was about is over."""
        kept = [n for n in self._standing if n.about != about]
        if len(kept) != len(self._standing):
            self._standing = kept
            self.changed.emit()
