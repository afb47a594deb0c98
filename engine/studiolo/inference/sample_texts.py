"""The sample documents as texts to compare models on, where a person names none: English, and Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

_ENGINE = Path(__file__).resolve().parents[2]
# in a source tree; beside the window, where it is installed
FOLDERS = (_ENGINE.parent / "assets" / "samples", _ENGINE / "studiolo_desktop" / "assets" / "samples")
CHINESE_SHARE = 0.2  # of the letters: English contracts quote a Chinese name, Chinese ones an English address


def sample_texts(read: Callable[[Path], str], folders: tuple[Path, ...] = FOLDERS) -> tuple[tuple[str, str], ...]:
    """("en", text), ("zh", text); () where the documents did not come along. `read`: what a document says."""
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        return ()
    texts = [read(path) for path in sorted(folder.iterdir()) if path.is_file()]
    by_language = {
        "en": [text for text in texts if not is_chinese(text)],
        "zh": [text for text in texts if is_chinese(text)],
    }
    return tuple((name, "\n\n".join(found)) for name, found in by_language.items() if found)


def is_chinese(text: str) -> bool:
    """Whether a text is mostly Chinese, by its letters."""
    letters = [char for char in text if char.isalpha()]
    ideographs = sum(unicodedata.name(char, "").startswith("CJK UNIFIED") for char in letters)
    return ideographs > CHINESE_SHARE * len(letters)
