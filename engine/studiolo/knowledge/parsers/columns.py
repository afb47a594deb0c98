"""Recognised lines, which come in no order to rely on, as a person reads them: columns and rows. Pure. Any thread.

Columns are told from a table's by what stands in them: text fills lines of some length, cells are short. So a table is
read row by row, each row as one line.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from studiolo.knowledge.parsers.layout import Line

_ACROSS = 0.35  # share of the lines that may run across a gutter: titles, wide captions
_COLUMN_LEAST = 3  # lines
_TEXT_LIKE = 6.0  # a line's width against its height, from which it is text rather than a cell
_LIKE_MOST = 1.3  # ratio to the page's usual height, within which boxes are of one size: they differ by their letters


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """The lines down the first column, then the next; pieces that stand in one row as one line."""
    ordered = sorted(lines, key=_top, reverse=True)
    gutter = _gutter(ordered)
    if gutter is None:
        return _rows(ordered)
    found: list[Line] = []
    band: list[Line] = []
    for line in ordered:
        if _crosses(line, gutter):
            found.extend(_band(band, gutter))
            found.append(line)
            band = []
        else:
            band.append(line)
    return [*found, *_band(band, gutter)]


def evened(lines: Sequence[Line]) -> list[Line]:
    """The lines with one height for those that differ little: a box is higher where its letters reach further."""
    usual = statistics.median(line.height for line in lines) if lines else 0.0
    return [
        replace(line, height=usual) if usual < _LIKE_MOST * line.height < _LIKE_MOST**2 * usual else line
        for line in lines
    ]


def _top(line: Line) -> float:
    return line.bottom + line.height


def _crosses(line: Line, x: float) -> bool:
    return line.left < x - line.height and line.right > x + line.height


def _sides(lines: Sequence[Line], x: float) -> tuple[list[Line], list[Line]]:
    left = [line for line in lines if not _crosses(line, x) and line.left + line.right < 2 * x]
    right = [line for line in lines if not _crosses(line, x) and line.left + line.right >= 2 * x]
    return left, right


def _gutter(lines: Sequence[Line]) -> float | None:
    """Where the columns part, None where there is one."""
    best: tuple[int, float] | None = None
    for x in sorted({line.left for line in lines}):
        crossing = sum(_crosses(line, x) for line in lines)
        if crossing <= _ACROSS * len(lines) and (best is None or crossing < best[0]):
            left, right = _sides(lines, x)
            if _are_columns(left, right):
                best = (crossing, x)
    return best[1] if best else None


def _are_columns(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Whether both sides are text, and stand beside one another."""
    for side in (left, right):
        if len(side) < _COLUMN_LEAST or statistics.median(_slenderness(line) for line in side) < _TEXT_LIKE:
            return False
    tops = [max(_top(line) for line in side) for side in (left, right)]
    bottoms = [min(line.bottom for line in side) for side in (left, right)]
    shared = min(tops) - max(bottoms)
    return shared > 0.5 * min(top - bottom for top, bottom in zip(tops, bottoms, strict=True))


def _slenderness(line: Line) -> float:
    return (line.right - line.left) / max(line.height, 1e-6)


def _band(lines: Sequence[Line], gutter: float) -> list[Line]:
    """What stands between two lines across the page."""
    left, right = _sides(lines, gutter)
    if left and right and not all(statistics.median(map(_slenderness, side)) >= _TEXT_LIKE for side in (left, right)):
        return _rows(lines)
    return [line for side in (left, right) if side for line in in_reading_order(side)]


def _rows(lines: Sequence[Line]) -> list[Line]:
    """The lines from the top down, pieces of one row as one."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_middle, reverse=True):
        if rows and all(_beside(line, other) for other in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_one(sorted(row, key=lambda line: line.left)) for row in rows]


def _middle(line: Line) -> float:
    return line.bottom + line.height / 2


def _beside(line: Line, other: Line) -> bool:
    lower, higher = sorted((line.height, other.height))
    level = abs(_middle(line) - _middle(other)) < 0.5 * lower and higher < 2 * lower  # not what is written upwards
    return level and min(line.right, other.right) - max(line.left, other.left) < 0.5 * lower


def _one(row: Sequence[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    return Line(
        " ".join(line.text for line in row),
        left=row[0].left,
        right=max(line.right for line in row),
        bottom=min(line.bottom for line in row),
        height=max(line.height for line in row),
    )
