"""New names in an answer: found a sentence at a time, for a reader who may not see them, the same for every cut."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stream_checks import LIBRARY, held_back, streamed
from tests.unit.privacy.support import ListedNames, make_filter

from studiolo.errors import Code, PolicyBlock
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policy_file import in_force, read_policy
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.windows import LONGEST, Windows
from studiolo.types import Reader

SENTENCES = [
    "Daniel Okafor signed it. ",
    "Dr. Rowan Holloway came! ",
    "李雷来了。",
    "王小明说：“李雷走了。”",
    "Is it Holloway? ",
    "The rent is 1.5 times that.\n",
    "No end mark",
    "\n\n",
    "J. Smith agreed. ",
    "“Go.” ",
    "租金？！",
    "…",
    "x" * 300,
    " ",
    "<PERSON_1> and <PERSON> met. ",
    "138 0013 8000. ",
    "ｄａｎｉｅｌ Daniel Okafor, ",
]


def windows(seen: list[str] | None = None) -> Windows:
    names = ListedNames()

    def find(texts: Sequence[str]) -> list[list[Match]]:
        if seen is not None:
            seen.extend(texts)
        return names.find(texts)

    return Windows(find, families=(), hidden=lambda kind: kind == "PERSON", shown=lambda kind, _value: f"<{kind}>")


def put(pieces: Sequence[str], seen: list[str] | None = None) -> str:
    made = windows(seen)
    return "".join([*map(made.feed, pieces), made.finish()])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), max_size=6).map("".join), st.lists(st.integers(0, 400), max_size=20))
def test_every_cut_gives_the_same_windows(text: str, cuts: list[int]) -> None:
    seen: list[str] = []
    whole = put([text], seen)
    each: list[str] = []
    assert put(list(text), each) == whole
    assert each == seen
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert put([text[a:b] for a, b in itertools.pairwise(edges)]) == whole
    made = windows()  # told what comes next
    told = [made.feed(one, ahead=text[at + 1 : at + 2]) for at, one in enumerate(text)]
    assert "".join([*told, made.finish()]) == whole
    assert "Okafor" not in whole
    assert "李雷" not in whole


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One here. Two there! Three?", ["One here.", " Two there!", " Three?"]),
        ("Dr. Rowan came. 1.5 is it.", ["Dr. Rowan came.", " 1.5 is it."]),
        ("一句。两句！“三句。”四句", ["一句。", "两句!", "“三句。”", "四句"]),
        ("a line\nanother", ["a line\n", "another"]),
    ],
)
def test_a_window_is_a_sentence(text: str, sentences: list[str]) -> None:
    seen: list[str] = []
    put([text], seen)
    assert seen == sentences


def test_a_sentence_without_an_end_is_cut(tmp_path: Path) -> None:
    made = windows()
    assert sum(len(made.feed("word ")) for _ in range(400)) >= 2000 - LONGEST


def test_new_names_are_masked_for_a_masked_reader_only(tmp_path: Path) -> None:
    screener = make_filter(tmp_path)
    text = "Daniel Okafor signed, and 李雷 came. Call 13800138000, please. "
    assert streamed(screener, list(text), Reader.OWNER) == text
    assert max(held_back(screener, text, Reader.OWNER)) <= len("13800138000 n")
    assert streamed(screener, list(text), Reader.MASKED) == (
        "<PERSON> signed, and <PERSON> came. Call <PHONE_NUMBER>, please. "
    )
    stream = screener.stream(library_id=LIBRARY, reader=Reader.MASKED)
    stream.feed(text)
    stream.finish()
    assert [(one.type, one.count) for one in stream.redactions] == [("PERSON", 2), ("PHONE_NUMBER", 1)]
    screener.close()


def test_titles_and_addresses_are_found_too(tmp_path: Path) -> None:
    screener = make_filter(tmp_path)
    shown = streamed(screener, list("Ask Mr. Quillfeather at 14 Cobbler Lane. 住址：上海市南京路12号。"), Reader.MASKED)
    assert "Quillfeather" not in shown
    assert "Cobbler" not in shown
    assert "南京路12" not in shown
    screener.close()


def test_what_context_gives_away_is_found_too(tmp_path: Path) -> None:
    screener = make_filter(tmp_path)
    text = "My name is Zorbla Quillfax. Ask Veronica about it."
    assert streamed(screener, list(text), Reader.MASKED) == "My name is <PERSON>. Ask <PERSON> about it."
    assert streamed(screener, list(text), Reader.OWNER) == text
    screener.close()


def test_an_address_kept_from_the_owner_is_found_whole(tmp_path: Path) -> None:
    hides = read_policy('[readers.owner]\nADDRESS = "mask"\n', file="x")
    screener = PrivacyFilter(
        Analyzer.of(names=ListedNames()), path=tmp_path / "p.db", policies=lambda scope: in_force(hides, scope)
    )
    for text, shown in (
        ("Daniel Okafor is at 14 Cobbler Lane, he said.", "Daniel Okafor is at <ADDRESS>, he said."),
        ("王小明的住址：上海市南京路12号。", "王小明的住址：<ADDRESS>。"),
    ):
        assert streamed(screener, list(text), Reader.OWNER) == shown
        assert streamed(screener, [text], Reader.OWNER) == shown
    screener.close()


def test_a_blocked_reader_gets_nothing_of_an_answer_with_a_new_name(tmp_path: Path) -> None:
    screener = make_filter(tmp_path)
    stream = screener.stream(library_id=LIBRARY, reader=Reader.BLOCKED)
    assert stream.feed("It is ") == ""
    with pytest.raises(PolicyBlock) as caught:
        stream.feed("Daniel Okafor. So")
    assert caught.value.code is Code.BLOCKED_BY_POLICY
    screener.close()


class _Fails:
    def find(self, texts: Sequence[str]) -> list[list[Match]]:
        raise RuntimeError(texts[0])


def test_a_failing_model_lets_nothing_through(tmp_path: Path) -> None:
    screener = PrivacyFilter(Analyzer.of(names=_Fails()), path=tmp_path / "p.db")
    stream = screener.stream(library_id=LIBRARY, reader=Reader.MASKED)
    assert stream.feed("Daniel Okafor") == ""
    with pytest.raises(PolicyBlock) as caught:
        stream.feed(" came. So")
    assert caught.value.code is Code.FILTER_FAILED
    with pytest.raises(PolicyBlock):
        stream.finish()
    screener.close()


@pytest.mark.parametrize(("text", "ahead"), [("Yes.\n<PHONE", ""), ("Yes.\nPHONE_", ""), ("来了。张", "张")])
def test_no_sentence_ends_before_what_may_become_something_else(tmp_path: Path, text: str, ahead: str) -> None:
    """A token may be shown as a number, and no sentence ends between two of a number's lines."""
    stream = make_filter(tmp_path).stream(library_id=LIBRARY, reader=Reader.MASKED)
    assert stream.feed(text) in ("Yes.", "来了。")
    screen = getattr(stream, "_screen", stream)
    assert screen._ahead() == ahead
