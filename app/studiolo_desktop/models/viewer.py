"""A page of a document that is looked at: which one, what is marked on it, how it stands. No widget.

Pages are read, and their pictures decoded, on a thread of `Calls`; what arrives for a page that was left is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.types import PAGE_WIDTH, Citation, Document, DocumentReport, Hit, PageView
from studiolo_desktop.bridge.calls import Calls, LatestCall
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.library import LibraryModel

Standing = Literal["quoted", "unverified", "read", "found", "plain"]
"""Why a place is looked at: an answer quotes it, names it without its words, or read it; a search; a person's wish."""

WIDEST = 3200  # pixels of a picture
SETTLE_MS = 180  # a width that is still being changed is not asked for


@dataclass(frozen=True, slots=True)
class Place:
    """A page to be shown, and the passage and quotes to be marked on it."""

    library: str
    document_id: str
    name: str = field(repr=False)
    page: int  # from 1; 0 = the format has no pages
    label: str = field(default="", repr=False)  # how people name the place
    passage: str = ""  # its id
    text: str = field(default="", repr=False)  # the passage's, by which it is found where its id is known no longer
    quotes: tuple[str, ...] = field(default=(), repr=False)
    standing: Standing = "plain"


def place_of(library: str, hit: Hit, citations: tuple[Citation, ...] | None) -> Place:
    """Where a passage stands, with what an answer quotes of it; `citations` None: it was found by a search."""
    passage = hit.passage
    quotes = tuple(one.quote for one in citations or () if one.verified and one.quote)
    standing: Standing = "found" if citations is None else "read"
    if citations:
        standing = "quoted" if quotes else "unverified"
    return Place(
        library=library,
        document_id=passage.document_id,
        name=passage.document,
        page=passage.page,
        label=passage.label,
        passage=passage.id,
        text=passage.text,
        quotes=quotes,
        standing=standing,
    )


