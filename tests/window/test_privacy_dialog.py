"""The privacy dialog: the policy is tried on a text while it changes, the audit read and checked, people forgotten."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QPlainTextEdit, QTableWidget
from tests.window.scripted import ScriptedEngine
from tests.window.scripted_privacy import record

from studiolo.errors import Code, EnvironmentFault
from studiolo.types import AuditReport
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.privacy.choice import Choice
from studiolo_desktop.ui.privacy.dialog import PrivacyDialog


def opened(qtbot, desktop, page: str):
    desktop.window.show_privacy(page)
    return desktop.window.findChild(PrivacyDialog).pages[page]


def choose(choice: Choice, words: str) -> None:
    """As a person chooses from the menu."""
    (action,) = [one for one in choice.menu_.actions() if one.text() == words]
    action.trigger()


def cells(table: QTableWidget) -> list[list[str]]:
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def confirm(desktop) -> Confirm:
    return next(one for one in desktop.window.findChildren(Confirm) if one.isVisible())


def policy_page(qtbot, desktop):
    page = opened(qtbot, desktop, "policy")
    qtbot.waitUntil(lambda: desktop.privacy.policy.preview is not None)
    return page


# the policy


def test_a_sample_shows_what_is_hidden_before_anything_is_changed(qtbot, open_window):
    desktop, _ = open_window()
    page = policy_page(qtbot, desktop)
    assert "Margaret Holloway" in page.pane.text.toPlainText()
    assert "<PERSON>" in page.pane.seen.toPlainText()
    assert len(page.pane.text.extraSelections()) == 3
    assert page.pane.note.text() == "Hidden: 2 phone numbers and 1 name."
    assert not page.save_button.isEnabled()


def test_a_change_is_tried_on_the_text_and_saved(qtbot, open_window):
    desktop, connector = open_window()
    page = policy_page(qtbot, desktop)
    page.pane.text.setPlainText("请致电 13800138000，找王小明。")
    choose(page.rows["PHONE_NUMBER"], "Leave")
    qtbot.waitUntil(lambda: page.pane.seen.toPlainText() == "请致电 13800138000，找<PERSON>。")
    assert page.pane.note.text() == "Hidden: 1 name. Left in place: 1 phone number."
    assert connector.engine.policies == {}
    page.save_button.click()
    qtbot.waitUntil(lambda: connector.engine.policies == {"": {"types": {"PHONE_NUMBER": "allow"}}})
    qtbot.waitUntil(lambda: page.note.text() == "Saved. It counts at once.")
    assert not page.save_button.isEnabled()


def test_a_draft_can_be_undone(qtbot, open_window):
    desktop, connector = open_window()
    page = policy_page(qtbot, desktop)
    choose(page.profile, "Strict")
    assert page.revert_button.isEnabled()
    page.revert_button.click()
    assert (page.profile.value, page.revert_button.isEnabled()) == ("", False)
    assert connector.engine.policies == {}


def test_a_library_and_a_direction_have_rules_of_their_own(qtbot, open_window):
    engine = ScriptedEngine()
    engine.create_library("合同")
    desktop, _ = open_window(engine)
    page = policy_page(qtbot, desktop)
    choose(page.library, "合同")
    qtbot.waitUntil(lambda: desktop.privacy.policy.view.library == "合同")
    choose(page.profile, "Strict")
    choose(page.direction, "A tool of a script")
    choose(page.rows["PHONE_NUMBER"], "Refuse the text")
    qtbot.waitUntil(lambda: page.pane.seen.toPlainText().startswith("Nothing: the text would be refused"))
    assert page.pane.note.text() == "The text would be refused."
    choose(page.direction, "Everywhere")
    assert page.rows["PHONE_NUMBER"].value == ""
    qtbot.waitUntil(lambda: "<PHONE_NUMBER>" in page.pane.seen.toPlainText())
    page.save_button.click()
    wanted = {"profile": "strict", "directions": {"tool": {"PHONE_NUMBER": "block"}}}
    qtbot.waitUntil(lambda: engine.policies == {"合同": wanted})


def test_what_is_not_saved_is_not_lost_without_a_word(qtbot, open_window):
    engine = ScriptedEngine()
    engine.create_library("合同")
    desktop, _ = open_window(engine)
    page = policy_page(qtbot, desktop)
    choose(page.profile, "Open")
    choose(page.library, "合同")
    confirm(desktop).no_button.click()
    assert (page.library.value, page.profile.value, desktop.privacy.policy.dirty) == ("", "open", True)
    choose(page.library, "合同")
    confirm(desktop).yes_button.click()
    qtbot.waitUntil(lambda: page.library.value == "合同" and page.profile.value == "")
    assert not desktop.privacy.policy.dirty
    assert engine.policies == {}


def test_entities_of_ones_own_and_what_is_never_hidden(qtbot, open_window):
    desktop, connector = open_window()
    page = policy_page(qtbot, desktop)
    page.own.add_button.click()
    (card,) = page.own.cards
    qtbot.keyClicks(card.name_field, "project name")
    card.words.setPlainText("Falcon\n青鸟计划\n")
    page.own.allow_words.setPlainText("Margaret Holloway")
    page.pane.text.setPlainText("Margaret Holloway leads Falcon, 青鸟计划")
    seen = "Margaret Holloway leads <PROJECT_NAME>, <PROJECT_NAME>"
    qtbot.waitUntil(lambda: page.pane.seen.toPlainText() == seen)
    choose(card.action, "Leave and count")
    qtbot.waitUntil(lambda: "Falcon" in page.pane.seen.toPlainText())
    page.save_button.click()
    wanted = {
        "custom": {"PROJECT_NAME": {"words": ["Falcon", "青鸟计划"], "action": "flag"}},
        "allow": {"words": ["Margaret Holloway"]},
    }
    qtbot.waitUntil(lambda: connector.engine.policies == {"": wanted})
    qtbot.waitUntil(lambda: "PROJECT_NAME" in page.rows)
    page.own.cards[0].remove_button.click()
    page.save_button.click()
    qtbot.waitUntil(lambda: connector.engine.policies == {"": {"allow": {"words": ["Margaret Holloway"]}}})


def test_what_is_wrong_is_said_where_it_stands_with_its_line(qtbot, open_window):
    desktop, connector = open_window()
    page = policy_page(qtbot, desktop)
    page.own.add_button.click()
    (card,) = page.own.cards
    card.name_field.setText("PROJECT")
    card.patterns.setPlainText("PRJ-[0-9")
    qtbot.waitUntil(lambda: card.note.text() == "A pattern is no regular expression. (privacy.toml, line 7)")
    assert not page.save_button.isEnabled()
    assert not page.pane.seen.isEnabled()
    card.patterns.setPlainText("PRJ-[0-9]+")
    qtbot.waitUntil(page.save_button.isEnabled)
    assert card.note.text() == ""
    assert connector.engine.policies == {}


def test_what_is_not_edited_here_stays_in_the_file(qtbot, open_window):
    engine = ScriptedEngine()
    kept = {
        "readers": {"press": {}},
        "refuse": [],
        "keep_last": {"PHONE_NUMBER": 4},
        "allow": {"PERSON": {"words": ["A"]}},
    }
    engine.policies[""] = kept
    desktop, _ = open_window(engine)
    page = policy_page(qtbot, desktop)
    assert not page.revert_button.isEnabled()
    choose(page.rows["URL"], "Mask")
    page.own.allow_words.setPlainText("B")
    page.save_button.click()
    wanted = {**kept, "types": {"URL": "mask"}, "allow": {"PERSON": {"words": ["A"]}, "words": ["B"]}}
    qtbot.waitUntil(lambda: engine.policies[""] == wanted)


def test_only_the_last_of_quick_changes_is_tried(qtbot, open_window):
    desktop, connector = open_window()
    page = policy_page(qtbot, desktop)
    before = len(connector.engine.previews)
    for letter in "Call 13800138000 now":
        page.pane.text.insertPlainText(letter)
    qtbot.waitUntil(lambda: "<PHONE_NUMBER> now" in page.pane.seen.toPlainText())
    assert len(connector.engine.previews) == before + 1


# the audit


def test_the_audit_is_a_table_the_latest_first(qtbot, open_window):
    desktop, _ = open_window()
    page = opened(qtbot, desktop, "audit")
    qtbot.waitUntil(lambda: page.table.rowCount() == 7)
    rows = cells(page.table)
    assert [row[1] for row in rows[:4]] == ["Value revealed", "Answer shown", "Screened", "Screened"]
    assert rows[0][3:] == ["you", "2 names and 1 phone number"]
    assert rows[2][2] == "model (passage)"
    assert rows[0][0] > rows[1][0]
    desktop.look.choose_language("zh")
    assert cells(page.table)[0][1:] == [
        "已显示原内容",
        "",
        "您",
        "2 个姓名、1 个电话号码",
    ]


def test_the_audit_is_filtered(qtbot, open_window):
    desktop, _ = open_window()
    page = opened(qtbot, desktop, "audit")
    qtbot.waitUntil(lambda: page.table.rowCount() == 7)
    choose(page.filter, "Screened")
    assert {row[1] for row in cells(page.table)} == {"Screened"}
    assert page.count.text() == "3 records"
    choose(page.filter, "Everything")
    assert page.table.rowCount() == 7


def test_earlier_records_come_when_they_are_asked_for(qtbot, open_window):
    engine = ScriptedEngine()
    engine.log = [record(number) for number in range(1, 451)]
    desktop, _ = open_window(engine)
    page = opened(qtbot, desktop, "audit")
    qtbot.waitUntil(lambda: page.table.rowCount() == 200)
    page.earlier_button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 400)
    page.earlier_button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 450)
    assert not page.earlier_button.isVisible()
    assert [one.number for one in desktop.privacy.audit.records] == list(range(450, 0, -1))


@pytest.mark.parametrize(
    ("problem", "words", "role"),
    [
        ("", "records 1 to 7 are as they were written", "good"),
        ("changed_record", "Record 3 was changed.", "danger"),
        ("removed_records", "before record 3", "danger"),
        ("cut_tail", "behind record 3", "danger"),
        ("anchor_mismatch", "replaced", "danger"),
        ("anchor_missing", "anchor is gone", "danger"),
    ],
)
def test_the_log_is_verified(qtbot, open_window, problem, words, role):
    engine = ScriptedEngine()
    engine.report = AuditReport(1, 7, "0" * 64, problem, 3 if problem else 0, 0, {})
    desktop, _ = open_window(engine)
    page = opened(qtbot, desktop, "audit")
    page.verify_button.click()
    qtbot.waitUntil(lambda: words in page.result.text())
    assert page.result.property("role") == role
    assert page.verify_button.isEnabled()


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_audit_is_exported_whole(qtbot, open_window, tmp_path, suffix):
    engine = ScriptedEngine()
    engine.log = [record(number) for number in range(1, 1203)]
    desktop, _ = open_window(engine)
    page = opened(qtbot, desktop, "audit")
    path = tmp_path / f"审计.{suffix}"
    desktop.privacy.audit.export(path)
    qtbot.waitUntil(lambda: page.result.text() == f"Written to {path.name}.")
    lines = path.read_text("utf-8").splitlines()
    if suffix == "csv":
        rows = list(csv.DictReader(lines))
        assert [int(row["number"]) for row in rows] == list(range(1, 1203))
        assert rows[0]["found"] == "2 PERSON; 1 PHONE_NUMBER"
    else:
        assert [json.loads(line)["number"] for line in lines] == list(range(1, 1203))
    assert not list(tmp_path.glob("*.partial"))
    desktop.privacy.audit.export(tmp_path / "no such folder" / "a.csv")
    qtbot.waitUntil(lambda: page.result.property("role") == "danger")


# pseudonyms


def test_values_are_hidden_until_they_are_asked_for_and_again_when_out_of_sight(qtbot, open_window):
    desktop, connector = open_window()
    page = opened(qtbot, desktop, "names")
    qtbot.waitUntil(lambda: page.table.rowCount() == 4)
    assert {row[2] for row in cells(page.table)} == {"•" * 6}
    before = len(connector.engine.log)
    page.reveal_button.click()
    qtbot.waitUntil(lambda: cells(page.table)[1] == ["PERSON_2", "Name", "王小明", ""])
    assert cells(page.table)[2][3] == "PERSON_2"
    assert len(connector.engine.log) == before + 1
    dialog = desktop.window.findChild(PrivacyDialog)
    dialog.open_page("audit")
    assert all(not one.value for one in desktop.privacy.names.items)
    dialog.open_page("names")
    qtbot.waitUntil(lambda: {row[2] for row in cells(page.table)} == {"•" * 6})
    page.reveal_button.click()
    qtbot.waitUntil(lambda: desktop.privacy.names.revealed)
    dialog.close_button.click()
    assert not desktop.privacy.names.revealed


def test_a_person_is_forgotten_with_every_form_of_the_name(qtbot, open_window):
    desktop, connector = open_window()
    page = opened(qtbot, desktop, "names")
    qtbot.waitUntil(lambda: page.table.rowCount() == 4)
    assert not page.forget_button.isEnabled()
    page.table.setCurrentCell(1, 0)
    page.forget_button.click()
    confirm(desktop).no_button.click()
    assert connector.engine.forgotten == []
    page.forget_button.click()
    confirm(desktop).yes_button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 2)
    assert connector.engine.forgotten == ["PERSON_2"]


def test_all_of_a_library_are_forgotten(qtbot, open_window):
    desktop, _ = open_window()
    page = opened(qtbot, desktop, "names")
    qtbot.waitUntil(lambda: page.table.rowCount() == 4)
    page.forget_all_button.click()
    confirm(desktop).yes_button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 0)
    assert page.note.text() == "This library has no pseudonyms yet."
    assert not page.reveal_button.isEnabled()


# reading ahead


def test_reading_ahead_says_how_far_it_is_and_can_be_paused(qtbot, open_window):
    desktop, connector = open_window()
    page = opened(qtbot, desktop, "ahead")
    qtbot.waitUntil(lambda: page.done.text() == "142 of 300 passages read ahead")
    assert (page.bar.value(), page.bar.maximum(), page.doing.text()) == (142, 300, "Reading now.")
    assert page.disk.text() == "620 MB of 4.3 GB on disk"
    page.switch_button.click()
    qtbot.waitUntil(lambda: page.switch_button.text() == "Go on")
    assert (connector.engine.reading_ahead.on, page.doing.text()) == (False, "Paused.")
    page.switch_button.click()
    qtbot.waitUntil(lambda: page.switch_button.text() == "Pause")
    choose(page.budget, "1.1 GB")
    qtbot.waitUntil(lambda: connector.engine.reading_ahead.budget_bytes == 1024 << 20)
    qtbot.waitUntil(lambda: page.disk.text() == "620 MB of 1.1 GB on disk")


def test_reading_ahead_is_followed_while_somebody_looks(qtbot, open_window):
    desktop, connector = open_window()
    page = opened(qtbot, desktop, "ahead")
    qtbot.waitUntil(lambda: page.done.text().startswith("142"))
    connector.engine.reading_ahead = replace(connector.engine.reading_ahead, done=300, working=False)
    connector.engine.ahead_now = 300
    qtbot.waitUntil(lambda: page.done.text() == "300 of 300 passages read ahead")
    assert page.doing.text() == "Everything is read."


# all pages


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_control_of_the_dialog_has_a_name_and_every_tab_its_page(qtbot, open_window, language):
    desktop, _ = open_window()
    desktop.look.choose_language(language)
    page = policy_page(qtbot, desktop)
    page.own.add_button.click()
    dialog = desktop.window.findChild(PrivacyDialog)
    for name, tab in dialog.tabs.items():
        tab.click()
        assert dialog.stack.currentWidget() is dialog.pages[name]
        assert tab.text() == TEXTS[f"privacy.{name}"][language == "zh"]
        nameless = [
            (name, type(widget).__name__)
            for kind in (QAbstractButton, QLineEdit, QPlainTextEdit, QTableWidget)
            for widget in dialog.pages[name].findChildren(kind)
            if widget.isVisible() and not widget.accessibleName() and not getattr(widget, "text", str)()
        ]
        assert nameless == []


def test_the_settings_menu_and_the_seal_lead_there(qtbot, open_window):
    desktop, _ = open_window()
    qtbot.mouseClick(desktop.window.sidebar.state, Qt.MouseButton.LeftButton)
    dialog = desktop.window.findChild(PrivacyDialog)
    assert dialog.stack.currentWidget() is dialog.pages["seal"]
    dialog.close_button.click()
    desktop.window.sidebar.privacy_wanted.emit("policy")
    assert dialog.isVisible()
    assert dialog.stack.currentWidget() is dialog.pages["policy"]


def test_without_an_engine_the_pages_say_so(qtbot, open_window):
    desktop, connector = open_window()
    connector.refuse = EnvironmentFault(Code.ENGINE_GONE)
    connector.engine.crash()
    page = opened(qtbot, desktop, "ahead")
    qtbot.waitUntil(lambda: desktop.privacy.ahead.problem is not None)
    assert page.done.text()
