"""One of several, chosen from a menu: the button says which."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup

from studiolo_desktop.look import Look
from studiolo_desktop.ui.common.controls import MenuButton


class Choice(MenuButton):
    """Values with their words, in order."""

    chosen = Signal(str)  # by the person

    def __init__(self, look: Look, *, what: str = "") -> None:
        super().__init__(look, role="menu")
        self._what = what
        self._choices: dict[str, str] = {}
        self.value = ""

    def offer(self, choices: Sequence[tuple[str, str]], *, value: str, what: str = "") -> None:
        """Offer (value, words) pairs; `what` names the choice for screen readers."""
        self._what = what or self._what
        self._choices = dict(choices)
        self.menu_.clear()
        group = QActionGroup(self.menu_)
        for one, words in choices:
            action = self.menu_.addAction(words.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(one == value)
            action.triggered.connect(lambda _on=False, one=one: self._choose(one))
            group.addAction(action)
        self._show(value)

    def _choose(self, value: str) -> None:
        if value != self.value:
            self._show(value)
            self.chosen.emit(value)

    def _show(self, value: str) -> None:
        self.value = value
        words = self._choices.get(value, value)
        self.set_words(words)
        self.setAccessibleName(f"{self._what}: {words}")