def place_of_document(document: Document) -> Place:
    """A document's beginning."""
    return Place(document.library, document.id, document.name, 1 if document.pages else 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it was read. `marked` is what its marks are: quotes, a whole passage, or nothing was found to mark."""

    view: PageView
    picture: QImage | None
    marked: Literal["quotes", "passage", "nothing"]


class ViewerModel(QObject):
    """The page that is looked at, if one is."""

    changed = Signal()

    def __init__(self, calls: Calls, library: LibraryModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._library = library
        self._latest = LatestCall(calls)
        self._width = PAGE_WIDTH
        self._passwords: tuple[str, ...] = ()
        self._sharpen = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._sharpen.timeout.connect(self._sharpen_now)
        self.place: Place | None = None
        self.page = 0
        self.loading = False
        self.shown: Shown | None = None  # the page last read, of this document
        self.problem: Problem | None = None
        self.report: DocumentReport | None = None
        library.documents_changed.connect(self._documents_changed)
        library.library_changed.connect(self._library_changed)

    @property
    def document(self) -> Document | None:
        """The document looked at, as the library lists it."""
        place = self.place
        if place is None:
            return None
        return next((one for one in self._library.documents if one.id == place.document_id), None)

    @property
    def pages(self) -> int:
        """How many pages the document has; 0 where it has none or nobody knows yet."""
        if self.shown is not None:
            return self.shown.view.pages
        return self.document.pages if self.document is not None else 0

    @property
    def needs_password(self) -> bool:
        """Whether the page has no picture because its file is locked."""
        return self.shown is not None and self.shown.view.reason == Code.NEEDS_PASSWORD.value

    def open(self, place: Place) -> None:
        """Look at a place."""
        other = self.place is None or self.place.document_id != place.document_id
        self.place = place
        self.page = place.page
        if other:
            self.report = None
            self._passwords = ()
            self._read_report(place)
        self.shown = None
        self._read()

    def go(self, page: int) -> None:
        """Turn to a page; nothing where there is none of that number."""
        if 1 <= page <= self.pages and page != self.page:
            self.page = page
            self._read()

    def close(self) -> None:
        """Look at nothing."""
        if self.place is not None:
            self._latest.drop()
            self._sharpen.stop()
            self.place = self.shown = self.problem = self.report = None
            self._passwords = ()
            self.loading = False
            self.changed.emit()

    def again(self) -> None:
        """Read the page once more, after something went wrong."""
        if self.place is not None:
            self._read()

    def unlock(self, password: str) -> None:
        """Try a password on a locked file."""
        self._passwords = (password,)
        self.again()

    def set_width(self, pixels: int) -> None:
        """How wide the picture is shown: it is drawn anew where it would be blurred, or is much larger than need be."""
        wanted = max(200, min(pixels, WIDEST))
        if abs(wanted - self._width) > self._width * 0.1:
            self._width = wanted
            self._sharpen.start()

    @Slot()
    def _sharpen_now(self) -> None:
        shown = self.shown
        if shown is not None and shown.picture is not None and abs(shown.view.width - self._width) > self._width * 0.1:
            self._read()

    def _read(self) -> None:
        place, page, width, passwords = self.place, self.page, self._width, self._passwords
        assert place is not None
        self.loading, self.problem = True, None
        self.changed.emit()
        self._latest.run(
            lambda engine: read_page(engine, place, page, width=width, passwords=passwords),
            then=self._arrived,
            failed=self._failed,
        )

    def _arrived(self, shown: Shown) -> None:
        self.loading, self.shown, self.page = False, shown, shown.view.page
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self.loading, self.shown, self.problem = False, None, problem
        self.changed.emit()

    def _read_report(self, place: Place) -> None:
        self._calls.run(
            lambda engine: engine.document_report(place.document_id, library=place.library),
            then=self._report_arrived,
            failed=lambda _problem: None,  # the page says what is wrong; the report stands beside it
        )

    def _report_arrived(self, report: DocumentReport) -> None:
        if self.place is not None and self.place.document_id == report.document_id:
            self.report = report
            self.changed.emit()

    @Slot()
    def _documents_changed(self) -> None:
        """A document that was removed is looked at no longer."""
        place, library = self.place, self._library
        if place is None or not library.known or place.library != library.library:
            return
        if self.document is None:
            self.close()
        else:
            self.changed.emit()

    @Slot(str)
    def _library_changed(self, name: str) -> None:
        if self.place is not None and self.place.library != name:
            self.close()


def read_page(engine: Engine, place: Place, page: int, *, width: int, passwords: tuple[str, ...] = ()) -> Shown:
    """A page with what is marked on it: the quotes, else the passage they are of; for a thread that may wait.

    A passage of an earlier version of the document is looked for by its words.
    """

    def drawn(number: int, *, passage: str | None = None, quotes: tuple[str, ...] = ()) -> PageView:
        return engine.page(
            place.document_id,
            number,
            library=place.library,
            passage=passage,
            quotes=quotes,
            width=width,
            passwords=passwords,
        )

    if page != place.page or not (place.passage or place.quotes):
        return _shown(drawn(page), "nothing")
    ways: list[tuple[str | None, tuple[str, ...], Literal["quotes", "passage"]]] = []
    if place.quotes:
        ways.append((place.passage or None, place.quotes, "quotes"))
    ways.append((place.passage or None, (), "passage"))
    view: PageView | None = None
    for passage, quotes, kind in ways:
        try:
            view = drawn(page, passage=passage, quotes=quotes)
        except UserError as error:
            if error.values.get("problem") == "no_such_page":
                document = engine.document(place.document_id, library=place.library)
                return _shown(drawn(1 if document.pages else 0), "nothing")
            if error.values.get("problem") != "not_on_this_page":
                raise
            view = drawn(page, quotes=quotes or ((place.text,) if place.text else ()))
        if view.ranges or view.boxes:
            return _shown(view, kind)
    assert view is not None
    return _shown(view, "nothing")


def _shown(view: PageView, marked: Literal["quotes", "passage", "nothing"]) -> Shown:
    picture = QImage.fromData(view.png) if view.png else QImage()
    return Shown(view, None if picture.isNull() else picture, marked)
