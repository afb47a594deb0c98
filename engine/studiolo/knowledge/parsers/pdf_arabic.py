"""Arabic lines as pdfium gives them, put right. Not for several threads: nor is pdfium.

It turns a line round letter by letter, also the two letters of the lam-alef ligature, which the page shows as one: both
then have one origin. And a Latin word runs into the Arabic one behind it, which nobody writes; to one before it, it may
belong ("and" is a letter), so there the page's space decides.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any

_ARABIC = "[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f]"
_ANY = re.compile(_ARABIC)
_TURNED = re.compile("[\u0622\u0623\u0625\u0627\u0671]\u0644")  # an alef, then a lam
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+#-]*")
_SPACE = 0.15  # of the type's height: a narrower gap is none between words
_SAME_PT = 0.01


def mended(text_page: Any, raw: str, position: int) -> str:
    """The line whose text begins at `position` in the page's text."""
    if not _ANY.search(raw) or max(raw) > "\uffff":  # positions count UTF-16 units
        return raw
    letters = list(raw)
    for match in _TURNED.finditer(raw):
        first, second = (_box(text_page, position + match.start() + step) for step in (0, 1))
        if abs(first.left - second.left) < _SAME_PT and abs(first.right - second.right) < _SAME_PT:
            letters[match.start() : match.end()] = reversed(match.group())
    for match in reversed(list(_LATIN.finditer(raw))):  # from the end, so that places stay
        if _ANY.match(raw, match.end()):
            letters.insert(match.end(), " ")
        if match.start() and _ANY.match(raw, match.start() - 1):
            before = _box(text_page, position + match.start() - 1)
            if before.left - _box(text_page, position + match.end() - 1).right > _SPACE * (before.top - before.bottom):
                letters.insert(match.start(), " ")
    return "".join(letters)


def _box(text_page: Any, index: int) -> Any:
    """Of the character at `index` of the text, in points; an empty one where it is none on the page."""
    from pypdfium2 import raw as pdfium

    box = pdfium.FS_RECTF()
    place = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, index)
    if place >= 0:
        pdfium.FPDFText_GetLooseCharBox(text_page, place, ctypes.byref(box))
    return box
