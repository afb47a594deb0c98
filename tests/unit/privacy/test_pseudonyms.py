"""One value one token, in both directions; forms of one name tied; two people never one token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studiolo.privacy.persons import parse, parts_to_look_for, same_person
from studiolo.privacy.pseudonym_store import PseudonymStore
from studiolo.privacy.pseudonyms import PseudonymTable, key_of
from studiolo.privacy.vault import KeyHolder


def opened(folder: Path) -> PseudonymStore:
    return PseudonymStore(folder / "p.db", KeyHolder(folder / "p.key"))


@pytest.fixture
def table(tmp_path: Path) -> Iterator[PseudonymTable]:
    database = opened(tmp_path)
    yield PseudonymTable(database, "a")
    database.close()


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("PHONE_NUMBER", "138 0013 8000", "+86-138-0013-8000"),
        ("PHONE_NUMBER", "１３８００１３８０００", "13800138000"),
        ("EMAIL_ADDRESS", "Anna@Example.com", "anna@example.com"),
        ("CN_ID", "11010519491231002X", "110105 19491231 002x"),
        ("IBAN", "GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
        ("PERSON", "Margaret\nHolloway", "Margaret Holloway"),
    ],
)
def test_spellings_of_one_value_are_one_token(table: PseudonymTable, kind: str, one: str, other: str) -> None:
    assert key_of(kind, one) == key_of(kind, other)
    assert table.token(kind, one) == table.token(kind, other)


def test_forms_of_a_name_share_a_number_not_a_token(table: PseudonymTable) -> None:
    assert [table.token("PERSON", n) for n in ("Margaret Holloway", "Holloway", "Margaret", "M. Holloway")] == [
        "PERSON_1",
        "PERSON_1B",
        "PERSON_1C",
        "PERSON_1D",
    ]
    assert [table.token("PERSON", n) for n in ("王小明", "王先生", "小明")] == ["PERSON_2", "PERSON_2B", "PERSON_2C"]
    assert table.entry("PERSON_1B").value == "Holloway"


def test_two_people_of_one_family_name(table: PseudonymTable) -> None:
    assert table.token("PERSON", "Margaret Holloway") == "PERSON_1"
    assert table.token("PERSON", "Rowan Holloway") == "PERSON_2"
    assert table.token("PERSON", "Holloway") == "PERSON_3"  # nobody can say whose
    assert table.token("PERSON", "王小明") == "PERSON_4"
    assert table.token("PERSON", "王大明") == "PERSON_5"
    assert table.token("PERSON", "王先生") == "PERSON_6"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.sampled_from(["Anna", "Ben", "Chloe", "M."]), st.sampled_from(["Holloway", "Okafor", "Lindqvist"])
            ).map(" ".join),
            st.sampled_from(["Holloway", "Anna", "王小明", "王大明", "王先生", "小明", "李雷", "老李", "HOLLOWAY"]),
        ),
        max_size=14,
    )
)
def test_a_token_stands_for_one_value_for_ever(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    database = opened(tmp_path_factory.mktemp("p"))
    table = PseudonymTable(database, "a")
    given_out: dict[str, str] = {}
    for name in names:
        token = table.token("PERSON", name)
        assert given_out.setdefault(token, name) == name
    again = PseudonymTable(database, "a")
    for token, name in given_out.items():
        assert again.token("PERSON", name) == token
        assert again.entry(token).value == name
    database.close()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("David Chen", "Chen", True),
        ("David Chen", "D. Chen", True),
        ("David Chen", "DAVID CHEN", True),
        ("David Chen", "Diana Chen", False),
        ("David Chen", "Chen Wei", False),
        ("欧阳晓雯", "欧阳女士", True),
        ("王小明", "小王", True),
        ("王小明", "李先生", False),
        ("王小明", "Wang", False),
    ],
)
def test_same_person(one: str, other: str, same: bool) -> None:
    assert same_person(parse(one), parse(other)) is same
    assert same_person(parse(other), parse(one)) is same


def test_parts_that_are_words_are_not_looked_for() -> None:
    assert parts_to_look_for("Will Young") == ()
    assert parts_to_look_for("Margaret Rose") == ("Margaret",)
    assert parts_to_look_for("王和平") == ()


def test_short_values_are_not_looked_for(table: PseudonymTable) -> None:
    table.token("PERSON", "Li")
    table.token("SECRET", "1234")
    assert table.known_values("Li has 1234 lines") == []
