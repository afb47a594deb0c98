"""Questions are edited and asked again without losing anything; drafts and models are those of their conversation."""

from __future__ import annotations

import json
import stat

import pytest
from PySide6.QtCore import Qt
from tests.window.scripted import ANSWER, ScriptedEngine

from studiolo.paths import Home


def ask(qtbot, desktop, text: str):
    assert desktop.chat.ask(text)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    return desktop.window.transcript.view(desktop.chat.turns[-1])


def questions(desktop) -> list[str]:
    return [turn.question for turn in desktop.chat.turns]


def test_an_edited_question_is_another_version_and_the_first_stays_within_reach(qtbot, open_window):
    desktop, connector = open_window()
    view = ask(qtbot, desktop, "How long is the lease?")
    ask(qtbot, desktop, "And the rent?")
    assert not view.tools.where.isVisible()
    qtbot.mouseClick(view.tools.edit_button, Qt.MouseButton.LeftButton)
    assert not view.question.isVisible()
    assert view.tools.editor.field.toPlainText() == "How long is the lease?"
    view.tools.editor.field.setPlainText("租约有多长？")
    qtbot.keyClick(view.tools.editor.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert questions(desktop) == ["租约有多长？"]
    assert connector.engine.asked[-1].instead_of == "c1-t1"
    second = desktop.window.transcript.view(desktop.chat.turns[0])
    assert second.tools.where.text() == "2/2"
    assert second.tools.where.accessibleName() == "Version 2 of 2"
    assert not second.tools.on_button.isEnabled()
    qtbot.mouseClick(second.tools.back_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: questions(desktop) == ["How long is the lease?", "And the rent?"])
    first = desktop.window.transcript.view(desktop.chat.turns[0])
    assert first.tools.where.text() == "1/2"
    ask(qtbot, desktop, "Then?")
    assert questions(desktop) == ["How long is the lease?", "And the rent?", "Then?"]
    desktop.chat.show_version(desktop.chat.turns[0], 1)
    qtbot.waitUntil(lambda: questions(desktop) == ["租约有多长？"])


def test_an_answer_that_is_asked_for_again_keeps_the_earlier_one(qtbot, open_window):
    desktop, connector = open_window()
    view = ask(qtbot, desktop, "How long?")
    connector.engine.answer = "Another answer."
    qtbot.mouseClick(view.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(connector.engine.asked) == 2 and not desktop.chat.busy)
    assert [turn.answer for turn in desktop.chat.turns] == ["Another answer."]
    desktop.chat.show_version(desktop.chat.turns[0], 0)
    qtbot.waitUntil(lambda: [turn.answer for turn in desktop.chat.turns] == [ANSWER])


def test_escape_leaves_a_question_as_it_is(qtbot, open_window):
    desktop, connector = open_window()
    view = ask(qtbot, desktop, "How long?")
    view.tools.edit()
    view.tools.editor.field.setPlainText("Something else")
    qtbot.keyClick(view.tools.editor.field, Qt.Key.Key_Escape)
    assert view.question.isVisible()
    assert len(connector.engine.asked) == 1


def test_a_search_opens_the_branch_in_which_it_was_said(qtbot, open_window):
    desktop, connector = open_window()
    view = ask(qtbot, desktop, "How long?")
    connector.engine.answer = "二十四个月。"
    desktop.chat.edit(desktop.chat.turns[0], "多长？")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    desktop.chat.show_version(desktop.chat.turns[0], 0)
    qtbot.waitUntil(lambda: questions(desktop) == ["How long?"])
    (found,) = connector.engine.find_conversations("二十四个月")
    desktop.window.sidebar.earlier.opened.emit(found.conversation, found.turn_id)
    qtbot.waitUntil(lambda: questions(desktop) == ["多长？"])
    assert view is not None


def test_drafts_belong_to_their_conversation_and_outlive_the_window(qtbot, open_window, home: Home):
    desktop, connector = open_window()
    field = desktop.window.composer.field
    ask(qtbot, desktop, "How long?")
    field.setPlainText("and who signed 谁签的")
    desktop.chat.new_conversation()
    assert field.toPlainText() == ""
    field.setPlainText("a new thought")
    desktop.chat.open("c1")
    qtbot.waitUntil(lambda: field.toPlainText() == "and who signed 谁签的")
    desktop.close()
    kept = home.root / "drafts.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["conversations"]["c1"]["text"] == "and who signed 谁签的"
    again, _ = open_window(connector.engine)
    assert again.window.composer.field.toPlainText() == "a new thought"
    again.conversations.remove("c1")
    qtbot.waitUntil(lambda: again.drafts.text("c1") == "")


def test_what_is_typed_while_the_first_answer_is_written_stays(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 3
    desktop, connector = open_window(engine, ready=False)
    desktop.window.show()
    field = desktop.window.composer.field
    field.setPlainText("How long?")
    desktop.window.composer.send()
    field.setPlainText("and then")
    desktop.supervisor.start()
    qtbot.waitUntil(lambda: desktop.chat.conversation_id == "c1")
    assert field.toPlainText() == "and then"
    connector.engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    desktop.chat.new_conversation()
    assert field.toPlainText() == ""
    assert desktop.drafts.text("c1") == "and then"


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"format": 9}', '{"format": 1, "conversations": {"a": 3}}'])
def test_a_damaged_file_of_drafts_is_begun_anew(qtbot, open_window, home: Home, content):
    home.root.mkdir(parents=True, exist_ok=True)
    (home.root / "drafts.json").write_text(content)
    desktop, _ = open_window(ready=False)
    assert desktop.window.composer.field.toPlainText() == ""


def test_each_conversation_is_gone_on_with_by_its_model(qtbot, open_window):
    desktop, _connector = open_window()
    ask(qtbot, desktop, "How long?")
    assert desktop.models.chosen.id == "qwen-0.5b"
    desktop.chat.new_conversation()
    desktop.models.choose("qwen-1.5b")
    ask(qtbot, desktop, "And here?")
    desktop.chat.open("c1")
    qtbot.waitUntil(lambda: desktop.chat.conversation_id == "c1")
    assert desktop.models.chosen.id == "qwen-0.5b"  # which answered there
    desktop.chat.open("c2")
    qtbot.waitUntil(lambda: desktop.chat.conversation_id == "c2")
    assert desktop.models.chosen.id == "qwen-1.5b"
    desktop.models.choose("qwen-0.5b")
    desktop.chat.open("c1")
    qtbot.waitUntil(lambda: desktop.chat.conversation_id == "c1")
    desktop.chat.open("c2")
    qtbot.waitUntil(lambda: desktop.chat.conversation_id == "c2")
    assert desktop.models.chosen.id == "qwen-0.5b"  # chosen there, though another one answered
    ask(qtbot, desktop, "Then?")
    assert _connector.engine.asked[-1].model == "qwen-0.5b"
