"""Earlier conversations: searched, named, pinned, exported and deleted, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from tests.window.scripted import ScriptedEngine

from studiolo.errors import Code
from studiolo.types import Redaction
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.conversation_list import ID
from studiolo_desktop.ui.export import file_name


@pytest.fixture
def desktop(qtbot, open_window):
    engine = ScriptedEngine()
    question = type("Q", (), {"text": "How long is the lease?", "model": None})()
    chinese = type("Q", (), {"text": "试用期有多长？", "model": None})()
    engine.history["en"] = [engine._turn("t1", "en", question, "Twelve months.", "complete")]
    engine.history["zh"] = [engine._turn("t2", "zh", chinese, "试用期为三个月。", "complete")]
    engine.titles = {"en": "How long is the lease?", "zh": "试用期有多长？"}
    found, _ = open_window(engine)
    qtbot.waitUntil(lambda: len(found.conversations.items) == 2)
    with qtbot.waitExposed(found.window):
        found.window.activateWindow()
    return found


def shown(desktop) -> list[str]:
    listed = desktop.window.sidebar.list
    return [listed.item(i).text() for i in range(listed.count())]


def go_to(desktop, conversation_id: str) -> None:
    listed = desktop.window.sidebar.list
    row = next(i for i in range(listed.count()) if listed.item(i).data(ID) == conversation_id)
    listed.setCurrentRow(row)
    listed.setFocus()


@pytest.mark.parametrize(
    ("query", "title", "excerpt"), [("twelve", "How long", "Twelve months."), ("三个月", "试用期", "三个月")]
)
def test_searching_what_was_said(qtbot, desktop, query, title, excerpt):
    earlier = desktop.window.sidebar.earlier
    qtbot.keyClick(desktop.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert earlier.field.hasFocus()
    earlier.field.setText(query)
    qtbot.waitUntil(lambda: len(shown(desktop)) == 1)
    assert shown(desktop)[0].startswith(title)
    assert excerpt in shown(desktop)[0].split("\n")[1]
    qtbot.keyClick(earlier.field, Qt.Key.Key_Down)
    assert desktop.window.sidebar.list.hasFocus()
    qtbot.keyClick(desktop.window.sidebar.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desktop.chat.turns))
    assert excerpt in desktop.chat.turns[0].answer
    earlier.field.setFocus()
    qtbot.keyClick(earlier.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(shown(desktop)) == 3)  # with a heading


def test_nothing_found_says_so(qtbot, desktop):
    earlier = desktop.window.sidebar.earlier
    earlier.field.setText("giraffe")
    qtbot.waitUntil(earlier.none.isVisible)
    assert earlier.none.text() == "Nothing was found."
    desktop.look.choose_language("zh")
    assert earlier.none.text() == "没有找到。"


def test_renaming_by_key(qtbot, desktop):
    go_to(desktop, "en")
    qtbot.keyClick(desktop.window.sidebar.list, Qt.Key.Key_F2)
    dialog = desktop.window.findChild(Confirm)
    assert dialog.field.text() == "How long is the lease?"
    dialog.field.setText("The flat 公寓")
    dialog.accept()
    qtbot.waitUntil(lambda: "The flat 公寓" in shown(desktop))
    assert desktop.notices.latest is None


def test_a_title_that_the_policy_changed_is_explained(qtbot, desktop):
    desktop.conversations.rename("en", "Lease of Ada Lovelace")
    qtbot.waitUntil(lambda: "Lease of <PERSON>" in shown(desktop))
    assert "privacy policy" in desktop.window.notice_bar.what.text()


def test_pinned_ones_stand_first(qtbot, desktop):
    go_to(desktop, "en")
    qtbot.keyClick(desktop.window.sidebar.list, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: shown(desktop)[0] == "Pinned")
    assert shown(desktop) == ["Pinned", "How long is the lease?", "Today", "试用期有多长？"]
    current = desktop.window.sidebar.list.currentItem()
    assert current.data(ID) == "en"  # still where the person was
    menu = desktop.window.sidebar.earlier.menu(desktop.conversations.items[1])
    assert [action.text() for action in menu.actions() if not action.isSeparator()] == [
        "Rename…", "Unpin", "Export…", "Delete conversation…",
    ]  # fmt: skip
    qtbot.keyClick(desktop.window.sidebar.list, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Pinned" not in shown(desktop))


def test_the_menu_opens_at_a_conversation(qtbot, desktop):
    listed = desktop.window.sidebar.list
    go_to(desktop, "zh")
    listed.customContextMenuRequested.emit(
        QPoint(5, listed.height() - 2)
    )  # as the key for menus asks, where nothing is
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.close()


def test_deleting_asks_first(qtbot, desktop):
    go_to(desktop, "zh")
    qtbot.keyClick(desktop.window.sidebar.list, Qt.Key.Key_Delete)
    desktop.window.findChild(Confirm).accept()
    qtbot.waitUntil(lambda: "试用期有多长？" not in shown(desktop))


def conversation(desktop, conversation_id: str):
    return next(one for one in desktop.conversations.items if one.id == conversation_id)


def test_exporting_markdown_json_and_pdf(qtbot, desktop, tmp_path):
    earlier = desktop.window.sidebar.earlier
    for ending in ("md", "json", "pdf"):
        path = tmp_path / f"租约.{ending}"
        earlier.export_to(conversation(desktop, "zh"), path)
        qtbot.waitUntil(path.exists)
        qtbot.waitUntil(lambda: desktop.notices.latest is not None)
        assert desktop.window.notice_bar.what.text() == f"Exported to 租约.{ending}."
        desktop.notices.dismiss()
    assert (tmp_path / "租约.md").read_text(
        encoding="utf-8"
    ) == "# 试用期有多长？\n\n> 试用期有多长？\n\n试用期为三个月。\n"
    assert json.loads((tmp_path / "租约.json").read_text(encoding="utf-8"))["turns"][0]["answer"] == "试用期为三个月。"
    assert (tmp_path / "租约.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(path.name for path in tmp_path.iterdir() if "租约" in path.name) == [
        "租约.json",
        "租约.md",
        "租约.pdf",
    ]


def test_a_pdf_holds_the_words_of_both_languages(qtbot, desktop, tmp_path):
    from pypdf import PdfReader

    path = tmp_path / "both.pdf"
    desktop.window.sidebar.earlier.export_to(conversation(desktop, "en"), path)
    qtbot.waitUntil(path.exists)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())
    assert "How long is the lease?" in text
    assert "Twelve months." in text


def test_what_the_policy_left_out_is_said_and_a_full_disk_is_a_notice(qtbot, desktop, tmp_path):
    earlier = desktop.window.sidebar.earlier
    desktop.supervisor.engine().export_redactions = (Redaction("PERSON", 2),)
    earlier.export_to(conversation(desktop, "en"), tmp_path / "a.md")
    qtbot.waitUntil(lambda: desktop.notices.latest is not None)
    assert "Personal data was left out" in desktop.window.notice_bar.what.text()
    desktop.notices.dismiss()
    earlier.export_to(conversation(desktop, "en"), tmp_path / "none" / "a.md")
    qtbot.waitUntil(lambda: desktop.notices.latest is not None)
    assert desktop.notices.latest.problem.code is Code.NO_PERMISSION


@pytest.mark.parametrize(
    ("title", "name"), [("a/b: c?", "a b c"), ("租约？", "租约？"), ("..", ""), ("x" * 200, "x" * 80), (" t. ", "t")]
)
def test_names_of_files(title, name):
    assert file_name(title) == name


def test_every_control_has_a_name(desktop):
    earlier = desktop.window.sidebar.earlier
    assert earlier.field.accessibleName() == "Search conversations"
    assert earlier.list.accessibleName() == "Conversations"
    assert isinstance(earlier.field, QLineEdit)
