"""Text recognition in pictures: the only module that imports rapidocr (Apache-2.0, extra `ocr`).

Its three PP-OCR models (Chinese and English) lie in the package; each is named by its path, because the package would
download whatever a setting names and the disk does not hold. One thread. Runs in the parser process only.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from studiolo.isolation.telemetry import switch_off
from studiolo.knowledge.parsers.columns import evened, in_reading_order
from studiolo.knowledge.parsers.layout import Line

_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
SIDE_MOST = 2_000  # pixels of a page's long side: 170 dpi of A4; more takes longer and is not read better
_SHORT_SIDE = 736  # pixels, to which a smaller picture is enlarged: the detector misses type of a few pixels
_ENLARGED_MOST = 3.0
_DETECTED_SIDE = 1_280  # pixels of the long side in which lines are looked for; they are read from the larger picture
_SLENDER = 2.0  # a picture's height against its width, from which it is read in pieces: a receipt, a whole web page
_PIECES_MOST = 30
_SEEK = 0.15  # of a piece's height, in which the emptiest row is looked for to cut there


def is_installed() -> bool:
    """Whether the extra is."""
    return importlib.util.find_spec("rapidocr") is not None


def lines_of(picture: Any) -> list[Line]:
    """The lines of a PIL image in reading order, boxes in its pixels with y growing upwards.

    What is larger than `SIDE_MOST` is made smaller; a slender picture is read in pieces, each of that size. Of one
    taller than `_PIECES_MOST` pieces the rest is not read.
    """
    upright = picture.convert("RGB")
    lines: list[Line] = []
    for top, bottom in _pieces(upright):
        below = upright.height - bottom
        piece = _recognised(upright.crop((0, top, upright.width, bottom)))
        lines.extend(replace(line, bottom=line.bottom + below) for line in piece)
    return lines


def _pieces(picture: Any) -> list[tuple[int, int]]:
    """First row and the one after the last of each piece; one that is not slender is one piece."""
    import numpy as np

    height = round(_SLENDER * picture.width)
    tops = [0]
    seek = max(round(_SEEK * height), 1)
    while picture.height - tops[-1] > height and len(tops) < _PIECES_MOST:
        end = tops[-1] + height
        rows = np.asarray(picture.crop((0, end - seek, picture.width, end)).convert("L"), dtype=np.float32).std(axis=1)
        emptiest = np.flatnonzero(rows <= rows.min() + 1.0)  # of several the middle one: not the edge of a line
        tops.append(end - seek + max(int(emptiest[len(emptiest) // 2]), 1))
    last = picture.height if picture.height - tops[-1] <= height else tops[-1] + height
    return list(itertools.pairwise([*tops, last]))


def _recognised(picture: Any) -> list[Line]:
    import numpy as np

    wanted = min(max(_SHORT_SIDE / min(picture.size), 1.0), _ENLARGED_MOST)
    share = min(SIDE_MOST / max(picture.size), wanted)
    if share != 1:
        picture = picture.resize([max(round(side * share), 1) for side in picture.size], reducing_gap=2.0)
    found = _engine()(np.asarray(picture)[:, :, ::-1], use_cls=True)
    lines: list[Line] = []
    for box, text in zip(found.boxes if found.boxes is not None else (), found.txts or (), strict=True):
        left, right = float(box[:, 0].min()), float(box[:, 0].max())
        top, bottom = float(box[:, 1].min()), float(box[:, 1].max())
        line = Line(text, left=left, right=right, bottom=picture.height - bottom, height=bottom - top)
        lines.append(scaled(line, 1 / share))
    return in_reading_order(evened(lines))


def scaled(line: Line, factor: float) -> Line:
    """The line with its box in another unit."""
    return replace(
        line,
        left=line.left * factor,
        right=line.right * factor,
        bottom=line.bottom * factor,
        height=line.height * factor,
    )


@functools.cache
def _engine() -> Any:
    switch_off(os.environ)  # onnxruntime below it reads the environment when it is imported
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "Det.limit_type": "max",
        "Det.limit_side_len": _DETECTED_SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    settings |= {f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()}
    return rapidocr.RapidOCR(params=settings)
