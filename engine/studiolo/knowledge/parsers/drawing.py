"""One page of a document as a picture, and where on it some text stands: PDFs by pdfium, pictures as they are.

For the parser process: files are hostile. Pages of text that is nobody's picture (office files, mail, plain text) are
not drawn. In a scan nothing is marked: where its words stand is not kept. Not for several threads: nor is pdfium.
"""

from __future__ import annotations

import ctypes
import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import kind_of
from studiolo.knowledge.parsers.blocks import Box, Drawing
from studiolo.knowledge.parsers.marking import ranges_of
from studiolo.knowledge.parsers.pdf import opened

if TYPE_CHECKING:
    from PIL import Image

LONG_SIDE_MOST = 6_000  # pixels, of a slender page
_LOADED_PIXELS_MOST = 120_000_000  # as for text recognition
_BOXES_MOST = 500


def draw(path: Path, *, page: int, width: int, marked: Sequence[str] = (), passwords: Sequence[str] = ()) -> Drawing:
    """Page `page` (from 1), `width` pixels wide, with the boxes of the `marked` texts.

    Raises UserError: unknown_format where nothing is to be drawn, needs_password, damaged_file (also where the file
    has no such page), file_too_large.
    """
    match kind_of(path):
        case "pdf":
            return _pdf(path, page, width, marked, passwords)
        case "images":
            return _picture(path, page, width)
        case _:
            raise UserError(Code.UNKNOWN_FORMAT, path=str(path), suffix=path.suffix, known="")


def _pdf(path: Path, number: int, width: int, marked: Sequence[str], passwords: Sequence[str]) -> Drawing:
    import pypdfium2

    document = opened(path, passwords)
    if document is None or not 1 <= number <= len(document):
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    try:
        document.init_forms()
        page = document[number - 1]
        page_width, page_height = page.get_size()
        scale = min(width / max(page_width, 1.0), LONG_SIDE_MOST / max(page_width, page_height, 1.0))
        picture = page.render(scale=scale).to_pil()
        boxes = tuple(_boxes(page, picture.size, marked)) if marked else ()
        return Drawing(_png(picture), picture.width, picture.height, len(document), boxes)
    except pypdfium2.PdfiumError:
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    finally:
        document.close()


def _boxes(page: Any, size: tuple[int, int], marked: Sequence[str]) -> Iterator[Box]:
    from pypdfium2 import raw as pdfium

    text_page = page.get_textpage()
    try:
        text = text_page.get_text_range()
        units = _units(text)
        count = 0
        for start, end in ranges_of(marked, text):
            first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, units[start])
            last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, units[end - 1])
            if first < 0 or last < first:
                continue
            for number in range(text_page.count_rects(first, last - first + 1)):
                count += 1
                if count > _BOXES_MOST:
                    return
                yield _on_picture(page, size, text_page.get_rect(number))
    finally:
        text_page.close()


def _units(text: str) -> list[int]:
    """Where each code point begins in UTF-16 units, which pdfium counts in."""
    places, unit = [], 0
    for char in text:
        places.append(unit)
        unit += 1 if ord(char) < 0x10000 else 2
    return places


def _on_picture(page: Any, size: tuple[int, int], rect: tuple[float, float, float, float]) -> Box:
    """A box in points from the page's bottom left as shares of the picture; a turned page is turned here too."""
    from pypdfium2 import raw as pdfium

    left, bottom, right, top = rect
    corners = []
    for x, y in ((left, top), (right, bottom)):
        at_x, at_y = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, ctypes.byref(at_x), ctypes.byref(at_y))
        corners.append((_share(at_x.value, size[0]), _share(at_y.value, size[1])))
    (x_1, y_1), (x_2, y_2) = corners
    return min(x_1, x_2), min(y_1, y_2), max(x_1, x_2), max(y_1, y_2)


def _share(value: int, whole: int) -> float:
    return round(min(max(value / max(whole, 1), 0.0), 1.0), 4)


def _picture(path: Path, number: int, width: int) -> Drawing:
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata and large pictures; the size is checked here
        try:
            with Image.open(path) as picture:
                count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
                if not 1 <= number <= count:
                    raise UserError(Code.DAMAGED_FILE, path=str(path))
                picture.seek(number - 1)
                if picture.width * picture.height > _LOADED_PIXELS_MOST:
                    raise UserError(Code.FILE_TOO_LARGE, path=str(path), limit_bytes=_LOADED_PIXELS_MOST * 3)
                upright = ImageOps.exif_transpose(picture).convert("RGBA")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    scale = min(width / upright.width, LONG_SIDE_MOST / max(upright.size), 1.0)  # never larger than it is
    if scale < 1:
        upright = upright.resize((max(round(upright.width * scale), 1), max(round(upright.height * scale), 1)))
    return Drawing(_png(upright), upright.width, upright.height, count)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
