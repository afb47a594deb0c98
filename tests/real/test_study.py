"""The whole way of a document and a question through every real layer."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.real.conftest import Study

from studiolo.events import Cited, Delta, Event, Failed, FileDone, Finished, Retrieved, Started
from studiolo.types import Question, Reader, Sampling

pytestmark = pytest.mark.real_model

NAME, PHONE = "Hannah Lindqvist", "+44 7700 900461"
NAME_ZH, PHONE_ZH = "周子昂", "13800138000"
SAMPLES = Path(__file__).resolve().parent.parent.parent / "assets" / "samples"


def _add(study: Study, *paths: Path) -> list[FileDone]:
    events = list(study.engine.add(paths))
    assert isinstance(events[-1], Finished)
    return [event for event in events if isinstance(event, FileDone)]


def _ask(study: Study, text: str, **more: object) -> list[Event]:
    question = Question(text, sampling=Sampling(max_tokens=24), **more)  # type: ignore[arg-type]
    return list(study.engine.ask(question))


def test_a_pdf_is_found_on_its_page_and_the_citation_stands_there(study: Study) -> None:
    (done,) = _add(study, SAMPLES / "lease-alder-wharf.pdf")
    assert (done.result.status, done.result.pages) == ("added", 4)
    events = _ask(study, "How long is the term of the lease?")
    assert isinstance(events[-1], Finished)
    retrieved = next(event for event in events if isinstance(event, Retrieved))
    assert "twenty-four (24) months" in retrieved.hits[0].passage.text
    assert retrieved.hits[0].passage.page == 1

    import pypdfium2

    pdf = pypdfium2.PdfDocument(SAMPLES / "lease-alder-wharf.pdf")
    for event in events:
        if isinstance(event, Cited):
            page = pdf[event.citation.page - 1].get_textpage().get_text_range()
            assert "".join(event.citation.quote.split()) in "".join(page.split())
    pdf.close()


@pytest.mark.parametrize(
    ("text", "name", "phone", "question"),
    [
        (
            f"Handover notes.\n\nThe key is kept by {NAME}, who can be reached under {PHONE} on working days.",
            NAME,
            PHONE,
            f"Is {NAME} reached under {PHONE}?",
        ),
        (
            f"交接说明。\n\n钥匙由{NAME_ZH}保管\uff0c手机号{PHONE_ZH}已登记\uff0c工作日可以联系。",
            NAME_ZH,
            PHONE_ZH,
            f"{NAME_ZH}的手机号是{PHONE_ZH}吗\uff1f",
        ),
    ],
)
def test_no_raw_value_reaches_the_model_a_log_or_an_error(
    study: Study,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
    name: str,
    phone: str,
    question: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "note.txt"
    file.write_text(text, encoding="utf-8")
    assert _add(study, file)[0].result.status == "added"
    events = _ask(study, question)
    started = events[0]
    assert isinstance(started, Started)
    assert len(study.prompts) == 1
    (prompt,) = study.prompts
    assert name not in prompt
    assert phone not in prompt
    assert "1380013" not in prompt
    assert "7700" not in prompt
    assert "working days" in prompt or "工作日" in prompt, "the passage itself must have reached the model"
    assert study.engine.model_saw(started.turn_id).count(name) == 0

    logs = (
        "".join(path.read_text(errors="replace") for path in study.home.logs.rglob("*"))
        if study.home.logs.exists()
        else ""
    )
    for said in (caplog.text, logs, "".join(map(repr, events))):
        assert name not in said
        assert phone not in said

    # both are back where the owner reads
    retrieved = next(event for event in events if isinstance(event, Retrieved))
    assert any(name in hit.passage.text and phone in hit.passage.text for hit in retrieved.hits)
    saw = study.engine.model_saw(started.turn_id)
    screener = study.engine._parts.screener
    restored = screener.restore(saw, library_id="library:default", reader=Reader.OWNER)
    assert name in restored
    assert phone in restored


def test_an_error_holds_no_text(study: Study) -> None:
    events = _ask(study, f"What does {NAME} say? " + "word " * 9000)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "prompt_too_long"
    assert NAME not in repr(failed) + str(failed.values)


def test_the_owner_reads_the_name_that_the_model_wrote_as_a_pseudonym(study: Study, tmp_path: Path) -> None:
    """The small model repeats what it is told to: what it writes as a pseudonym comes back as the name."""
    file = tmp_path / "note.md"
    file.write_text(f"# Keys\n\nThe key to the archive is kept by {NAME}.\n", encoding="utf-8")
    _add(study, file)
    events = _ask(study, "Who keeps the key to the archive?")
    written = "".join(event.text for event in events if isinstance(event, Delta))
    assert "<PERSON" not in written
    (turn,) = study.engine.turns(next(e for e in events if isinstance(e, Started)).conversation_id)
    assert turn.answer == written
    assert turn.state == "complete"


def test_removing_a_document_makes_it_unfindable(study: Study) -> None:
    (done,) = _add(study, SAMPLES / "meeting-note-2026-04-14.md")
    assert study.engine.search("release date", limit=3)
    study.engine.remove_document(done.result.document_id)
    assert study.engine.search("release date", limit=3) == []
    assert study.engine.documents() == []
