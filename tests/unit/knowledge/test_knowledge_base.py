"""Adding, changing, removing and finding documents through the facade; crashes, cancelling and bad files."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.unit.knowledge.conftest import HashEmbedder, results
from tests.unit.knowledge.pdf_files import encrypted, pdf

from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.events import Failed, FileDone, Finished, Progress, Tally
from studiolo.jobs import CancelToken
from studiolo.knowledge.store import PassageStore, Row
from studiolo.types import DocumentStatus, Embedded, Redaction

LEASE = "# Lease\n\nThe term of the lease is twenty-four months.\n\n## Rent\n\nThe rent is 900 a month.\n"
CONTRACT = "# 租赁合同\n\n租期为二十四个月。联系电话:13800138000。\n\n## 租金\n\n每月三千元,押金两个月。\n"


def made(folder: Path, name: str, data: bytes | str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    made(folder, "lease.md", LEASE)
    made(folder, "合同.md", CONTRACT)
    return folder


def code_of(call) -> Code:
    with pytest.raises(StudioloError) as caught:
        call()
    return caught.value.code


def pairs(found) -> list[tuple[str, str]]:
    return [(result.status, result.reason) for result in found]


# adding and finding


def test_files_of_a_folder_are_added_and_found_in_both_languages(base, docs):
    events = list(base.add([docs]))
    assert pairs(results(events)) == [("added", ""), ("added", "")]
    assert events[-1] == Finished()
    english = base.search("How long is the term of the lease?")
    assert english[0].passage.document == "lease.md"
    assert "twenty-four months" in english[0].passage.text
    chinese = base.search("押金是多少")
    assert chinese[0].passage.document == "合同.md"
    assert 0.0 < chinese[0].score <= 1.0


def test_events_tell_each_stage_and_name_the_file(base, docs):
    events = list(base.add([docs / "lease.md"]))
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert stages == ["parse", "screen", "embed"]
    assert all(event.item == str(docs / "lease.md") for event in events if isinstance(event, Progress))
    assert "lease.md" not in repr(events)
    tallies = [event for event in events if isinstance(event, Tally)]
    assert (tallies[-1].files, tallies[-1].files_total) == (1, 1)
    assert tallies[-1].passages == tallies[-1].passages_total == base.documents()[0].passages


def test_a_document_knows_its_pages_passages_and_what_the_filter_found(base, docs):
    made(docs, "two.pdf", pdf([[("First page words", 11.0)], [("Second page words", 11.0)]]))
    list(base.add([docs]))
    by_name = {document.name: document for document in base.documents()}
    assert by_name["two.pdf"].pages == 2
    assert by_name["two.pdf"].status is DocumentStatus.READY
    assert by_name["合同.md"].redactions == (Redaction("PHONE_NUMBER", 1),)
    assert by_name["合同.md"].added_at == 1_800_000_000.0
    (hit,) = [hit for hit in base.search("电话", limit=9) if hit.passage.spans]
    span = hit.passage.spans[0]
    assert hit.passage.text[span.start : span.end] == "13800138000"
    page = base.search("second", document="two.pdf")[0].passage
    assert (page.page, page.page_end) == (2, 2)


def test_single_characters_and_identifiers_are_found(base, docs):
    made(docs, "parts.txt", "The bracket is PN-4471-B and made of steel.")
    made(docs, "other.txt", "The bracket is PN-4471-C and made of steel.")
    list(base.add([docs]))
    assert base.search("PN-4471-B")[0].passage.document == "parts.txt"
    assert base.search("pn-4471-c")[0].passage.document == "other.txt"
    assert base.search("押")[0].passage.document == "合同.md"


def test_a_follow_up_question_is_found_with_the_earlier_one_in_view(base, tmp_path):
    docs = tmp_path / "docs"
    made(docs, "a.txt", "The washing machine costs 400 euros and has a warranty of two years.")
    made(docs, "b.txt", "The bicycle costs 900 euros and has a warranty of five years.")
    list(base.add([docs]))
    question = "And how long is its warranty?"
    assert base.search(question, context=["What does the bicycle cost?"])[0].passage.document == "b.txt"
    assert base.search(question, context=["What does the washing machine cost?"])[0].passage.document == "a.txt"


def test_an_english_embedder_has_no_say_in_chinese(home, open_base, docs):
    misleading = HashEmbedder(languages=("en",))
    base = open_base(embedder_for=lambda _: misleading)
    list(base.add([docs]))
    asked: list[str] = []
    misleading.embed_query = lambda text: asked.append(text) or misleading._vector(text)
    assert base.search("租金每月多少")[0].passage.document == "合同.md"
    assert asked == []
    hits = base.search("rent a month", limit=9)
    assert asked == ["rent a month"]
    assert {hit.passage.language for hit in hits} == {"en"}


def test_search_keeps_to_a_document_by_id_name_or_stem(base, docs):
    list(base.add([docs]))
    found = base.document("default", "lease.md")
    for name in (found.id, "lease.md", "LEASE.MD", "lease"):
        assert {hit.passage.document for hit in base.search("租期 term", document=name, limit=9)} == {"lease.md"}
    assert code_of(lambda: base.search("x", document="nothing")) is Code.UNKNOWN_DOCUMENT


def test_search_of_nothing_finds_nothing(base, docs):
    assert base.search("term") == []
    list(base.add([docs]))
    assert base.search("  ") == []
    assert code_of(lambda: base.search("term", limit=0)) is Code.BAD_REQUEST
    assert code_of(lambda: base.search("term", library="none")) is Code.UNKNOWN_LIBRARY


def test_passages_of_a_document_come_in_order(base, docs):
    list(base.add([docs]))
    document = base.document("default", "lease.md")
    passages = base.passages("default", document.id)
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    assert len(passages) == document.passages
    assert passages[0].document == "lease.md"


def test_embed_gives_unit_vectors(base):
    found = base.embed(["words"])
    (vector,) = found.vectors
    assert sum(value * value for value in vector) == pytest.approx(1.0, abs=1e-5)
    assert found.tokens == base.embed(["words", ""]).tokens
    assert base.embed([]) == Embedded()


# changing


def test_an_unchanged_file_is_recognised_and_not_embedded_again(base, docs, embedder):
    list(base.add([docs]))
    before = len(embedder.embedded)
    again = results(base.add([docs]))
    assert pairs(again) == [("unchanged", ""), ("unchanged", "")]
    assert all(result.passages for result in again)
    assert len(embedder.embedded) == before


def test_a_changed_file_takes_the_place_of_its_old_version(base, docs):
    list(base.add([docs]))
    before = base.document("default", "lease.md")
    made(docs, "lease.md", "# Lease\n\nThe term is now thirty years, said the notary.\n")
    (result,) = results(base.add([docs / "lease.md"]))
    assert (result.status, result.document_id) == ("updated", before.id)
    texts = [hit.passage.text for hit in base.search("term of twenty-four months", limit=9, document="lease.md")]
    assert texts
    assert not any("twenty-four" in text for text in texts)
    assert base.document("default", "lease.md").passages == 1


def test_a_moved_file_is_known_and_a_copy_is_a_document_of_its_own(base, docs, embedder):
    list(base.add([docs / "lease.md"]))
    first = base.document("default", "lease.md")
    moved = docs / "renamed.md"
    (docs / "lease.md").rename(moved)
    before = len(embedder.embedded)
    (result,) = results(base.add([moved]))
    assert (result.status, result.document_id) == ("unchanged", first.id)
    assert len(embedder.embedded) == before
    assert [document.name for document in base.documents()] == ["renamed.md"]
    copy = made(docs, "copy.md", moved.read_bytes())
    (result,) = results(base.add([copy]))
    assert result.status == "added"
    assert len(base.documents()) == 2
    base.remove_document(first.id)
    assert base.search("term of the lease")[0].passage.document == "copy.md"


def test_a_file_named_twice_or_through_a_link_is_added_once(base, docs):
    link = docs / "link.md"
    link.symlink_to(docs / "lease.md")
    assert len(results(base.add([docs / "lease.md", docs / "lease.md", link]))) == 1


def test_a_removed_document_is_gone_from_everywhere(base, docs, home):
    list(base.add([docs]))
    document = base.document("default", "合同.md")
    base.remove_document(document.id)
    assert [left.name for left in base.documents()] == ["lease.md"]
    assert all(hit.passage.document == "lease.md" for hit in base.search("押金 租金", limit=9))
    assert code_of(lambda: base.remove_document(document.id)) is Code.UNKNOWN_DOCUMENT
    assert "押金" not in (home.root / "knowledge.db").read_bytes().decode("utf-8", "ignore")


# libraries


def test_libraries(base, docs):
    assert [library.name for library in base.libraries()] == ["default"]
    made_now = base.create_library("工作 notes", embedder="other")
    assert (made_now.embedder, made_now.documents) == ("other", 0)
    assert base.create_library("工作 notes") == made_now
    list(base.add([docs], library="工作 notes"))
    by_name = {library.name: library for library in base.libraries()}
    assert by_name["工作 notes"].documents == 2
    assert by_name["工作 notes"].passages == sum(d.passages for d in base.documents("工作 notes"))
    assert base.search("lease term") == []
    base.remove_library("工作 notes")
    assert code_of(lambda: base.documents("工作 notes")) is Code.UNKNOWN_LIBRARY
    assert code_of(lambda: base.remove_library("工作 notes")) is Code.UNKNOWN_LIBRARY
    list(base.add([docs], library="工作 notes"))
    assert len(base.documents("工作 notes")) == 2


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "a\nb", "a\x00", "字" * 81, ".."])
def test_names_that_cannot_be_a_librarys(base, name):
    assert code_of(lambda: base.create_library(name)) is Code.BAD_REQUEST
    assert code_of(lambda: base.add([], library=name)) is Code.BAD_REQUEST


def test_a_missing_embedder_fails_the_whole_job(open_base, docs):
    def missing(model: str):
        raise UserError(Code.MODEL_MISSING, model=model)

    base = open_base(embedder_for=missing)
    assert list(base.add([docs])) == [Failed("model_missing", {"model": "multilingual-e5-small"})]
    assert base.documents() == []


# bad files


def test_one_bad_file_never_stops_the_others(base, docs):
    made(docs, "a-empty.pdf", pdf([[]]))
    made(docs, "b-locked.pdf", encrypted(pdf([[("Words", 11.0)]]), password="x"))
    made(docs, "c-broken.pdf", b"%PDF-1.7\n" + os.urandom(500))
    made(docs, "d-refused.txt", "UNSCREENABLE words")
    made(docs, "ignored.xyz", "words")
    made(docs / ".hidden", "e.md", "words")
    made(docs, ".f.md", "words")
    found = {Path(result.path).name: result for result in results(base.add([docs]))}
    assert {name: result.reason for name, result in found.items()} == {
        "a-empty.pdf": "empty_document",
        "b-locked.pdf": "needs_password",
        "c-broken.pdf": "damaged_file",
        "d-refused.txt": "filter_failed",
        "lease.md": "",
        "合同.md": "",
    }
    states = {document.name: (document.status, document.reason) for document in base.documents()}
    assert states["b-locked.pdf"] == (DocumentStatus.FAILED, "needs_password")
    assert base.libraries()[0].documents == 2
    assert base.search("UNSCREENABLE words", limit=9, document="d-refused.txt") == []
    base.remove_document(base.document("default", "c-broken.pdf").id)
    made(docs, "a-empty.pdf", pdf([[("No longer empty", 11.0)]]))
    (result,) = results(base.add([docs / "a-empty.pdf"]))
    assert result.status == "added"
    assert base.document("default", "a-empty.pdf").reason == ""


def test_files_that_are_none_leave_no_row(base, docs):
    unknown = made(docs, "a.xyz", "words")
    found = results(base.add([docs / "no.md", unknown]))
    assert pairs(found) == [("failed", "unknown_format"), ("failed", "file_missing")]
    assert found[0].values["suffix"] == ".xyz"
    assert ".pdf" in str(found[0].values["known"])
    assert base.documents() == []


def test_a_version_that_cannot_be_read_leaves_the_old_one_in_place(base, docs):
    list(base.add([docs / "lease.md"]))
    made(docs, "lease.md", "UNSCREENABLE")
    (result,) = results(base.add([docs / "lease.md"]))
    assert (result.status, result.reason) == ("failed", "filter_failed")
    assert "twenty-four" in base.search("term of the lease")[0].passage.text
    made(docs, "lease.md", LEASE)
    assert pairs(results(base.add([docs / "lease.md"]))) == [("unchanged", "")]


def test_a_defect_in_one_file_is_told_as_ours(open_base, docs):
    def broken(text: str):
        raise ZeroDivisionError

    (result,) = results(open_base(screen=broken).add([docs / "lease.md"]))
    assert (result.status, result.reason, result.values["where"]) == ("failed", "internal", "ZeroDivisionError")


@pytest.mark.parametrize("method", ["add", "add_vectors"])
def test_a_full_disk_fails_the_file_and_leaves_nothing(base, docs, monkeypatch, method):
    def full(*_args, **_kwargs):
        raise EnvironmentFault(Code.DISK_FULL, path="/")

    monkeypatch.setattr(PassageStore, method, full)
    assert pairs(results(base.add([docs]))) == [("failed", "disk_full")] * 2
    monkeypatch.undo()
    assert base.documents() == []
    assert base.search("term") == []
    assert pairs(results(base.add([docs]))) == [("added", "")] * 2


def test_a_name_that_is_no_text_is_added(base, docs):
    odd = os.fsdecode(os.fsencode(docs) + b"/bad\xff.txt")
    Path(odd).write_text("Words in an oddly named file.", encoding="utf-8")
    (result,) = results(base.add([Path(odd)]))
    assert result.status == "added"
    assert base.search("oddly named")[0].passage.document == "bad\\xff.txt"
    assert pairs(results(base.add([Path(odd)]))) == [("unchanged", "")]


# cancelling, crashing, two at once


@pytest.mark.parametrize("stage", ["parse", "screen", "embed"])
def test_cancel_leaves_nothing_of_the_files_at_hand(open_base, docs, stage):
    cancel = CancelToken()
    slow = HashEmbedder()
    slow.embed_passages = lambda texts: time.sleep(0.3) or np.stack([slow._vector(text) for text in texts])
    base = open_base(embedder_for=lambda _: slow)
    done = []
    for event in base.add([docs], cancel=cancel):
        if isinstance(event, Progress) and event.stage == stage:
            cancel.cancel()
        done.append(event)
    assert done[-1] == Finished(reason="cancelled")
    complete = [event.result for event in done if isinstance(event, FileDone)]
    assert len(base.documents()) == len(complete) < 2
    assert not base.busy
    base.close()
    again = open_base()
    assert again.resume() == 0
    assert len(again.documents()) == len(complete)


def test_an_abandoned_stream_leaves_nothing(base, docs):
    stream = base.add([docs / "lease.md"])
    for event in stream:
        if isinstance(event, Progress) and event.stage == "parse":
            break
    stream.close()
    assert base.documents() == []
    assert pairs(results(base.add([docs / "lease.md"]))) == [("added", "")]


def test_cancelling_a_changed_file_leaves_its_old_version(open_base, docs):
    base = open_base()
    list(base.add([docs / "lease.md"]))
    made(docs, "lease.md", "# Lease\n\nThe term is thirty years.\n")
    cancel = CancelToken()
    for event in base.add([docs / "lease.md"], cancel=cancel):
        if isinstance(event, Progress) and event.stage == "screen":
            cancel.cancel()
    assert "twenty-four" in base.search("term of the lease")[0].passage.text
    assert pairs(results(base.add([docs / "lease.md"]))) == [("updated", "")]
    assert "thirty" in base.search("term of the lease")[0].passage.text


def test_words_find_a_document_before_its_vectors_are_there(open_base, docs):
    gate = threading.Event()
    held = HashEmbedder()
    held.embed_passages = lambda texts: gate.wait(30) and np.stack([held._vector(text) for text in texts])
    base = open_base(embedder_for=lambda _: held)
    adding = threading.Thread(target=lambda: list(base.add([docs])))
    adding.start()
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and {d.status for d in base.documents()} != {DocumentStatus.KEYWORD}:
            time.sleep(0.01)
        assert base.search("押金")[0].passage.document == "合同.md"
        assert base.search("term of the lease")[0].passage.document == "lease.md"
    finally:
        gate.set()
        adding.join()
    assert {document.status for document in base.documents()} == {DocumentStatus.READY}


def test_what_closing_interrupts_is_gone_on_with(open_base, docs):
    gate = threading.Event()
    held = HashEmbedder()
    held.embed_passages = lambda texts: gate.wait(30) and np.stack([held._vector(text) for text in texts])
    base = open_base(embedder_for=lambda _: held)
    adding = threading.Thread(target=lambda: list(base.add([docs])), daemon=True)
    adding.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and {d.status for d in base.documents()} != {DocumentStatus.KEYWORD}:
        time.sleep(0.01)
    closing = threading.Thread(target=base.close)
    closing.start()
    time.sleep(0.05)
    gate.set()
    closing.join()
    adding.join()
    again = open_base()
    assert again.resume() >= 1
    while again.busy:
        time.sleep(0.01)
    assert {document.status for document in again.documents()} == {DocumentStatus.READY}
    assert pairs(results(again.add([docs]))) == [("unchanged", "")] * 2


def test_the_same_passage_is_kept_once_and_survives_the_removal_of_one_document(base, tmp_path):
    docs = tmp_path / "docs"
    clause = "The parties choose the courts of Tallinn."
    made(docs, "a.txt", f"{clause}\n\n" + "First words. " * 60)
    made(docs, "b.txt", f"{clause}\n\n" + "Second words. " * 60)
    made(docs, "c.txt", f"{clause}\n\n" + "First  words. " * 60)  # the same but for a blank
    made(docs, "d.txt", f"{clause}\n\n" + "First 1 words. " * 60)
    list(base.add([docs]))
    library = base._shelf.library("default").id
    stored = base._store.numbers(library)
    assert sum(document.passages for document in base.documents()) > len(stored) == len(set(stored))
    assert len(set(stored)) == base.libraries()[0].passages - base.document("default", "c.txt").passages
    base.remove_document(base.document("default", "a.txt").id)
    assert base.search("First words", document="c.txt")[0].passage.document == "c.txt"
    base.remove_document(base.document("default", "c.txt").id)
    assert all(hit.passage.document in ("b.txt", "d.txt") for hit in base.search("First words", limit=20))


def test_a_changed_embedder_takes_over_only_when_all_is_embedded(open_base, docs):
    models = {"multilingual-e5-small": HashEmbedder(), "other": HashEmbedder(dimension=32)}
    models["other"].model_id = "other"
    base = open_base(embedder_for=models.__getitem__)
    list(base.add([docs]))
    library = base._shelf.library("default").id
    changing = base.change_embedder("default", "other")
    assert isinstance(next(changing), Progress)
    assert base.libraries()[0].embedder == "multilingual-e5-small"
    assert base.unfinished_changes() == [("default", "other")]
    assert base.search("term of the lease")[0].passage.document == "lease.md"
    assert list(changing)[-1] == Finished()
    assert base.libraries()[0].embedder == "other"
    assert base.search("term of the lease")[0].passage.document == "lease.md"
    assert base._store.vector_numbers(library, "multilingual-e5-small") == []
    cancel = CancelToken()
    cancel.cancel()
    assert list(base.change_embedder("default", "multilingual-e5-small", cancel=cancel))[-1].reason == "cancelled"
    assert base.unfinished_changes() == []
    made(docs, "new.md", "The garden is behind the house.")
    assert pairs(results(base.add([docs / "new.md"]))) == [("added", "")]
    assert sorted(base._store.vector_numbers(library, "other")) == sorted(base._store.numbers(library))


def test_a_check_finds_and_mends_what_is_wrong(base, docs):
    list(base.add([docs]))
    library = base._shelf.library("default")
    assert base.check("default").sound
    numbers = base._store.numbers(library.id)
    lost = base._places.of_document(base.document("default", "合同.md").id, library_id=library.id)[0][0]
    kept = next(number for number in numbers if number != lost)
    base._store.delete(library.id, [lost])
    base._store.add(library.id, [Row(9999, "nobody knows me")])
    base._store.add(library.id, list(base._store.rows(library.id, [kept]).values()))
    base._store.delete_vectors(library.id, library.embedder, [kept])
    found = base.check("default")
    assert (found.missing, found.unknown, found.doubled) == (1, 1, 1)
    assert found.documents == (base.document("default", "合同.md").id,)
    assert base.document("default", "合同.md").status is DocumentStatus.PARTIAL
    assert pairs(results(base.add([docs]))) == [("unchanged", ""), ("updated", "")]
    assert base.mend("default") == 1
    assert base.check("default").sound
    assert base.search("押金")[0].passage.document == "合同.md"


def test_the_same_file_added_by_three_at_once_is_there_once(base, docs):
    found: list = []
    threads = [threading.Thread(target=lambda: found.extend(results(base.add([docs])))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.status for result in found) == ["added"] * 2 + ["unchanged"] * 4
    assert len(base.documents()) == 2
    assert len(base._store.numbers(base._shelf.library("default").id)) == base.libraries()[0].passages


def test_a_document_removed_while_it_is_read_stays_removed(open_base, docs):
    found = []
    held = HashEmbedder()
    gate = threading.Event()
    held.embed_passages = lambda texts: gate.wait(30) and np.stack([held._vector(text) for text in texts])
    base = open_base(embedder_for=lambda _: held)
    for event in base.add([docs / "lease.md"]):
        if isinstance(event, Progress) and event.stage == "embed":
            base.remove_document(base.documents()[0].id)
            gate.set()
        if isinstance(event, FileDone):
            found.append(event.result)
    assert pairs(found) == [("failed", "unknown_document")]
    assert base.documents() == []


def test_a_library_removed_while_files_are_added_ends_the_job(open_base, docs):
    held = HashEmbedder()
    gate = threading.Event()
    held.embed_passages = lambda texts: gate.wait(30) and np.stack([held._vector(text) for text in texts])
    base = open_base(embedder_for=lambda _: held)
    for number in range(20):
        made(docs, f"{number}.txt", f"Words {number}")
    events = []
    for event in base.add([docs], library="work"):
        if isinstance(event, Progress) and event.stage == "embed" and not gate.is_set():
            base.remove_library("work")
            gate.set()
        events.append(event)
    results_told = [event.result.reason for event in events if isinstance(event, FileDone)]
    assert events[-1] in (Failed("unknown_library", {"library": "work"}), Finished())
    assert set(results_told) <= {"unknown_document", "unknown_library"}
    assert [library.name for library in base.libraries()] == ["default"]


def test_many_files_at_once_keep_the_store_small(base, tmp_path, home):
    docs = tmp_path / "many"
    for number in range(30):
        made(docs, f"{number}.txt", f"Note number {number} about subject{number}.")
    assert len(results(base.add([docs]))) == 30
    data = [path for path in home.lance.rglob("*.lance") if path.parent.name == "data"]
    assert len(data) == 2  # texts, and vectors
    assert base.search("subject17")[0].passage.document == "17.txt"


def test_a_newer_home_is_refused(open_base, home):
    import sqlite3

    open_base().close()
    with sqlite3.connect(home.knowledge_db) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    assert code_of(open_base) is Code.NEWER_FORMAT
