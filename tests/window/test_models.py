"""Choosing, getting, importing and removing models."""

from __future__ import annotations

import threading

from tests.window.scripted import ScriptedEngine, scripted_pull

from studiolo.errors import Code, EnvironmentFault
from studiolo.settings import load_settings


def test_the_chosen_model_answers_and_is_remembered(qtbot, open_window, home):
    desktop, connector = open_window()
    bar = desktop.window.top_bar
    assert bar.model_button.text().strip() == "Qwen2.5 Coder 0.5B Instruct"
    bar.fill_models()
    next(action for action in bar.model_menu.actions() if action.data() == "qwen-1.5b").trigger()
    assert bar.model_button.text().strip() == "Qwen2.5 Coder 1.5B Instruct"
    desktop.chat.ask("Hello?")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    assert connector.engine.asked[-1].model == "qwen-1.5b"
    qtbot.waitUntil(lambda: load_settings(home.settings_file).chat_model == "qwen-1.5b")


def test_first_run_offers_what_is_missing_and_gets_it(qtbot, open_window):
    engine = ScriptedEngine(installed=False)
    gate = threading.Event()
    desktop, _ = open_window(engine, pull=scripted_pull(lambda: engine, gate=gate))
    window = desktop.window
    assert window.empty.kind == "start"
    assert not window.composer.send_button.isEnabled()
    wanted = [m.id for m in desktop.models.starter]
    assert wanted == ["qwen-0.5b", "multilingual-e5-small", "en-names", "zh-names"]
    card = window.empty.setup
    assert card.get_button.text() == "Get them (612 MB)"
    card.get_button.click()
    qtbot.waitUntil(lambda: desktop.models.fetching is not None and desktop.models.fetching.done_bytes > 0)
    assert card.bar.isVisible()
    assert "of 491 MB" in card._how_far.text()
    gate.set()
    qtbot.waitUntil(lambda: desktop.models.known and not desktop.models.starter and desktop.models.fetching is None)
    assert window.empty.kind == "docs"
    assert desktop.models.chosen.id == "qwen-0.5b"


def test_a_pull_can_be_stopped(qtbot, open_window):
    engine = ScriptedEngine(installed=False)
    desktop, _ = open_window(engine, pull=scripted_pull(lambda: engine, gate=threading.Event()))
    desktop.models.pull_starter()
    qtbot.waitUntil(lambda: desktop.models.fetching is not None and desktop.models.fetching.done_bytes > 0)
    desktop.window.empty.setup.stop_button.click()
    qtbot.waitUntil(lambda: desktop.models.fetching is None)
    assert desktop.models.waiting == ()
    assert desktop.models.chat_models == []
    assert desktop.window.empty.setup.get_button.isVisible()


def test_a_pull_that_fails_says_what_to_do(qtbot, open_window):
    def pull(model_id, cancel):
        raise EnvironmentFault(Code.SOURCE_UNREACHABLE, model=model_id, tried=2)
        yield

    desktop, _ = open_window(ScriptedEngine(installed=False), pull=pull)
    desktop.models.pull("qwen-0.5b")
    qtbot.waitUntil(lambda: desktop.notices.latest is not None)
    assert desktop.window.notice_bar.todo.text() == "Check the connection, or import the file by hand."
    desktop.window.openings.show_models()
    row = desktop.window.openings.models_dialog.rows["qwen-0.5b"]
    assert "could not be fetched" in row.state.text()
    assert row.get_button.isVisible()


def test_a_file_is_imported_and_chosen(qtbot, open_window, tmp_path):
    desktop, _ = open_window()
    desktop.models.import_file(tmp_path / "own-model.gguf")
    qtbot.waitUntil(lambda: desktop.models.chosen.id == "own-model")
    desktop.models.import_file(tmp_path / "picture.png")
    qtbot.waitUntil(lambda: desktop.notices.latest.problem is not None)
    assert desktop.notices.latest.problem.code is Code.DAMAGED_MODEL


def test_an_adapter_is_imported_and_listed_but_does_not_answer(qtbot, open_window, tmp_path):
    desktop, _ = open_window()
    before = desktop.models.chosen.id
    desktop.window.openings.show_models()
    desktop.models.import_file(tmp_path / "合同-lora.gguf")
    dialog = desktop.window.openings.models_dialog
    qtbot.waitUntil(lambda: "合同-lora" in dialog.rows)
    assert desktop.models.chosen.id == before
    assert "合同-lora" not in [m.id for m in desktop.models.chat_models]
    dialog.close()


def test_the_list_removes_after_asking(qtbot, open_window):
    from studiolo_desktop.ui.common.confirm import Confirm

    desktop, _ = open_window()
    desktop.window.openings.show_models()
    dialog = desktop.window.openings.models_dialog
    dialog.rows["qwen-1.5b"].remove_button.click()
    dialog.findChild(Confirm).yes_button.click()
    qtbot.waitUntil(lambda: [m.id for m in desktop.models.chat_models] == ["qwen-0.5b"])
    # Qt shows a widget that is added to an open window in the next round of its events.
    qtbot.waitUntil(lambda: dialog.rows["qwen-1.5b"].get_button.isVisible())
    dialog.close()
