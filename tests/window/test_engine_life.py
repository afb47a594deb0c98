"""The engine comes, goes and comes back; the window says so and keeps the conversation."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from tests.window.scripted import ScriptedEngine

from studiolo.errors import Code, EnvironmentFault
from studiolo_desktop.bridge.supervisor import EngineState


def test_a_crash_in_the_middle_of_an_answer(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_after = 8
    desktop, connector = open_window(engine)
    states: list[EngineState] = []
    keys: list[str] = []
    desktop.supervisor.changed.connect(lambda change: states.append(change.state))
    desktop.notices.changed.connect(lambda: keys.append(desktop.notices.latest.key if desktop.notices.latest else ""))
    desktop.chat.ask("How long is the lease?")
    qtbot.waitUntil(lambda: "fixed" in desktop.chat.turns[-1].answer)
    engine.crash()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.READY and EngineState.RESTARTING in states)
    assert states == [EngineState.RESTARTING, EngineState.READY]
    assert keys[0] == "notice.restarting"
    qtbot.waitUntil(lambda: "notice.restarted" in keys)
    assert connector.calls == 2
    (turn,) = desktop.chat.turns
    assert turn.state == "interrupted"
    assert turn.question == "How long is the lease?"
    assert "fixed" in turn.answer  # the history has the question only; what was on screen stays
    view = desktop.window.transcript.view(turn)
    assert view.status.text() == "The engine stopped while it was writing this."
    view.again_button.click()
    qtbot.waitUntil(lambda: desktop.chat.turns[-1].state == "complete")
    assert len(desktop.chat.turns[-1].versions) == 2  # what was written before the crash stays, too
    assert connector.engine.asked[-1].conversation_id == desktop.chat.conversation_id


def test_a_second_crash_soon_after_is_given_up_and_tried_again_by_hand(qtbot, open_window):
    desktop, connector = open_window()
    connector.engine.crash()
    qtbot.waitUntil(lambda: connector.calls == 2 and desktop.supervisor.state is EngineState.READY)
    connector.engine.crash()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.FAILED)
    bar = desktop.window.notice_bar
    assert bar.what.text() == "The engine stopped unexpectedly."
    assert bar.action_button.text() == "Try again"
    assert desktop.window.empty.kind == "failed"
    bar.action_button.click()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.READY)
    assert connector.calls == 3


def test_an_engine_that_cannot_start_says_why(qtbot, open_window):
    desktop, connector = open_window(ready=False)
    connector.refuse = EnvironmentFault(Code.HOME_BUSY, home="/h", pid=77)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.FAILED)
    assert connector.calls == 1  # no other try would change that
    assert "process 77" in desktop.window.notice_bar.todo.text()
    connector.refuse = None
    desktop.window.empty.start_button.click()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.READY)


def test_a_question_that_waits_is_not_lost_when_the_engine_fails(qtbot, open_window):
    desktop, connector = open_window(ready=False)
    connector.refuse = EnvironmentFault(Code.DISK_FULL, path="/h")
    desktop.start()
    desktop.chat.ask("How long is the lease?")
    qtbot.waitUntil(lambda: desktop.chat.turns[-1].state == "interrupted")
    assert not desktop.chat.busy


def test_the_link_is_closed_with_the_window(qtbot, open_window):
    desktop, _ = open_window()
    links = []
    real = desktop.supervisor._link
    links.append(real)
    desktop.window.close()
    assert links[0].closed
    assert desktop.supervisor._thread is None


def test_the_seal_is_shown_as_the_engine_reports_it(qtbot, open_window):
    engine = ScriptedEngine()
    engine.sealed = False
    desktop, _ = open_window(engine)
    assert desktop.window.sidebar.state.accessibleName() == "Ready · Not sealed"
    engine.crash()
    qtbot.waitUntil(lambda: desktop.window.sidebar.state.accessibleName() == "Sealed: 0 connections possible")


def test_a_window_that_is_not_sealed_does_not_borrow_the_engines_seal(open_window):
    desktop, _ = open_window(window_sealed=False)
    assert desktop.window.sidebar.state.accessibleName() == "Engine sealed, window not"
    desktop.look.choose_language("zh")
    assert desktop.window.sidebar.state.accessibleName() == "引擎已封闭，窗口未封闭"


def test_a_sealed_window_lets_the_porter_open_addresses(open_window):
    opened: list[str] = []
    desktop, _ = open_window(open_address=opened.append)
    desktop.window._open_link(QUrl("https://example.org/a?b=%E5%BC%A0"))
    assert opened == ["https://example.org/a?b=%E5%BC%A0"]
