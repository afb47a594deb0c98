"""Choosing, getting, importing and removing models."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from PySide6.QtWidgets import QLabel
from tests.window import scripted
from tests.window.scripted import ScriptedEngine, scripted_pull

from studiolo.errors import Code, EnvironmentFault
from studiolo.settings import load_settings
from studiolo_desktop.ui.common.confirm import Confirm


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
    desktop, _ = open_window()
    desktop.window.openings.show_models()
    dialog = desktop.window.openings.models_dialog
    dialog.rows["qwen-1.5b"].remove_button.click()
    dialog.findChild(Confirm).yes_button.click()
    qtbot.waitUntil(lambda: [m.id for m in desktop.models.chat_models] == ["qwen-0.5b"])

    def can_be_got():  # Qt shows a widget that is added to an open window in the next round of its events
        return dialog.rows["qwen-1.5b"].get_button.isVisible()

    qtbot.waitUntil(can_be_got)
    dialog.close()


def test_each_model_says_how_it_would_do_here(qtbot, open_window):
    engine = ScriptedEngine(free_bytes=1_500_000_000)
    engine.measured.add("qwen-0.5b")
    desktop, _ = open_window(engine)
    qtbot.waitUntil(lambda: bool(desktop.models.fits))
    desktop.window.openings.show_models()
    rows = desktop.window.openings.models_dialog.rows
    assert rows["qwen-0.5b"].fit.text() == "Fits: 780 MB of memory, 1.5 GB free  ·  44 tokens/s here, measured"
    assert rows["qwen-1.5b"].fit.text() == "Too large now: 1.7 GB of memory, 1.5 GB free  ·  about 18 tokens/s here"
    assert rows["qwen-1.5b"].fit.property("role") == "danger"
    assert rows["qwen-0.5b"].facts.text() == "491 MB  ·  Apache-2.0"
    assert "on this disk" in desktop.window.openings.models_dialog.disk.text()
    desktop.look.choose_language("zh")
    rows = desktop.window.openings.models_dialog.rows
    assert rows["qwen-0.5b"].fit.text() == "可以运行：需 780 MB 内存，可用 1.5 GB  ·  本机实测每秒 44 词元"


def test_the_first_run_knows_the_machine_and_recommends_what_fits(qtbot, open_window):
    engine = ScriptedEngine(installed=False)
    desktop, _ = open_window(engine)
    card = desktop.window.empty.setup
    qtbot.waitUntil(lambda: bool(desktop.models.fits))
    assert card.machine.text() == "This computer: Example 8-Core, 8 cores, 16.0 GB of memory (9.0 GB free)"
    card.fill_another()
    actions = {action.data(): action for action in card.another_button.menu_.actions()}
    assert list(actions) == ["qwen-0.5b", "qwen-1.5b"]
    assert actions["qwen-0.5b"].isChecked()
    assert actions["qwen-1.5b"].text().endswith("1.1 GB  ·  about 18 tokens/s here")
    actions["qwen-1.5b"].trigger()
    assert desktop.models.starter[0].id == "qwen-1.5b"
    assert card.get_button.text() == "Get them (1.2 GB)"


def test_what_does_not_fit_is_not_recommended(qtbot, open_window):
    engine = ScriptedEngine(installed=False, free_bytes=700_000_000)
    engine.catalogue.insert(0, scripted.model("tiny", memory_bytes=300_000_000, installed=False))
    desktop, _ = open_window(engine)
    qtbot.waitUntil(lambda: bool(desktop.models.fits))
    assert [m.id for m in desktop.models.offered] == ["tiny"]
    assert desktop.models.starter[0].id == "tiny"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_conditions_are_accepted_before_the_first_use(qtbot, open_window, home, tmp_path, language):
    desktop, _ = open_window()
    desktop.look.choose_language(language)
    before = desktop.models.chosen.id
    desktop.models.import_file(tmp_path / "llama-3.2-1b.gguf")
    qtbot.waitUntil(lambda: bool(desktop.window.findChildren(Confirm)))
    qtbot.waitUntil(lambda: desktop.models.model("llama-3.2-1b") is not None)
    (asked,) = desktop.window.findChildren(Confirm)
    assert any("llama3.2" in text.text() for text in asked.findChildren(QLabel))
    asked.no_button.click()
    qtbot.waitUntil(lambda: not desktop.window.findChildren(Confirm))
    assert desktop.models.chosen.id == before  # it answers nothing yet
    desktop.window.openings.show_models()
    row = desktop.window.openings.models_dialog.rows["llama-3.2-1b"]
    assert row.accept_button.isVisible()
    row.accept_button.click()
    qtbot.waitUntil(lambda: bool(desktop.window.openings.models_dialog.findChildren(Confirm)))
    desktop.window.openings.models_dialog.findChildren(Confirm)[0].yes_button.click()
    assert desktop.models.chosen.id == "llama-3.2-1b"
    qtbot.waitUntil(lambda: load_settings(home.settings_file).accepted_licences == "llama3.2")
    desktop.models.choose(before)
    desktop.models.choose("llama-3.2-1b")  # and is not asked about again
    assert desktop.models.chosen.id == "llama-3.2-1b"


def test_conditions_are_accepted_before_a_model_is_fetched(qtbot, open_window):
    engine = ScriptedEngine(installed=False)
    engine.catalogue[0] = dataclasses.replace(engine.catalogue[0], licence="Gemma", conditions=True)
    desktop, _ = open_window(engine)
    desktop.window.empty.setup.get_button.click()
    qtbot.waitUntil(lambda: bool(desktop.window.findChildren(Confirm)))
    assert "qwen-0.5b" not in desktop.models.waiting
    desktop.window.findChildren(Confirm)[0].yes_button.click()
    qtbot.waitUntil(lambda: desktop.models.chosen is not None and desktop.models.fetching is None)
    assert desktop.models.chosen.id == "qwen-0.5b"


def test_a_smaller_model_is_made_and_its_making_can_be_stopped(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_jobs = True
    desktop, _ = open_window(engine)
    desktop.window.openings.show_models()
    dialog = desktop.window.openings.models_dialog
    row = dialog.rows["qwen-1.5b"]
    row.fill_more()
    (smaller,) = [action.menu() for action in row.more_button.menu_.actions() if action.menu() is not None]
    layouts = {action.data(): action for action in smaller.actions()}
    assert layouts["q4_0"].text() == "Q4_0, about 1.0 GB"
    layouts["q4_0"].trigger()
    qtbot.waitUntil(lambda: row.stop_button.isVisible() and row.bar.isVisible())
    assert row.state.text().startswith("Making a smaller one")
    assert not row.remove_button.isVisible()  # what is being read is not removed
    row.stop_button.click()
    qtbot.waitUntil(lambda: desktop.jobs.running is None)
    assert desktop.models.model("qwen-1.5b-q4_0") is None
    engine.hold_jobs = False
    desktop.jobs.quantize("qwen-1.5b", "q4_0")
    qtbot.waitUntil(lambda: desktop.models.model("qwen-1.5b-q4_0") is not None)
    qtbot.waitUntil(lambda: desktop.notices.latest is not None and desktop.notices.latest.about == "quantize")
    dialog.close()


def test_the_speed_of_a_model_is_measured(qtbot, open_window):
    desktop, _ = open_window()
    desktop.window.openings.show_models()
    row = desktop.window.openings.models_dialog.rows["qwen-0.5b"]
    row.fill_more()
    next(a for a in row.more_button.menu_.actions() if a.text() == "Measure its speed here").trigger()
    qtbot.waitUntil(
        lambda: "44 tokens/s here, measured" in desktop.window.openings.models_dialog.rows["qwen-0.5b"].fit.text()
    )
    assert desktop.window.notice_bar.what.text() == "The speed of Qwen2.5 Coder 0.5B Instruct (Q4_K_M) was measured."


def test_a_failed_job_says_so_and_the_next_can_begin(qtbot, open_window):
    desktop, connector = open_window()

    def refuse(model_id, target, *, name=None, cancel=None):
        raise EnvironmentFault(Code.DISK_FULL, path="/home")

    connector.engine.quantize_model = refuse
    desktop.jobs.quantize("qwen-1.5b", "q4_0")
    qtbot.waitUntil(lambda: desktop.notices.latest is not None)
    assert desktop.window.notice_bar.what.text() == "The disk is full."
    assert desktop.jobs.running is None


def test_the_licence_of_a_model_can_be_read(qtbot, open_window):
    desktop, _ = open_window()
    desktop.window.openings.show_models()
    row = desktop.window.openings.models_dialog.rows["qwen-0.5b"]
    row.fill_more()
    next(a for a in row.more_button.menu_.actions() if a.text() == "Read its licence…").trigger()
    qtbot.waitUntil(lambda: bool(desktop.window.findChildren(Confirm)))
    said = " ".join(text.text() for text in desktop.window.findChildren(Confirm)[0].findChildren(QLabel))
    assert "https://www.apache.org/licenses/LICENSE-2.0" in said  # nothing is opened unasked
