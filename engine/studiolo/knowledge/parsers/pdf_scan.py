"""Pages of a PDF that are pictures of text: what is read from them. Not for several threads."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from studiolo.knowledge.parsers import ocr
from studiolo.knowledge.parsers.blocks import Reading
from studiolo.knowledge.parsers.layout import Line

_DPI = 200
_RENDERED_MOST = 8_000  # pixels of the long side: of a slender page, which is read in pieces


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
        scale = min(_DPI / 72, _RENDERED_MOST / max(width, height, 1.0))
        picture = page.render(scale=scale).to_pil()
    finally:
        page.close()
    lines = [ocr.scaled(line, 1 / scale) for line in ocr.lines_of(picture)]
    reading.keep(number, json.dumps([asdict(line) for line in lines]))
    return lines
