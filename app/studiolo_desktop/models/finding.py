"""Searching inside the library shown: what is looked for, and the passages found. No widget, no thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studiolo.types import FITS, Hit
from studiolo_desktop.bridge.calls import Calls, LatestCall
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.library import LibraryModel

SETTLE_MS = 300  # a word that is still being typed is not searched for
MOST = 20


class FindingModel(QObject):
    """One search at a time; the latest counts."""

    changed = Signal()

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._latest = LatestCall(calls)
        self._later = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._later.timeout.connect(self.now)
        self.query = ""
        self.library = ""  # in which `hits` were found
        self.searching = False
        self.hits: list[Hit] | None = None  # None: nothing was searched for
        self.problem: Problem | None = None
        library.library_changed.connect(self._library_changed)

    @property
    def sure(self) -> bool:
        """Whether the best passage probably is what was looked for."""
        return bool(self.hits) and max(hit.score for hit in self.hits or ()) >= FITS

    def look_for(self, query: str) -> None:
        """Search for this as soon as it is typed; "" ends the search."""
        if query.strip() == self.query:
            return
        self.query = query.strip()
        self._latest.drop()
        self.hits, self.problem = None, None
        self.searching = bool(self.query)
        if self.query:
            self._later.start()
        else:
            self._later.stop()
        self.changed.emit()

    @Slot()
    def now(self) -> None:
        """Search without waiting for more."""
        self._later.stop()
        if not self.query:
            return
        query, library = self.query, self._library.library
        self.searching, self.problem = True, None
        self.changed.emit()
        self._latest.run(
            lambda engine: engine.search(query, library=library, limit=MOST),
            then=lambda hits: self._arrived(library, hits),
            failed=self._failed,
        )

    def _arrived(self, library: str, hits: list[Hit]) -> None:
        self.searching, self.library, self.hits = False, library, hits
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self.searching, self.problem = False, problem
        self.changed.emit()

    @Slot(str)
    def _library_changed(self, _name: str) -> None:
        self.look_for("")
