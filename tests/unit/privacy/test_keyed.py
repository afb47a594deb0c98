"""A number behind a word for it: what may stand between, and where the value begins and ends."""

from __future__ import annotations

import re

import pytest

from studiolo.privacy.recognizers.keyed import Keyed, KeyedFamily

FAMILY = KeyedFamily(
    "test",
    [
        Keyed("CLUB_ID", ("club", "club card", "会员")),
        Keyed("LOCKER", ("locker",), re.compile(r"[0-9]{4}(?![0-9])"), lead="(+"),
    ],
    needs=re.compile("[0-9]"),
)


def values(text: str) -> list[tuple[str, str]]:
    return [(match.type, text[match.start : match.end]) for match in FAMILY.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "club 12345",
        "Club: 12345",
        "CLUB NO. 12345 today",
        "club_id=12345",
        "club card number is 12345.",
        "club (gold): 12345",
        "club no.\n12345",
        "club | 12345 |",
        '"club": "12345"',
        "club12345",
        "会员12345号",
        "会员编号为12345",
        "会员卡号:12345,有效",
    ],
)
def test_found(text: str) -> None:
    assert values(text) == [("CLUB_ID", "12345")]


@pytest.mark.parametrize(
    "text", ["aeroclub 12345", "clubs 12345", "club and 7 or 12345", "club 123", "the club met in May, 12345 came", ""]
)
def test_left_alone(text: str) -> None:
    assert values(text) == []


def test_groups_and_letters_belong_to_the_value() -> None:
    assert values("club AB 12-34 567/X, then 99") == [("CLUB_ID", "AB 12-34 567/X")]


def test_a_sign_before_the_value_belongs_to_it_where_it_may() -> None:
    entry = Keyed("LOCKER", ("locker",), re.compile(r"\+?[0-9]{4}"), lead="+")
    family = KeyedFamily("test", [entry], needs=re.compile("[0-9]"))
    text = "locker +1234"
    assert [text[match.start : match.end] for match in family.find(text)] == ["+1234"]
    assert values(text) == []  # its pattern takes no sign


def test_what_stands_left_of_the_start_is_only_context() -> None:
    text = "club 12345"
    assert [match.start for match in FAMILY.find(text, 5)] == [5]
    assert list(FAMILY.find(text, 6)) == []


def test_a_check_that_closes_proves_the_value() -> None:
    family = KeyedFamily("test", [Keyed("X", ("x",), check=lambda value: value == "12345")], needs=re.compile("[0-9]"))
    assert [match.proven for match in family.find("x 12345, x 54321")] == [True, False]
