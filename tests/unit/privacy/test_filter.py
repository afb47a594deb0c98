"""The facade: screened in, restored out, redacted for scripts; fails closed and says nothing of the text."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.privacy.support import make_filter

from studiolo.errors import Code, PolicyBlock, StudioloError, UserError
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policy import BALANCED, OPEN, STRICT
from studiolo.privacy.recognizers.base import Match
from studiolo.types import Reader, Redaction, Span

ENGLISH = "Margaret Holloway (m.holloway@example.com, +44 20 7946 0958) paid with 4111 1111 1111 1111."
CHINESE = "王小明的手机13800138000，身份证11010519491231002X，密码：Abc12345。"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_no_value_is_left_and_the_owner_gets_them_back(screener: PrivacyFilter, text: str) -> None:
    screened = screener.screen(text, library_id="a", direction="question")
    for value in ("Holloway", "example.com", "7946", "4111", "王小明", "13800138000", "11010519491231002X", "Abc12345"):
        assert value not in screened.text
    restored = screener.restore(screened.text, library_id="a", reader=Reader.OWNER)
    expected = text.replace("4111 1111 1111 1111", "**** 1111").replace("Abc12345", "<SECRET>")
    assert restored == expected


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "😀王小明😀 ＡＢ：１３８００１３８０００ and <PERSON_9>"])
def test_edits_map_both_texts(screener: PrivacyFilter, text: str) -> None:
    screened = screener.screen(text, library_id="a", direction="passage")
    rebuilt, at = "", 0
    for edit in screened.edits:
        rebuilt += text[at : edit.start] + screened.text[edit.new_start : edit.new_end]
        assert len(rebuilt) == edit.new_end
        at = edit.end
    assert rebuilt + text[at:] == screened.text
    assert sum(r.count for r in screened.redactions) == len([e for e in screened.edits if e.type != "LITERAL"])


def test_stored_spans_are_used_and_known_values_found_again(screener: PrivacyFilter) -> None:
    screener.screen("Margaret Holloway called", library_id="a", direction="question")
    screened = screener.screen(
        "to margaret  holloway, MARGARET HOLLOWAY", library_id="a", direction="passage", spans=()
    )
    assert "olloway" not in screened.text.lower()
    other = screener.screen("to Margaret Holloway", library_id="b", direction="passage", spans=())
    assert other.text == "to Margaret Holloway"


def test_a_part_of_a_known_name_is_found_but_no_ordinary_word(screener: PrivacyFilter) -> None:
    screener.screen("Margaret Holloway called", library_id="a", direction="question")
    screened = screener.screen("Margaret said hollow ways, Holloways", library_id="a", spans=())
    assert screened.text == "<PERSON_1B> said hollow ways, Holloways"


def test_masked_reader_sees_types_only(screener: PrivacyFilter) -> None:
    screened = screener.screen(ENGLISH, library_id="a", direction="question")
    seen = screener.restore(screened.text, library_id="a", reader=Reader.MASKED)
    assert seen == "<PERSON> (<EMAIL_ADDRESS>, <PHONE_NUMBER>) paid with **** 1111."


def test_blocked_reader_gets_nothing_at_all(screener: PrivacyFilter) -> None:
    screened = screener.screen("ask Margaret Holloway", library_id="a", direction="question")
    stream = screener.stream(library_id="a", reader=Reader.BLOCKED)
    assert stream.feed("You should ") == ""
    with pytest.raises(PolicyBlock) as caught:
        stream.feed(screened.text + " now")
    assert caught.value.code is Code.BLOCKED_BY_POLICY
    clean = screener.stream(library_id="a", reader=Reader.BLOCKED)
    assert clean.feed("No values ") + clean.finish() == "No values "


def test_a_title_holds_masks(screener: PrivacyFilter) -> None:
    assert screener.screen("Letter to Margaret Holloway <PERSON_4>", library_id="a", direction="title").text == (
        "Letter to <PERSON> <PERSON_4>"
    )


def test_text_that_looks_like_a_token_comes_back_as_it_was(screener: PrivacyFilter) -> None:
    screener.screen("Margaret Holloway", library_id="a", direction="question")
    text = "The form says <PERSON_1> and [person_1], 填写＜PERSON_1＞"
    screened = screener.screen(text, library_id="a", direction="passage")
    assert "PERSON_1" not in screened.text
    for reader in (Reader.OWNER, Reader.MASKED):
        assert screener.restore(screened.text, library_id="a", reader=reader) == text
    assert screener.restore("<PERSON_77> PERSON_1Q", library_id="a", reader=Reader.OWNER) == "<PERSON_77> PERSON_1Q"


def test_only_what_the_model_saw_is_restored(screener: PrivacyFilter) -> None:
    screener.screen("Margaret Holloway, Daniel Okafor", library_id="a", direction="question")
    stream = screener.stream(library_id="a", reader=Reader.OWNER, seen=["ask <PERSON_1>"])
    assert stream.feed("<PERSON_1> or <PERSON_2>") + stream.finish() == "Margaret Holloway or <PERSON_2>"
    assert stream.redactions == (Redaction("PERSON", 1),)


def test_redact_gives_offsets_in_the_input(screener: PrivacyFilter) -> None:
    text = "😀𠮷 手机１３８００１３８０００，\u200b王小明 a\u200bnna@example.com 😀"
    redacted = screener.redact(text)
    assert redacted.text == "😀𠮷 手机<PHONE_NUMBER>，\u200b<PERSON> <EMAIL_ADDRESS> 😀"
    assert [text[e.start : e.end] for e in redacted.entities] == [
        "１３８００１３８０００",
        "王小明",
        "a\u200bnna@example.com",
    ]


def test_places_and_organisations_are_flagged_not_hidden(screener: PrivacyFilter) -> None:
    text = "Northwind Ltd in Boston"
    spans = (Span("ORGANIZATION", 0, 13, 0.6), Span("LOCATION", 17, 23, 0.6))
    screened = screener.screen(text, library_id="a", spans=spans)
    assert screened.text == text
    assert screened.redactions == ()  # what is left in place was not screened


def test_profiles(tmp_path: Path) -> None:
    assert BALANCED.action("NEVER_HEARD_OF", "question").value == "pseudonymise"
    opened = make_filter(tmp_path / "open", policy=OPEN)
    assert opened.screen("Margaret Holloway, password: Abc12345", library_id="a").text == (
        "Margaret Holloway, password: <SECRET_1>"
    )
    opened.close()
    strict = make_filter(tmp_path / "strict", policy=STRICT)
    with pytest.raises(PolicyBlock) as caught:
        strict.screen("password: Abc12345", library_id="a", direction="question")
    assert caught.value.code is Code.BLOCKED_BY_POLICY
    assert caught.value.values == {"types": "SECRET"}
    strict.close()


class _Raises:
    name = "raises"
    types = ("PERSON", "SECRET")

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Match]:
        raise ValueError(text)


def test_fails_closed_without_a_word_of_the_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = "Margaret Holloway 13800138000"
    broken = PrivacyFilter(Analyzer.of(names=None, families=[_Raises()]), path=tmp_path / "p.db")
    with caplog.at_level(logging.DEBUG):
        for call in (
            lambda: broken.spans(secret),
            lambda: broken.screen(secret, library_id="a"),
            lambda: broken.redact(secret),
            lambda: broken.restore(secret, library_id="a", reader=Reader.OWNER),
        ):
            with pytest.raises(PolicyBlock) as caught:
                call()
            assert caught.value.code is Code.FILTER_FAILED
            assert "Holloway" not in f"{caught.value!r}{caught.value}{caught.value.values}"
            assert caught.value.__suppress_context__
    stream = broken.stream(library_id="a", reader=Reader.OWNER)
    with pytest.raises(PolicyBlock):
        stream.feed(secret + ", now")
    with pytest.raises(PolicyBlock):  # and nothing comes later
        stream.finish()
    assert "Holloway" not in caplog.text
    broken.close()


def test_nothing_of_the_text_is_logged_or_shown(
    screener: PrivacyFilter, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        screened = screener.screen(ENGLISH, library_id="a")
        redacted = screener.redact(CHINESE)
        entry = screener.table("a").entry("PERSON_1")
    shown = caplog.text + "".join(capfd.readouterr()) + repr(screened) + repr(redacted) + repr(entry)
    for value in ("Holloway", "7946", "4111", "王小明", "138001"):
        assert value not in shown


def test_missing_name_models_mean_no_answer(tmp_path: Path) -> None:
    for spacy_folder, lac_folder in ((Path, lambda: tmp_path), (lambda: tmp_path, lambda: tmp_path)):
        analyzer = Analyzer(spacy_folder=spacy_folder, lac_folder=lac_folder)
        with pytest.raises(UserError) as caught:
            analyzer.analyze("hello there")
        assert caught.value.code is Code.MODEL_MISSING
        assert caught.value.values["model"] in ("lac", "en-core-web-sm")


def test_values_survive_a_restart_and_can_be_forgotten(tmp_path: Path) -> None:
    first = make_filter(tmp_path)
    token = first.screen("Margaret Holloway", library_id="a").text
    first.close()
    second = make_filter(tmp_path)
    assert second.screen("Margaret Holloway", library_id="a").text == token
    assert second.restore(token, library_id="a", reader=Reader.OWNER) == "Margaret Holloway"
    second.forget("a")
    assert second.restore(token, library_id="a", reader=Reader.OWNER) == token
    second.close()
    third = make_filter(tmp_path)
    assert third.restore(token, library_id="a", reader=Reader.OWNER) == token
    third.close()


def test_screened_values_are_not_in_reprs() -> None:
    assert issubclass(PolicyBlock, StudioloError)
    assert not any(f.repr for f in dataclasses.fields(Redaction) if f.name == "value")
