"""The second reader of PDFs: pypdf, asked where pdfium fails to open a file or a page, or reads nonsense. Any thread.

It takes some ten times as long: what it may look over is limited.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, one_line
from studiolo.knowledge.parsers.layout import Line

if TYPE_CHECKING:
    import pypdf

_CHECKS_MOST = 20  # pages
_PAGE_SECONDS_MOST = 2.0  # after a page that took longer no other is checked
_SHARE = 0.2  # of a page's characters
_FEW = 10  # characters, of which no share says anything
# Characters a font without a map to Unicode leaves: control and private ones, and the one for "unknown".
_NONSENSE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
# Words run together, and words spaced out into letters.
_BADLY_SPACED = re.compile(r"[A-Za-z]{35,}|(?:(?<!\S)[A-Za-z] ){6,}")
# What a parser of foreign bytes may raise on a broken file besides its own errors.
_FOREIGN_FAULTS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    EOFError,
)


def is_nonsense(lines: Sequence[Line]) -> bool:
    """Whether a fifth of the characters stand for no letter."""
    text = "".join("".join(line.text.split()) for line in lines)
    return len(text) >= _FEW and len(_NONSENSE.findall(text)) > _SHARE * len(text)


def is_doubtful(lines: Sequence[Line]) -> bool:
    """Whether another reader may read the page better."""
    text = "\n".join(line.text for line in lines)
    spaced = sum(len(match.group()) for match in _BADLY_SPACED.finditer(text))
    return is_nonsense(lines) or (len(text) >= _FEW and spaced > _SHARE * len(text))


def better(lines: list[Line], others: list[Line]) -> list[Line]:
    """Those of two readings that hold more that can be read."""
    return others if _readable(others) > _readable(lines) else lines


def _readable(lines: Sequence[Line]) -> float:
    """Characters, less those that nobody can read, which count against as many sound ones as make a page doubtful."""
    text = "\n".join(line.text for line in lines)
    bad = len(_NONSENSE.findall(text)) + sum(len(match.group()) for match in _BADLY_SPACED.finditer(text))
    return len("".join(text.split())) - bad / _SHARE


class SecondReader:
    """pypdf on a file, opened only when the first page needs it."""

    def __init__(self, path: Path, passwords: Sequence[str]) -> None:
        self._path = path
        self._passwords = passwords
        self._reader: pypdf.PdfReader | None = None
        self._checks_left = _CHECKS_MOST

    def open(self) -> pypdf.PdfReader:
        """The file. Raises UserError: damaged_file, needs_password."""
        if self._reader is None:
            self._reader = _opened(self._path, self._passwords)
        return self._reader

    def lines(self, number: int) -> list[Line] | None:
        """The lines of page `number` (from 0), without places; None where this reader fails as well."""
        from pypdf.errors import PyPdfError

        try:
            text = self.open().pages[number].extract_text()
        except (UserError, PyPdfError, *_FOREIGN_FAULTS):
            return None
        return [Line(line) for line in text.splitlines() if line.strip()]

    def check(self, number: int) -> list[Line]:
        """The same for a page that the first reader did read; none where too much was checked already."""
        if not self._checks_left:
            return []
        self._checks_left -= 1
        began = time.monotonic()
        lines = self.lines(number)
        if time.monotonic() - began > _PAGE_SECONDS_MOST:
            self._checks_left = 0
        return lines or []

    def head(self) -> tuple[int, str]:
        """How many pages there are, and the title. Raises UserError as `open` does."""
        from pypdf.errors import PyPdfError

        reader = self.open()
        try:
            count = len(reader.pages)
            title = one_line(str(reader.metadata.title or "")) if reader.metadata else ""
        except (PyPdfError, *_FOREIGN_FAULTS):
            count, title = 0, ""
        if not count:
            raise UserError(Code.DAMAGED_FILE, path=str(self._path))
        return count, title

    def fields(self) -> list[Block]:
        """What was filled into the form, as one block of lines "name: value"."""
        from pypdf.errors import PyPdfError

        try:
            found = self.open().get_fields() or {}
            values = [(one_line(str(name)), field.value) for name, field in found.items()]
        except (PyPdfError, *_FOREIGN_FAULTS):
            return []
        lines = [f"{name}: {one_line(str(value))}" for name, value in values if value not in (None, "", "/Off")]
        return [Block("list" if len(lines) > 1 else "paragraph", "\n".join(lines))] if lines else []

    def attachments(self) -> Iterator[tuple[str, bytes | UserError]]:
        """The files attached to the document."""
        from pypdf.errors import PyPdfError

        try:
            for name, versions in self.open().attachments.items():
                for data in versions:
                    yield name, data
        except (PyPdfError, *_FOREIGN_FAULTS):
            return


def _opened(path: Path, passwords: Sequence[str]) -> pypdf.PdfReader:
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
