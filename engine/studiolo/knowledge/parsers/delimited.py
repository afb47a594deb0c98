"""Tables as text: comma, semicolon, tab or bar between cells, any encoding, rows numbered as they stand. Any thread."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Parsed, Reading
from studiolo.knowledge.parsers.text import decode
from studiolo.knowledge.parsers.workbook import blocks_of

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 60
_SAMPLE_CHARACTERS = 64_000
_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's own first line


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The rows as tables. Raises UserError(damaged_file) where it is not text."""
    text = decode(path.read_bytes())
    if text is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    return parse_text(text)


def parse_text(text: str) -> Parsed:
    """Delimited text as tables, parted where a row is empty."""
    body, first_row = text.removeprefix("\ufeff").replace("\x00", ""), 1
    declared = _DECLARED.match(body)
    delimiter = declared.group(1) if declared else delimiter_of(body)
    if declared:
        body, first_row = body[declared.end() :], 2
    rows = [[cell.strip() for cell in row] for row in _records(body, delimiter)]
    return Parsed(title="", blocks=tuple(blocks_of(rows, first_row=first_row)))


def delimiter_of(text: str) -> str:
    """The mark that cuts the first rows most evenly into the most cells; a comma where none does."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in _records(sample, delimiter)[:_SAMPLE_ROWS] if row]
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        score = widths.count(usual) / len(widths) + min(usual, 50) / 1000
        if usual > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _records(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(max(len(text), 131_072))
    # One line at a time, line ends kept: the reader itself joins what a quoted cell spreads over several.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
