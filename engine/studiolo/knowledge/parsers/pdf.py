"""PDF: text by pdfium, with the outline, sizes and weights it knows for structure; pypdf reads what pdfium cannot.

pypdfium2 (Apache-2.0/BSD-3-Clause) reads some hundred pages a second, pypdf (BSD) some twenty: so the second is
asked only where the first fails to open a file or to load one of its pages. Not for several threads: nor is pdfium.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import pdf_scan
from studiolo.knowledge.parsers.blocks import OutOfTime, Parsed, Reading, one_line
from studiolo.knowledge.parsers.course import joined
from studiolo.knowledge.parsers.layout import Line, blocks_of, heading_key
from studiolo.types import Gap

if TYPE_CHECKING:
    import pypdf

_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_BOLD_WEIGHT = 600
_FONT_NAME_MOST = 128  # bytes; longer names are not looked at
_OUTLINE_MOST = 5_000  # entries; a circular or generated outline must not cost the budget


def read(path: Path, reading: Reading) -> Parsed:
    """The file's blocks with page numbers.

    Raises UserError: needs_password where none given opens it, damaged_file where neither reader can, needs_ocr
    where all its pages are pictures and recognition is not installed, parse_timeout where no page came in time.
    """

    document = _opened(path, reading.passwords)
    if document is None:
        return _read_with_pypdf(path, reading)
    second = _SecondReader(path, reading.passwords)
    pages: list[list[Line]] = []
    gaps: list[Gap] = []
    try:
        title = one_line(document.get_metadata_value("Title"))
        count = len(document)
        labels = {number + 1: _label(document, number) for number in range(count)}
        for number in range(1, count + 1):
            try:
                reading.page(number, count)
            except OutOfTime:
                gaps.append(Gap(Code.PARSE_TIMEOUT.value, number, count))
                break
            if number in reading.skip:
                pages.append([])
                continue
            found = _page_lines(document, number - 1)
            if found is None:
                found = second.lines(number - 1)
            elif pdf_scan.is_picture(document, number - 1, found):
                seen = pdf_scan.recognised(document, number, reading)
                if seen is None:
                    gaps.append(Gap(Code.NEEDS_OCR.value, number, number))
                elif len(seen) >= len(found):
                    found = seen
            pages.append(found)
        reading.page(count + 1, count)
        outline = _outline(document)
    finally:
        document.close()
    if gaps and not any(pages):
        raise UserError(Code(gaps[0].reason), path=str(path))
    blocks = tuple(replace(block, label=labels.get(block.page, "")) for block in blocks_of(pages, outline=outline))
    return Parsed(title=_sensible(title), blocks=blocks, pages=count, gaps=joined(gaps))


def _opened(path: Path, passwords: Sequence[str]) -> Any:
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


def _page_lines(document: Any, number: int) -> list[Line] | None:
    """A page's lines, or None where pdfium cannot load it."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return None
    try:
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        page.close()
        return None
    try:
        text = text_page.get_text_range()
        lines: list[Line] = []
        position = 0
        for raw in text.split("\r\n"):
            if raw.strip():
                lines.append(_placed(text_page, raw, position))
            position += len(raw) + 2
        return lines
    finally:
        text_page.close()
        page.close()


def _placed(text_page: Any, raw: str, position: int) -> Line:
    """A line with the box of its first and last visible characters."""
    from pypdfium2 import raw as pdfium

    first = position + len(raw) - len(raw.lstrip())
    last = position + len(raw.rstrip()) - 1
    start = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
    end = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, last)
    box, end_box = pdfium.FS_RECTF(), pdfium.FS_RECTF()
    if (
        start < 0
        or end < 0
        or not pdfium.FPDFText_GetLooseCharBox(text_page, start, ctypes.byref(box))
        or not pdfium.FPDFText_GetLooseCharBox(text_page, end, ctypes.byref(end_box))
    ):
        return Line(raw)
    return Line(
        raw,
        left=box.left,
        right=end_box.right,
        bottom=box.bottom,
        height=max(box.top - box.bottom, 0.0),
        bold=_is_bold(text_page, start) and _is_bold(text_page, end),
    )


def _is_bold(text_page: Any, index: int) -> bool:
    """By the font's weight, or its name where it carries no weight."""
    from pypdfium2 import raw as pdfium

    if pdfium.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(_FONT_NAME_MOST)
    length = pdfium.FPDFText_GetFontInfo(text_page, index, name, _FONT_NAME_MOST, ctypes.byref(ctypes.c_int()))
    return 0 < length <= _FONT_NAME_MOST and any(mark in name.value.lower() for mark in (b"bold", b"black", b"heavy"))


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


class _SecondReader:
    """pypdf on the same file, opened only when the first page needs it."""

    def __init__(self, path: Path, passwords: Sequence[str]) -> None:
        self._path = path
        self._passwords = passwords
        self._reader: pypdf.PdfReader | None = None

    def lines(self, number: int) -> list[Line]:
        """The lines of page `number` (from 0); none where this reader fails as well."""
        if self._reader is None:
            self._reader = _open_with_pypdf(self._path, self._passwords)
        return _pypdf_lines(self._reader, number)


def _read_with_pypdf(path: Path, reading: Reading) -> Parsed:
    reader = _open_with_pypdf(path, reading.passwords)
    from pypdf.errors import PyPdfError

    try:
        count = len(reader.pages)
        title = one_line(str(reader.metadata.title or "")) if reader.metadata else ""
    except (PyPdfError, *_FOREIGN_FAULTS):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    if not count:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    lines: list[list[Line]] = []
    gaps: tuple[Gap, ...] = ()
    for number in range(1, count + 1):
        try:
            reading.page(number, count)
        except OutOfTime:
            gaps = (Gap(Code.PARSE_TIMEOUT.value, number, count),)
            break
        lines.append([] if number in reading.skip else _pypdf_lines(reader, number - 1))
    if gaps and not any(lines):
        raise UserError(Code.PARSE_TIMEOUT, path=str(path))
    return Parsed(title=_sensible(title), blocks=tuple(blocks_of(lines, outline={})), pages=count, gaps=gaps)


# What a parser of foreign bytes may raise on a broken file besides its own errors.
_FOREIGN_FAULTS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    EOFError,
)


def _open_with_pypdf(path: Path, passwords: Sequence[str]) -> pypdf.PdfReader:
    import pypdf
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote the file
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted and not any(reader.decrypt(word) for word in ("", *passwords)):
            raise UserError(Code.NEEDS_PASSWORD, path=str(path))
    except (PyPdfError, *_FOREIGN_FAULTS):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    return reader


def _pypdf_lines(reader: pypdf.PdfReader, number: int) -> list[Line]:
    from pypdf.errors import PyPdfError

    try:
        text = reader.pages[number].extract_text()
    except (PyPdfError, *_FOREIGN_FAULTS):
        return []
    return [Line(line) for line in text.splitlines()]


def _sensible(title: str) -> str:
    """A metadata title, unless it is the file name an office program left there."""
    stem = title.lower()
    if stem.startswith(("microsoft word", "untitled", "powerpoint")) or stem.endswith((".doc", ".docx", ".indd")):
        return ""
    return title
