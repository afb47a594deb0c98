"""One value one token, in both directions; forms of one name tied; two people never one token."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studiolo.errors import UserError
from studiolo.privacy.persons import given_alone, parse, parts_to_look_for, same_person
from studiolo.privacy.pseudonym_store import PseudonymStore
from studiolo.privacy.pseudonyms import PseudonymTable, key_of
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.vault import KeyHolder

FAMILIES = ("Holloway", "Okafor", "Lindqvist", "Marchetti", "Novak")


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
    foreign = ("贾里德•霍洛威", "贾里德", "霍洛威", "戴维斯")
    assert [table.token("PERSON", n) for n in foreign] == ["PERSON_3", "PERSON_3B", "PERSON_3C", "PERSON_4"]
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
            st.sampled_from(["戴维斯", "里德", "贾里德", "贾里德·戴维斯", "托马斯·戴维斯", "贾里德·霍洛威"]),
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
        ("托马斯·戴维斯", "戴维斯", True),
        ("贾里德·戴维斯", "贾里德", True),
        ("贾里德·戴维斯", "里德", False),
        ("贾里德·戴维斯", "托马斯·戴维斯", False),
    ],
)
def test_same_person(one: str, other: str, same: bool) -> None:
    assert same_person(parse(one), parse(other)) is same
    assert same_person(parse(other), parse(one)) is same


def test_parts_that_are_words_are_not_looked_for() -> None:
    assert parts_to_look_for("Will Young") == ()
    assert parts_to_look_for("Margaret Rose") == ("Margaret",)
    assert parts_to_look_for("Canyon Freeway") == ()
    assert parts_to_look_for("Grainger Town") == ("Grainger",)
    assert parts_to_look_for("王和平") == ()


def test_short_values_are_not_looked_for(table: PseudonymTable) -> None:
    table.token("PERSON", "Li")
    table.token("SECRET", "1234")
    assert table.known_values("Li has 1234 lines") == []


@pytest.mark.parametrize(
    ("first", "whole", "second"),
    [("Margaret", "Margaret Holloway", "Holloway"), ("Holloway", "Margaret Holloway", "Margaret")],
)
def test_a_later_tie_is_an_alias_and_changes_no_token(
    table: PseudonymTable, first: str, whole: str, second: str
) -> None:
    tokens = [table.token("PERSON", name) for name in (first, second, whole)]
    assert tokens == ["PERSON_1", "PERSON_2", "PERSON_3"]
    assert [table.entry(token).value for token in tokens] == [first, second, whole]
    assert [table.token("PERSON", name) for name in (first, second, whole)] == tokens
    assert table.token("PERSON", "M. Holloway") == "PERSON_3B"
    listed = {one.token: one.same_as for one in table.entries()}
    assert listed["PERSON_3"] == ("PERSON_1", "PERSON_2")
    assert listed["PERSON_1"] == ("PERSON_2", "PERSON_3")


def test_two_whole_names_never_share_a_number(table: PseudonymTable) -> None:
    names = ["Holloway", "Margaret Holloway", "Rowan Holloway", "王先生", "王小明", "王大明", "小明", "王大先生"]
    tokens = [table.token("PERSON", name) for name in names]
    assert tokens[:3] == ["PERSON_1", "PERSON_1B", "PERSON_2"]
    assert tokens[3:6] == ["PERSON_3", "PERSON_3B", "PERSON_4"]
    assert tokens[6] == "PERSON_3C"
    assert len(set(tokens)) == len(names)


def test_a_part_that_may_be_anothers_is_no_alias(table: PseudonymTable) -> None:
    for name in ("Margaret Holloway", "Rowan Holloway", "Holloway", "M. Holloway"):
        table.token("PERSON", name)
    assert all(one.same_as == () for one in table.entries())


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("王晓雯", "晓雯"),
        ("李建国", ""),
        ("张和平", ""),
        ("欧阳婉婷", "婉婷"),
        ("王芳", ""),
        ("Anna Lee", ""),
        ("赵的了", ""),
    ],
)
def test_given_names_that_are_looked_for_alone(name: str, given: str) -> None:
    assert given_alone(name) == given


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("请晓雯明天来。", 1), ("晓雯说，晓雯和小李", 2), ("“晓雯”", 1), ("李晓雯来了", 0), ("晓雯婷说", 0),
        ("春晓雯章", 0),        ("王晓雯说", 1), ("cc晓雯ok", 1),
    ],
)  # fmt: skip
def test_a_given_name_stands_apart(table: PseudonymTable, text: str, found: int) -> None:
    table.token("PERSON", "王晓雯")
    places = {(match.start, match.end) for match in table.known_values(text)}
    assert len(places) == found
    stream = table.known(["PERSON"])
    for at in range(len(text)):
        match = stream.at(text, at, final=True)
        assert ((match.start, match.end) in places) if isinstance(match, Match) else at not in {a for a, _ in places}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Margaret Holloway", {"PERSON_2", "PERSON_3", "PHONE_1"}),
        ("holloway, margaret", None),
        ("PERSON_1B", {"PERSON_2", "PERSON_3", "PHONE_1"}),
        ("<person_1>", {"PERSON_2", "PERSON_3", "PHONE_1"}),
        ("王先生", {"PERSON_1", "PERSON_1B", "PERSON_3", "PHONE_1"}),
        ("小明", {"PERSON_1", "PERSON_1B", "PERSON_3", "PHONE_1"}),
        ("+86 13800138000", {"PERSON_1", "PERSON_1B", "PERSON_2", "PERSON_3"}),
        ("Nobody", None),
        ("PERSON_77", None),
    ],
)
def test_one_person_is_forgotten_with_all_forms(tmp_path: Path, name: str, kept: set[str] | None) -> None:
    store = opened(tmp_path)
    table = PseudonymTable(store, "a")
    for value in ("Margaret Holloway", "Holloway", "王小明", "Daniel Okafor"):
        table.token("PERSON", value)
    table.token("PHONE_NUMBER", "138 0013 8000")
    sealed = sealed_in(tmp_path)
    before = {one.token for one in table.entries()}
    erased = table.forget_value(name)
    for one in (table, PseudonymTable(store, "a")):
        assert {entry.token for entry in one.entries()} == (before if kept is None else kept)
    assert erased == (0 if kept is None else len(before - kept))
    gone = sealed - sealed_in(tmp_path)
    assert len(gone) == erased
    store.close()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(one in data for one in gone)


def sealed_in(folder: Path) -> set[bytes]:
    connection = sqlite3.connect(folder / "p.db")
    try:
        return {row[0] for row in connection.execute("SELECT sealed FROM pseudonyms")}
    finally:
        connection.close()


def test_a_forgotten_value_is_not_known_and_its_number_is_never_given_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    table = PseudonymTable(store, "a")
    assert table.token("PERSON", "王小明") == "PERSON_1"
    assert table.token("PERSON", "Rowan Holloway") == "PERSON_2"
    assert table.forget_value("Holloway") == 1
    assert table.known_values("Rowan Holloway, Rowan, 王小明")
    assert not table.known_values("Rowan Holloway, Rowan")
    for one in (table, PseudonymTable(store, "a")):
        assert one.entry("PERSON_2") is None
    assert table.token("PERSON", "Rowan Holloway") == "PERSON_3"
    assert table.forget() == 2
    assert PseudonymTable(store, "a").token("PERSON", "李雷") == "PERSON_4"
    other = PseudonymTable(store, "b")
    assert other.token("PERSON", "李雷") == "PERSON_1"
    store.close()


def test_a_name_that_fits_several_is_not_erased(table: PseudonymTable) -> None:
    table.token("PERSON", "Margaret Holloway")
    table.token("PERSON", "Rowan Holloway")
    with pytest.raises(UserError) as caught:
        table.forget_value("Holloway")
    assert caught.value.values["problem"] == "ambiguous"
    assert len(table.entries()) == 2


def test_an_alias_is_forgotten_with_its_person(table: PseudonymTable) -> None:
    for name in ("Margaret", "Holloway", "Margaret Holloway", "Daniel Okafor"):
        table.token("PERSON", name)
    assert table.forget_value("Margaret Holloway") == 3
    assert [one.token for one in table.entries()] == ["PERSON_4"]


def test_values_are_listed_only_when_asked_for(table: PseudonymTable) -> None:
    table.token("PERSON", "王小明")
    assert [one.value for one in table.entries()] == [""]
    assert [one.value for one in table.entries(reveal=True)] == ["王小明"]
    assert "王小明" not in repr(table.entries(reveal=True))


def test_eight_threads_at_once_never_share_a_token(tmp_path: Path) -> None:
    store = opened(tmp_path)
    table = PseudonymTable(store, "a")
    names = [f"{given} {family}" for given in ("Anna", "Ben", "Chloe", "Dara", "Ewan") for family in FAMILIES]
    names += [surname + given for surname in "王李张刘" for given in ("晓雯", "志强", "雨桐", "子涵", "明")]
    seen: list[dict[str, str]] = [{} for _ in range(8)]

    def work(number: int) -> None:
        mine = random.Random(number)
        for name in mine.sample(names, len(names)) * 2:
            assert seen[number].setdefault(name, table.token("PERSON", name)) == table.token("PERSON", name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one == seen[0] for one in seen)
    assert len(set(seen[0].values())) == len(names)
    assert {entry.token: entry.value for entry in PseudonymTable(store, "a").entries(reveal=True)} == {
        token: name for name, token in seen[0].items()
    }
    store.close()
