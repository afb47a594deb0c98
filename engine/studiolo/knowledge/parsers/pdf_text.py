"""A page of a PDF as pdfium gives it: lines with their places, weights, and what else lies on it. Not for several
threads: nor is pdfium."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

from studiolo.knowledge.parsers import pdf_arabic
from studiolo.knowledge.parsers.layout import Line

_BOLD_WEIGHT = 600
_FONT_NAME_MOST = 128  # bytes; longer names are not looked at
_OBJECTS_MOST = 50_000  # of a page; a map's strokes must not cost the page's time
_DEEPEST_FORM = 4
_PICTURE_SHARE = 0.5  # of the page's area


def lines_of(page: Any) -> list[Line] | None:
    """A page's lines in pdfium's order; None where it cannot read them."""
    import pypdfium2

    try:
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return None
    try:
        text = text_page.get_text_range()
        lines: list[Line] = []
        position = 0
        for raw in text.split("\r\n"):
            if raw.strip():
                lines.append(_placed(text_page, raw, position))
            position += _units(raw) + 2
        return lines
    finally:
        text_page.close()


def _units(text: str) -> int:
    """How many UTF-16 units pdfium counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _placed(text_page: Any, raw: str, position: int) -> Line:
    """A line with the box of its first and last visible characters."""
    from pypdfium2 import raw as pdfium

    first = position + len(raw) - len(raw.lstrip())
    last = position + _units(raw.rstrip()) - 1
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
        pdf_arabic.mended(text_page, raw, position),
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


def shows(page: Any) -> tuple[bool, bool]:
    """Whether text is drawn on a page, and whether images cover most of it."""
    from pypdfium2 import raw as pdfium

    has_text = False
    covered = 0.0
    width, height = page.get_size()
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    edges = [ctypes.byref(edge) for edge in (left, bottom, right, top)]
    for count, (kind, thing) in enumerate(_objects(page)):
        if count >= _OBJECTS_MOST:
            break
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            has_text = True
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE and pdfium.FPDFPageObj_GetBounds(thing, *edges):
            covered += max(right.value - left.value, 0.0) * max(top.value - bottom.value, 0.0)
    return has_text, covered > _PICTURE_SHARE * width * height


def _objects(page: Any) -> Iterator[tuple[int, Any]]:
    """The objects of a page and of the forms it uses, each with its type."""
    from pypdfium2 import raw as pdfium

    def inside(holder: Any, count: Any, get: Any, depth: int) -> Iterator[tuple[int, Any]]:
        for index in range(count(holder)):
            thing = get(holder, index)
            kind = pdfium.FPDFPageObj_GetType(thing)
            yield kind, thing
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
                yield from inside(thing, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, depth + 1)

    yield from inside(page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, 1)
