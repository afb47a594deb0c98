"""Entities of one's own and allow-lists: in questions, stored passages and answers, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.privacy.support import ListedNames

from studiolo.errors import Code, PolicyBlock
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.own import ANY, Listed, Own, pattern_problem, word_problem
from studiolo.privacy.policy_file import in_force, read_policy
from studiolo.types import Reader, Span

FILE = """
[custom.PROJECT]
words = ["Blue Falcon", "青鸟计划"]
patterns = ["PRJ-[0-9]{4}", "项目编号[0-9]{3}"]
[allow]
words = ["Holloway & Partners", "王小明科技公司"]
[allow.EMAIL_ADDRESS]
patterns = ["info@[a-z.]+"]
[libraries.free.allow]
words = ["Blue Falcon", "Daniel Okafor"]
[libraries.none.types]
PROJECT = "allow"
"""


@pytest.fixture
def screener(tmp_path: Path) -> Iterator[PrivacyFilter]:
    file = read_policy(FILE, file="x")
    made = PrivacyFilter(
        Analyzer.of(names=ListedNames()), path=tmp_path / "p.db", policies=lambda scope: in_force(file, scope)
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "screened"),
    [
        ("Is BLUE  FALCON late?", "Is <VALUE_1> late?"),
        ("blue\u200b falcon", "<VALUE_1>"),
        ("Blue Falconry", "Blue Falconry"),
        ("ＰＲＪ－２０２６ and PRJ-12", "<VALUE_1> and PRJ-12"),
        ("青鸟计划由王小明负责，项目编号007。", "<VALUE_1>由<PERSON_1>负责，<VALUE_2>。"),
        ("Holloway & Partners hired Margaret Holloway", "Holloway & Partners hired <PERSON_1>"),
        ("王小明科技公司的王小明", "王小明科技公司的<PERSON_1>"),
        ("info@northwind.example or m.h@northwind.example", "info@northwind.example or <EMAIL_1>"),
    ],
)
@pytest.mark.parametrize("stored", [False, True])
def test_screening(screener: PrivacyFilter, text: str, screened: str, stored: bool) -> None:
    spans = screener.spans(text) if stored else None  # as with a passage that was taken in before the policy
    found = screener.screen(text, library_id="a", direction="passage", spans=spans)
    assert found.text == screened
    assert screener.restore(found.text, library_id="a", reader=Reader.OWNER) == text


def test_each_library_has_its_own(screener: PrivacyFilter) -> None:
    text = "Blue Falcon, PRJ-2026, Daniel Okafor"
    assert screener.screen(text, library_id="free").text == "Blue Falcon, <VALUE_1>, Daniel Okafor"
    assert screener.screen(text, library_id="none").text == "Blue Falcon, PRJ-2026, <PERSON_1>"
    assert screener.screen(text, library_id="other").text == "<VALUE_1>, <VALUE_2>, <PERSON_1>"


def test_what_is_allowed_later_is_hidden_no_longer_though_it_has_a_pseudonym(tmp_path: Path) -> None:
    files = {"now": read_policy("", file="x")}
    screener = PrivacyFilter(
        Analyzer.of(names=ListedNames()), path=tmp_path / "p.db", policies=lambda _: in_force(files["now"], "")
    )
    assert screener.screen("王小明, Holloway", library_id="a").text == "<PERSON_1>, <PERSON_2>"
    files["now"] = read_policy('[allow.PERSON]\nwords = ["王小明"]\n', file="x")
    assert screener.screen("王小明, Holloway", library_id="a").text == "王小明, <PERSON_2>"
    assert screener.restore("<PERSON_1> <PERSON_2>", library_id="a", reader=Reader.MASKED) == "王小明 <PERSON>"
    assert screener.redact("王小明, Holloway").text == "王小明, <PERSON>"
    files["now"] = read_policy('[custom.ROOM]\nwords = ["蓝厅", "Garden Room"]\n', file="x")
    assert screener.screen("蓝厅, garden room", library_id="a", spans=()).text == "<VALUE_1>, <VALUE_2>"
    files["now"] = read_policy("", file="x")
    screener.forget("a")
    assert screener.screen("蓝厅, garden room", library_id="a", spans=()).text == "蓝厅, garden room"
    screener.close()


@pytest.mark.parametrize("text", ["The Blue Falcon flies, PRJ-2026 too.", "青鸟计划已完成，项目编号007。"])
@given(cut=st.integers(1, 12))
def test_a_masked_reader_sees_none_of_it_in_an_answer(text: str, cut: int, tmp_path_factory: pytest.TempPathFactory):
    file = read_policy(FILE, file="x")
    screener = PrivacyFilter(
        Analyzer.of(names=None),
        path=tmp_path_factory.mktemp("own") / "p.db",
        policies=lambda scope: in_force(file, scope),
    )
    screener.screen("the form says 项目编号007", library_id="a", direction="passage")  # where the model has it from
    stream = screener.stream(library_id="a", reader=Reader.MASKED)
    shown = "".join(stream.feed(text[at : at + cut]) for at in range(0, len(text), cut)) + stream.finish()
    screener.close()
    assert shown in ("The <PROJECT> flies, <PROJECT> too.", "<PROJECT>已完成，<PROJECT>。")


OWNERS = r"""
[custom.PROJECT]
patterns = ['Project [A-Z][a-z]+ [A-Z][a-z]+', '代号[\u4e00-\u9fff]{2} 计划']
[readers.owner]
PROJECT = "mask"
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is Project Blue Falcon, I think. Ask <PERSON_1>.", "It is <PROJECT>, I think. Ask Daniel Okafor."),
        ("这是代号青鸟 计划\uff0c没错。问<PERSON_1>。", "这是<PROJECT>\uff0c没错。问Daniel Okafor。"),
    ],
)
@given(cut=st.integers(1, 30))
def test_a_pattern_of_several_words_is_found_in_an_owner_s_answer(
    text: str, shown: str, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = read_policy(OWNERS, file="x")
    screener = PrivacyFilter(
        Analyzer.of(names=ListedNames()),
        path=tmp_path_factory.mktemp("own") / "p.db",
        policies=lambda scope: in_force(file, scope),
    )
    screener.screen("Daniel Okafor", library_id="a")
    stream = screener.stream(library_id="a", reader=Reader.OWNER)
    pieces = [stream.feed(text[at : at + cut]) for at in range(0, len(text), cut)]
    screener.close()
    assert "".join([*pieces, stream.finish()]) == shown


def test_redacting(screener: PrivacyFilter) -> None:
    redacted = screener.redact("王小明: 青鸟计划, PRJ-2026")
    assert redacted.text == "<PERSON>: <PROJECT>, <PROJECT>"
    assert [(e.type, e.start, e.end) for e in redacted.entities] == [
        ("PERSON", 0, 3),
        ("PROJECT", 5, 9),
        ("PROJECT", 11, 19),
    ]


def test_refining_counts_what_the_policy_lists(screener: PrivacyFilter) -> None:
    text = "王小明科技公司 info@a.example ＰＲＪ－２０２６ 王小明"
    found = screener.refine(text, screener.spans(text), library_id="a")
    assert [(span.type, text[span.start : span.end]) for span in found] == [
        ("PROJECT", "ＰＲＪ－２０２６"),
        ("PERSON", "王小明"),
    ]
    spans = (Span("PERSON", 0, 3, 0.85),)
    assert Own().refine("王小明", spans) == spans


def test_one_s_own_wins_over_what_else_is_found() -> None:
    own = Own([Listed("TEAM", ("王小明组",))])
    found = own.refine("王小明组开会", (Span("PERSON", 0, 3, 1.0),))
    assert [(span.type, span.start, span.end) for span in found] == [("TEAM", 0, 4)]


def test_an_allowed_value_is_whole() -> None:
    own = Own((), [Listed(ANY, ("Jane",)), Listed("PERSON", (), ("李[一-鿿]",))])
    assert own.refine("Jane Smith", (Span("PERSON", 0, 10, 0.9),)) == (Span("PERSON", 0, 10, 0.9),)
    assert own.refine("Jane", (Span("PERSON", 0, 4, 0.9),)) == ()
    assert own.refine("李雷", (Span("PERSON", 0, 2, 0.9),)) == ()
    assert own.refine("李雷", (Span("LOCATION", 0, 2, 0.9),)) == (Span("LOCATION", 0, 2, 0.9),)
    assert own.permits("PERSON", "jane")
    assert own.permits("PERSON", "李雷")
    assert not own.permits("LOCATION", "李雷")
    assert not own.permits("PERSON", "Jane Smith")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (r"[A-Z]{2}-\d{4}", ""),
        (r"(?:工号|编号)[:：]?\d{3,8}", ""),
        (r"(ab)+c", ""),
        (r"[+*]{2}\)+", ""),
        (r"(?<=No\. )\d+(?:/\d+)?", ""),
        (r"(\d+)+x", "slow_pattern"),
        (r"((a*)b)*", "slow_pattern"),
        (r"(?:[a-z]+\s?){2,}!", "slow_pattern"),
        (r"(x|xx)*y", "slow_pattern"),
        (r"a?", "empty_match"),
        (r"(", "bad_pattern"),
        (r"\p{Nope}", "bad_pattern"),
        ("a" * 1001, "long_pattern"),
    ],
)
def test_patterns_that_are_taken(pattern: str, problem: str) -> None:
    assert pattern_problem(pattern) == problem


