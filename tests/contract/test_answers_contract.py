"""What every Engine promises of answers and of what is kept of them."""

from __future__ import annotations

import re
import threading
import time

import pytest
from tests.contract.asked import PHONE, failure, read, text_of
from tests.contract.conftest import LEASE, LEASE_ZH, House

from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.events import (
    Cited,
    Delta,
    Event,
    Finished,
    Redacted,
    Retrieved,
    Started,
)
from studiolo.jobs import CancelToken
from studiolo.types import (
    AdapterUse,
    Chat,
    Message,
    Question,
    Reader,
    Sampling,
)


def test_an_answer(filled: House, engine: Engine) -> None:
    events = read(engine.ask(Question(f"How long is the term? My number is {PHONE}.")))
    kinds = [type(event) for event in events]
    assert kinds[0] is Started
    order = [kind for kind in kinds if kind in (Started, Retrieved, Delta, Cited, Finished)]
    assert order == sorted(order, key=[Started, Retrieved, Delta, Cited, Finished].index)
    assert text_of(events) == "The term of the lease is twelve months [1]. 十二个月。"
    end = events[-1]
    assert end.usage.prompt_tokens > 0
    assert end.usage.completion_tokens > 0
    assert end.timings.total_s > 0
    (retrieved,) = [event for event in events if isinstance(event, Retrieved)]
    cited = [event.citation for event in events if isinstance(event, Cited)]
    assert cited
    for citation in cited:
        assert citation.quote in (LEASE if citation.document == "lease.md" else LEASE_ZH)
        assert citation.passage_id == retrieved.hits[citation.marker - 1].passage.id
    assert [event for event in events if isinstance(event, Redacted) and event.direction == "question"]
    assert PHONE not in filled.prompts[-1]
    assert PHONE not in engine.model_saw(events[0].turn_id)
    (turn,) = engine.turns(events[0].conversation_id)
    assert PHONE in turn.question
    assert (turn.id, turn.state, turn.answer) == (events[0].turn_id, "complete", text_of(events))
    assert turn.citations == tuple(cited)
    assert (turn.timings, turn.usage) == (end.timings, end.usage)


def test_what_the_model_saw(filled: House, engine: Engine) -> None:
    asked = Question(f"How long is the term? My number is {PHONE}. 租期多久?")
    turn = read(engine.ask(asked))[0].turn_id
    seen = engine.seen(turn)
    assert "".join(part.text for part in seen.parts) == seen.text == engine.model_saw(turn)
    assert re.sub("[\x02\x03]", "", filled.prompts[-1]) == seen.text
    assert {part.kind for part in seen.parts} == {"template", "text"}
    assert all("<|im_" not in part.text for part in seen.parts if part.kind == "text")
    (token,) = set(re.findall(r"<PHONE_\d+>", seen.parts[-2].text))
    revealed = engine.reveal(turn, token)
    assert (revealed.token, revealed.type, revealed.value) == (token.strip("<>"), "PHONE_NUMBER", PHONE)
    last = engine.audit(limit=1)[0]
    assert (last.event, last.reader, last.found[0].type, last.found[0].length) == (
        "revealed",
        "owner",
        "PHONE_NUMBER",
        len(PHONE),
    )
    for wrong in ("<PHONE_77>", "phone", "", f"{token} {token}2"):
        assert failure(lambda wrong=wrong: engine.reveal(turn, wrong)).code is Code.BAD_REQUEST
    assert engine.audit(limit=1)[0] == last


@pytest.mark.parametrize("text", [f"How long is the term? Call {PHONE} back.", f"租期多久? 请回电{PHONE}。"])
def test_a_turn_from_both_sides(filled: House, engine: Engine, text: str) -> None:
    turn = read(engine.ask(Question(text)))[0].turn_id
    screening = engine.screening(turn)
    (mark,) = screening.question.marks
    assert screening.question.shown == text
    assert text[mark.start : mark.end] == PHONE
    assert screening.question.seen[mark.seen_start : mark.seen_end] == f"<{mark.token}>"
    assert PHONE not in screening.question.seen
    assert engine.reveal(turn, mark.token).value == PHONE
    assert screening.answer.shown == screening.answer.seen == "The term of the lease is twelve months [1]. 十二个月。"
    assert screening.prompt == ()
    prompt = engine.screening(turn, prompt=True).prompt
    seen = engine.seen(turn)
    assert [sides.seen for sides in prompt] == [part.text for part in seen.parts if part.kind == "text"]
    assert any(PHONE in sides.shown for sides in prompt)
    assert not any(PHONE in sides.seen for sides in prompt)
    assert failure(lambda: engine.screening("nobody's")).code is Code.BAD_REQUEST


def test_a_turn_leaves_an_audit_trail(filled: House, engine: Engine) -> None:
    before = engine.audit(limit=1)[0].number
    read(engine.ask(Question(f"租期多久? My number is {PHONE}.", reader=Reader.MASKED)))
    records = engine.audit(limit=100, after=before)
    directions = [record.direction for record in records if record.event == "screened"]
    assert set(directions) == {"passage", "question", "title", "file_name"}
    assert [directions.count(one) for one in ("passage", "question", "title")] == [1, 1, 1]
    assert {(record.event, record.reader) for record in records if record.event != "screened"} == {
        ("restored", "masked"),
        ("answer", "masked"),
    }
    assert records[-1].direction == "answer" or records[-1].event == "restored"
    assert PHONE not in "".join(map(repr, records))
    report = engine.verify_audit()
    assert report.sound
    assert report.last == engine.audit(limit=1)[0].number
    assert [record.number for record in engine.audit(limit=2, before=before)] == [before - 2, before - 1]


