"""What every Engine promises, asked of the one in this process and of the same one over HTTP."""

from __future__ import annotations

import functools
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.contract.conftest import LEASE, LEASE_ZH, House
from tests.scripted_engine import COMPARISON
from tests.unit.knowledge.pdf_files import pdf
from tests.unit.models.gguf_files import gguf

from studiolo.engine import Engine
from studiolo.errors import Code, StudioloError, UserError, error_for
from studiolo.events import (
    Cited,
    Compared,
    Delta,
    Event,
    Failed,
    FileDone,
    Finished,
    Progress,
    Redacted,
    Retrieved,
    Started,
    Tally,
)
from studiolo.jobs import CancelToken
from studiolo.types import (
    DEFAULT_LIBRARY,
    AdapterUse,
    Chat,
    DocumentStatus,
    Message,
    Question,
    Reader,
    Sampling,
    Watched,
)

PHONE = "13800138000"


def read(stream: Iterator[Event]) -> list[Event]:
    """All events; the last is the only last one."""
    events = list(stream)
    assert [isinstance(event, Finished | Failed) for event in events] == [False] * (len(events) - 1) + [True]
    return events


def failure(call: Callable[[], Any]) -> StudioloError:
    """The error of a call or of the stream it gives: raised, or as its last event."""
    try:
        result = call()
        events = list(result) if isinstance(result, Iterator) else []
    except StudioloError as error:
        return error
    assert events, "no error"
    assert isinstance(events[-1], Failed), "no error"
    return error_for(events[-1].code, events[-1].values)


def results(events: list[Event]) -> dict[str, str]:
    """Status (or reason) by file name."""
    done = [event.result for event in events if isinstance(event, FileDone)]
    return {Path(result.path).name: result.reason or result.status for result in done}


