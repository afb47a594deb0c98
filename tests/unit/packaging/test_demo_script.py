"""The demonstration's words, over an engine that plays a script: what was added, answered, cited, screened, timed."""

from __future__ import annotations

import io
import re

import demo
import pytest

from studiolo.errors import Code, UserError
from studiolo.events import Cited, Delta, Failed, FileDone, Finished, LeftOut, Progress, Redacted, Retrieved, Started
from studiolo.types import AddResult, Citation, Document, DocumentStatus, Model, Redaction, Timings, Usage


class Scripted:
    """An engine that says what it is told."""

    def __init__(self, *, events=(), documents=(), models=()) -> None:
        self._events, self._documents, self._models = list(events), list(documents), list(models)
        self.asked: list[str] = []

    def add(self, paths, **options):
        assert all(path.is_dir() for path in paths)
        return iter(self._events)

    def ask(self, question, **options):
        self.asked.append(question.text)
        return iter(self._events)

    def model_saw(self, turn_id):
        return f"Question: {self.asked[-1].replace('Ann Lee', '<PERSON_1>')}<|im_end|>\n<|im_start|>assistant\n"

    def documents(self):
        return self._documents

    def models(self):
        return self._models


class Tty(io.StringIO):
    def isatty(self):
        return True


def document(number, redactions):
    return Document(
        f"d{number}", "default", "a.pdf", "/a.pdf", "", 1, DocumentStatus.READY, "", 3, 5, 0.0, tuple(redactions)
    )


def citation(*, verified=True, page=3):
    return Citation(1, "d1", "lease.pdf", page, "p1", "twenty-four months", verified)


ANSWER = [
    Started("c", "t", "m"),
    Redacted("question", (Redaction("PERSON", 1),)),
    Retrieved(()),
    LeftOut(passages=2),
    Progress("read", 10, 100),
    Delta("Twenty-four\n"),
    Delta("months [1]."),
    Redacted("answer", (Redaction("PERSON", 2), Redaction("PHONE", 1))),
    Cited(citation()),
    Finished(timings=Timings(0.25, 0.0, 1.5, 2.75), usage=Usage(800, 100, 12)),
]


def test_an_answer_is_printed_with_its_source_what_was_screened_and_the_timings():
    out = io.StringIO()
    demo.ask(Scripted(events=ANSWER), "How long?", screen=demo.Screen(out), first=True)
    text = out.getvalue()
    assert "Question: How long?" in text
    assert re.search(r"started answering \d+\.\d s after", text)
    assert "  Twenty-four\n  months [1].\n" in text
    assert "[1] lease.pdf, page 3: “twenty-four months” (stands there)" in text
    assert "1 PERSON" in text
    assert "search 0.25 s, first word 1.50 s, all 2.75 s; 800 tokens read (100 of them known), 12 written" in text
    assert "2 passages" in text
    assert "\r" not in text
    assert "\033" not in text


def test_only_the_first_question_says_when_answering_began():
    out = io.StringIO()
    demo.ask(Scripted(events=ANSWER), "How long?", screen=demo.Screen(out), first=False)
    assert "started answering" not in out.getvalue()


def test_an_unverified_quote_and_a_document_without_pages_are_shown_as_such():
    events = [Delta("x"), Cited(citation(verified=False, page=0)), Finished()]
    out = io.StringIO()
    demo.ask(Scripted(events=events), "?", screen=demo.Screen(out), first=False)
    assert "[1] lease.pdf: “twenty-four months” (not verified)" in out.getvalue()


def test_an_answer_without_a_citation_says_so():
    out = io.StringIO()
    demo.ask(Scripted(events=[Delta("x"), Finished()]), "?", screen=demo.Screen(out), first=False)
    assert "cites nothing" in out.getvalue()


def test_a_stream_that_fails_raises_its_error():
    with pytest.raises(UserError) as caught:
        demo.ask(
            Scripted(events=[Failed(Code.MODEL_MISSING.value, {"model": "m"})]),
            "?",
            screen=demo.Screen(io.StringIO()),
            first=True,
        )
    assert "models pull m" in demo.explained(caught.value)


def test_added_documents_are_listed_and_unchanged_ones_counted():
    events = [
        Progress("embed", 1, 5, "/s/lease.pdf"),
        FileDone(AddResult("/s/lease.pdf", "added", pages=4, passages=12, seconds=1.25)),
        FileDone(AddResult("/s/note.md", "unchanged", passages=3)),
        FileDone(AddResult("/s/x.xyz", "failed", "file_missing", values={"path": "/s/x.xyz"})),
        Finished(),
    ]
    documents = [document(1, [Redaction("PHONE", 2)]), document(2, [Redaction("PHONE", 1), Redaction("CARD", 1)])]
    out = io.StringIO()
    demo.add_samples(Scripted(events=events, documents=documents), screen=demo.Screen(out))
    text = out.getvalue()
    assert re.search(r"added lease\.pdf: 4 pages, 12 passages, 1\.\d s", text)
    assert "note.md" not in text
    assert "x.xyz: " in text
    assert "3 documents, 1 of them unchanged" in text
    assert "1 CARD, 3 PHONE" in text


def test_models_that_are_here_are_not_pulled(monkeypatch):
    pulled = []
    monkeypatch.setattr(
        demo, "pull_process", lambda model_id, home, cancel: iter([pulled.append(model_id), Finished()])
    )
    models = [
        Model(name, "chat", name, 491_400_064, 1, "Apache-2.0", (), "", installed=name != demo.MODELS[2])
        for name in demo.MODELS
    ]
    out = io.StringIO()
    demo.pull_models(Scripted(models=models), home=demo.Home(demo.ROOT), screen=demo.Screen(out))
    assert pulled == [demo.MODELS[2]]
    assert out.getvalue().count("here already") == 3
    assert "491 MB" in out.getvalue()


def test_on_a_terminal_passing_text_is_written_over(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = Tty()
    screen = demo.Screen(out)
    screen.passing("reading 1/2")
    screen.line("done")
    assert out.getvalue() == "\r\033[Kreading 1/2\r\033[Kdone\n"


def test_the_questions_are_in_both_languages_and_one_is_about_a_person():
    assert len(demo.QUESTIONS) == 3
    assert any(re.search(r"[\u4e00-\u9fff]", question) for question in demo.QUESTIONS)
    assert any("phone number" in question for question in demo.QUESTIONS)


def test_the_question_is_shown_as_the_model_read_it_where_that_is_not_as_it_was_asked():
    out = io.StringIO()
    demo.ask(Scripted(events=ANSWER), "Where does Ann Lee live?", screen=demo.Screen(out), first=False)
    assert "the model read: Where does <PERSON_1> live?\n" in out.getvalue()
    out = io.StringIO()
    demo.ask(Scripted(events=ANSWER), "How long?", screen=demo.Screen(out), first=False)
    assert "the model read:" not in out.getvalue()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("[1] a\nQuestion: old?\n\nQuestion: Who is <PERSON_2>?<|im_end|>\n", "Who is <PERSON_2>?"),
        ("段落：\n\n问题：<PERSON_1>的电话？<|im_end|>", "<PERSON_1>的电话？"),
        ("nothing here", ""),
    ],
)
def test_the_question_is_found_in_a_prompt(prompt, expected):
    assert demo.question_read(prompt) == expected


def test_a_long_quote_is_shown_on_one_line_of_bearable_length():
    assert demo.shortened("a\n  b") == "a b"
    assert demo.shortened("字" * 300) == "字" * 199 + "…"
