"""Years and days in questions and names, in both languages."""

from __future__ import annotations

import pytest

from studiolo.knowledge.calendar import Day, days_in, same_day, years_in
from studiolo.knowledge.language import fold


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("revenue in 2022", {2022}),
        ("FY2022 against FY21", {2022, 2021}),
        ("fiscal year 2023", {2023}),
        ("2022年的收入", {2022}),
        ("二〇二二年和二零二三年", {2022, 2023}),
        ("22年年报", {2022}),
        ("ADOBE_2022_10K", {2022}),
        ("2023Q4", {2023}),
        ("part 20221 and 1899", set()),
        ("十年", set()),
    ],
)
def test_years(text, years):
    assert years_in(fold(text)) == years


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("meeting-note-2026-04-14", Day(2026, 4, 14)),
        ("scan 20260414", Day(2026, 4, 14)),
        ("14.4.2026", Day(2026, 4, 14)),
        ("on 14 April 2026", Day(2026, 4, 14)),
        ("of April 14th, 2026", Day(2026, 4, 14)),
        ("the 14th of April", Day(0, 4, 14)),
        ("2026年4月14日", Day(2026, 4, 14)),
        ("4月14号的会议", Day(0, 4, 14)),
    ],
)
def test_days(text, day):
    found = days_in(fold(text))
    assert any(same_day(day, other) and other.year in (day.year, 0) for other in found)
    assert day in found


def test_a_day_without_a_year_fits_any():
    assert same_day(Day(0, 4, 14), Day(2026, 4, 14))
    assert not same_day(Day(2025, 4, 14), Day(2026, 4, 14))
    assert not same_day(Day(0, 4, 15), Day(2026, 4, 14))
