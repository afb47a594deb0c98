"""A page of a document to be looked at: its text from the store, its picture from the file, and what is marked in both.

The text is that of the passages, so it is there when the file is gone. What has come to stand in the file's place since
it was read is not drawn: its picture would not go with the text, and who may see the one need not see the other.
Threads: any; one page is drawn at a time, in a parser process of its own, so that nobody who looks at a page waits for
files that are being read.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.knowledge.files import look
from studiolo.knowledge.parsers import display, is_drawn
from studiolo.knowledge.parsers.blocks import SEPARATOR, Budget
from studiolo.knowledge.parsers.child import Cancelled, ParserProcess
from studiolo.knowledge.parsers.marking import ranges_of
from studiolo.types import Document, PageBox, PageView, Passage

_Mark = tuple[str, int, int, int, int, int]

TEXT_MOST = 100_000  # code points of a view; of a long text without pages it is what stands around the passage


class Pages:
    """Draws pages; the process is started with the first and ends with `close`."""

    def __init__(self, *, budget: Budget | None = None) -> None:
        self._drawer = ParserProcess(budget=budget)
        self._unchanged: tuple[str, _Mark] | None = None  # the content that was looked at last, and where it stood

    def view(
        self,
        document: Document,
        passages: Sequence[Passage],
        *,
        page: int,
        width: int,
        passage: str | None = None,
        quotes: Sequence[str] = (),
        passwords: Sequence[str] = (),
    ) -> PageView:
        """Page `page` of a document with these passages; `passage` (an id) and `quotes` are marked.

        A picture that cannot be had is no error: the view then says why. Raises UserError(bad_request) where there is
        no such page or passage, EnvironmentFault(engine_gone) once closed.
        """
        if not (1 <= page <= document.pages if document.pages else page == 0):
            raise UserError(Code.BAD_REQUEST, field="page", problem="no_such_page")
        here = [found for found in passages if not document.pages or found.page <= page <= found.page_end]
        chosen = next((found for found in here if found.id == passage), None)
        if passage is not None and chosen is None:
            raise UserError(Code.BAD_REQUEST, field="passage", problem="not_on_this_page")
        text, start, ranges = _text(here, chosen)
        wanted = [*([chosen.text] if chosen is not None and not quotes else ()), *quotes]
        if quotes:
            ranges = tuple(ranges_of(quotes, text))
        bare = PageView(document.id, page, document.pages, text, start, ranges)
        if not document.pages or not is_drawn(Path(document.path)):
            return bare
        try:
            self._require_unchanged(document)
        except UserError as error:
            return replace(bare, reason=error.code.value)
        return self._with_picture(bare, Path(document.path), width=width, wanted=wanted, passwords=passwords)

    def close(self) -> None:
        """End the process; a page that is being drawn is given up."""
        self._drawer.close()

    def _require_unchanged(self, document: Document) -> None:
        """Raises UserError: file_changed where the file is not the one that was read, and as `look`."""
        path = Path(document.path)
        mark = _mark(path)
        if mark is not None and self._unchanged == (document.sha256, mark):
            return
        if look(path, limit_bytes=sys.maxsize).sha256 != document.sha256:
            raise UserError(Code.FILE_CHANGED, path=display(path))
        self._unchanged = None if mark is None else (document.sha256, mark)

    def _with_picture(
        self, bare: PageView, path: Path, *, width: int, wanted: Sequence[str], passwords: Sequence[str]
    ) -> PageView:
        try:
            drawn = self._drawer.draw(path, page=bare.page, width=width, marked=wanted, passwords=passwords)
        except Cancelled:
            raise EnvironmentFault(Code.ENGINE_GONE) from None
        except UserError as error:
            return replace(bare, reason="" if error.code is Code.UNKNOWN_FORMAT else error.code.value)
        boxes = tuple(PageBox(*box) for box in drawn.boxes)
        return replace(bare, png=drawn.png, width=drawn.width, height=drawn.height, boxes=boxes)


def _mark(path: Path) -> _Mark | None:
    """What changes with the file, or with what a link leads to; None where it cannot be had."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return str(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _text(passages: Sequence[Passage], chosen: Passage | None) -> tuple[str, int, tuple[tuple[int, int], ...]]:
    """The passages' text, where it begins in the document's, and where the chosen one stands in it."""
    kept = _around(sorted(passages, key=lambda passage: passage.start), chosen)
    if not kept:
        return "", 0, ()
    text, reached = "", kept[0].start
    marked: tuple[tuple[int, int], ...] = ()
    for passage in kept:
        repeated = max(reached - passage.start, 0)  # the last clause of the one before
        if passage.start > reached:
            text += SEPARATOR
        at = len(text) - repeated
        text += passage.text[repeated:]
        reached = max(reached, passage.end)
        if chosen is not None and passage.id == chosen.id:
            marked = ((max(at, 0), len(text)),)
    return text, kept[0].start, marked


def _around(passages: list[Passage], chosen: Passage | None) -> list[Passage]:
    """As many of them as make a view: all, or those nearest to the chosen one (else the first)."""
    first = last = next((index for index, passage in enumerate(passages) if chosen and passage.id == chosen.id), 0)
    size = len(passages[first].text) if passages else 0
    while True:
        before, after = first - 1, last + 1
        if after < len(passages) and size + len(passages[after].text) <= TEXT_MOST:
            last, size = after, size + len(passages[after].text)
        if before >= 0 and size + len(passages[before].text) <= TEXT_MOST:
            first, size = before, size + len(passages[before].text)
        if (first, last) == (before + 1, after - 1):
            return passages[first:after]
