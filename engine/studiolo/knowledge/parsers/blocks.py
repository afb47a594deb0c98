"""What every parser gives: a document as a list of blocks in reading order. Plain values, no third party.

Text is cleaned once, here: NFC, line ends as `\\n`, no control characters. A document's text is its blocks joined by
`SEPARATOR`; every offset elsewhere counts code points into that text. May be used by any thread.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from studiolo.types import Gap

BlockKind = Literal["heading", "paragraph", "list", "code", "table"]
SEPARATOR = "\n\n"
CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")  # with its punctuation

# Everything below U+0020 but tab and newline, DEL, the C1 range, non-characters, lone surrogates, byte order marks.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufff0-\ufff8\ufffe\uffff\ud800-\udfff]")
_BLANKS = re.compile(r"[^\S\n]+")
_MANY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """One structural piece.

    `page` counts from 1 (a slide, a sheet of a workbook and a page of a PDF are pages), 0 = the format has no pages;
    `level` is a heading's depth from 1. `label` is what people call the page where that is not its number: a PDF's page
    label ("iv"), a sheet's name. A table is one line a row, cells parted by " | "; where its source has numbered rows,
    `row` is the number of the first line's (from 1, each line is the next one). `header` is the table's header row as
    one line: a passage that begins further down in the table carries it along.
    """

    kind: BlockKind
    text: str = field(repr=False)
    page: int = 0
    level: int = 0
    label: str = field(default="", repr=False)
    row: int = 0
    header: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as read. `pages` is 0 where the format has none; `title` is "" where it says none; `gaps` are what
    could not be read."""

    title: str = field(repr=False)
    blocks: tuple[Block, ...] = field(repr=False)
    pages: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def text(self) -> str:
        """The whole text that offsets point into."""
        return SEPARATOR.join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one file may cost. The defaults hold a 1,000-page book with room to spare.

    `time_s` is for the whole file, `page_time_s` for one page: a page that takes longer is left out. Each page that
    has to be recognised from its picture adds `ocr_page_time_s` to the file's time and may itself take that long, so
    the budget of a scanned document of n pages is `time_s + n * ocr_page_time_s`. All are by the clock on the wall: the
    parser runs at low priority, and recognition that has to stand back for an answer being written takes some ten times
    as long. `memory_bytes` is address space; `ocr_memory_bytes` comes on top once recognition is loaded.
    """

    time_s: float = 60.0
    memory_bytes: int = 1_500_000_000
    size_bytes: int = 300_000_000
    page_time_s: float = 10.0
    ocr_page_time_s: float = 90.0
    ocr_memory_bytes: int = 1_500_000_000


Box = tuple[float, float, float, float]
"""(left, top, right, bottom) as shares of width and height, from the top left."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page as PNG, and where on it the texts stand that were to be marked."""

    png: bytes = field(repr=False)
    width: int  # pixels
    height: int
    pages: int
    boxes: tuple[Box, ...] = ()


class OutOfTime(Exception):
    """The file's time is up. Raised by `Reading.page`: the reader ends there and gives what it has, with a gap for the
    rest. One that cannot lets it pass; then the file has timed out."""


def _unheard(page: int, pages: int) -> None:
    """Progress that nobody watches."""


def _unlimited() -> None:
    """A page whose recognition nobody times."""


def _unkept(page: int, value: str) -> None:
    """A page's result that nobody keeps."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a file is given beside the file.

    `passwords` are tried where a file asks for one. `skip` are pages (from 1) that an earlier try hung or died on: the
    reader leaves them out, and whoever asked for that says so in a gap. `page` is told (page about to be read, pages)
    and flushes nothing itself; the page's time runs from there, anew each time it is told, and not at all for a number
    above `pages`: that is the putting together. It may raise OutOfTime.
    `slow` is told before a page is recognised from its picture, which may take longer. What a page gave at such cost
    goes to `keep`, and in a second try comes back in `kept`. `depth` counts how many archives or messages this file is
    inside of.
    """

    passwords: tuple[str, ...] = field(default=(), repr=False)
    skip: frozenset[int] = frozenset()
    page: Callable[[int, int], None] = _unheard
    depth: int = 0
    slow: Callable[[], None] = _unlimited
    keep: Callable[[int, str], None] = _unkept
    kept: Mapping[int, str] = field(default_factory=dict, repr=False)


def clean(text: str) -> str:
    """`text` as prose: NFC, no control characters, runs of blanks as one, at most one empty line."""
    tidy = _clean_characters(text)
    lines = [_BLANKS.sub(" ", line).strip() for line in tidy.split("\n")]
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()


def clean_code(text: str) -> str:
    """`text` with its indentation and inner blanks kept."""
    lines = [line.rstrip() for line in _clean_characters(text).expandtabs(4).split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines).rstrip()


def one_line(text: str) -> str:
    """`text` as one line: for headings, titles and table cells."""
    return " ".join(_clean_characters(text).split())


def _clean_characters(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    unified = unified.replace("\x0c", "\n").replace("\x0b", "\n").replace("\xad", "")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", unified))
