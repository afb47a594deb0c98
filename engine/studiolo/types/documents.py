"""Libraries, their documents, and what is found in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from studiolo.types.screening import Redaction, Span

DEFAULT_LIBRARY = "default"
PAGE_WIDTH = 1200  # pixels, of a page's picture
FITS = 0.5
"""A best `Hit.score` below it means that probably nothing in the library answers the question."""


class DocumentStatus(StrEnum):
    """How far a document is."""

    QUEUED = "queued"  # waits for its turn
    READING = "reading"
    KEYWORD = "keyword"  # found by its words; screening and vectors follow
    READY = "ready"  # read in full
    PARTIAL = "partial"  # in part; `reason` says why
    FAILED = "failed"  # `reason` says why


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a document that could not be read: pages `first` to `last` (0 = the format has none), or a member of
    an archive or an attachment by its `name`. `reason` is an error code."""

    reason: str
    first: int = 0
    last: int = 0
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """One file in a library. `id` is stable for one path in one library; `sha256` is the file's content."""

    id: str
    library: str
    name: str = field(repr=False)  # file name shown to people
    path: str = field(repr=False)
    sha256: str
    size_bytes: int
    status: DocumentStatus
    reason: str  # an error code, "" where all is well
    pages: int
    passages: int
    added_at: float  # Unix seconds
    redactions: tuple[Redaction, ...] = ()  # what the filter found in it
    gaps: tuple[Gap, ...] = ()  # what could not be read, where `status` is PARTIAL


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one document, small enough to embed. Page numbers are 0 where the format has no pages."""

    id: str
    document_id: str
    document: str = field(repr=False)  # the document's name
    page: int  # first page, from 1; 0 = the format has no pages
    page_end: int
    start: int  # code points into the document's text
    end: int
    heading: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)
    language: str  # "en", "zh", "" = not known
    spans: tuple[Span, ...] | None  # personal data found; None = not screened yet, or by an older version (`stale`)
    label: str = field(default="", repr=False)  # how people name the place: "iv", "Costs, rows 2-40"; "" = the page
    stale: bool = False  # what was found in it was found by an older version of the filter and does not count


@dataclass(frozen=True, slots=True)
class PageBox:
    """A marked stretch on a page's picture: shares of its width and height (0..1), from the top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageView:
    """A page of a document to be looked at: its text as it was read, and its picture where it has one.

    `ranges` are the marked stretches of `text` and `boxes` those of the picture. `start`: where `text` begins in the
    document's text, in code points. `reason`: why there is no picture though the format has pages that can be drawn,
    an error code ("file_missing", "file_changed", "needs_password", ...).
    """

    document_id: str
    page: int  # from 1; 0 = the format has no pages
    pages: int
    text: str = field(repr=False)
    start: int = 0
    ranges: tuple[tuple[int, int], ...] = ()  # code points into `text`
    png: bytes = field(default=b"", repr=False)  # b"" = no picture
    width: int = 0  # pixels
    height: int = 0
    boxes: tuple[PageBox, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that fits a query. `score` is 0..1, comparable within one result only. `suspicious`: it tries to give
    orders to whoever answers from it (`studiolo.conversation.injection`). `by`: "words" where meaning took no part in
    the search: the embedder is still being loaded, or does not know the question's language."""

    passage: Passage
    score: float
    suspicious: bool = False
    by: Literal["meaning", "words"] = "meaning"


@dataclass(frozen=True, slots=True)
class Library:
    """A named collection of documents with one embedder."""

    name: str
    embedder: str  # model id
    documents: int
    passages: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder whose files a library follows. "unreachable": it is not there (an unmounted drive), and its documents
    stay; "paused": nobody watches now, or nothing can be taken in at present."""

    folder: str = field(repr=False)
    polling: bool  # looked through at intervals: a network drive tells nobody what changes in it
    state: Literal["watching", "unreachable", "paused"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a library holds and takes up."""

    library: str
    documents: dict[str, int]  # by DocumentStatus; a status that none has is left out
    pages: int
    passages: int  # each text once, however many documents hold it
    languages: dict[str, int]  # passages by language, "" = not known
    redactions: tuple[Redaction, ...]  # personal data found in its documents
    size_bytes: int  # of its texts, indexes and vectors on the disk
    embedder: str  # model id
    changing_to: str = ""  # the embedder it is being changed to, "" = none
    watched: tuple[Watched, ...] = ()


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A passage on the map of its library, by its id. Points that are near one another are about similar things."""

    passage: str
    document_id: str
    document: str = field(repr=False)  # the document's name
    page: int  # from 1; 0 = the format has no pages
    x: float  # -1..1
    y: float  # -1..1, upwards
    text: str = field(repr=False)  # its first words
    label: str = field(default="", repr=False)  # as of the passage


@dataclass(frozen=True, slots=True)
class LibraryMap:
    """A library as a picture. `passages` are all of it; `points` those that have a vector, or an even sample."""

    library: str
    points: tuple[MapPoint, ...]
    passages: int
    without_vector: int = 0  # read, and not embedded yet


@dataclass(frozen=True, slots=True)
class Integrity:
    """What a check found in a library, in passages and documents; all of it has been repaired, or is being.

    `documents` are those that are read again because passages of theirs were missing or not what was taken in.
    """

    passages: int
    missing: int = 0  # known, and their text is not there
    damaged: int = 0  # their text is not what was taken in
    unknown: int = 0  # there, and nobody knows them
    doubled: int = 0  # there more than once
    without_vector: int = 0
    documents: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether there was nothing to repair."""
        return not (self.missing or self.damaged or self.unknown or self.doubled or self.without_vector)


QuotesOf = Literal["keep", "remove"]
"""What becomes of conversations that quote a removed document: their turns stay without quotes, or go wholly."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one file. `reason` is an error code, "" where all is well; `values` fill its sentence."""

    path: str = field(repr=False)
    status: Literal["added", "updated", "unchanged", "failed"]
    reason: str = ""
    pages: int = 0
    passages: int = 0
    seconds: float = 0.0
    document_id: str = ""
    values: dict[str, str | int | float] = field(default_factory=dict, repr=False)
