"""Asking: the answer streams, can be stopped, names its sources, and opens them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QUrl
from pytestqt.qtbot import QtBot
from tests.window.scripted import ANSWER, QUOTES, ScriptedEngine, document

from studiolo.errors import Code
from studiolo.types import Redaction
from studiolo_desktop.texts import ENTITY_WORDS
from studiolo_desktop.ui.chat.turn_view import TurnView
from studiolo_desktop.ui.common.confirm import Confirm


def ask(qtbot: QtBot, desktop, text: str = "How long is the lease?") -> TurnView:
    field = desktop.window.composer.field
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    return desktop.window.transcript.view(desktop.chat.turns[-1])


def test_enter_sends_and_the_answer_streams(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 8
    desktop, connector = open_window(engine)
    view = ask(qtbot, desktop)
    assert desktop.window.composer.field.toPlainText() == ""
    qtbot.waitUntil(lambda: "The lease runs for a fixed" in view.answer.toPlainText())
    assert "twelve months" not in view.answer.toPlainText()
    assert desktop.chat.busy
    connector.engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert "thirty days after the keys are returned" in view.answer.toPlainText()
    assert desktop.chat.turns[-1].answer == ANSWER
    assert view.question.text() == "How long is the lease?"


def test_figures_stand_below_an_answer(qtbot, open_window):
    desktop, _connector = open_window()
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert view._facts.text() == "qwen-0.5b  ·  4.2 s  ·  18.2 tokens/s  ·  62 J"
    desktop.look.choose_language("zh")
    assert view._facts.text() == "qwen-0.5b  ·  4.2 s  ·  每秒 18.2 词元  ·  62 焦耳"


def test_shift_enter_breaks_the_line(qtbot, open_window):
    desktop, connector = open_window()
    field = desktop.window.composer.field
    qtbot.keyClicks(field, "one")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(field, "two")
    assert field.toPlainText() == "one\ntwo"
    assert connector.engine.asked == []


def test_nothing_is_asked_without_words(qtbot, open_window):
    desktop, _connector = open_window()
    qtbot.keyClicks(desktop.window.composer.field, "   ")
    qtbot.keyClick(desktop.window.composer.field, Qt.Key.Key_Return)
    assert not desktop.window.composer.send_button.isEnabled()
    assert desktop.chat.turns == []


def test_stop_keeps_what_is_written(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 8
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: "fixed" in view.answer.toPlainText())
    qtbot.mouseClick(desktop.window.composer.send_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert desktop.chat.turns[-1].state == "cancelled"
    assert "fixed" in view.answer.toPlainText()
    assert view.status.text() == "Stopped."


def test_a_question_asked_while_the_engine_starts_waits_for_it(qtbot, open_window):
    desktop, connector = open_window(ready=False)
    desktop.window.show()
    view = ask(qtbot, desktop)
    assert view.status.text() == "Waiting for the engine…"
    desktop.supervisor.start()
    qtbot.waitUntil(lambda: desktop.chat.turns[-1].state == "complete")
    assert [q.text for q in connector.engine.asked] == ["How long is the lease?"]


def test_sources_show_document_and_page_before_the_answer_ends(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 0
    desktop, _ = open_window(engine)
    ask(qtbot, desktop)
    pane = desktop.window.pane.sources
    qtbot.waitUntil(lambda: len(pane.cards) == 3)
    assert pane.isVisible()
    assert pane.cards[1].page.text() == "page 2"
    assert pane.cards[3].page.text() == ""  # a note has no pages
    assert "lease-alder-wharf.pdf" in pane.cards[1].accessibleName()
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.chat.busy)


def test_a_citation_opens_its_source_with_the_quote_marked(qtbot, open_window):
    engine = ScriptedEngine(documents=[document("lease-alder-wharf.pdf")])
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    rects = view.answer.chip_rects()
    assert len(rects) == 4  # [1] three times, [2] once
    desktop.window.pane.show_documents()
    qtbot.mouseClick(
        view.answer.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(*map(int, rects[-1].center().toTuple()))
    )
    viewer = desktop.study.viewer
    qtbot.waitUntil(lambda: viewer.shown is not None)
    assert desktop.window.pane.page_shown
    assert desktop.window.pane.sources_tab.isChecked()
    assert engine.pages[-1] == ("lease-alder-wharf.pdf", 4, (QUOTES[2],))
    (start, end), *_ = viewer.shown.view.ranges
    assert viewer.shown.view.text[start:end] == QUOTES[2]
    assert desktop.window.pane.viewer.sheet.boxes


def test_a_citation_that_was_not_found_says_so(qtbot, open_window):
    engine = ScriptedEngine()
    engine.quotes = {1: "the lease runs for thirty years"}
    desktop, _ = open_window(engine)
    ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    card = desktop.window.pane.sources.cards[1]
    assert card.state.text() == "Cited, but its words were not found here"
    assert card.ranges == []
    assert card.property("unsure")
    assert not desktop.window.pane.sources.cards[2].property("unsure")


def test_hidden_values_are_counted_in_words(qtbot, open_window):
    desktop, _ = open_window()
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert view.hidden.isVisible()
    assert view.hidden.accessibleName() == "3 names and 1 phone number hidden from the model"


def test_a_failure_is_a_sentence_below_the_question(qtbot, open_window):
    engine = ScriptedEngine()
    engine.ask = lambda question, cancel=None: _fail()
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: desktop.chat.turns[-1].state == "failed")
    assert view.status.text().startswith("The privacy filter could not run")


def _fail():
    from studiolo.errors import PolicyBlock

    raise PolicyBlock(Code.FILTER_FAILED)
    yield


def test_the_conversation_is_listed_and_opened_again(qtbot, open_window):
    desktop, _ = open_window()
    ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    qtbot.waitUntil(lambda: len(desktop.conversations.items) == 1)
    first = desktop.chat.conversation_id
    desktop.chat.new_conversation()
    assert desktop.chat.turns == []
    assert desktop.window.middle.currentWidget() is desktop.window.empty
    listed = desktop.window.sidebar.list
    item = next(listed.item(i) for i in range(listed.count()) if listed.item(i).data(Qt.ItemDataRole.UserRole))
    listed.itemClicked.emit(item)
    qtbot.waitUntil(lambda: desktop.chat.conversation_id == first)
    assert desktop.chat.turns[0].answer == ANSWER
    assert desktop.window.top_bar.title.accessibleName() == "How long is the lease?"


def test_leaving_a_conversation_stops_its_answer_and_shows_none_of_it_elsewhere(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 3
    desktop, _ = open_window(engine)
    ask(qtbot, desktop)
    qtbot.waitUntil(lambda: bool(desktop.chat.turns and desktop.chat.turns[-1].answer))
    desktop.chat.new_conversation()
    assert not desktop.chat.busy
    qtbot.waitUntil(lambda: engine.history["c1"][-1].state == "cancelled")
    assert desktop.chat.turns == []


def test_a_link_opens_only_when_confirmed(qtbot, open_window):
    desktop, _ = open_window()
    opened: list[QUrl] = []
    desktop.window._open_link = opened.append
    engine_answer = "See [the terms](https://example.org/terms?x=1)."
    desktop.supervisor.engine().answer = engine_answer
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    view.answer.anchorClicked.emit(QUrl("https://example.org/terms?x=1"))
    dialog = desktop.window.findChild(Confirm)
    assert opened == []
    assert any("https://example.org/terms?x=1" in child.text() for child in dialog.findChildren(type(view.question)))
    dialog.reject()
    assert opened == []
    view.answer.anchorClicked.emit(QUrl("https://example.org/terms?x=1"))
    desktop.window.findChildren(Confirm)[-1].accept()
    assert [url.toString() for url in opened] == ["https://example.org/terms?x=1"]


def test_keys(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 3
    desktop, _ = open_window(engine)
    window = desktop.window
    with qtbot.waitExposed(window):
        window.activateWindow()
    ask(qtbot, desktop)
    qtbot.waitUntil(lambda: bool(desktop.chat.turns[-1].answer))
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: desktop.chat.turns[-1].state == "cancelled")
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert desktop.chat.turns == []
    window.sidebar.new_button.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.composer.field.hasFocus()


def test_two_thousand_turns_open_at_once(qtbot, open_window):
    engine = ScriptedEngine()
    question = type("Q", (), {"text": "Again?", "model": None})()
    engine.history["long"] = [engine._turn(f"t{n}", "long", question, "Yes.", "complete") for n in range(2000)]
    engine.titles["long"] = "A long one"
    desktop, _ = open_window(engine)
    desktop.chat.open("long")
    qtbot.waitUntil(lambda: len(desktop.chat.turns) == 2000)
    transcript = desktop.window.transcript
    assert 4 <= len(transcript._views) <= 48
    assert transcript.view(desktop.chat.turns[-1]) is not None


def test_a_view_that_is_used_again_shows_its_new_turn_and_nothing_of_the_old(qtbot, open_window):
    engine = ScriptedEngine()
    engine.history["long"] = [
        engine._turn(
            f"t{n}", "long", type("Q", (), {"text": f"问题 {n}?", "model": None})(), f"Answer {n}. " * 60, "complete"
        )
        for n in range(120)
    ]
    engine.titles["long"] = "A long one"
    desktop, _ = open_window(engine)
    desktop.chat.open("long")
    qtbot.waitUntil(lambda: len(desktop.chat.turns) == 120)
    transcript = desktop.window.transcript
    made = {id(view) for view in transcript._views.values()}
    bar = transcript.verticalScrollBar()
    for way in (-1, 1):
        for _ in range(60):
            bar.setValue(bar.value() + way * 300)
            qtbot.wait(15)
            made |= {id(view) for view in transcript._views.values()}
        assert len(transcript._views) < 40
        for turn in desktop.chat.turns[transcript._first : transcript._end]:
            view = transcript.view(turn)
            assert (view.turn, view.question.text(), view.answer.markdown) == (turn, turn.question, turn.answer)
    assert len(made) < 60


def test_however_much_was_hidden_the_page_is_no_wider_than_the_window(qtbot, open_window):
    engine = ScriptedEngine()
    engine.redactions = tuple(Redaction(kind, 2) for kind in ENTITY_WORDS if kind != "*")
    desktop, _ = open_window(engine)
    desktop.window.resize(820, 700)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    qtbot.waitUntil(lambda: view._hidden_words.height() > 3 * view.fontMetrics().height())
    transcript = desktop.window.transcript
    assert transcript.widget().width() <= transcript.viewport().width()
    right = view.question.mapTo(transcript.viewport(), view.question.rect().topRight()).x()
    assert right < transcript.viewport().width()


def test_a_turn_the_history_calls_failed_says_so(qtbot, open_window):
    engine = ScriptedEngine()
    question = type("Q", (), {"text": "Again?", "model": None})()
    engine.history["old"] = [engine._turn("t1", "old", question, "", "failed")]
    engine.titles["old"] = "Old"
    desktop, _ = open_window(engine)
    desktop.chat.open("old")
    qtbot.waitUntil(lambda: bool(desktop.chat.turns))
    view = desktop.window.transcript.view(desktop.chat.turns[0])
    assert view.status.text() == "This answer was not finished."


def test_markers_that_the_engine_adds_after_the_answer_become_chips(qtbot, open_window):
    engine = ScriptedEngine()
    engine.answer, engine.appended = "It runs for three years, and the deposit comes back.", " [1]【2】"
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert len(view.answer.chip_rects()) == 2
    assert view.answer.toPlainText().split() == [*engine.answer.split(), "1", "2"]
    assert [view._flow.itemAt(i).widget().text() for i in range(view._flow.count())] == [
        "1  lease-alder-wharf.pdf, page 2",
        "2  lease-alder-wharf.pdf, page 4",
        "3 sources",
    ]


def test_what_was_screened_in_the_answer_is_not_called_hidden_from_the_model(qtbot, open_window):
    engine = ScriptedEngine()
    engine.redactions = (Redaction("PERSON", 1),)
    engine.screened_in_answer = (Redaction("CREDIT_CARD", 2),)
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert view._hidden_words.text() == "1 name hidden from the model"


def test_how_far_the_model_has_read_is_shown_until_it_writes(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 0
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: view.bar.isVisible() and (view.bar.value(), view.bar.maximum()) == (900, 900))
    assert view.status.text() == "Reading 3 passages…"
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert not view.bar.isVisible()


def test_leaving_a_question_that_waits_for_the_engine_gives_the_send_button_back(qtbot, open_window):
    desktop, _ = open_window(ready=False)
    desktop.window.show()
    ask(qtbot, desktop)
    button = desktop.window.composer.send_button
    assert button.accessibleName() == "Stop (Esc)"
    desktop.chat.new_conversation()
    assert button.accessibleName() == "Send (Enter)"
    assert not desktop.chat.busy


def test_a_conversation_that_cannot_be_opened_leaves_the_page_and_asking_as_they_were(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 8
    desktop, _ = open_window(engine)
    view = ask(qtbot, desktop)
    qtbot.waitUntil(lambda: "fixed" in view.answer.toPlainText())
    desktop.chat.open("gone")
    qtbot.waitUntil(lambda: desktop.notices.latest is not None)
    assert desktop.notices.latest.problem.code is Code.UNKNOWN_CONVERSATION
    assert [turn.state for turn in desktop.chat.turns] == ["cancelled"]
    engine.hold_after = None
    ask(qtbot, desktop, "And now?")
    qtbot.waitUntil(lambda: desktop.chat.turns[-1].state == "complete")
    assert len(desktop.chat.turns) == 2