def test_words_that_are_taken() -> None:
    assert [word_problem("", word) for word in ("abc", "青鸟", "ab", "青", "12345", " a ", "ａｂ")] == [
        "",
        "",
        *["short_word"] * 5,
    ]
    assert word_problem("SECRET", "abcde") == "short_word"


@given(st.text("ab()[]*+?{},|\\0", max_size=12))
def test_any_pattern_is_taken_or_not(pattern: str) -> None:
    assert pattern_problem(pattern) in ("", "bad_pattern", "empty_match", "slow_pattern")


def test_a_pattern_that_runs_away_after_all_lets_nothing_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studiolo.privacy import own as module
    from studiolo.privacy.policy_file import InForce, profile

    monkeypatch.setattr(module, "_LIMIT_S", 0.01)
    rules = InForce("", profile("balanced"), Own([Listed("SLOW", (), ("(a|aa)+$",))]))
    screener = PrivacyFilter(Analyzer.of(names=None), path=tmp_path / "p.db", policies=lambda _: rules)
    text = "a" * 4000 + "!"
    for call in (
        lambda: screener.screen(text, library_id="a"),
        lambda: screener.redact(text),
        lambda: screener.refine(text, (), library_id="a"),
        lambda: screener.restore(text, library_id="a", reader=Reader.MASKED),
    ):
        with pytest.raises(PolicyBlock) as caught:
            call()
        assert caught.value.code is Code.FILTER_FAILED
    screener.close()
