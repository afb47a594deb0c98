"""The pseudonyms of a library, listed without their values until these are asked for. No widget, no thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from studiolo.types import DEFAULT_LIBRARY, Pseudonym
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.library import LibraryModel


class PseudonymsModel(QObject):
    """The table of one library."""

    changed = Signal()
    erased = Signal(int)  # tokens

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._library = library
        self.name = DEFAULT_LIBRARY
        self.items: list[Pseudonym] = []
        self.revealed = False
        self.problem: Problem | None = None

    @property
    def libraries(self) -> list[str]:
        """The libraries there are, by name."""
        return [library.name for library in self._library.libraries]

    def open(self, name: str, *, reveal: bool = False) -> None:
        """List a library's; with `reveal` with their values, which the audit notes."""
        self.name = name
        self._calls.run(
            lambda engine: engine.pseudonyms(name, reveal=reveal),
            then=lambda items: self._arrived(name, items, revealed=reveal),
            failed=self._failed,
        )

    def hide(self) -> None:
        """Show the values no more, and keep them no longer."""
        if self.revealed:
            self.items = [Pseudonym(one.token, one.type, "", one.same_as) for one in self.items]
            self.revealed = False
            self.changed.emit()

    def forget(self, token: str) -> None:
        """Erase the person (or other value) that a token stands for, with all forms of the name."""
        name = self.name
        self._calls.run(lambda engine: engine.forget_person(name, token), then=self._erased, failed=self._failed)

    def forget_all(self) -> None:
        """Erase all of the library's."""
        name = self.name
        self._calls.run(lambda engine: engine.forget_pseudonyms(name), then=self._erased, failed=self._failed)

    def _arrived(self, name: str, items: list[Pseudonym], *, revealed: bool) -> None:
        if name == self.name:
            self.items, self.revealed, self.problem = items, revealed, None
            self.changed.emit()

    def _erased(self, count: int) -> None:
        self.erased.emit(count)
        self.open(self.name)

    def _failed(self, problem: Problem) -> None:
        self.problem = problem
        self.changed.emit()
