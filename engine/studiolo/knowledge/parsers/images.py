"""Pictures (png, jpg, tif with several frames, bmp, webp, gif): by text recognition, a frame a page."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import ocr
from studiolo.knowledge.parsers.blocks import OutOfTime, Parsed, Reading
from studiolo.knowledge.parsers.layout import Line, blocks_of
from studiolo.types import Gap

if TYPE_CHECKING:
    from PIL import Image

_LOADED_PIXELS_MOST = 120_000_000  # 360 MB as RGB; a picture beyond is refused before it is unpacked
_LIGHT = 128  # of 255; writing lighter than that was made for a dark ground
_FRAMES_MOST = 500  # pages of one file


def read(path: Path, reading: Reading) -> Parsed:
    """The text in a picture. Raises UserError: needs_ocr where recognition is not installed, damaged_file,
    file_too_large where a frame has more pixels than are ever unpacked."""
    if not ocr.is_installed():
        raise UserError(Code.NEEDS_OCR, path=str(path))
    from PIL import Image, UnidentifiedImageError

    pages: list[list[Line]] = []
    gaps: list[Gap] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata and large pictures; the size is checked here
        try:
            with Image.open(path) as picture:
                # The frames of an animation are one picture after another, those of a TIFF pages.
                count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
                if count > _FRAMES_MOST:
                    gaps.append(Gap(Code.FILE_TOO_LARGE.value, _FRAMES_MOST + 1, count))
                for number in range(1, min(count, _FRAMES_MOST) + 1):
                    try:
                        reading.page(number, count)
                    except OutOfTime:
                        gaps.append(Gap(Code.PARSE_TIMEOUT.value, number, count))
                        break
                    pages.append([] if number in reading.skip else _frame(path, picture, number, reading))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    if gaps and gaps[-1].first == 1:
        raise UserError(Code.PARSE_TIMEOUT, path=str(path))
    return Parsed(title="", blocks=tuple(blocks_of(pages, outline={})), pages=count, gaps=tuple(gaps))


def _frame(path: Path, picture: Image.Image, number: int, reading: Reading) -> list[Line]:
    from PIL import ImageOps

    picture.seek(number - 1)
    if picture.width * picture.height > _LOADED_PIXELS_MOST:
        raise UserError(Code.FILE_TOO_LARGE, path=str(path), limit_bytes=_LOADED_PIXELS_MOST * 3)
    reading.slow()
    picture.draft("RGB", (ocr.SIDE_MOST, ocr.SIDE_MOST))  # a large JPEG is unpacked at half its size or less
    return ocr.lines_of(_on_a_ground(ImageOps.exif_transpose(picture)))


def _on_a_ground(picture: Image.Image) -> Image.Image:
    """A picture without transparency: dark writing stands on white, light writing on black."""
    from PIL import Image, ImageStat

    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    shades = ImageStat.Stat(clear.convert("L"), clear.getchannel("A").point(lambda alpha: alpha and 255))
    is_light = bool(shades.count[0]) and shades.mean[0] > _LIGHT
    ground = Image.new("RGBA", clear.size, "black" if is_light else "white")
    ground.alpha_composite(clear)
    return ground.convert("RGB")
