"""Looking at pages on the right: opening one from an answer, a search, the library or the map, and going back.

Makes the right side wider for a page, and as it was when the page is left.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QSplitter

from studiolo.types import Document, Hit, MapPoint
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.models.study import Study
from studiolo_desktop.models.viewer import Place, place_of, place_of_document
from studiolo_desktop.ui.side_pane import SidePane

PAGE_SHARE = 0.42  # of the window's width, for a page
WIDEST = 640


class Looking(QObject):
    """Joins the right side with what can be looked at."""

    def __init__(
        self,
        pane: SidePane,
        splitter: QSplitter,
        study: Study,
        chat: ChatModel,
        *,
        show_pane: Callable[[], None],
    ) -> None:
        """`show_pane` makes the right side visible; it is the last of the splitter's three parts."""
        super().__init__(pane)
        self._pane = pane
        self._splitter = splitter
        self._study = study
        self._chat = chat
        self._show_pane = show_pane
        self._before = 0  # the width of the right side before a page was opened
        pane.sources.page_wanted.connect(self.show_source)
        pane.documents.document_wanted.connect(self.show_document)
        pane.documents.hit_wanted.connect(self.show_hit)
        pane.page_left.connect(self._left)
        study.viewer.changed.connect(self._changed)

    @Slot(object, int)
    def show_source(self, turn: ChatTurn, number: int) -> None:
        """Open a source of a turn at its page; 0: the list of them all."""
        self._show_pane()
        self._pane.show_sources()
        self._pane.sources.select(turn, number)
        if 0 < number <= len(turn.sources) and turn.sources[number - 1].passage.document_id:
            citations = tuple(citation for citation in turn.citations if citation.marker == number)
            self.show_place(place_of(self._chat.library, turn.sources[number - 1], citations))

    def show_place(self, place: Place, *, details: bool = False) -> None:
        """Look at a page, with what is known of its document or without."""
        self._show_pane()
        self._pane.viewer.show_details(details)
        self._pane.show_page()
        self._make_room()
        self._pane.viewer.expect_width(self._splitter.sizes()[-1])
        self._study.viewer.open(place)

    @Slot(object)
    def show_document(self, document: Document) -> None:
        """Look at a document from its beginning."""
        self.show_place(place_of_document(document), details=True)

    @Slot(object)
    def show_hit(self, hit: Hit) -> None:
        """Look at a passage that a search has found."""
        self.show_place(place_of(self._study.finding.library, hit, None))

    @Slot(object)
    def show_point(self, point: MapPoint) -> None:
        """Look at a passage of the map."""
        self.show_place(self._study.map.place(point))

    def _make_room(self) -> None:
        left, centre, right = self._splitter.sizes()
        whole = left + centre + right
        wanted = min(round(whole * PAGE_SHARE), WIDEST)
        if right < wanted:
            self._before = self._before or right
            self._splitter.setSizes([left, whole - left - wanted, wanted])

    @Slot()
    def _left(self) -> None:
        self._study.viewer.close()
        if self._before:
            left, centre, right = self._splitter.sizes()
            self._splitter.setSizes([left, centre + right - self._before, self._before])
            self._before = 0

    @Slot()
    def _changed(self) -> None:
        if self._study.viewer.place is None and self._pane.page_shown:
            self._pane.leave_page()  # its document was removed, or another library is shown
