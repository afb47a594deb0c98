"""A text from both sides: what its reader sees, what the model saw, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.privacy.support import ListedNames

from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.marking import question_sides
from studiolo.privacy.own import Listed, Own
from studiolo.privacy.policy import BALANCED, Action, ReaderRules, Table
from studiolo.privacy.policy_file import InForce
from studiolo.types import Reader, Sides

LIBRARY = "library:合同"
EN = "Margaret Holloway called from +44 20 7946 0958. Her card is 4111 1111 1111 1111."
ZH = "王小明的手机号是13800138000，邮箱 wang@example.com。"


@pytest.fixture
def screener(tmp_path: Path) -> Iterator[PrivacyFilter]:
    made = PrivacyFilter(Analyzer.of(names=ListedNames()), path=tmp_path / "p.db")
    yield made
    made.close()


def check(sides: Sides) -> None:
    """What stands between the marks is the same on both sides."""
    at = seen = 0
    for mark in sides.marks:
        assert sides.shown[at : mark.start] == sides.seen[seen : mark.seen_start]
        assert sides.shown[mark.start : mark.end] != sides.seen[mark.seen_start : mark.seen_end]
        at, seen = mark.end, mark.seen_end
    assert sides.shown[at:] == sides.seen[seen:]


@pytest.mark.parametrize("text", [EN, ZH])
def test_an_answer_from_both_sides(screener: PrivacyFilter, text: str) -> None:
    seen = screener.screen(text, library_id=LIBRARY, direction="passage").text
    sides = screener.sides(seen, library_id=LIBRARY)
    check(sides)
    assert sides.seen == seen
    assert sides.shown == screener.restore(seen, library_id=LIBRARY, reader=Reader.OWNER)
    restored = {sides.shown[mark.start : mark.end]: mark for mark in sides.marks if not mark.hidden}
    values = ("Margaret Holloway", "+44 20 7946 0958") if text == EN else ("王小明", "13800138000")
    for value in values:
        assert value not in seen
        assert sides.seen[restored[value].seen_start : restored[value].seen_end] == f"<{restored[value].token}>"
    assert restored[values[0]].type == "PERSON"
    assert restored[values[1]].type == "PHONE_NUMBER"


def test_what_the_owner_does_not_see_either_is_hidden_and_can_be_revealed(screener: PrivacyFilter) -> None:
    seen = screener.screen(EN, library_id=LIBRARY, direction="passage").text
    sides = screener.sides(seen, library_id=LIBRARY)
    (card,) = [mark for mark in sides.marks if mark.hidden]
    assert (card.type, sides.shown[card.start : card.end]) == ("CREDIT_CARD", "**** 1111")
    revealed = screener.reveal(card.token, library_id=LIBRARY)
    assert revealed is not None
    assert revealed.value == "4111 1111 1111 1111"


def test_a_card_that_the_model_made_up_is_hidden_without_a_token(screener: PrivacyFilter) -> None:
    sides = screener.sides("Pay with 4111 1111 1111 1111, 谢谢。", library_id=LIBRARY)
    check(sides)
    (mark,) = sides.marks
    assert (mark.hidden, mark.token) == (True, "")
    assert sides.seen[mark.seen_start : mark.seen_end] == "4111 1111 1111 1111"


@pytest.mark.parametrize("text", ["", "Nothing to see here [1].", "没有秘密。", "<PERSON_7> is nobody."])
def test_where_nothing_was_replaced_there_are_no_marks(screener: PrivacyFilter, text: str) -> None:
    assert screener.sides(text, library_id=LIBRARY) == Sides(text, text)


@pytest.mark.parametrize("text", [EN, ZH])
def test_a_question_from_both_sides(screener: PrivacyFilter, text: str) -> None:
    screened = screener.screen(text, library_id=LIBRARY)
    sides = question_sides(text, screened.text, screened.edits)
    check(sides)
    assert (sides.shown, sides.seen) == (text, screened.text)
    assert all(mark.token for mark in sides.marks)
    assert not any(mark.hidden for mark in sides.marks)


def test_what_only_looks_like_a_token_is_no_value(screener: PrivacyFilter) -> None:
    text = "Who is <PERSON_1>?"
    screened = screener.screen(text, library_id=LIBRARY)
    assert screened.text != text
    assert question_sides(text, screened.text, screened.edits).marks == ()
    sides = screener.sides(screened.text, library_id=LIBRARY)
    assert (sides.shown, sides.marks) == (text, ())


def test_a_pattern_of_ones_own_that_the_owner_does_not_see_leaves_no_wrong_marks(tmp_path: Path) -> None:
    from dataclasses import replace

    owner = ReaderRules(Table({"PROJECT": Action.MASK}))
    policy = replace(BALANCED, types=Table({"PROJECT": Action.MASK}), readers={"owner": owner})
    rules = InForce("balanced", policy, Own((Listed("PROJECT", patterns=("PRJ-[0-9]{4}",)),)))
    screener = PrivacyFilter(Analyzer.of(names=ListedNames()), path=tmp_path / "p.db", policies=lambda _: rules)
    seen = screener.screen(EN, library_id=LIBRARY, direction="passage").text
    sides = screener.sides(f"PRJ-1234 {seen}", library_id=LIBRARY)
    assert sides.shown.startswith("<PROJECT> Margaret Holloway")
    assert sides.marks == ()
    screener.close()
