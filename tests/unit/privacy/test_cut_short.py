"""An answer that was cut shows no half of a pseudonym; one that ended by itself keeps what looks like it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.privacy.support import make_filter

from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import Reader

LIBRARY = "a"
PEOPLE = [f"李{given}" for given in ("雷", "明", "华", "军", "强", "平", "伟", "芳", "娜", "敏", "静", "丽")]


@pytest.fixture(scope="module")
def screener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyFilter]:
    made = make_filter(tmp_path_factory.mktemp("cut"))
    table = made.table(LIBRARY)
    assert table.token("PERSON", "Margaret Holloway") == "PERSON_1"
    assert table.token("PERSON", "王小明") == "PERSON_2"
    yield made
    made.close()


def shown(screener: PrivacyFilter, text: str, *, seen: str, cut: bool = True) -> list[str]:
    """What a reader sees, for the whole text at once and for one character after another."""
    out = []
    for chunks in ([text], list(text)):
        stream = screener.stream(library_id=LIBRARY, reader=Reader.OWNER, seen=[seen])
        told = "".join(map(stream.feed, chunks))
        gone = stream.cut_short() if cut else ""
        assert text.endswith(gone)
        out.append(told + stream.finish())
    assert out[0] == out[1]
    return out[:1]


SEEN = "<PERSON_1> <PERSON_2>"


@pytest.mark.parametrize(
    "half",
    ["<", "<P", "<PERS", "<PERSON", "<PERSON_", "< person", "&lt;PERSON_", "\\<PER", "[PERSON", "《PERSON_", "PERSON_"],
)
@pytest.mark.parametrize("text", ["The tenant is ", "租户是", "租户是 **"])
def test_half_a_token_at_a_cut_end_is_dropped(screener: PrivacyFilter, text: str, half: str) -> None:
    if half == "PERSON_" and text.endswith("是"):
        text += "："
    assert shown(screener, text + half, seen=SEEN) == [text]
    assert shown(screener, text + half, seen=SEEN, cut=False) == [text + half]


@pytest.mark.parametrize("text", ["The tenant is ", "租户是 "])
@pytest.mark.parametrize("half", ["<PERSON_1", "PERSON_1", "[PERSON_1"])
def test_a_number_that_could_go_on_is_nobodys_yet(screener: PrivacyFilter, text: str, half: str) -> None:
    table = screener.table(LIBRARY)
    while table.entry("PERSON_12") is None:
        table.token("PERSON", PEOPLE.pop())
    assert shown(screener, text + half, seen="<PERSON_1> <PERSON_12>") == [text]
    if not half.startswith("["):  # a bracket of others' that is not closed is no part of a token
        assert shown(screener, text + half, seen="<PERSON_1>") == [f"{text}Margaret Holloway"]


@pytest.mark.parametrize(
    "text",
    [
        "The tenant is <PERSON_2>", "租户是<PERSON_1>", "a cut person", "in a safe place", "PERSON", "if a < b < ",
        "他住在 place", "see [1", "《红楼", "<PHONE_", "<COMPANY", "R&", "C:\\", "<PERSON_1>: <b",
    ],
)  # fmt: skip
def test_what_could_not_become_a_token_of_the_prompt_stays(screener: PrivacyFilter, text: str) -> None:
    whole = text.replace("<PERSON_1>", "Margaret Holloway").replace("<PERSON_2>", "王小明")
    assert shown(screener, text, seen=SEEN) == [whole]


@pytest.mark.parametrize("said", ["The tenant is <PERSON_", "租户是<PERSON_"])
def test_half_a_token_in_a_json_text_is_dropped_too(screener: PrivacyFilter, said: str) -> None:
    stream = screener.tool_arguments(library_id=LIBRARY, reader=Reader.OWNER, seen=[SEEN])
    told = stream.feed('{"answer": "' + said)
    assert stream.cut_short() == "<PERSON_"
    assert told + stream.finish() == '{"answer": "' + said.removesuffix("<PERSON_")


def test_nothing_is_dropped_of_what_was_shown(screener: PrivacyFilter) -> None:
    stream = screener.stream(library_id=LIBRARY, reader=Reader.MASKED, seen=[SEEN])
    told = stream.feed("They are <PERSON_1> and <PERSON_2> and <PER")
    assert stream.cut_short() == "<PER"
    assert stream.cut_short() == ""
    assert told + stream.finish() == "They are <PERSON> and <PERSON> and "
