"""Pages of a PDF that are pictures of text: which they are, and what is read from them. Not for several threads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from studiolo.knowledge.parsers import ocr
from studiolo.knowledge.parsers.blocks import Reading
from studiolo.knowledge.parsers.layout import Line

_DPI = 200
_LITTLE_TEXT = 200  # characters: a stamp or a page number over a scan; a searchable scan has more, and is believed
_PICTURE_SHARE = 0.5  # of the page's area


def is_picture(document: Any, number: int, lines: Sequence[Line]) -> bool:
    """Whether page `number` (from 0) has hardly any text and an image over most of it."""
    import pypdfium2
    from pypdfium2 import raw as pdfium

    if sum(len(line.text) for line in lines) >= _LITTLE_TEXT:
        return False
    page = document[number]
    try:
        width, height = page.get_size()
        covered = 0.0
        for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4):
            left, bottom, right, top = image.get_bounds()
            covered += max(right - left, 0.0) * max(top - bottom, 0.0)
        return bool(covered > _PICTURE_SHARE * width * height)
    except pypdfium2.PdfiumError:
        return False
    finally:
        page.close()


def recognised(document: Any, number: int, reading: Reading) -> list[Line] | None:
    """What stands on page `number` (from 1) as a picture, boxes in points; None where recognition is not installed."""
    if number in reading.kept:
        return [Line(**line) for line in json.loads(reading.kept[number])]
    if not ocr.is_installed():
        return None
    reading.slow()
    page = document[number - 1]
    try:
        width, height = page.get_size()
        scale = min(_DPI / 72, (ocr.PIXELS_MOST / max(width * height, 1.0)) ** 0.5)
        picture = page.render(scale=scale).to_pil()
    finally:
        page.close()
    lines = [
        Line(
            line.text,
            left=line.left / scale,
            right=line.right / scale,
            bottom=line.bottom / scale,
            height=line.height / scale,
        )
        for line in ocr.lines_of(picture)
    ]
    reading.keep(number, json.dumps([asdict(line) for line in lines]))
    return lines
