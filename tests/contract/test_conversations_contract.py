"""Conversations kept in order: names, pins, searching, versions, exports; in process and over HTTP alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contract.asked import PHONE, failure, read
from tests.contract.conftest import House

from studiolo.engine import Engine
from studiolo.errors import Code
from studiolo.types import Question


@pytest.fixture
def conversation(filled: House, engine: Engine) -> Iterator[str]:
    found = read(engine.ask(Question(f"How long is the Term? My number is {PHONE}. 租期多久?")))[0].conversation_id
    yield found
    if found in {one.id for one in engine.conversations()}:
        engine.remove_conversation(found)


def test_renaming_and_pinning(engine: Engine, conversation: str) -> None:
    changed = engine.change_conversation(conversation, title="Lease 租约", pinned=True)
    assert (changed.title, changed.pinned) == ("Lease 租约", True)
    assert engine.change_conversation(conversation, pinned=False).title == "Lease 租约"
    assert next(one for one in engine.conversations() if one.id == conversation).title == "Lease 租约"
    read(engine.ask(Question("And the rent?", conversation_id=conversation)))
    assert engine.change_conversation(conversation).title == "Lease 租约"
    assert failure(lambda: engine.change_conversation("none", title="x")).code is Code.UNKNOWN_CONVERSATION
    assert failure(lambda: engine.change_conversation(conversation, title=" \n")).code is Code.BAD_REQUEST


def test_no_value_gets_into_a_title(engine: Engine, conversation: str) -> None:
    assert engine.change_conversation(conversation, title=f"打给 {PHONE}").title == "打给 <PHONE_NUMBER>"


def test_searching_titles_questions_and_answers(engine: Engine, conversation: str) -> None:
    def found(query: str) -> list[tuple[str, bool]]:
        return [
            (one.conversation.id, bool(one.turn_id))
            for one in engine.find_conversations(query)
            if one.conversation.id == conversation
        ]

    assert found("long TERM") == [(conversation, False)]  # of the title
    assert found("租期多久") == [(conversation, False)]
    assert found("twelve months") == [(conversation, True)]  # of the answer
    assert found("十二个月") == [(conversation, True)]
    assert found(PHONE) == [(conversation, True)]  # of the question, raw for the owner
    assert found("twelve giraffes") == []
    (hit,) = [one for one in engine.find_conversations("ｔｗｅｌｖｅ") if one.conversation.id == conversation]
    assert "twelve months" in hit.excerpt
    assert engine.find_conversations("e", limit=1)[1:] == []
    assert failure(lambda: engine.find_conversations("  ")).code is Code.BAD_REQUEST


def test_a_question_asked_again_is_another_version_and_the_model_reads_its_branch_alone(
    filled: House, engine: Engine, conversation: str
) -> None:
    (first,) = engine.turns(conversation)
    read(engine.ask(Question("And the rent?", conversation_id=conversation)))
    read(engine.ask(Question("How long is the lease? 多久?", instead_of=first.id)))
    assert "And the rent?" not in filled.prompts[-1]
    assert "How long is the Term?" not in filled.prompts[-1]
    (second,) = engine.turns(conversation)
    assert second.question == "How long is the lease? 多久?"
    assert second.versions == (first.id, second.id)
    (hidden,) = [one for one in engine.find_conversations("my number") if one.conversation.id == conversation]
    assert hidden.turn_id == first.id  # of a branch that is not shown
    engine.show_turn(first.id)
    assert [turn.question for turn in engine.turns(conversation)][1:] == ["And the rent?"]
    read(engine.ask(Question("And then?", conversation_id=conversation)))
    assert [turn.question for turn in engine.turns(conversation)][1:] == ["And the rent?", "And then?"]
    assert failure(lambda: engine.show_turn("none")).code is Code.BAD_REQUEST
    assert failure(lambda: engine.ask(Question("q", instead_of="none"))).code is Code.BAD_REQUEST
    elsewhere = Question("q", library=None, instead_of=first.id)
    assert failure(lambda: engine.ask(elsewhere)).code is Code.BAD_REQUEST


def test_an_export_holds_what_the_policy_lets_out(engine: Engine, conversation: str) -> None:
    exported = engine.export_conversation(conversation)
    (turn,) = exported.turns
    assert turn.question == "How long is the Term? My number is <PHONE_NUMBER>. 租期多久?"
    assert turn.answer.startswith("The term of the lease is twelve months")
    assert turn.shown
    assert turn.citations
    assert {redaction.type: redaction.count for redaction in exported.redactions}["PHONE_NUMBER"] >= 1
    assert PHONE not in repr(exported)
    last = engine.audit(limit=1)[0]
    assert (last.event, last.direction, last.reader) == ("exported", "export", "owner")
    before = engine.policy().section
    try:
        engine.set_policy("", {**before, "directions": {"export": {"PHONE_NUMBER": "allow"}}})
        assert PHONE in engine.export_conversation(conversation).turns[0].question
        engine.set_policy("", {**before, "directions": {"export": {"PHONE_NUMBER": "block"}}})
        assert failure(lambda: engine.export_conversation(conversation)).code is Code.BLOCKED_BY_POLICY
    finally:
        engine.set_policy("", before)
    assert failure(lambda: engine.export_conversation("none")).code is Code.UNKNOWN_CONVERSATION
