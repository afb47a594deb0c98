"""What goes wrong has a notice with an action; the report for support holds nothing of a person's; the main thread is
watched."""

from __future__ import annotations

import dataclasses
import json
import time
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication
from tests.window import scripted
from tests.window.scripted import ScriptedEngine, document

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.settings import Settings, load_settings, save_settings
from studiolo.types import Check
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineState
from studiolo_desktop.bridge.watchdog import LIMIT_S, Watchdog
from studiolo_desktop.models.diagnostics import write_report
from studiolo_desktop.ui.common.confirm import Confirm

PRIVATE = ("Ada 王小明", "劳动合同", "secret-lease", "合同库", "ada-own-model", "/home/ada")


@pytest.mark.parametrize(
    ("problem", "action"),
    [
        (Problem(Code.DISK_FULL, {"path": "/home/ada"}), "Free up space…"),
        (Problem(Code.MODEL_MISSING, {"model": "qwen-1.5b"}), "Models…"),
        (Problem(Code.DAMAGED_MODEL, {"model": "qwen-1.5b"}), "Models…"),
        (Problem(Code.NOT_ENOUGH_MEMORY, {"model": "m", "needed_bytes": 9, "available_bytes": 1}), "Models…"),
        (Problem(Code.DAMAGED_STORE, {"store": "passages"}), "Save a report…"),
        (Problem(Code.INTERNAL, {"where": "KeyError"}), "Save a report…"),
    ],
)
def test_what_goes_wrong_has_a_notice_with_an_action(qtbot, open_window, problem, action):
    desktop, _ = open_window()
    desktop.notices.report(problem)
    bar = desktop.window.notice_bar
    assert bar.isVisible()
    assert bar.action_button.isVisible()
    assert bar.action_button.text() == action
    if action != "Save a report…":
        bar.action_button.click()
        assert desktop.window.openings.models_dialog.isVisible()
        desktop.window.openings.models_dialog.close()


def test_a_lost_model_file_is_said_at_the_question_with_a_way_to_get_it(qtbot, open_window):
    desktop, connector = open_window()

    def lost(question, *, cancel=None):
        raise UserError(Code.MODEL_MISSING, model="qwen-0.5b")
        yield

    connector.engine.ask = lost
    desktop.chat.ask("How long? 多久？")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    turn = desktop.chat.turns[-1]
    assert turn.problem.code is Code.MODEL_MISSING
    assert "Get it in the list of models." in desktop.window.transcript.view(turn).status.text()


def test_a_damaged_history_is_set_aside_and_the_engine_begins_anew(qtbot, open_window, home):
    home.root.mkdir(parents=True, exist_ok=True)
    home.history_db.write_bytes(b"no database")
    desktop, connector = open_window(ready=False)
    connector.refuse = EnvironmentFault(Code.DAMAGED_STORE, store="history")
    desktop.start()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.FAILED)
    bar = desktop.window.notice_bar
    qtbot.waitUntil(bar.action_button.isVisible)
    assert bar.action_button.text() == "Set it aside"
    bar.action_button.click()
    (asked,) = desktop.window.findChildren(Confirm)
    assert home.history_db.exists()  # not before the person says so
    connector.refuse = None
    asked.yes_button.click()
    qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.READY)
    assert not home.history_db.exists()
    (kept,) = home.root.glob("history.db.damaged-*")
    assert kept.read_bytes() == b"no database"


def test_a_damaged_settings_file_is_set_aside(qtbot, open_window, home):
    home.root.mkdir(parents=True, exist_ok=True)
    home.settings_file.write_text("{broken", encoding="utf-8")
    desktop, _ = open_window()
    assert desktop.window.notice_bar.action_button.text() == "Set it aside"
    desktop.window.notice_bar.action_button.click()
    desktop.window.findChildren(Confirm)[0].yes_button.click()
    qtbot.waitUntil(lambda: bool(list(home.root.glob("settings.json.damaged-*"))))
    desktop.look.choose_theme("dark")
    qtbot.waitUntil(lambda: home.settings_file.exists() and load_settings(home.settings_file).theme == "dark")


