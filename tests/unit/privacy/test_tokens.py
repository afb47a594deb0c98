"""Reading a token back: every listed way of writing it, every cut, and nothing that only looks like one."""

from __future__ import annotations

import pytest
from tests.mangling import WAYS, Way

from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.normalize import fold
from studiolo.privacy.tokens import MORE, Token, read_token, token_name
from studiolo.types import Reader

SENTENCES = ("{}", "The tenant is {}.", "Ask {} today, please", "租客是{}，", "“{}”说", "1. {}\n2. x", "a_{} b")


def test_there_are_at_least_twenty_ways() -> None:
    assert len(WAYS) >= 20
    assert len({way.write("PERSON_1") for way in WAYS}) == len(WAYS)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("sentence", SENTENCES[:-1])
def test_every_way_is_restored(screener: PrivacyFilter, way: Way, sentence: str) -> None:
    for name in ("Margaret Holloway", "Holloway", "王小明", "王先生"):
        token = screener.screen(name, library_id="a", direction="question").text.strip("<>")
        answer = sentence.format(way.write(token))
        stream = screener.stream(library_id="a", reader=Reader.OWNER)
        out = "".join([*map(stream.feed, answer), stream.finish()])
        assert out == sentence.format(way.left.format(name)), answer


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_document_may_hold_what_looks_like_a_token(screener: PrivacyFilter, way: Way) -> None:
    screener.screen("Margaret Holloway", library_id="a", direction="question")
    for sentence in SENTENCES:
        text = sentence.format(way.write("PERSON_1"))
        screened = screener.screen(text, library_id="a", direction="passage")
        assert screener.restore(screened.text, library_id="a", reader=Reader.OWNER) == text
        assert "Margaret" not in screener.restore(screened.text, library_id="a", reader=Reader.OWNER)


@pytest.mark.parametrize(
    "text",
    ["person 1", "MYPERSON_1", "a_PERSON_1", "PERSON_1_2", "PERSON_1X9", "PERSON_0", "<b>", "&lt;b&gt;", "\\<",
     "PERSON\n1", "PERSON_1234567", "[[1]]", "&", "\\", "人员_1"],
)  # fmt: skip
def test_what_only_looks_like_a_token(text: str) -> None:
    assert not any(isinstance(read_token(text, at, final=True), Token) for at in range(len(text)))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_beginning_asks_for_more_or_is_no_token(way: Way) -> None:
    whole = fold(way.write("PERSON_12B"), expand=False).text
    start = len(whole) - len(whole.lstrip("*_"))
    for end in range(start + 1, len(whole)):
        found = read_token(whole[:end], start, final=False)
        assert found == MORE or isinstance(found, Token), whole[:end]
        if isinstance(found, Token):
            assert found == read_token(whole, start, final=True)


@pytest.mark.parametrize(
    "text",
    ["电话13800138000person_1", "电话13800138000_PERSON_1_", "PERSON_1Margaret Holloway",
     "(415) 555-2671)_PERSON_1_王小明",
     "王小明<PERSON_1", "13800138000PERSON_1王小明_PERSON_1_13900139000"],
)  # fmt: skip
def test_what_becomes_a_token_beside_a_replaced_value_is_escaped(screener: PrivacyFilter, text: str) -> None:
    screener.screen("Daniel Okafor", library_id="a", direction="question")
    screened = screener.screen(text, library_id="a", direction="passage")
    assert screener.restore(screened.text, library_id="a", reader=Reader.OWNER) == text


def test_forms_are_lettered() -> None:
    assert [token_name("PERSON", 3, form) for form in (0, 1, 18, 25, 26, 27)] == [
        "PERSON_3", "PERSON_3B", "PERSON_3S", "PERSON_3Z", "PERSON_3AA", "PERSON_3AB",
    ]  # fmt: skip
    assert read_token("<PERSON_3S>", 0, final=True) == Token("PERSON_3S", 11)