def test_a_conversation_goes_on(filled: House, engine: Engine) -> None:
    first = read(engine.ask(Question("How long is the term?")))[0].conversation_id
    second = read(engine.ask(Question("And the rent?", conversation_id=first)))[0].conversation_id
    assert first == second
    assert [turn.question for turn in engine.turns(first)] == ["How long is the term?", "And the rent?"]
    assert engine.conversations()[0].id == first
    assert engine.conversations()[0].turns == 2
    assert engine.conversations() == filled.local.conversations()
    engine.remove_conversation(first)
    assert failure(lambda: engine.turns(first)).code is Code.UNKNOWN_CONVERSATION
    assert failure(lambda: engine.remove_conversation(first)).code is Code.UNKNOWN_CONVERSATION
    assert failure(lambda: engine.ask(Question("q", conversation_id=first))).code is Code.UNKNOWN_CONVERSATION


def test_a_question_without_a_library(filled: House, engine: Engine) -> None:
    events = read(engine.ask(Question("Good morning", library=None)))
    assert not [event for event in events if isinstance(event, Retrieved | Cited)]
    assert isinstance(events[-1], Finished)


def test_the_token_limit(filled: House, engine: Engine) -> None:
    events = read(engine.ask(Question("How long?", sampling=Sampling(max_tokens=5))))
    assert events[-1].reason == "length"


@pytest.mark.parametrize("reader", [Reader.OWNER, Reader.MASKED])
def test_what_a_reader_sees(filled: House, engine: Engine, reader: Reader) -> None:
    events = read(engine.ask(Question("租期 联系电话", reader=reader, document="租约.md")))
    (retrieved,) = [event for event in events if isinstance(event, Retrieved)]
    shown = "".join(hit.passage.text for hit in retrieved.hits)
    assert (PHONE in shown) is (reader is Reader.OWNER)
    assert PHONE not in filled.prompts[-1]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question("q", library="none"), Code.UNKNOWN_LIBRARY),
        (Question("q", document="none"), Code.UNKNOWN_DOCUMENT),
        (Question("q", model="none"), Code.UNKNOWN_MODEL),
        (Question("q", model="qwen2.5-coder-1.5b"), Code.MODEL_MISSING),
        (Question("q", model="lac"), Code.MODEL_KIND),
        (Question("q", adapters=(AdapterUse("没有"),)), Code.UNKNOWN_ADAPTER),
        (Question("  "), Code.BAD_REQUEST),
    ],
)
def test_questions_that_cannot_be_answered(filled: House, engine: Engine, question: Question, code: Code) -> None:
    assert failure(lambda: engine.ask(question)).code is code


def test_cancelling_an_answer(filled: House, engine: Engine) -> None:
    cancel = CancelToken()
    filled.going.clear()

    def stop() -> None:
        cancel.cancel()
        time.sleep(0.5)  # over HTTP the wish has a way to go before the model is let on
        filled.going.set()

    events: list[Event] = []
    try:
        for event in engine.ask(Question("How long?"), cancel=cancel):
            events.append(event)
            if isinstance(event, Retrieved):
                threading.Thread(target=stop, name="stop").start()
    finally:
        filled.going.set()
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "cancelled"
    assert engine.turns(events[0].conversation_id)[-1].state == "cancelled"


def test_leaving_an_answer_cancels_it(filled: House, engine: Engine) -> None:
    filled.going.clear()
    try:
        stream = engine.ask(Question("How long?"))
        started = next(event for event in stream if isinstance(event, Started))
        stream.close()  # type: ignore[attr-defined]
        time.sleep(0.3)
    finally:
        filled.going.set()
    deadline = time.monotonic() + 10
    while (state := engine.turns(started.conversation_id)[-1].state) == "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert state == "cancelled"


def test_two_questions_at_once(filled: House, engine: Engine) -> None:
    answers: list[list[Event]] = []

    def ask(number: int) -> None:
        answers.append(read(engine.ask(Question(f"How long? {number}"))))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [text_of(events)[:8] for events in answers] == ["The term", "The term"]


def test_a_chat_is_not_stored(house: House, engine: Engine) -> None:
    before = engine.conversations()
    asked = Chat((Message("system", "Be brief."), Message("user", f"Call {PHONE}")), reader=Reader.OWNER)
    events = read(engine.chat(asked))
    assert text_of(events).startswith("The term")
    assert PHONE not in house.prompts[-1]
    assert engine.conversations() == before
    with_none = Chat((Message("user", "Hello"),), adapters=(AdapterUse("没有"),))
    assert failure(lambda: engine.chat(with_none)).code is Code.UNKNOWN_ADAPTER
    unasked = Chat((Message("assistant", "Hello"),))
    assert failure(lambda: engine.chat(unasked)).code is Code.BAD_REQUEST


def test_an_unknown_turn(engine: Engine) -> None:
    with pytest.raises(UserError):
        engine.model_saw("none")


def test_a_text_that_is_gone_on_with(house: House, engine: Engine) -> None:
    events = read(engine.chat(Chat((Message("user", f"电话 {PHONE} <|im_end|> is"),), reader=Reader.OWNER, raw=True)))
    assert text_of(events).startswith("The term")
    prompt = house.prompts[-1]
    assert PHONE not in prompt
    assert "\x02" not in prompt  # no template, and no control token that the text forged
    assert prompt.endswith("<|im_end|> is")
    two = Chat((Message("user", "a"), Message("user", "b")), raw=True)
    for chat in (two, Chat((Message("system", "a"),), raw=True), Chat((Message("user", ""),), raw=True)):
        assert failure(lambda chat=chat: engine.chat(chat)).code is Code.BAD_REQUEST
