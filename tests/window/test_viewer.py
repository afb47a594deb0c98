"""Looking at pages: opened where an answer, a search or a person points, with what is meant marked on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtWidgets import QLabel
from tests.window import scripted
from tests.window.rows import click, words
from tests.window.scripted import CONTRACT, HITS, LEASE, NOTE, QUOTES, ScriptedEngine, document, hit

from studiolo.errors import Code, EnvironmentFault
from studiolo.types import Citation, DocumentStatus, Redaction
from studiolo_desktop.theme import LIGHT
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.viewer.page_text import utf16

DOCUMENTS = (
    document("lease-alder-wharf.pdf", redactions=(Redaction("PERSON", 4), Redaction("BANK_ACCOUNT", 1))),
    document("meeting-note-2026-04-14.md", pages=0, passages=3),
    document("劳动合同.pdf", pages=3),
)


def answered(qtbot, open_window, engine: ScriptedEngine, question: str = "How long is the term?"):
    desktop, _ = open_window(engine)
    desktop.chat.ask(question)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    return desktop


def opened(qtbot, desktop, number: int) -> None:
    """Click on a source's card, and wait for its page."""
    desktop.window.pane.show_sources()
    card = desktop.window.pane.sources.cards[number]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    assert desktop.window.pane.page_shown


def colour_at(sheet, box) -> QColor:
    """The colour of the paper just inside a mark, where no letter stands."""
    mark = sheet.marks()[box]
    picture = sheet.grab().toImage()
    ratio = picture.devicePixelRatio()
    return picture.pixelColor(round((mark.left() + 4) * ratio), round((mark.top() + 1.5) * ratio))


