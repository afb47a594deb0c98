"""Values that the model did not see are chips: they say what it saw, and reveal what is hidden."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QToolTip
from tests.window.scripted import ScriptedEngine, from_both_sides

from studiolo_desktop.theme import DARK
from studiolo_desktop.ui.privacy.sides_dialog import SidesDialog
from studiolo_desktop.ui.privacy.value_card import ValueCard
from studiolo_desktop.ui.privacy.value_chips import chip_rects, put_chips

VALUES = {
    "Wen Yalan": ("PERSON", "PERSON_1"),
    "王小明": ("PERSON", "PERSON_2"),
    "**** 1111": ("CREDIT_CARD", "CARD_1"),
    "<SECRET>": ("SECRET", ""),
}
QUESTION = "Did Wen Yalan pay, 王小明？"
ANSWER = "**Wen Yalan** paid with `**** 1111` [1]. 王小明 did not; Wen Yalan told \U0001f600 王小明."


def engine_of(answer: str = ANSWER) -> ScriptedEngine:
    engine = ScriptedEngine()
    engine.answer, engine.values, engine.secrets = answer, VALUES, {"CARD_1": "4111 1111 1111 1111"}
    return engine


def answered(qtbot, desktop, question: str = QUESTION):
    desktop.chat.ask(question)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    turn = desktop.chat.turns[-1]
    qtbot.waitUntil(lambda: desktop.privacy.screenings.of(turn.id) is not None)
    return desktop.window.transcript.view(turn)


def chips(view) -> list[str]:
    """What the chips of an answer stand on, in order."""
    found = []
    block = view.answer.document().begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            if iterator.fragment().charFormat().anchorHref().startswith("value:"):
                found.append(iterator.fragment().text().replace("\xa0", " "))
            iterator += 1
        block = block.next()
    return found


def card_of(desktop) -> ValueCard:
    return desktop.window.findChild(ValueCard, "value-card")


def test_values_of_an_answer_are_chips(qtbot, open_window):
    desktop, _ = open_window(engine_of())
    view = answered(qtbot, desktop)
    assert chips(view) == ["Wen Yalan", "**** 1111", "王小明", "Wen Yalan", "王小明"]
    assert {number for number, _ in chip_rects(view.answer.document())} == {0, 1, 2, 3, 4}  # a broken one has two
    assert len(view.answer.chip_rects()) == 1  # the citation is another kind of chip
    assert view.answer.markdown == ANSWER


def test_a_chip_says_what_the_model_saw(qtbot, open_window):
    desktop, connector = open_window(engine_of())
    view = answered(qtbot, desktop)
    view.answer.highlighted.emit(QUrl("value:0"))
    assert view.answer.accessibleDescription() == "Name. The model saw <PERSON_1>"
    assert QToolTip.text() == "Name. The model saw <PERSON_1>"
    desktop.look.choose_language("zh")
    view.answer.highlighted.emit(QUrl("value:2"))
    assert view.answer.accessibleDescription() == "姓名。模型看到的是 <PERSON_2>"
    view.answer.highlighted.emit(QUrl())
    assert view.answer.accessibleDescription() == ""
    view.answer.anchorClicked.emit(QUrl("value:0"))
    card = card_of(desktop)
    assert (card.seen.text(), card.value.text()) == ("<PERSON_1>", "Wen Yalan")
    assert connector.engine.revealed == []  # the person sees it already
    card.close()


def test_what_is_hidden_is_revealed_by_the_engine_which_writes_it_down(qtbot, open_window):
    desktop, connector = open_window(engine_of())
    view = answered(qtbot, desktop)
    view.answer.anchorClicked.emit(QUrl("value:1"))
    card = card_of(desktop)
    qtbot.waitUntil(lambda: card.value.text() == "4111 1111 1111 1111")
    assert connector.engine.revealed == [(view.turn.id, "CARD_1")]
    assert "audit" in card.note.text()
    assert "4111 1111" not in view.answer.toPlainText()
    card.close()


def test_chips_are_reached_and_opened_by_keyboard_alone(qtbot, open_window):
    desktop, connector = open_window(engine_of("Paid with **** 1111."))
    view = answered(qtbot, desktop)
    view.answer.setFocus()
    qtbot.keyClick(view.answer, Qt.Key.Key_Tab)
    assert view.answer.accessibleDescription() == "Card number. The model saw <CARD_1>"
    qtbot.keyClick(view.answer, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: card_of(desktop).value.text() == "4111 1111 1111 1111")
    assert connector.engine.revealed == [(view.turn.id, "CARD_1")]
    qtbot.keyClick(card_of(desktop), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: card_of(desktop) is None)


def test_what_has_no_pseudonym_cannot_be_revealed(qtbot, open_window):
    desktop, connector = open_window(engine_of("The key is <SECRET>."))
    view = answered(qtbot, desktop)
    view.answer.anchorClicked.emit(QUrl("value:0"))
    assert "made this up" in card_of(desktop).note.text()
    assert card_of(desktop).value.text() == "Hidden"
    assert connector.engine.revealed == []
    card_of(desktop).close()


def test_a_value_that_the_engine_does_not_tell(qtbot, open_window):
    engine = engine_of("Paid with **** 1111.")
    engine.secrets = {}
    desktop, _ = open_window(engine)
    view = answered(qtbot, desktop)
    view.answer.anchorClicked.emit(QUrl("value:0"))
    card = card_of(desktop)
    qtbot.waitUntil(lambda: card.note.property("role") == "danger")
    assert card.value.text() == "Hidden"
    card.close()


def test_the_question_has_its_chips_too(qtbot, open_window):
    desktop, _ = open_window(engine_of())
    view = answered(qtbot, desktop, f"{QUESTION} <b>1 & 2</b>\n好")
    html = view.question.text()
    assert html.count("value:") == 2
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;<br>好" in html
    view.question.linkActivated.emit("value:1")
    assert (card_of(desktop).seen.text(), card_of(desktop).value.text()) == ("<PERSON_2>", "王小明")
    card_of(desktop).close()
    view.question.linkHovered.emit("value:0")
    assert view.question.accessibleDescription() == "Name. The model saw <PERSON_1>"
    desktop.look.choose_theme("dark")
    assert DARK.veil in view.question.text()


def test_a_turn_in_which_nothing_was_hidden_looks_as_before(qtbot, open_window):
    desktop, _ = open_window()
    view = answered(qtbot, desktop, "How long?")
    assert chips(view) == []
    assert view.question.text() == "How long?"


def test_a_stored_conversation_has_its_chips_when_it_is_opened(qtbot, open_window):
    desktop, connector = open_window(engine_of())
    answered(qtbot, desktop)
    conversation = desktop.chat.conversation_id
    desktop.chat.new_conversation()
    desktop.chat.open(conversation)
    qtbot.waitUntil(lambda: bool(desktop.chat.turns))
    view = desktop.window.transcript.view(desktop.chat.turns[-1])
    qtbot.waitUntil(lambda: len(chips(view)) == 5)
    assert connector.engine.revealed == []


def test_chips_wait_for_the_end_of_an_answer(qtbot, open_window):
    engine = engine_of()
    engine.hold_after = 3
    desktop, _ = open_window(engine)
    desktop.chat.ask(QUESTION)
    qtbot.waitUntil(lambda: len(desktop.chat.turns[-1].answer) > 8)
    assert engine.screened_turns == []
    engine.gate.set()
    qtbot.waitUntil(lambda: engine.screened_turns == [(desktop.chat.turns[-1].id, False)])


@pytest.mark.parametrize(("shown", "markdown_gone", "expected"), [
    ("May said in May: [May](http://x/May) and May", "May said in May: May and May", [0, 12, 17, 25]),
    ("\U0001f600\U0001f600 张三和张三", "\U0001f600\U0001f600 张三和张三", [5, 8]),
])  # fmt: skip
def test_a_value_that_stands_often_gets_its_chips_in_order(qapp, shown, markdown_gone, expected):
    document = QTextDocument()
    document.setPlainText(markdown_gone)
    sides = from_both_sides(shown, {"May": ("PERSON", "PERSON_1"), "张三": ("PERSON", "PERSON_2")})
    put_chips(document, sides, ink="#000000")
    found = []
    iterator = document.begin().begin()
    while not iterator.atEnd():
        if iterator.fragment().charFormat().isAnchor():
            found.append(iterator.fragment().position())
        iterator += 1
    assert found == expected


def test_what_the_model_saw_stands_beside_what_the_person_reads(qtbot, open_window):
    engine = engine_of()
    desktop, _ = open_window(engine)
    view = answered(qtbot, desktop)
    assert view.seen_button.accessibleName() == "What the model saw"
    view.seen_button.click()
    dialog = desktop.window.findChild(SidesDialog)
    qtbot.waitUntil(lambda: len(dialog.pairs) == 5)  # question, answer, three passages
    (asked, asked_seen), (told, told_seen) = dialog.pairs[:2]
    assert asked.toPlainText() == QUESTION
    assert asked_seen.toPlainText() == QUESTION.replace("Wen Yalan", "<PERSON_1>").replace("王小明", "<PERSON_2>")
    assert "**** 1111" in told.toPlainText()
    assert "<CARD_1>" in told_seen.toPlainText()
    assert "Wen Yalan" in dialog.pairs[-1][0].toPlainText()
    assert "Wen Yalan" not in dialog.pairs[-1][1].toPlainText()
    assert "8 values were hidden" in dialog.note.text()
    assert engine.screened_turns[-1] == (view.turn.id, True)
    dialog.accept()


def test_the_comparison_says_what_it_cannot_show(qtbot, open_window):
    engine = engine_of()
    desktop, _ = open_window(engine)
    view = answered(qtbot, desktop)
    engine.crash()
    view.seen_button.click()
    dialog = desktop.window.findChild(SidesDialog)
    qtbot.waitUntil(lambda: dialog.note.property("role") == "danger")
    dialog.accept()
