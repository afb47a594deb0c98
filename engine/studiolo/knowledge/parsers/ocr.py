"""Text recognition in pictures: the only module that imports rapidocr (Apache-2.0, extra `ocr`).

Its three PP-OCR models (Chinese and English) lie in the package; each is named by its path, because the package would
download whatever a setting names and the disk does not hold. One thread. Runs in the parser process only.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

from studiolo.knowledge.parsers.layout import Line

_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
PIXELS_MOST = 9_000_000  # of a picture: an A4 page at 300 dpi; larger ones are made smaller


def is_installed() -> bool:
    """Whether the extra is."""
    return importlib.util.find_spec("rapidocr") is not None


def lines_of(picture: Any) -> list[Line]:
    """The lines of a PIL image in reading order, boxes in its pixels with y growing upwards."""
    import numpy as np

    rgb = picture.convert("RGB")
    found = _engine()(np.asarray(rgb)[:, :, ::-1], use_cls=True)
    lines: list[Line] = []
    for box, text in zip(found.boxes if found.boxes is not None else (), found.txts or (), strict=True):
        left, right = float(box[:, 0].min()), float(box[:, 0].max())
        top, bottom = float(box[:, 1].min()), float(box[:, 1].max())
        lines.append(Line(text, left=left, right=right, bottom=rgb.height - bottom, height=bottom - top))
    return lines


@functools.cache
def _engine() -> Any:
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    settings |= {f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()}
    return rapidocr.RapidOCR(params=settings)
