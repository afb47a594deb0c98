"""What one can look around with in a library: pages, searches, watched folders, the map. Made together, used apart."""

from __future__ import annotations

from PySide6.QtCore import QObject

from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.models.finding import FindingModel
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.map import MapModel
from studiolo_desktop.models.viewer import ViewerModel
from studiolo_desktop.models.watching import WatchingModel


class Study:
    """The models, over one library."""

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        self.viewer = ViewerModel(calls, library, parent=parent)
        self.finding = FindingModel(calls, library, parent=parent)
        self.watching = WatchingModel(calls, library, parent=parent)
        self.map = MapModel(calls, library, parent=parent)