def test_the_report_holds_versions_checks_and_logs_and_nothing_of_a_persons(qtbot, open_window, home, tmp_path):
    engine = ScriptedEngine(documents=[document("secret-lease.pdf")])
    engine.catalogue = [*engine.catalogue, scripted.model("ada-own-model", title="Ada 王小明", licence_url="")]
    engine.set = Settings(chat_model="ada-own-model", passages=7)
    engine.checks = [
        Check("home", "ok", str(home.root), {"path": "/home/ada/studiolo"}),
        Check("fit.ada-own-model", "ok", "", {"model": "ada-own-model", "needed_bytes": 7}),
        Check("policy", "failed", "", {"file": "/home/ada/privacy.toml", "line": 3, "problem": "unknown_profile"}),
        Check("models.chat", "ok", "ada-own-model", {"installed": "ada-own-model"}),
    ]
    desktop, _ = open_window(engine)
    desktop.chat.ask("What does 王小明 owe? 劳动合同")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    home.logs.mkdir(parents=True)
    (home.logs / "engine.log").write_text(
        f"first\n2026-11-30 INFO studiolo started\n  {home.root}/x.py:3 run\n  {Path.home()}/y.py:4 go\n",
        encoding="utf-8",
    )
    path = tmp_path / "report.zip"
    desktop.diagnostics.save(path)
    qtbot.waitUntil(lambda: desktop.notices.latest is not None)
    assert desktop.window.notice_bar.what.text() == "The report is saved as report.zip."
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    assert json.loads(content["versions.json"]).keys() >= {"studiolo", "python", "qt", "lancedb", "system"}
    settings = json.loads(content["settings.json"])
    assert (settings["passages"], settings["theme"]) == (7, "system")
    assert "chat_model" not in settings
    checks = {check["name"]: check for check in json.loads(content["checks.json"])}
    assert checks["cpu"]["values"]["cores"] == 8
    assert checks["fit.(imported)"]["values"] == {"needed_bytes": 7}
    assert checks["policy"]["values"] == {"line": 3, "problem": "unknown_profile"}
    assert "studiolo started" in content["logs/engine.log"]
    whole = "\n".join(content.values())
    for value in (*PRIVATE, str(home.root), str(Path.home()) + "/"):
        assert value not in whole, value


def test_a_report_without_an_engine_and_on_one_that_fails(tmp_path, home):
    write_report(tmp_path / "none.zip", engine=None, home=home)
    with zipfile.ZipFile(tmp_path / "none.zip") as archive:
        assert {"versions.json", "logs/engine.log"} <= set(archive.namelist())
    engine = ScriptedEngine()
    engine.crash()
    write_report(tmp_path / "gone.zip", engine=engine, home=home)
    with zipfile.ZipFile(tmp_path / "gone.zip") as archive:
        assert json.loads(archive.read("engine.json")) == {"error": "engine_gone"}


class Sleepless(QObject):
    """Computes or waits when it gets an event."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.User:
            end = time.thread_time() + 2 * LIMIT_S
            while time.thread_time() < end:
                pass
        elif event.type() == QEvent.Type.User + 1:
            time.sleep(2 * LIMIT_S)
        return True


def test_the_watchdog_notes_who_computes_and_not_who_is_kept_waiting(qapp):
    watchdog, loop, busy = Watchdog(), QEventLoop(), Sleepless()
    for kind in (QEvent.Type.User + 1, QEvent.Type.User):
        QTimer.singleShot(0, loop.quit)
        loop.exec()  # what the test itself did is no turn of this loop
        watchdog.slow.clear()
        QTimer.singleShot(0, lambda kind=kind: QApplication.sendEvent(busy, QEvent(QEvent.Type(kind))))
        QTimer.singleShot(4 * int(LIMIT_S * 1000), loop.quit)
        loop.exec()
        assert [seconds >= LIMIT_S for seconds in watchdog.slow] == ([True] if kind == QEvent.Type.User else [])


def test_settings_written_by_hand_that_do_not_fit_are_named(open_window, home):
    save_settings(home.settings_file, Settings())
    raw = json.loads(home.settings_file.read_text("utf-8"))
    home.settings_file.write_text(json.dumps({**raw, "passages": 700}), encoding="utf-8")
    desktop, _ = open_window()
    assert desktop.notices.latest.problem.code is Code.BAD_REQUEST
    assert dataclasses.asdict(desktop.notices.latest.problem)["values"]["field"] == "settings.passages"
