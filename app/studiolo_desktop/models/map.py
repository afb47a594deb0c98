"""The map of the library shown: its passages as points. Read when it is looked at. No widget, no thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.types import LibraryMap, MapPoint
from studiolo_desktop.bridge.calls import Calls, LatestCall
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.viewer import Place


class MapModel(QObject):
    """The map, while it is open."""

    changed = Signal()

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._latest = LatestCall(calls)
        self._mark: tuple[object, ...] = ()
        self.open = False
        self.loading = False
        self.map: LibraryMap | None = None
        self.problem: Problem | None = None
        library.documents_changed.connect(self._documents_changed)

    def show(self) -> None:
        """Open the map."""
        self.open = True
        self.refresh()

    def close(self) -> None:
        """Look at it no more."""
        if self.open:
            self.open, self.map, self._mark = False, None, ()
            self._latest.drop()
            self.changed.emit()

    def refresh(self) -> None:
        """Read the map of the library shown."""
        name = self._library.library
        if self.map is not None and self.map.library != name:
            self.map = None
        self.loading, self.problem = True, None
        self._mark = self._now()
        self.changed.emit()
        self._latest.run(
            lambda engine: engine.library_map(name),
            then=self._arrived,
            failed=self._failed,
        )

    def place(self, point: MapPoint) -> Place:
        """Where a point's passage stands."""
        assert self.map is not None
        return Place(
            library=self.map.library,
            document_id=point.document_id,
            name=point.document,
            page=point.page,
            label=point.label,
            passage=point.passage,
            standing="found",
        )

    def _now(self) -> tuple[object, ...]:
        library = self._library
        return (library.library, *((d.id, d.sha256, d.status) for d in library.documents))

    def _arrived(self, found: LibraryMap) -> None:
        self.loading, self.map = False, found
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self.loading, self.problem = False, problem
        self.changed.emit()

    @Slot()
    def _documents_changed(self) -> None:
        if self.open and self._library.known and not self._library.busy and self._now() != self._mark:
            self.refresh()