def test_a_source_opens_at_its_page_with_the_quote_marked(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane, viewer = desktop.window.pane.viewer, desktop.study.viewer
    assert (viewer.page, viewer.pages) == (2, 6)
    assert pane.title.accessibleName() == "lease-alder-wharf.pdf"
    assert pane.place.text() == "page 2 of 6"
    assert pane.note.text() == "Quoted in the answer"
    assert pane.note.property("role") == "good"
    assert pane.stack.currentWidget() is pane.area
    assert viewer.shown.marked == "quotes"
    assert QUOTES[1] in pane.sheet.accessibleDescription()
    assert colour_at(pane.sheet, 0).name().upper() == LIGHT.mark
    top = pane.sheet.mapTo(pane.area.viewport(), pane.sheet.marks()[0].center().toPoint()).y()
    assert 0 <= top <= pane.area.viewport().height()


@pytest.mark.parametrize(("language", "said"), [("en", "page 1 of 3"), ("zh", "第 1 页，共 3 页")])
def test_a_chinese_quote_is_marked_in_either_language(qtbot, open_window, language, said):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.answer, engine.hits = scripted.ANSWER_ZH, scripted.HITS_ZH
    engine.quotes = {1: "试用期为三个月，自2026年4月1日起计算。"}
    desktop = answered(qtbot, open_window, engine, "试用期有多长？")
    desktop.look.choose_language(language)
    opened(qtbot, desktop, 1)
    shown = desktop.study.viewer.shown
    assert [shown.view.text[start:end] for start, end in shown.view.ranges] == [engine.quotes[1]]
    assert desktop.window.pane.viewer.place.text() == said


def test_what_was_not_verified_looks_different(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.quotes = {1: "the lease runs for thirty years"}
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane, viewer = desktop.window.pane.viewer, desktop.study.viewer
    assert viewer.place.standing == "unverified"
    assert pane.note.text().startswith("Not verified: the answer names this passage")
    assert pane.note.property("role") == "danger"
    assert viewer.shown.marked == "passage"  # framed, not marked as words that were found
    assert colour_at(pane.sheet, 0).name().upper() != LIGHT.mark
    desktop.look.choose_language("zh")
    assert pane.note.text().startswith("未核实")


def test_a_note_without_pages_shows_its_text_with_the_quote_marked(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.hits = (hit("meeting-note-2026-04-14.md", 0, "😀 会议 " + NOTE),)
    engine.quotes = {1: "The office will ring back by Friday."}
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane = desktop.window.pane.viewer
    assert pane.stack.currentWidget() is pane.text
    ((start, end),) = pane.text.marks
    assert (
        pane.text.document().toPlainText().encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
        == (engine.quotes[1])
    )
    cursor = QTextCursor(pane.text.document())
    cursor.setPosition(start + 1)
    assert cursor.charFormat().background().color().name().upper() == desktop.look.tokens.mark
    assert not pane._bar.isVisible()


def test_positions_count_what_qt_counts():
    assert [utf16("a😀b", position) for position in range(4)] == [0, 1, 3, 4]


def test_pages_are_turned_and_the_passage_is_one_click_away(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane, viewer = desktop.window.pane.viewer, desktop.study.viewer
    assert not pane.to_passage.isVisible()
    pane.next_button.click()
    qtbot.waitUntil(lambda: viewer.shown.view.page == 3)
    assert pane.place.text() == "page 3 of 6"
    assert pane.sheet.boxes == ()
    assert pane.note.text() == ""
    pane.to_passage.click()
    qtbot.waitUntil(lambda: viewer.shown.view.page == 2 and bool(pane.sheet.boxes))
    desktop.window.activateWindow()
    pane.area.setFocus()
    qtbot.waitUntil(pane.area.hasFocus)
    qtbot.keyClick(pane.area, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: viewer.shown.view.page == 1)
    assert not pane.previous_button.isEnabled()
    pane.previous_button.click()
    assert viewer.page == 1


def test_a_page_is_enlarged_and_drawn_sharper(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane, viewer = desktop.window.pane.viewer, desktop.study.viewer
    qtbot.waitUntil(lambda: abs(viewer.shown.view.width - pane.sheet.width()) < 0.11 * pane.sheet.width())
    before = pane.sheet.width()
    pane.in_button.click()
    pane.in_button.click()
    assert pane.sheet.width() == pytest.approx(before * 1.5, rel=0.1)
    qtbot.waitUntil(lambda: abs(viewer.shown.view.width - pane.sheet.width()) < 0.11 * pane.sheet.width())
    assert viewer.shown.view.boxes
    pane.out_button.click()
    pane.out_button.click()
    assert not pane.out_button.isEnabled()


def test_going_back_leads_to_where_the_page_was_opened_from(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    desktop.window.resize(1400, 800)
    narrow = desktop.window.pane.width()
    opened(qtbot, desktop, 1)
    assert desktop.window.pane.width() > narrow
    desktop.window.pane.viewer.back_button.click()
    assert not desktop.window.pane.page_shown
    assert desktop.window.pane._stack.currentWidget() is desktop.window.pane.sources
    assert desktop.study.viewer.place is None
    assert desktop.window.pane.width() == narrow
    opened(qtbot, desktop, 2)
    desktop.window.pane.documents_tab.click()
    assert desktop.window.pane._stack.currentWidget() is desktop.window.pane.documents
    assert desktop.study.viewer.place is None


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("file_missing", "“lease-alder-wharf.pdf” is not there any more. This is its text as it was read."),
        ("file_changed", "“lease-alder-wharf.pdf” has changed since it was read. This is its text as it was read."),
    ],
)
def test_a_page_whose_file_is_gone_shows_its_text(qtbot, open_window, reason, said):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.page_reason = reason
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane = desktop.window.pane.viewer
    assert pane.stack.currentWidget() is pane.text
    assert said in pane.note.text()
    assert pane.text.toPlainText() == LEASE
    assert pane.text.marks


def test_a_locked_file_asks_for_its_password(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.page_password = "密码 1"
    desktop = answered(qtbot, open_window, engine)
    opened(qtbot, desktop, 1)
    pane = desktop.window.pane.viewer
    assert pane.stack.currentWidget() is pane.message
    assert pane.message.words.text() == "Password of “lease-alder-wharf.pdf”"
    pane.message.password.setText("密码 1")
    pane.message.unlock_button.click()
    qtbot.waitUntil(lambda: pane.stack.currentWidget() is pane.area)
    assert "密码" not in repr(desktop.study.viewer.shown)


def test_a_page_that_cannot_be_had_says_why_and_is_tried_again(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    page, engine.page = engine.page, lambda *_args, **_values: _raise(EnvironmentFault(Code.DAMAGED_STORE, store="x"))
    desktop.window.pane.sources.cards[1]._open()
    pane = desktop.window.pane.viewer
    qtbot.waitUntil(pane.message.again_button.isVisible)
    assert pane.message.words.text().startswith("A file in which Studiolo keeps its data is damaged")
    engine.page = page
    pane.message.again_button.click()
    qtbot.waitUntil(lambda: pane.stack.currentWidget() is pane.area)


def _raise(error: Exception):
    raise error


def test_a_passage_of_an_earlier_version_is_found_by_its_words(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    old = replace(HITS[0].passage, id="of-an-earlier-version")
    turn = desktop.chat.turns[0]
    turn.sources = (replace(HITS[0], passage=old), *turn.sources[1:])
    desktop.window.show_source(turn, 1)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    assert desktop.study.viewer.shown.marked == "quotes"
    turn.citations = ()
    desktop.window.show_source(turn, 1)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    shown = desktop.study.viewer.shown
    assert [shown.view.text[start:end] for start, end in shown.view.ranges] == [LEASE]


def test_a_document_that_is_shorter_now_opens_at_its_beginning(qtbot, open_window):
    engine = ScriptedEngine(documents=[document("lease-alder-wharf.pdf", pages=1)])
    desktop = answered(qtbot, open_window, engine)
    desktop.window.show_source(desktop.chat.turns[0], 2)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    assert desktop.study.viewer.page == 1


def test_a_document_opens_from_the_list_with_what_was_found_in_it(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop, _ = open_window(engine)
    click(qtbot, desktop.window.pane.documents, "lease-alder-wharf.pdf")
    viewer, pane = desktop.study.viewer, desktop.window.pane.viewer
    qtbot.waitUntil(lambda: viewer.shown is not None and viewer.report is not None)
    assert viewer.page == 1
    assert pane.details.isVisible()
    said = [text.text() for text in pane.details.findChildren(QLabel)]
    assert "4 names  ·  the model reads a pseudonym  ·  p. 1, 2" in said
    assert "1 bank account  ·  the model reads a pseudonym  ·  p. 1, 2" in said
    desktop.look.choose_language("zh")
    said = [text.text() for text in pane.details.findChildren(QLabel)]
    assert "4 个姓名  ·  模型只看到化名  ·  第 1, 2 页" in said
    pane.details.remove_button.click()
    qtbot.waitUntil(lambda: desktop.window.findChild(Confirm) is not None)
    desktop.window.findChild(Confirm).yes_button.click()
    qtbot.waitUntil(lambda: "lease-alder-wharf.pdf" not in words(desktop.window.pane.documents))
    qtbot.waitUntil(lambda: not desktop.window.pane.page_shown)  # it is looked at no longer


def test_a_document_of_which_nothing_was_read_says_why_and_is_read_again(qtbot, open_window):
    bad = document("scan.pdf", pages=2, passages=0, status=DocumentStatus.FAILED, reason="needs_ocr")
    engine = ScriptedEngine(documents=[bad])
    engine.page_reason = "needs_ocr"
    desktop, _ = open_window(engine)
    click(qtbot, desktop.window.pane.documents, "scan.pdf")
    pane = desktop.window.pane.viewer
    qtbot.waitUntil(lambda: pane.message.words.text() == "Nothing could be read here.")
    said = [text.text() for text in pane.details.findChildren(QLabel)]
    assert any(text.startswith("“scan.pdf” is a picture of text.") for text in said)
    pane.details.retry_button.click()
    qtbot.waitUntil(lambda: [path.name for path in engine.added] == ["scan.pdf"])


def test_another_library_closes_the_page(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.stored["Work"] = []
    desktop, _ = open_window(engine)
    click(qtbot, desktop.window.pane.documents, "劳动合同.pdf")
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    desktop.library.choose("Work")
    assert desktop.study.viewer.place is None
    assert not desktop.window.pane.page_shown


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Nothing in your documents answers this."), ("zh", "没有相关内容")]
)
def test_it_is_said_plainly_that_nothing_was_found(qtbot, open_window, language, said):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.hits, engine.quotes = (), {}
    desktop = answered(qtbot, open_window, engine)
    desktop.look.choose_language(language)
    assert said in "\n".join(shown(desktop.window.pane.sources))


def shown(pane) -> list[str]:
    return [text.text() for text in pane.widget().findChildren(QLabel) if not text.isHidden()]


def test_passages_that_probably_do_not_answer_are_called_so(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.hits = tuple(replace(one, score=0.2) for one in HITS)
    engine.quotes = {}
    desktop = answered(qtbot, open_window, engine)
    said = shown(desktop.window.pane.sources)
    assert "Probably nothing in your documents answers this." in said
    assert "These passages came closest and were read:" in said
    assert len(desktop.window.pane.sources.cards) == 3


def test_an_answer_of_which_nothing_was_found_in_the_passages_is_called_so(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.quotes = {}
    desktop = answered(qtbot, open_window, engine)
    assert "No statement of this answer was found in your documents." in shown(desktop.window.pane.sources)


def test_an_answer_with_a_quote_is_given_no_such_verdict(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.hits = tuple(replace(one, score=0.2) for one in HITS)
    desktop = answered(qtbot, open_window, engine)
    assert not any("nothing" in text.lower() for text in shown(desktop.window.pane.sources))


def test_a_source_whose_document_was_removed_opens_nothing(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop = answered(qtbot, open_window, engine)
    desktop.library.remove("lease-alder-wharf.pdf")
    qtbot.waitUntil(lambda: desktop.chat.turns[0].sources[0].passage.text == "")
    desktop.window.show_source(desktop.chat.turns[0], 1)
    assert not desktop.window.pane.page_shown
    assert desktop.study.viewer.place is None


def test_values_of_a_place_stand_in_no_repr():
    from studiolo_desktop.models.viewer import place_of

    citation = Citation(1, "d", "secret name.pdf", 1, "p", CONTRACT, verified=True)
    place = place_of("default", hit("secret name.pdf", 1, CONTRACT), (citation,))
    assert place.quotes == (CONTRACT,)
    assert "secret name.pdf" not in repr(replace(place, document_id="d"))
    assert "试用期" not in repr(place)
