"""Recognised boxes in the order people read them."""

from __future__ import annotations

import random

from studiolo.knowledge.parsers.columns import evened, in_reading_order
from studiolo.knowledge.parsers.layout import Line


def box(text: str, left: float, top: float, *, width: float = 0.0, height: float = 10.0) -> Line:
    wide = width or sum(10.0 if ord(character) > 0x2E7F else 5.0 for character in text)
    return Line(text, left=left, right=left + wide, bottom=800 - top - height, height=height)


def shuffled(lines: list[Line]) -> list[Line]:
    mixed = list(lines)
    random.Random(7).shuffle(mixed)
    return mixed


def column(name: str, left: float, top: float, count: int) -> list[Line]:
    return [box(f"{name} line number {n} of the text column", left, top + 14 * n, width=240) for n in range(count)]


def chinese_column(name: str, left: float, top: float, count: int) -> list[Line]:
    return [box(f"{name}栏第{n}行写的是租赁合同的正文内容", left, top + 14 * n, width=240) for n in range(count)]


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_a_column_is_read_to_its_end_before_the_next_begins():
    for make in (column, chinese_column):
        first, second = make("甲", 40, 100, 8), make("乙", 300, 103, 8)
        assert texts(in_reading_order(shuffled([*first, *second]))) == texts([*first, *second])


def test_three_columns_follow_one_another():
    columns = [
        box(f"{n} of column {name}", left, 100 + 14 * n, width=150)
        for name, left in (("a", 40), ("b", 210), ("c", 380))
        for n in range(6)
    ]
    assert texts(in_reading_order(shuffled(columns))) == texts(columns)


def test_a_title_across_the_page_parts_what_stands_above_and_below():
    upper = [*column("a", 40, 60, 4), *column("b", 300, 62, 4)]
    title = box("A title that runs across the whole page", 40, 130, width=500)
    lower = [*column("c", 40, 160, 4), *column("d", 300, 161, 4)]
    page = [*upper, title, *lower]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_a_table_is_read_by_rows():
    rows = [("Rent", "900", "May"), ("Heating", "120", "June"), ("Water", "35", "July"), ("押金", "1800", "八月")]
    cells = [
        box(text, left, 100 + 20 * n + shift)
        for n, row in enumerate(rows)
        for text, left, shift in zip(row, (40, 250, 400), (0, 2, -1), strict=True)
    ]
    assert texts(in_reading_order(shuffled(cells))) == [" ".join(row) for row in rows]


def test_one_column_is_read_from_the_top():
    page = [*column("a", 40, 100, 5), box("end", 40, 180)]
    assert texts(in_reading_order(shuffled(page))) == texts(page)
    assert in_reading_order([]) == []


def test_what_is_written_upwards_in_the_margin_joins_no_row():
    page = [*column("a", 40, 100, 5), Line("margin", left=5, right=15, bottom=600, height=200)]
    assert set(texts(in_reading_order(page))) == set(texts(page))


def test_boxes_that_differ_by_their_letters_are_of_one_height():
    heights = [line.height for line in evened([box("a", 0, 0, height=h) for h in (9.0, 10.0, 11.5, 10.0, 24.0)])]
    assert heights == [10.0, 10.0, 10.0, 10.0, 24.0]
    assert evened([]) == []
