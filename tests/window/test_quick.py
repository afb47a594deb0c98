"""What is there while the window is not: quick questions, the tray's icon, notices when long work has ended."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.window.scripted import ScriptedEngine

from studiolo_desktop.models.long_work import LONG_S, LongWork
from studiolo_desktop.ui.quick.tray import Tray


@pytest.mark.parametrize("question", ["How long is the term?", "试用期多长？"])
def test_a_quick_question_is_a_conversation_of_its_own(qtbot, open_window, question):
    desktop, connector = open_window()
    desktop.chat.ask("An earlier one")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    earlier = desktop.chat.conversation_id
    desktop.tray.ask_quickly()
    quick = desktop.tray.quick
    assert quick.isVisible()
    quick.field.setText(question)
    QTest.keyClick(quick.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert connector.engine.asked[-1].text == question
    assert desktop.chat.conversation_id not in ("", earlier)
    assert "three years" in quick.answer.toPlainText()
    assert quick.state.text() == ""
    quick.open_button.click()
    assert not quick.isVisible()
    assert desktop.window.isVisible()


def test_a_quick_question_waits_for_the_answer_that_is_being_written(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 3
    desktop, _ = open_window(engine)
    desktop.chat.ask("An earlier one")
    desktop.tray.ask_quickly()
    quick = desktop.tray.quick
    quick.field.setText("Another")
    quick.ask()
    assert not quick.ask_button.isEnabled()
    assert quick.state.text() == "Another answer is being written."
    engine.gate.set()
    qtbot.waitUntil(quick.ask_button.isEnabled)
    assert [asked.text for asked in engine.asked] == ["An earlier one"]


def test_without_a_model_a_quick_question_says_so(open_window):
    desktop, _ = open_window(ScriptedEngine(installed=False))
    desktop.tray.ask_quickly()
    assert desktop.tray.quick.state.text() == "Get a model first"
    assert not desktop.tray.quick.ask_button.isEnabled()


class Told:
    """Long work, and what reached the person."""

    def __init__(self, desktop, *, tray: bool) -> None:
        self.now = 0.0
        self.alerts: list[object] = []
        self.work = LongWork(desktop.library, desktop.models, desktop.jobs, monotonic=lambda: self.now, parent=desktop)
        self.tray = Tray(
            desktop.look,
            desktop.window,
            chat=desktop.chat,
            models=desktop.models,
            preferences=desktop.preferences,
            work=self.work,
            alert=self.alerts.append,
            available=lambda: tray,
        )


def added(qtbot, desktop, engine, told, path, *, seconds):
    engine.hold_file = path.name
    engine.gate.clear()
    desktop.window.add_paths([path])
    qtbot.waitUntil(lambda: any(row.stage == "embed" for row in desktop.library.files))
    told.now += seconds
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.library.busy)


def test_long_work_behind_another_window_is_announced(qtbot, open_window, tmp_path, monkeypatch):
    desktop, connector = open_window()
    told = Told(desktop, tray=False)
    monkeypatch.setattr(desktop.window, "isActiveWindow", lambda: False)
    added(qtbot, desktop, connector.engine, told, tmp_path / "a.pdf", seconds=LONG_S / 2)
    assert told.alerts == []  # it was not long
    added(qtbot, desktop, connector.engine, told, tmp_path / "b.pdf", seconds=LONG_S)
    assert told.alerts == [desktop.window]
    desktop.jobs.calibrate("qwen-0.5b")
    qtbot.waitUntil(lambda: len(told.alerts) == 2)
    desktop.preferences.set_window("notifications", False)
    desktop.jobs.calibrate("qwen-0.5b")
    qtbot.waitUntil(lambda: desktop.jobs.running is None)
    assert len(told.alerts) == 2
    told.tray.close()


def test_who_looks_at_the_window_is_not_told(qtbot, open_window, monkeypatch):
    desktop, _ = open_window()
    told = Told(desktop, tray=False)
    monkeypatch.setattr(desktop.window, "isActiveWindow", lambda: True)
    desktop.jobs.calibrate("qwen-0.5b")
    qtbot.waitUntil(lambda: desktop.jobs.running is None and desktop.notices.latest is not None)
    assert told.alerts == []


def test_the_icon_is_there_while_it_is_wanted_and_can_be(open_window):
    desktop, _ = open_window()
    assert desktop.tray.icon is None
    told = Told(desktop, tray=True)
    desktop.preferences.set_window("tray", True)
    assert told.tray.icon is not None
    told.tray.fill()
    assert [a.text() for a in told.tray._menu.actions() if a.text()] == ["Quick question", "Open Studiolo", "Quit"]
    desktop.look.choose_language("zh")
    told.tray.fill()
    assert told.tray._menu.actions()[0].text() == "快速提问"
    desktop.preferences.set_window("tray", False)
    assert told.tray.icon is None
    without = Told(desktop, tray=False)
    desktop.preferences.set_window("tray", True)
    assert without.tray.icon is None
    told.tray.close()
