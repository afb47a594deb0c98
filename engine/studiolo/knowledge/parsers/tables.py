"""Rows of cells as table blocks: one line a row, cells parted by " | ", with the header row known. Any thread."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studiolo.knowledge.parsers.blocks import Block, one_line

CELL_MARK = " | "
_LETTER = re.compile(r"[^\W\d_]")
_HEADER_WITHIN = 3  # rows: a title or two may stand above the header
_COLUMNS_MOST = 2000


def table(
    rows: Sequence[Sequence[str]], *, page: int = 0, label: str = "", row: int = 0, header: str | None = None
) -> Block | None:
    """A table, or None where no cell says anything.

    `row` is the number of the first row; without it empty rows are left out. `header` None: found by its looks.
    """
    lines = [line_of(cells) for cells in rows]
    if row:
        while lines and not lines[0]:
            lines.pop(0)
            row += 1
        while lines and not lines[-1]:
            lines.pop()
    else:
        lines = [line for line in lines if line]
    if not lines:
        return None
    if header is None:
        header = header_of(rows)
    return Block("table", "\n".join(lines), page=page, label=label, row=row, header=header)


def line_of(cells: Sequence[str]) -> str:
    """A row as one line; empty cells at its end are left out."""
    texts = [one_line(cell) for cell in cells[:_COLUMNS_MOST]]
    while texts and not texts[-1]:
        texts.pop()
    return CELL_MARK.join(texts)


def header_of(rows: Sequence[Sequence[str]]) -> str:
    """The header row as one line: the first row of several different words, none a number; "" where there is none."""
    filled = [row for row in rows[: _HEADER_WITHIN + 1] if any(cell.strip() for cell in row)]
    wide = max((len(_distinct(row)) for row in filled), default=0) > 1
    for row in filled[:_HEADER_WITHIN][: len(filled) - 1]:
        said = _distinct(row)
        if all(_LETTER.search(cell) for cell in said) and (len(said) > 1 or not wide):
            return line_of(row)
        if len(said) > 1:
            return ""
    return ""


def _distinct(row: Sequence[str]) -> set[str]:
    return {cell for cell in row if cell.strip()}
