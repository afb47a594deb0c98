"""Arguments of tool calls: values are found in what strings say, and JSON stays JSON however it is cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.privacy.support import make_filter

from studiolo.privacy.arguments import screened_arguments
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import Reader

LIBRARY = "a"
TEXTS = [
    "Margaret Holloway", "<PERSON_1>", "138 0013 8000", "致电13800138000吧", "anna@example.com", "租金", "😀", 'a "q"',
    "back\\slash", "line\nbreak", "4111 1111 1111 1111", "plain words", "", "\ud83d", "sk-abcdefghijklmnop1234567890",
]  # fmt: skip


@pytest.fixture(scope="module")
def screener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyFilter]:
    made = make_filter(tmp_path_factory.mktemp("arguments"))
    made.screen("Margaret Holloway, 王小明, password: Qwerty-77", library_id=LIBRARY)
    yield made
    made.close()


def sent(screener: PrivacyFilter, pieces: list[str], reader: Reader = Reader.MASKED) -> str:
    arguments = screener.tool_arguments(library_id=LIBRARY, reader=reader)
    return "".join([*map(arguments.feed, pieces), arguments.finish()])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"to": "138 0013 8000"}', {"to": "<PHONE_NUMBER>"}),
        ('{"to": "\\u0031\\u0033\\u0038\\u0030013\\u0038000"}', {"to": "<PHONE_NUMBER>"}),
        ('{"to": "anna\\u0040example.com", "n": 3}', {"to": "<EMAIL_ADDRESS>", "n": 3}),
        ('{"to": 13800138000, "ok": true, "x": -1.5e3}', {"to": "<PHONE_NUMBER>", "ok": True, "x": -1500.0}),
        ('{"password": "hunter-22x"}', {"password": "<SECRET>"}),
        ('{"p\\u0061ssword":"hunter-22x"}', {"password": "<SECRET>"}),
        ('{"密码": "hunter-22x"}', {"密码": "<SECRET>"}),
        ('{"password": ["hunter-22x", "other-33y"]}', {"password": ["<SECRET>", "<SECRET>"]}),
        ('{"a": {"password": 1}, "b": "hunter-22x"}', {"a": {"password": 1}, "b": "hunter-22x"}),
        ('{"anna@example.com": null}', {"<EMAIL_ADDRESS>": None}),
        ('{"who": "\\u738b\\u5c0f\\u660e"}', {"who": "<PERSON>"}),
        ('["<PERSON_1>", "Margaret \\nHolloway"]', ["<PERSON>", "<PERSON>"]),
        ('"Margaret Holloway"', "<PERSON>"),
    ],
)
def test_values_in_strings_are_masked_and_json_stays_json(screener: PrivacyFilter, text: str, masked: object) -> None:
    assert json.loads(sent(screener, [text])) == masked
    assert json.loads(sent(screener, list(text))) == masked


def test_an_owner_gets_pseudonyms_back_but_no_secret(screener: PrivacyFilter) -> None:
    text = '{"to": "<person_1>", "key": "token: Qwerty-77", "n": "<PERSON_99>"}'
    assert json.loads(sent(screener, list(text), Reader.OWNER)) == {
        "to": "Margaret Holloway", "key": "token: <SECRET>", "n": "<PERSON_99>",
    }  # fmt: skip


def test_what_holds_no_value_is_written_as_it_came(screener: PrivacyFilter) -> None:
    text = '{ "a" : [1, 2.50, {"b": null}],\n "c":"租金\\n😀" }'
    assert sent(screener, list(text)) == text


def test_text_that_is_no_json_is_screened_too(screener: PrivacyFilter) -> None:
    assert sent(screener, ["call 138 0013 8000"]) == '"call <PHONE_NUMBER>"'
    assert "hunter" not in sent(screener, ["password: hunter-22x"])
    assert "8000" not in sent(screener, ['{"to": "138 0013 8000'])


def test_redactions_are_counted(screener: PrivacyFilter) -> None:
    arguments = screener.tool_arguments(library_id=LIBRARY, reader=Reader.MASKED)
    arguments.feed('{"a": "anna@example.com", "b": ["bob@example.com", 13800138000]}')
    arguments.finish()
    assert [(one.type, one.count) for one in arguments.redactions] == [("EMAIL_ADDRESS", 2), ("PHONE_NUMBER", 1)]


VALUES = st.recursive(
    st.sampled_from(TEXTS) | st.integers(-9, 10**12) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    VALUES, st.booleans(), st.lists(st.integers(0, 300), max_size=12), st.sampled_from([Reader.OWNER, Reader.MASKED])
)
def test_every_cut_gives_the_same_json(
    screener: PrivacyFilter, value: object, escaped: bool, cuts: list[int], reader: Reader
) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    whole = sent(screener, [text], reader)
    json.loads(whole)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert sent(screener, [text[a:b] for a, b in itertools.pairwise(edges)], reader) == whole
    assert sent(screener, list(text), reader) == whole
    if reader is Reader.MASKED:
        for secret in ("13800138000", "138 0013 8000", "anna@", "4111", "Holloway", "sk-abc"):
            assert secret not in json.dumps(json.loads(whole), ensure_ascii=False)


def test_whole_arguments_get_pseudonyms(screener: PrivacyFilter) -> None:
    text = '{"who": "Margaret Holloway", "password": "hunter-22x", "n": 7, "租客": "\\u738b\\u5c0f\\u660e"}'
    written, redactions = screened_arguments(
        text, lambda part: screener.screen(part, library_id=LIBRARY, direction="tool")
    )
    read = json.loads(written)
    assert read == {"who": "<PERSON_1>", "password": "<SECRET_2>", "n": 7, "租客": "<PERSON_2>"}
    assert [(one.type, one.count) for one in redactions] == [("PERSON", 2), ("SECRET", 1)]
