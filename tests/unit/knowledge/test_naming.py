"""Whether a question names a document."""

from __future__ import annotations

import pytest

from studiolo.knowledge.naming import STRONG, NameIndex
from studiolo.knowledge.seams import Shelved


def shelved(name: str, *, title: str = "", opening: str = "", path: str = "") -> Shelved:
    return Shelved(name, name, title=title, opening=opening, path=path or f"/documents/{name}")


REPORTS = (
    shelved("ADOBE_2022_10K.pdf", opening="ADOBE INC. annual report for the fiscal year ended December 2, 2022"),
    shelved("ADOBE_2021_10K.pdf"),
    shelved("BOEING_2022_10K.pdf"),
    shelved("AMERICANEXPRESS_2022_10K.pdf", opening="AMERICAN EXPRESS COMPANY (Exact name of registrant)"),
    shelved("ULTABEAUTY_2023Q4_EARNINGS.pdf"),
    shelved("3M_2022_10K.pdf"),
)
PAPERS = (
    shelved("青禾机电采购合同.pdf"),
    shelved("滨江仓库租赁合同.pdf"),
    shelved("云杉科技员工手册.pdf"),
    shelved("恒岳新材2023年年度报告.pdf"),
    shelved("恒岳新材2022年年度报告.pdf"),
    shelved("lease-harrow-mill-unit-7.pdf"),
    shelved("meeting-note-2026-04-14.md"),
    shelved("scan-0012.pdf", title="Brightwell HP-40 heat pump manual"),
    shelved("notes.txt", path="/documents/Kitchen renovation/notes.txt"),
)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("Does Boeing have an improving gross margin?", "BOEING_2022_10K.pdf"),
        ("What did boeing's auditors say?", "BOEING_2022_10K.pdf"),
        ("What drove Ulta Beauty's inventories?", "ULTABEAUTY_2023Q4_EARNINGS.pdf"),
        ("Was American Express able to retain card members?", "AMERICANEXPRESS_2022_10K.pdf"),
        ("Is 3M a capital-intensive business?", "3M_2022_10K.pdf"),
        ("Adobe's operating margin in FY2022", "ADOBE_2022_10K.pdf"),
        ("What was the revenue of Adobe in fiscal 2021?", "ADOBE_2021_10K.pdf"),
    ],
)
def test_a_company_names_its_report(question, document):
    assert NameIndex(REPORTS).named(question).strong[0] == document


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("青禾机电最晚什么时候交货？", "青禾机电采购合同.pdf"),
        ("滨江仓库的押金是多少？", "滨江仓库租赁合同.pdf"),
        ("恒岳新材二〇二二年的毛利率是多少？", "恒岳新材2022年年度报告.pdf"),
        ("恒岳新材2023年派发多少红利？", "恒岳新材2023年年度报告.pdf"),
        ("How much is the rent at Harrow Mill?", "lease-harrow-mill-unit-7.pdf"),
        ("What was decided on 14 April?", "meeting-note-2026-04-14.md"),
        ("4月14日的会议决定了什么？", "meeting-note-2026-04-14.md"),
        ("What does the Brightwell heat pump manual say about ice?", "scan-0012.pdf"),
    ],
)
def test_names_titles_and_dates_in_both_languages(question, document):
    assert NameIndex(PAPERS).named(question).strong[0] == document


@pytest.mark.parametrize("question", ["How do I report an accident?", "试用期多长？", "合同什么时候到期？", "Why?"])
def test_everyday_words_name_nothing(question):
    assert NameIndex(PAPERS).named(question).strong == ()


def test_a_word_in_every_name_does_not_count():
    named = NameIndex(REPORTS).named("Which 10K mentions a lawsuit?")
    assert named.strong == ()
    assert max(named.strengths.values(), default=0.0) < STRONG


def test_initials_count_softly():
    strengths = NameIndex(REPORTS).named("Does AMEX pay a dividend?").strengths
    assert max(strengths, key=strengths.__getitem__) == "AMERICANEXPRESS_2022_10K.pdf"


def test_a_part_of_a_title_is_a_topic():
    papers = (shelved("x1.pdf", title="Open access increases citation rate"), shelved("x2.pdf", title="Cell death"))
    assert NameIndex(papers).named("Are articles in open access journals read more often?").strong == ()


def test_a_folder_counts_softly():
    strengths = NameIndex(PAPERS).named("What did the kitchen renovation cost?").strengths
    assert 0.0 < strengths["notes.txt"] < 1.0
    assert max(strengths, key=strengths.__getitem__) == "notes.txt"


def test_a_question_made_of_a_title_is_about_its_topic():
    pages = (shelved("a.html", title="Closing port 445 on Windows"), shelved("b.html", title="Cooking rice"))
    named = NameIndex(pages).named("closing port 445 windows")
    assert named.strong == ()
    assert named.strengths["a.html"] > 0.0


def test_the_words_that_name_are_told():
    assert NameIndex(REPORTS).named("What drove Ulta Beauty's inventories?").words == {"ulta", "beauty"}


def test_one_document_or_none_needs_no_name():
    assert NameIndex(()).named("Boeing").strengths == {}
    assert NameIndex(REPORTS[2:3]).named("Boeing's revenue").strengths == {}
