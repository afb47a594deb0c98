"""The answer's stream: the same output for every cut, nothing leaks, nothing ordinary waits."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import stream_texts
from tests.stream_checks import LIBRARY as STREAMS
from tests.stream_checks import compare, held_back, rules_alone, streamed_bytes
from tests.stream_checks import streamed as streamed_answer
from tests.unit.privacy.support import make_filter

from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.windows import LONGEST as LONGEST_WINDOW
from studiolo.types import Reader

LIBRARY = "a"
PIECES = [
    "<PERSON_1>", "PERSON_1", "[PERSON_1B]", "< person_1 >", "《PERSON_2》", "PERSON\\_3", "**PERSON_1**", "person 1",
    "PERSON 3", "PERSON-1's", "<PERSON_99>", "<CARD_1>", "<SECRET_1>", "<PHONE_1>", "<PERSON_1", "PERSON_", "<", "[1]",
    "4111 1111 1111 1111", "5500-0000-0000-0004", "138 0013 8000", "13800138000", "anna@example.com", "(415) 555-2671",
    "sk-abcdefghijklmnop1234567890", "password: Abc(12)345", "密码：Xyz98765", "GB82 WEST 1234 5698 7654 32",
    "11010519491231002X", "京A·12345", "203.0.113.57", "A123456(3)", "https://u:p4ss@host/x",
    "Bearer abcdefghij0123456789",
    "-----BEGIN PRIVATE KEY-----\nMII\nabc\n-----END PRIVATE KEY-----", "-----", "--- title ---",
    "Margaret Holloway", "MARGARET  HOLLOWAY", "Margaret", "Marg", "王小明", "王小", "Holloway",
    " ", "  ", "\n", ", ", "。", "，", "the rent is 1,250.00 EUR", "on 2024-05-03", "12 34 56", "\u200b", "😀", "租金",
    "e\u0301",
    "½", "ﬁ", "１３８００１３８０００", "(", ")", "'", '"', "*", "Rue 7 X9", "京", "A", "1", "+", "@",
]  # fmt: skip


@pytest.fixture(scope="module")
def screener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyFilter]:
    made = make_filter(tmp_path_factory.mktemp("stream"))
    fill(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyFilter]:
    made = rules_alone(tmp_path_factory.mktemp("rules"))
    yield made
    made.close()


def fill(screener: PrivacyFilter) -> None:
    screener.screen(
        "Margaret Holloway, Holloway, 王小明, Daniel Okafor, 13911112222, 6222021234567890128, password: Qwerty-77",
        library_id=LIBRARY,
    )


def streamed(screener: PrivacyFilter, chunks: list[str], reader: Reader) -> str:
    stream = screener.stream(library_id=LIBRARY, reader=reader)
    return "".join([*map(stream.feed, chunks), stream.finish()])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(st.integers(0, 200), max_size=30),
    st.sampled_from([Reader.OWNER, Reader.MASKED]),
)
def test_every_cut_gives_the_same(screener: PrivacyFilter, text: str, cuts: list[int], reader: Reader) -> None:
    whole = streamed(screener, [text], reader)
    assert streamed(screener, list(text), reader) == whole
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert streamed(screener, [text[a:b] for a, b in itertools.pairwise(edges)], reader) == whole


@pytest.mark.parametrize(
    "written",
    [
        "<PERSON_1>", "PERSON_1", "<person_1>", "<Person_1>", "[PERSON_1]", "{PERSON_1}", "《PERSON_1》",
        "【PERSON_1】", "< PERSON_1 >", "<PERSON 1>", "<PERSON-1>", "<PERSON1>", "<PERSON\\_1>", "PERSON\\_1",
        "person_1", "PERSON 1",
        "PERSON-1", "<PERSON_1", "PERSON_1>", "＜PERSON_1＞", "<PERSON _1>", "PERSON_01",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["The tenant is {}.", "租客是{}，", "({})", "**{}**", "{}"])
def test_a_mangled_token_is_restored(screener: PrivacyFilter, written: str, around: str) -> None:
    expected = around.format("Margaret Holloway")
    assert streamed(screener, list(around.format(written)), Reader.OWNER) == expected


@pytest.mark.parametrize(
    "text", ["person 1 of 3", "Phone 1", "PERSON_77", "<b>1</b>", "PERSON_1X", "MYPERSON_1", "[1] and [2]"]
)
def test_what_only_looks_like_a_token_is_left_alone(screener: PrivacyFilter, text: str) -> None:
    assert streamed(screener, list(text), Reader.OWNER) == text


@pytest.mark.parametrize(
    ("text", "owner", "masked"),
    [
        ("card 5500 0000 0000 0004 ok", "card **** 0004 ok", "card **** 0004 ok"),
        ("call 138 0013 8000 now", "call 138 0013 8000 now", "call <PHONE_NUMBER> now"),
        ("致电13800138000吧", "致电13800138000吧", "致电<PHONE_NUMBER>吧"),
        ("to Anna@example.com.", "to Anna@example.com.", "to <EMAIL_ADDRESS>."),
        ("身份证11010519491231002X。", "身份证11010519491231002X。", "身份证<CN_ID>。"),
        ("password: Ab(c)12345, ok", "password: <SECRET>, ok", "password: <SECRET>, ok"),
        ("密码：Abc12345。", "密码：<SECRET>。", "密码：<SECRET>。"),
        ("key sk-abcdefghijklmnop1234567890!", "key <SECRET>!", "key <SECRET>!"),
        ("车牌京A·12345，", "车牌京A·12345，", "车牌<LICENSE_PLATE>，"),
        ("it is Qwerty-77 then", "it is <SECRET> then", "it is <SECRET> then"),
        ("see Margaret Holloway", "see Margaret Holloway", "see <PERSON>"),
        ("王小明说", "王小明说", "<PERSON>说"),
        ("m.holloway@example.com", "m.holloway@example.com", "<EMAIL_ADDRESS>"),
    ],
)
def test_values_the_model_writes_itself(screener: PrivacyFilter, text: str, owner: str, masked: str) -> None:
    assert streamed(screener, list(text), Reader.OWNER) == owner
    assert streamed(screener, list(text), Reader.MASKED) == masked


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("The tenant pays the rent on the first day of each month, as clause seven says. " * 3, len("tenant") + 1),
        ("承租方应当在每月的第一天支付租金，逾期的按照合同第七条处理。" * 3, 7),  # a Chinese local part has up to six
        ("The rent is 1,250 from 3 May on and 12 for the key. " * 3, len("1,250 from 3 M")),
    ],
)
@pytest.mark.parametrize("reader", [Reader.OWNER, Reader.MASKED])
def test_ordinary_text_is_not_delayed(rules: PrivacyFilter, text: str, longest: int, reader: Reader) -> None:
    assert max(held_back(rules, text, reader)) <= longest


def test_what_could_be_a_value_waits_no_longer_than_it_needs(rules: PrivacyFilter) -> None:
    for language in ("en", "zh"):
        made = [stream_texts.text(random.Random(f"held {n}"), language=language) for n in range(20)]
        held = sorted(count for text in made for count in held_back(rules, text, Reader.MASKED))
        assert held[len(held) // 2] <= 16
        assert held[len(held) * 99 // 100] <= 80


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_leaks_that_the_rules_find_in_the_whole_text(rules: PrivacyFilter, language: str) -> None:
    values = 0
    for number in range(60):
        text = stream_texts.text(random.Random(f"leak {number}"), language=language)
        for reader in (Reader.OWNER, Reader.MASKED):
            held = compare(rules, text, reader)
            assert held.leaks == ()
            values += held.values
    assert values > 100


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, *stream_texts.KNOWN]), max_size=8).map("".join))
def test_what_is_passed_over_is_what_the_units_would_emit(rules: PrivacyFilter, text: str) -> None:
    stream = rules.stream(library_id=STREAMS, reader=Reader.MASKED)
    slow = rules.stream(library_id=STREAMS, reader=Reader.MASKED)
    slow._ordinary = re.compile(r"(?!)")  # passes over nothing
    assert stream.feed(text) + stream.finish() == slow.feed(text) + slow.finish()


@given(st.text(alphabet="租金13800a<PERSON_1> é😀\n", max_size=40), st.lists(st.integers(0, 160), max_size=20))
@settings(max_examples=100, deadline=None)
def test_bytes_cut_inside_a_character(rules: PrivacyFilter, text: str, cuts: list[int]) -> None:
    raw = text.encode()
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[a:b] for a, b in itertools.pairwise(edges)]
    assert streamed_bytes(rules, pieces, Reader.MASKED) == streamed_answer(rules, [text], Reader.MASKED)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Call 212-555-0199 ext. 12, then", "Call <PHONE_NUMBER>, then"),
        ("电话：021-61234567转889。", "电话：<PHONE_NUMBER>。"),
        ("NINO AB 57 97 53 C: x", "NINO <UK_NINO>: x"),
        ("to:5524 1046 5384 5807.", "to:5524 1046 5384 5807."),  # no card: its check digit is wrong
        ("to:4111 1111 1111 1111.", "to:**** 1111."),
        ("mail anna @ example.com now", "mail <EMAIL_ADDRESS> now"),
        ("x api_key=Wj2EpwqqSiF0NhiC）$1，x", "x api_key=<SECRET>，x"),  # no bracket ends a secret
        ("a:-----BEGIN PRIVATE KEY-----\nAB\n-----END PRIVATE KEY----- b", "a:<SECRET> b"),
    ],
)
def test_values_of_several_words(rules: PrivacyFilter, text: str, masked: str) -> None:
    assert streamed_answer(rules, list(text), Reader.MASKED) == masked


def test_context_on_the_left_is_seen_and_not_emitted(rules: PrivacyFilter) -> None:
    stream = rules.stream(library_id=STREAMS, reader=Reader.OWNER, left="password: ")
    assert stream.feed("hunter-22x") + stream.finish() == "<SECRET>"


def test_no_run_of_text_makes_it_slow_or_hold_for_ever(screener: PrivacyFilter) -> None:
    for text in ("1 " * 3000, "a" * 6000, "<" * 3000, "PERSON" * 1000, "password: " * 400, "(1" * 2000, "-" * 4000):
        started = time.process_time()
        stream = screener.stream(library_id=LIBRARY, reader=Reader.MASKED)
        sent = stream.feed(text)
        assert len(text) - len(sent) <= 600 + LONGEST_WINDOW
        assert sent + stream.finish() == text
        print(len(text), round(time.process_time() - started, 2))


def test_a_folder_of_its_own(tmp_path: Path) -> None:
    made = make_filter(tmp_path)
    assert made.restore("PERSON_1", library_id=LIBRARY, reader=Reader.OWNER) == "PERSON_1"
    made.close()
