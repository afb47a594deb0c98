"""PDF: text by pdfium, with the outline, sizes and weights it knows for structure; pypdf reads what pdfium cannot.

pypdfium2 (Apache-2.0/BSD-3-Clause) reads some hundred pages a second, pypdf (BSD) some twenty: so the second is
asked only where the first fails to open a file, to load one of its pages or to make sense of it. What was filled into
a form and notes follow the text of their page, attached files the document. Not for several threads: nor is pdfium.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import members, pdf_scan, pdf_text
from studiolo.knowledge.parsers.blocks import Block, OutOfTime, Parsed, Reading, one_line
from studiolo.knowledge.parsers.course import joined
from studiolo.knowledge.parsers.layout import Line, blocks_of, heading_key
from studiolo.knowledge.parsers.pdf_notes import Notes
from studiolo.knowledge.parsers.pdf_second import SecondReader, better, is_doubtful, is_nonsense
from studiolo.types import Gap

_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_OUTLINE_MOST = 5_000  # entries; a circular or generated outline must not cost the budget
_LITTLE_TEXT = 200  # characters: a stamp or a page number over a scan; a searchable scan has more, and is believed


def read(path: Path, reading: Reading) -> Parsed:
    """The file's blocks with page numbers.

    Raises UserError: needs_password where none given opens it, damaged_file where neither reader can, needs_ocr
    where all its pages are pictures and recognition is not installed, parse_timeout where no page came in time.
    """
    second = SecondReader(path, reading.passwords)
    document = opened(path, reading.passwords)
    if document is None:
        return _read_with_second(path, reading, second)
    gaps: list[Gap] = []
    try:
        title = one_line(document.get_metadata_value("Title"))
        count = len(document)
        notes = Notes(document)

        def lines_of(number: int) -> list[Line]:
            page = _page(document, number - 1, notes)
            lines, missing = _lines(page, document, number, reading, second)
            if missing is not None:
                gaps.append(Gap(missing.value, number, number))
            return lines

        pages = _pages(count, reading, gaps, lines_of)
        labels = {number + 1: _label(document, number) for number in range(count)}
        blocks = _in_order(blocks_of(pages, outline=_outline(document)), notes.blocks)
        inside, inner_gaps = members.gather(notes.attachments(), reading)
    finally:
        document.close()
    named = (replace(block, label=labels.get(block.page, "")) for block in blocks)
    return _whole(path, title, [*named, *inside], count, [*gaps, *inner_gaps])


@dataclass(frozen=True, slots=True)
class _Page:
    """What pdfium finds on a page."""

    lines: list[Line] = field(repr=False)
    has_text: bool
    is_picture: bool


def _pages(count: int, reading: Reading, gaps: list[Gap], lines_of: Callable[[int], list[Line]]) -> list[list[Line]]:
    """The lines of every page; the rest is a gap where the time is up."""
    pages: list[list[Line]] = []
    for number in range(1, count + 1):
        try:
            reading.page(number, count)
        except OutOfTime:
            gaps.append(Gap(Code.PARSE_TIMEOUT.value, number, count))
            break
        pages.append([] if number in reading.skip else lines_of(number))
    reading.page(count + 1, count)
    return pages


def _page(document: Any, number: int, notes: Notes) -> _Page | None:
    """Page `number` (from 0), or None where pdfium cannot load it."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return None
    try:
        lines = pdf_text.lines_of(page)
        if lines is None:
            return None
        notes.look(page, number + 1)
        few = _characters(lines) < _LITTLE_TEXT
        has_text, is_picture = pdf_text.shows(page) if few else (True, False)
        return _Page(lines, has_text, is_picture)
    finally:
        page.close()


def _lines(
    page: _Page | None, document: Any, number: int, reading: Reading, second: SecondReader
) -> tuple[list[Line], Code | None]:
    """The lines of page `number` (from 1) by whoever reads it best, and why what is missing is."""
    if page is None:
        found = second.lines(number - 1)
        return found or [], Code.DAMAGED_FILE if found is None else None
    lines = page.lines
    if is_doubtful(lines) or (page.has_text and not lines):
        lines = better(lines, second.check(number - 1))
    unreadable = is_nonsense(lines)
    if not (page.is_picture or unreadable):
        return lines, None
    seen = pdf_scan.recognised(document, number, reading)
    if seen is None:
        return [] if unreadable else lines, Code.NEEDS_OCR
    return seen if unreadable or _characters(seen) >= _characters(lines) else lines, None


def _characters(lines: Iterable[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _in_order(blocks: Iterable[Block], notes: Iterable[Block]) -> list[Block]:
    """Notes behind the text of their page."""
    return sorted([*blocks, *notes], key=lambda block: block.page)


def _whole(path: Path, title: str, blocks: Sequence[Block], pages: int, gaps: Sequence[Gap]) -> Parsed:
    if not blocks and gaps:
        raise members.all_failed(gaps, path=path)
    return Parsed(title=_sensible(title), blocks=tuple(blocks), pages=pages, gaps=joined(gaps))


def opened(path: Path, passwords: Sequence[str]) -> Any:
    """The document, opened without a password or with one of those given; None where pdfium cannot read the file."""
    import pypdfium2

    data = path.read_bytes()
    for password in ("", *passwords):
        try:
            return pypdfium2.PdfDocument(data, password=password or None)
        except pypdfium2.PdfiumError as error:
            if error.err_code != _PASSWORD_ERROR:
                return None
    raise UserError(Code.NEEDS_PASSWORD, path=str(path))


def _label(document: Any, number: int) -> str:
    """What people call page `number` (from 0) where that is not its number."""
    label = one_line(document.get_page_label(number) or "")
    return "" if label == str(number + 1) else label


def _outline(document: Any) -> dict[tuple[int, str], int]:
    """The outline's headings: (page from 1, comparable text) -> level from 1."""
    found: dict[tuple[int, str], int] = {}
    for count, entry in enumerate(document.get_toc()):
        if count >= _OUTLINE_MOST:
            break
        target = entry.get_dest()
        index = target.get_index() if target else None
        key = heading_key(entry.get_title())
        if index is not None and key:
            found[index + 1, key] = min(entry.level + 1, 6)
    return found


def _read_with_second(path: Path, reading: Reading, second: SecondReader) -> Parsed:
    """The whole file by the second reader, which knows no places."""
    count, title = second.head()
    gaps: list[Gap] = []

    def lines_of(number: int) -> list[Line]:
        found = second.lines(number - 1)
        if found is None:
            gaps.append(Gap(Code.DAMAGED_FILE.value, number, number))
        return found or []

    blocks = blocks_of(_pages(count, reading, gaps, lines_of), outline={})
    inside, inner_gaps = members.gather(second.attachments(), reading)
    return _whole(path, title, [*blocks, *second.fields(), *inside], count, [*gaps, *inner_gaps])


def _sensible(title: str) -> str:
    """A metadata title, unless it is the file name an office program left there."""
    stem = title.lower()
    if stem.startswith(("microsoft word", "untitled", "powerpoint")) or stem.endswith((".doc", ".docx", ".indd")):
        return ""
    return title
