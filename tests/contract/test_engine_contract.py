"""What every Engine promises, asked of the one in this process and of the same one over HTTP.

Here libraries, documents, models and the engine itself; answers and the filter stand in modules of their own.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Literal

import pytest
from tests.contract.asked import PHONE, failure, lost, read, results, until
from tests.contract.conftest import House
from tests.scripted_engine import COMPARISON
from tests.unit.knowledge.pdf_files import pdf
from tests.unit.models.gguf_files import gguf

from studiolo.engine import Engine
from studiolo.errors import Code
from studiolo.events import (
    Compared,
    Finished,
    Progress,
    Tally,
)
from studiolo.jobs import CancelToken
from studiolo.types import (
    DEFAULT_LIBRARY,
    DocumentStatus,
    Embedded,
    Question,
    Watched,
)


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


def test_the_map_of_a_library(house: House, engine: Engine) -> None:
    read(engine.add([house.files], library="drawn 地图"))
    found = engine.library_map("drawn 地图")
    assert found == house.local.library_map("drawn 地图")
    assert (found.library, found.without_vector) == ("drawn 地图", 0)
    passages = {
        passage.id: passage
        for document in engine.documents("drawn 地图")
        for passage in engine.document_passages(document.id, library="drawn 地图")
    }
    assert {point.passage for point in found.points} == passages.keys()
    assert found.passages == len(passages)
    for point in found.points:
        assert -1 <= point.x <= 1
        assert -1 <= point.y <= 1
        assert point.document == passages[point.passage].document
        assert " ".join(passages[point.passage].text.split()).startswith(point.text)
    engine.create_library("nothing to draw")
    assert engine.library_map("nothing to draw").points == ()
    assert failure(lambda: engine.library_map("none")).code is Code.UNKNOWN_LIBRARY


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

    monkeypatch.setattr("studiolo.local.models.compare", scripted)
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
    found = engine.embed(["twelve months", "十二个月"])
    assert found == house.local.embed(["twelve months", "十二个月"])
    assert [math.hypot(*vector) for vector in found.vectors] == pytest.approx([1, 1], abs=1e-3)
    alone = [engine.embed([text]).tokens for text in ("twelve months", "十二个月")]
    assert min(alone) >= 2
    assert found.tokens == sum(alone)
    assert engine.embed([]) == Embedded()


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