def until(reached: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def lost(house: House, library: str, name: str) -> None:
    """Let the passages of a document vanish from LanceDB behind the program's back."""
    knowledge = house.local._parts.knowledge
    row = knowledge._library(library)
    document = knowledge.document(library, name)
    knowledge._store.delete(
        row.id, [number for number, _ in knowledge._places.of_document(document.id, library_id=row.id)]
    )


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def test_status(house: House, engine: Engine) -> None:
    status = engine.status()
    assert status == house.local.status()
    assert status.home == str(house.home.root)
    assert status.model


def test_doctor(engine: Engine) -> None:
    checks = engine.doctor()
    assert {check.name for check in checks} >= {"python", "cpu", "home"}
    assert {check.state for check in checks} <= {"ok", "warning", "failed"}


def test_the_default_library_is_always_there(engine: Engine) -> None:
    assert DEFAULT_LIBRARY in {library.name for library in engine.libraries()}


def test_libraries(engine: Engine) -> None:
    made = engine.create_library("合同 2026")
    assert made.name == "合同 2026"
    assert engine.create_library("合同 2026") == made
    assert made in engine.libraries()
    engine.remove_library("合同 2026")
    assert made not in engine.libraries()
    assert failure(lambda: engine.remove_library("合同 2026")).code is Code.UNKNOWN_LIBRARY
    for name in ("", "a/b", ".."):
        assert failure(lambda name=name: engine.create_library(name)).code is Code.BAD_REQUEST
    assert failure(lambda: engine.documents("none")).code is Code.UNKNOWN_LIBRARY


def test_adding(house: House, engine: Engine, tmp_path: Path) -> None:
    odd = tmp_path / "odd.xyz"
    odd.write_text("x")
    events = read(engine.add([house.files, tmp_path / "gone.md", odd], library="adding"))
    assert results(events) == {
        "lease.md": "added",
        "租约.md": "added",
        "gone.md": "file_missing",
        "odd.xyz": "unknown_format",
    }
    assert events[-1].reason == "stop"
    listed = engine.documents("adding")
    assert {document.name for document in listed if document.status is DocumentStatus.READY} == {"lease.md", "租约.md"}
    assert listed == house.local.documents("adding")
    again = results(read(engine.add([house.files], library="adding")))
    assert again == {"lease.md": "unchanged", "租约.md": "unchanged"}


def test_removing_a_document(house: House, engine: Engine) -> None:
    read(engine.add([house.files / "lease.md"], library="removing"))
    (document,) = engine.documents("removing")
    engine.remove_document(document.id, library="removing")
    assert engine.documents("removing") == []
    assert failure(lambda: engine.remove_document(document.id, library="removing")).code is Code.UNKNOWN_DOCUMENT
    assert engine.search("lease", library="removing") == []


def test_removing_several_documents(house: House, engine: Engine) -> None:
    read(engine.add([house.files], library="removing several"))
    ids = [document.id for document in engine.documents("removing several")]
    assert len(ids) == 2
    error = failure(lambda: engine.remove_documents([ids[0], "none"], library="removing several"))
    assert (error.code, error.values["document"]) == (Code.UNKNOWN_DOCUMENT, "none")
    assert len(engine.documents("removing several")) == 2
    engine.remove_documents([*ids, ids[0]], library="removing several")
    assert engine.documents("removing several") == []
    assert failure(lambda: engine.remove_documents(ids, library="none")).code is Code.UNKNOWN_LIBRARY


@pytest.mark.parametrize("wish", ["keep", "remove"])
def test_what_conversations_quote_of_a_removed_document(
    house: House, engine: Engine, wish: Literal["keep", "remove"]
) -> None:
    library = f"quoted {wish}"
    read(engine.add([house.files / "lease.md"], library=library))
    (document,) = engine.documents(library)
    events = read(engine.ask(Question("How long is the term?", library=library)))
    (turn,) = engine.turns(events[0].conversation_id)
    assert turn.citations
    assert turn.sources
    (quoting,) = engine.quoting([document.id])
    assert quoting.id == turn.conversation_id
    assert engine.quoting(["none"]) == []
    engine.remove_document(document.id, library=library, conversations=wish)
    assert engine.quoting([document.id]) == []
    if wish == "remove":
        assert failure(lambda: engine.turns(turn.conversation_id)).code is Code.UNKNOWN_CONVERSATION
        return
    (kept,) = engine.turns(turn.conversation_id)
    assert kept.answer == turn.answer
    assert kept.citations == ()
    assert [hit.passage.text for hit in kept.sources] == [""] * len(turn.sources)
    assert engine.model_saw(turn.id) == ""


def test_removing_a_library_takes_its_quotes_along(house: House, engine: Engine) -> None:
    read(engine.add([house.files / "lease.md"], library="leaving"))
    (document,) = engine.documents("leaving")
    conversation = read(engine.ask(Question("How long is the term?", library="leaving")))[0].conversation_id
    engine.remove_library("leaving")
    assert engine.quoting([document.id]) == []
    assert engine.turns(conversation)[0].citations == ()


def test_one_document_and_its_passages(filled: House, engine: Engine) -> None:
    listed = engine.documents()
    assert [engine.document(document.id) for document in listed] == listed
    lease = next(document for document in listed if document.name == "lease.md")
    passages = engine.document_passages(lease.id)
    assert passages == filled.local.document_passages(lease.id)
    assert len(passages) == lease.passages
    assert "twelve months" in passages[0].text
    for call in (engine.document, engine.document_passages):
        assert failure(lambda call=call: call("none")).code is Code.UNKNOWN_DOCUMENT
        assert failure(lambda call=call: call(lease.id, library="none")).code is Code.UNKNOWN_LIBRARY


def test_an_ingestion_tells_how_far_it_is(house: House, engine: Engine) -> None:
    tallies = [event for event in read(engine.add([house.files], library="tallied")) if isinstance(event, Tally)]
    assert (tallies[-1].files, tallies[-1].files_total) == (2, 2)
    assert tallies[-1].passages == tallies[-1].passages_total > 0


def test_statistics(house: House, engine: Engine) -> None:
    read(engine.add([house.files], library="counted"))
    found = engine.statistics("counted")
    assert found == house.local.statistics("counted")
    assert found.documents == {"ready": 2}
    assert found.passages == sum(document.passages for document in engine.documents("counted"))
    assert found.languages.keys() == {"en", "zh"}
    assert sum(redaction.count for redaction in found.redactions) >= 2
    assert found.size_bytes > 0
    assert (found.embedder, found.changing_to) == ("multilingual-e5-small", "")
    assert failure(lambda: engine.statistics("none")).code is Code.UNKNOWN_LIBRARY


def test_what_cannot_be_quantized_or_compared(engine: Engine) -> None:
    """The tiny model of this house is a header without layers: what is real stands in tests/real."""
    (tiny,) = (model.id for model in engine.models() if model.architecture == "llama")
    assert failure(lambda: engine.quantize_model("none", "q4_0")).code is Code.UNKNOWN_MODEL
    assert failure(lambda: engine.quantize_model("lac", "q4_0")).code is Code.MODEL_KIND
    assert failure(lambda: engine.quantize_model(tiny, "q9")).code is Code.BAD_REQUEST
    assert failure(lambda: engine.quantize_model(tiny, "Q4_0", name="小")).code is Code.DAMAGED_MODEL
    assert failure(lambda: engine.compare_models(tiny, "none")).code is Code.UNKNOWN_MODEL
    assert failure(lambda: engine.compare_models("lac", tiny)).code is Code.MODEL_KIND
    assert failure(lambda: engine.compare_models(tiny, tiny)).code is Code.DAMAGED_MODEL
    assert failure(lambda: engine.compare_models(tiny, tiny, text=Path("none.txt"))).code is Code.FILE_MISSING


def test_a_comparison_of_models(house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read, and what comes back; the measuring itself stands in tests/real."""
    asked = []

    def scripted(pair, texts, *, cancel, tokens, threads):
        asked.append(([one.model.id for one in pair], texts(), tokens))
        yield Progress("compare", 1, 2, pair[1].model.id)
        yield Compared(COMPARISON)
        yield Finished()

    monkeypatch.setattr("studiolo.local.compare", scripted)
    (tiny,) = (model.id for model in engine.models() if model.architecture == "llama")
    events = read(engine.compare_models(tiny, tiny, text=house.files / "租约.md", tokens=99))
    assert events == [Progress("compare", 1, 2, tiny), Compared(COMPARISON), Finished()]
    ((pair, texts, tokens),) = asked
    assert (pair, tokens) == ([tiny, tiny], 99)
    assert [(name, "租期为十二个月" in text) for name, text in texts] == [("", True)]
    read(engine.compare_models(tiny, tiny))
    assert [name for name, _ in asked[1][1]] == ["en", "zh"]
    assert all(len(text) > 500 for _, text in asked[1][1])


def test_another_embedder(house: House, engine: Engine) -> None:
    made = engine.create_library("changing", embedder="all-minilm-l6-v2")
    assert made.embedder == "all-minilm-l6-v2"
    read(engine.add([house.files], library="changing"))
    passages = engine.statistics("changing").passages
    assert read(engine.change_embedder("changing", "multilingual-e5-small"))[-1] == Finished()
    found = engine.statistics("changing")
    assert (found.embedder, found.passages) == ("multilingual-e5-small", passages)
    assert engine.search("租期", library="changing")[0].passage.document == "租约.md"
    assert failure(lambda: engine.change_embedder("none", "multilingual-e5-small")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.change_embedder("changing", "none")).code is Code.UNKNOWN_MODEL
    assert failure(lambda: engine.change_embedder("changing", "lac")).code is Code.MODEL_KIND
    assert failure(lambda: engine.create_library("other", embedder="none")).code is Code.UNKNOWN_MODEL


def test_a_library_leaves_and_comes_back(house: House, engine: Engine, tmp_path: Path) -> None:
    read(engine.add([house.files], library="leaving 合同"))
    file = tmp_path / "合同.studiolo"
    assert read(engine.export_library("leaving 合同", file))[-1] == Finished()
    assert read(engine.import_library(file, name="come back"))[-1] == Finished()
    before, after = engine.statistics("leaving 合同"), engine.statistics("come back")
    assert (after.passages, after.languages) == (before.passages, before.languages)
    assert engine.search("租期", library="come back")[0].passage.document == "租约.md"
    events = read(engine.ask(Question(f"Who has {PHONE}?", library="come back", document="租约.md")))
    assert PHONE not in house.prompts[-1]  # the values in it are known
    assert isinstance(events[-1], Finished)
    assert failure(lambda: engine.export_library("none", file)).code is Code.UNKNOWN_LIBRARY
    file.write_bytes(b"no library")
    assert failure(lambda: engine.import_library(file)).code is Code.DAMAGED_FILE


def test_watched_folders(house: House, engine: Engine, tmp_path: Path) -> None:
    engine.create_library("watching")
    folder = tmp_path / "文档"
    folder.mkdir()
    engine.watch("watching", folder, polling=True)
    assert engine.watched("watching") == [Watched(str(folder), polling=True, state="paused")]  # nobody watches here
    assert engine.statistics("watching").watched == tuple(engine.watched("watching"))
    assert failure(lambda: engine.watch("watching", tmp_path / "gone")).code is Code.FILE_MISSING
    engine.unwatch("watching", folder)
    assert engine.watched("watching") == []
    assert failure(lambda: engine.unwatch("watching", folder)).code is Code.BAD_REQUEST
    assert failure(lambda: engine.watched("none")).code is Code.UNKNOWN_LIBRARY


def test_a_library_that_is_sound(filled: House, engine: Engine) -> None:
    found = engine.check()
    assert found.sound
    assert found.passages == engine.statistics().passages
    assert failure(lambda: engine.check("none")).code is Code.UNKNOWN_LIBRARY
    until(lambda: not engine.status().reading)


def test_what_was_lost_is_read_again(house: House, engine: Engine) -> None:
    read(engine.add([house.files], library="damaged"))
    lost(house, "damaged", "lease.md")
    found = engine.check("damaged")
    assert not found.sound
    assert found.missing > 0
    assert found.documents == tuple(d.id for d in engine.documents("damaged") if d.name == "lease.md")
    until(lambda: not engine.status().reading)
    assert {document.status for document in engine.documents("damaged")} == {DocumentStatus.READY}
    assert engine.search("term of the lease", library="damaged")[0].passage.document == "lease.md"
    assert engine.check("damaged").sound
    until(lambda: not engine.status().reading)


def test_cancelling_before_adding(house: House, engine: Engine) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert read(engine.add([house.files], library="cancelled", cancel=cancel))[-1].reason == "cancelled"


def test_search(filled: House, engine: Engine) -> None:
    hits = engine.search("term of the lease")
    assert hits == filled.local.search("term of the lease")
    assert hits[0].passage.document == "lease.md"
    assert "twelve months" in hits[0].passage.text
    assert engine.search("租期")[0].passage.document == "租约.md"
    assert len(engine.search("lease", limit=1)) == 1
    assert {hit.passage.document for hit in engine.search("租期 lease", document="lease.md")} == {"lease.md"}
    assert failure(lambda: engine.search("x", library="none")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.search("x", document="none")).code is Code.UNKNOWN_DOCUMENT
    assert failure(lambda: engine.search("")).code is Code.BAD_REQUEST
    assert failure(lambda: engine.search("  ")).code is Code.BAD_REQUEST


def test_embedding(house: House, engine: Engine) -> None:
    vectors = engine.embed(["twelve months", "十二个月"])
    assert vectors == house.local.embed(["twelve months", "十二个月"])
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1, 1], abs=1e-3)
    assert engine.embed([]) == []


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


def test_redacting(house: House, engine: Engine) -> None:
    text = f"电话{PHONE}已登记"
    redacted = engine.redact(text)
    assert redacted == house.local.redact(text)
    assert PHONE not in redacted.text
    (entity,) = redacted.entities
    assert text[entity.start : entity.end] == PHONE


def test_redacting_many(house: House, engine: Engine) -> None:
    texts = [f"电话{PHONE}", "nothing", "", f"call {PHONE} now"]
    assert engine.redact_many(texts) == [engine.redact(text) for text in texts]
    assert engine.redact_many([]) == []


def test_redacting_by_a_profile(engine: Engine) -> None:
    text = f"电话{PHONE}"
    assert engine.redact(text, profile="open").text == text
    for profile in ("balanced", "strict"):
        assert PHONE not in engine.redact(text, profile=profile).text
    for call in (lambda: engine.redact(text, profile="lenient"), lambda: engine.redact_many([text], profile="lenient")):
        assert failure(call).code is Code.BAD_REQUEST


def test_redacting_a_document(house: House, engine: Engine, tmp_path: Path) -> None:
    redacted = engine.redact_file(house.files / "租约.md")
    assert PHONE not in redacted.text
    assert "租期为十二个月" in redacted.text
    assert [entity.type for entity in redacted.entities] == ["PHONE_NUMBER"]
    page = tmp_path / "page.html"
    page.write_text("<p>\u7535\u8bdd " + "".join(f"&#{ord(digit)};" for digit in PHONE) + "</p>", "utf-8")
    assert engine.redact_file(page).text.strip() == "电话 <PHONE_NUMBER>"
    assert failure(lambda: engine.redact_file(tmp_path / "gone.pdf")).code is Code.FILE_MISSING
    assert not [document for document in engine.documents() if document.name == "page.html"]


def test_pseudonyms_are_listed_and_erased(house: House, engine: Engine, tmp_path: Path) -> None:
    name = "erasing 合同"
    document = tmp_path / "contact.md"
    document.write_text(f"电话{PHONE}，mail anna@example.com\n", encoding="utf-8")
    read(engine.add([document], library=name))
    listed = engine.pseudonyms(name)
    assert {one.type for one in listed} == {"PHONE_NUMBER", "EMAIL_ADDRESS"}
    assert {one.value for one in listed} == {""}
    assert {one.value for one in engine.pseudonyms(name, reveal=True)} == {PHONE, "anna@example.com"}
    assert engine.forget_person(name, "Nobody") == 0
    assert engine.forget_person(name, PHONE) == 1
    assert [one.type for one in engine.pseudonyms(name)] == ["EMAIL_ADDRESS"]
    assert engine.forget_pseudonyms(name) == 1
    assert engine.pseudonyms(name) == []
    read(engine.add([document], library=f"{name} 2"))
    assert engine.forget_pseudonyms() >= 2
    assert engine.pseudonyms(f"{name} 2") == []
    assert failure(lambda: engine.pseudonyms("none")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.forget_person("none", "x")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.forget_pseudonyms("none")).code is Code.UNKNOWN_LIBRARY
    engine.remove_library(name)
    engine.remove_library(f"{name} 2")


def test_what_keeps_the_key_of_the_pseudonyms(house: House, engine: Engine) -> None:
    assert failure(lambda: engine.protect_pseudonyms("keyring")).code is Code.KEYRING_MISSING
    engine.protect_pseudonyms("passphrase", passphrase="虎 tiger 7")
    assert ("pseudonyms", "ok") in {(check.name, check.state) for check in engine.doctor()}
    engine.protect_pseudonyms("file")
    (check,) = [check for check in engine.doctor() if check.name == "pseudonyms"]
    assert (check.state, "who can copy the home can read it" in check.detail) == ("warning", True)


def test_models(house: House, engine: Engine, tmp_path: Path) -> None:
    assert engine.models() == house.local.models()
    file = tmp_path / "other 模型.gguf"
    file.write_bytes(gguf(seed=2))
    imported = engine.import_model(file)
    assert imported.installed
    assert imported.id in {model.id for model in engine.models()}
    engine.remove_model(imported.id)
    assert imported.id not in {model.id for model in engine.models() if model.installed}
    assert failure(lambda: engine.import_model(tmp_path / "gone")).code is Code.FILE_MISSING
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    assert failure(lambda: engine.import_model(broken)).code is Code.DAMAGED_MODEL
    assert failure(lambda: engine.remove_model("none")).code is Code.UNKNOWN_MODEL
    assert failure(lambda: engine.remove_model("qwen2.5-coder-1.5b")).code is Code.MODEL_MISSING


def test_an_unknown_turn(engine: Engine) -> None:
    with pytest.raises(UserError):
        engine.model_saw("none")


def test_a_page_without_a_picture(filled: House, engine: Engine) -> None:
    lease = next(document for document in engine.documents() if document.name == "租约.md")
    (passage, *_) = engine.document_passages(lease.id)
    view = engine.page(lease.id, 0, passage=passage.id)
    assert view == filled.local.page(lease.id, 0, passage=passage.id)
    assert (view.page, view.pages, view.png, view.reason) == (0, 0, b"", "")
    assert [view.text[start:end] for start, end in view.ranges] == [passage.text]
    quoted = engine.page(lease.id, 0, quotes=["租金每月 一号支付"])
    assert [quoted.text[start:end] for start, end in quoted.ranges] == ["租金每月一号支付"]
    for page, library, code in ((1, DEFAULT_LIBRARY, Code.BAD_REQUEST), (0, "none", Code.UNKNOWN_LIBRARY)):
        call = functools.partial(engine.page, lease.id, page, library=library)
        assert failure(call).code is code
    assert failure(lambda: engine.page("none", 0)).code is Code.UNKNOWN_DOCUMENT
    assert failure(lambda: engine.page(lease.id, 0, passage="none")).code is Code.BAD_REQUEST


def test_a_page_with_a_picture(house: House, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "租约 drawn.pdf"
    file.write_bytes(
        pdf([[("Cover", 20.0)], [("The rent is due on the first day.", 12.0), ("租期为十二个月。", 12.0)]])
    )
    read(engine.add([file], library="drawn"))
    (document,) = engine.documents("drawn")
    passage = next(found for found in engine.document_passages(document.id, library="drawn") if found.page == 2)
    view = engine.page(document.id, 2, library="drawn", passage=passage.id, width=300)
    assert view == house.local.page(document.id, 2, library="drawn", passage=passage.id, width=300)
    assert view.png.startswith(b"\x89PNG")
    assert view.boxes
    assert view.text[slice(*view.ranges[0])] == passage.text
    file.unlink()
    gone = engine.page(document.id, 2, library="drawn", quotes=["租期为十二个月"])
    assert (gone.reason, gone.png) == ("file_missing", b"")
    assert [gone.text[start:end] for start, end in gone.ranges] == ["租期为十二个月"]


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
