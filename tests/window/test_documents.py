"""Adding documents: dropped anywhere, each with its progress, each to an end in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QLineEdit
from tests.window.rows import choose, click, words
from tests.window.scripted import ScriptedEngine, document

from studiolo.errors import Code
from studiolo.types import DocumentStatus, Gap
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.main_window import document_patterns


def drop(window, names: list[str]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(f"/documents/{name}") for name in names])
    action, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dragEnterEvent(QDragEnterEvent(QPoint(400, 300), action, data, button, key))
    assert window._overlay.isVisible()
    assert "My documents" in window._overlay.text.text()
    window.dropEvent(QDropEvent(QPointF(400, 300), action, data, button, key))
    assert not window._overlay.isVisible()


def test_dropped_files_are_added_with_progress_for_each(qtbot, open_window):
    engine = ScriptedEngine(delay_s=0.01)
    engine.hold_file = "b.pdf"
    desktop, _ = open_window(engine)
    stages: dict[str, set[str]] = {}
    desktop.library.file_changed.connect(lambda row: stages.setdefault(row.name, set()).add(row.stage or row.state))
    drop(desktop.window, ["a.pdf", "b.pdf", "c.txt"])
    assert [row.state for row in desktop.library.files] == ["queued"] * 3
    qtbot.waitUntil(lambda: [row.state for row in desktop.library.files] == ["added", "working", "queued"])
    qtbot.waitUntil(lambda: (desktop.library.files[1].stage, desktop.library.files[1].done) == ("embed", 6))
    pane = desktop.window.pane.documents
    qtbot.waitUntil(lambda: words(pane)["c.txt"] == "Waiting")
    assert list(words(pane).values()) == ["Added  ·  6 pages  ·  18 passages", "Indexing · 6 / 6", "Waiting"]
    pace = "1 of 3 files  ·  18 passages  ·  12.3 per second  ·  about 2 min left"
    qtbot.waitUntil(lambda: pane.adding.pace.text() == pace)
    assert pane.adding.pace.isVisible()
    assert (pane.adding.bar.value(), pane.adding.bar.maximum()) == (1, 3)
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 3)
    qtbot.waitUntil(lambda: not pane.adding.isVisible())
    assert words(pane).keys() == {"a.pdf", "b.pdf", "c.txt"}
    assert stages["a.pdf"] >= {"embed"}
    assert desktop.notices.latest.key == "notice.added"
    assert desktop.window.notice_bar.what.text() == "Added: 3. You can ask about them now."


def test_a_file_that_fails_says_why_and_stays_until_it_is_dismissed(qtbot, open_window):
    engine = ScriptedEngine()
    engine.fails = {"locked.pdf": (Code.NEEDS_PASSWORD, {})}
    desktop, _ = open_window(engine)
    drop(desktop.window, ["good.pdf", "locked.pdf"])
    qtbot.waitUntil(lambda: not desktop.library.busy)
    pane = desktop.window.pane.documents
    said = "“locked.pdf” is locked with a password. Try it again and give the password."
    qtbot.waitUntil(lambda: words(pane).get("locked.pdf") == said)
    assert pane.adding.failed_text.text() == "1 file could not be added"
    engine.fails = {}
    click(qtbot, pane, "locked.pdf")
    dialog = desktop.window.findChild(Confirm)
    assert dialog.field.echoMode() is QLineEdit.EchoMode.Password
    dialog.field.setText("Tr0ub4dor 密码")
    dialog.yes_button.click()
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 2)
    assert engine.passwords == ("Tr0ub4dor 密码",)
    assert "Tr0ub4dor" not in repr(desktop.library.files)
    engine.fails = {"bad.pdf": (Code.DAMAGED_FILE, {})}
    drop(desktop.window, ["bad.pdf"])
    qtbot.waitUntil(lambda: any(row.state == "failed" for row in desktop.library.files))
    qtbot.waitUntil(lambda: "bad.pdf" in words(pane))
    choose(pane, "bad.pdf")
    qtbot.keyClick(pane.list, Qt.Key.Key_Delete)
    assert desktop.library.files == []


def test_a_drop_while_busy_queues(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "first.pdf"
    desktop, _ = open_window(engine)
    drop(desktop.window, ["first.pdf"])
    qtbot.waitUntil(lambda: desktop.library.files[0].state == "working")
    drop(desktop.window, ["second.pdf", "first.pdf"])
    assert [row.name for row in desktop.library.files] == ["first.pdf", "second.pdf"]
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    assert [path.name for path in engine.added] == ["first.pdf", "second.pdf"]


def test_adding_can_be_stopped(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "a.pdf"
    desktop, _ = open_window(engine)
    drop(desktop.window, ["a.pdf", "b.pdf"])
    qtbot.waitUntil(lambda: desktop.library.files[0].stage == "embed")
    desktop.window.pane.documents.adding.stop_button.click()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    assert engine.added == []


def test_the_engine_dies_while_adding_and_the_rest_is_added_after(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "b.pdf"
    desktop, connector = open_window(engine)
    drop(desktop.window, ["a.pdf", "b.pdf", "c.pdf"])
    qtbot.waitUntil(lambda: any(row.name == "b.pdf" and row.stage == "embed" for row in desktop.library.files))
    engine.crash()
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 3 and not desktop.library.busy)
    assert connector.engine is not engine
    assert [path.name for path in connector.engine.added] == ["b.pdf", "c.pdf"]


def test_files_inside_a_dropped_folder_get_rows_of_their_own(qtbot, open_window):
    engine = ScriptedEngine()
    walked = engine.add

    def add(paths, **values):
        yield from walked([Path("/documents/folder/x.md"), Path("/documents/folder/y.md")], **values)

    engine.add = add
    engine.hold_file = "y.md"
    desktop, _ = open_window(engine)
    drop(desktop.window, ["folder"])
    qtbot.waitUntil(lambda: {row.name for row in desktop.library.files} == {"folder", "x.md", "y.md"})
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    assert desktop.library.files == []
    qtbot.waitUntil(lambda: {d.name for d in desktop.library.documents} == {"x.md", "y.md"})


def test_a_document_is_removed_after_asking(qtbot, open_window):
    desktop, connector = open_window(ScriptedEngine(documents=[document("lease.pdf"), document("note.md", pages=0)]))
    pane = desktop.window.pane.documents
    assert words(pane)["lease.pdf"] == "6 pages  ·  18 passages"
    choose(pane, "lease.pdf")
    qtbot.keyClick(pane.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: desktop.window.findChild(Confirm) is not None)
    dialog = desktop.window.findChild(Confirm)
    assert not dialog.also.isVisible()  # no conversation quotes it
    assert len(connector.engine.stored["default"]) == 2
    dialog.yes_button.click()
    qtbot.waitUntil(lambda: list(words(pane)) == ["note.md"])
    assert connector.engine.removed == [("lease.pdf", "keep")]


@pytest.mark.parametrize("wish", ["keep", "remove"])
def test_conversations_that_quote_a_document_are_asked_about(qtbot, open_window, wish):
    engine = ScriptedEngine(documents=[document("lease-alder-wharf.pdf")])
    desktop, _ = open_window(engine)
    desktop.chat.ask("How long is the term?")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    desktop.window.pane.documents.remove(desktop.library.documents[0])
    qtbot.waitUntil(lambda: desktop.window.findChild(Confirm) is not None)
    dialog = desktop.window.findChild(Confirm)
    texts = [text.text() for text in dialog.findChildren(QLabel)]
    assert any("1 conversation quotes it. Its quotes go; the answers stay." in text for text in texts)
    assert dialog.also.text() == "Delete the answers that rest on it, too"
    assert not dialog.also.isChecked()
    dialog.also.setChecked(wish == "remove")
    dialog.yes_button.click()
    qtbot.waitUntil(lambda: engine.removed == [("lease-alder-wharf.pdf", wish)])
    if wish == "remove":
        qtbot.waitUntil(lambda: desktop.chat.turns == [])
        qtbot.waitUntil(lambda: desktop.conversations.items == [])
        return
    qtbot.waitUntil(lambda: desktop.chat.turns[0].sources[0].passage.text == "")  # nor does the screen keep it
    desktop.window.show_source(desktop.chat.turns[0], 1)
    cards = desktop.window.pane.sources.cards
    assert cards[1].title.accessibleName() == "Removed from the library"
    assert cards[2].title.accessibleName() == "Removed from the library"
    assert cards[3].title.accessibleName() == "meeting-note-2026-04-14.md"
    assert desktop.chat.turns[0].answer


@pytest.mark.parametrize("language", ["en", "zh"])
def test_how_far_each_document_is_and_what_is_missing_of_it(open_window, language):
    gaps = (Gap("needs_password", 3, 5), Gap("damaged_file", name="inner.docx"), Gap("engine_gone", 7, 7))
    documents = [
        document("a.pdf", status=DocumentStatus.QUEUED, pages=0, passages=0),
        document("b.pdf", status=DocumentStatus.KEYWORD),
        document("c.zip", status=DocumentStatus.PARTIAL, reason="needs_password", gaps=gaps),
        document("d.pdf", status=DocumentStatus.FAILED, reason="damaged_file", pages=0, passages=0),
    ]
    desktop, _ = open_window(ScriptedEngine(documents=documents))
    desktop.look.choose_language(language)
    said = words(desktop.window.pane.documents)
    facts = [said[name] for name in ("a.pdf", "b.pdf", "c.zip", "d.pdf")]
    details = desktop.window.pane.viewer.details
    details.show_document(documents[2], None)
    missing = {text.text() for text in details.findChildren(QLabel)}
    if language == "en":
        assert facts == [
            "Waiting to be read",
            "Found by its words; still being read for meaning  ·  6 pages  ·  18 passages",
            "Read in part  ·  6 pages  ·  18 passages  ·  pages 3–5: password needed and 2 more parts",
            "Not read  ·  “d.pdf” is damaged.",
        ]
        assert {"pages 3–5: password needed", "inner.docx: damaged", "page 7: could not be read"} <= missing
    else:
        assert [fact.split("  ·  ")[0] for fact in facts] == [
            "等待读取", "可按字词查找；语义仍在读取中", "部分已读取", "未读取"
        ]  # fmt: skip
        assert {"第 3–5 页：需要密码", "inner.docx：已损坏", "第 7 页：无法读取"} <= missing


def test_a_file_that_was_read_in_part_says_so_at_once(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "b.pdf"
    engine.partial = {"a.zip": Code.NEEDS_PASSWORD}
    desktop, _ = open_window(engine)
    drop(desktop.window, ["a.zip", "b.pdf"])
    qtbot.waitUntil(lambda: desktop.library.files[0].state == "added")
    said = "Added  ·  Read in part: password needed  ·  6 pages  ·  18 passages"
    qtbot.waitUntil(lambda: words(desktop.window.pane.documents).get("a.zip") == said)
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.library.busy)


def test_the_file_dialog_offers_what_can_be_read():
    patterns = document_patterns().split()
    assert {"*.pdf", "*.docx", "*.xlsx", "*.md", "*.eml"} <= set(patterns)
    assert len(patterns) == len(set(patterns))


def test_libraries_are_made_and_switched(qtbot, open_window):
    desktop, _connector = open_window(ScriptedEngine(documents=[document("lease.pdf")]))
    sidebar = desktop.window.sidebar
    sidebar._name_library()
    dialog = desktop.window.findChild(Confirm)
    dialog.field.setText("Work")
    dialog.yes_button.click()
    qtbot.waitUntil(lambda: desktop.library.library == "Work" and desktop.library.known)
    assert desktop.library.documents == []
    assert desktop.chat.library == "Work"
    sidebar._fill_libraries()
    names = [action.text() for action in sidebar.library_menu.actions() if action.isCheckable()]
    assert names == ["My documents", "Work"]
    sidebar.library_menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: [d.name for d in desktop.library.documents] == ["lease.pdf"])


def test_samples_are_offered_where_there_is_nothing(qtbot, open_window, tmp_path):
    desktop, _connector = open_window(samples=(tmp_path / "lease.pdf",))
    empty = desktop.window.empty
    assert empty.kind == "docs"
    assert empty.samples_button.isVisible()
    empty.samples_button.click()
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 1)
    assert empty.kind == "ask"
    assert not desktop.window.pane.documents.drop_zone.isVisible()


def test_a_file_being_read_stands_in_one_list_and_the_middle_says_that_it_is_read(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "first.pdf"
    desktop, _ = open_window(engine)
    window = desktop.window
    drop(window, ["first.pdf"])
    qtbot.waitUntil(lambda: desktop.library.files[0].stage == "embed")
    window._look_again()
    qtbot.waitUntil(lambda: [d.name for d in desktop.library.documents] == ["first.pdf"])
    qtbot.waitUntil(lambda: list(words(window.pane.documents)) == ["first.pdf"])
    assert window.pane.documents.list.rows.rows == desktop.library.files
    assert window.empty.kind == "adding"
    assert window.empty.title.text() == "Reading your documents"
    engine.gate.set()
    qtbot.waitUntil(lambda: window.empty.kind == "ask")
    qtbot.waitUntil(lambda: window.pane.documents.list.rows.rows == desktop.library.documents)
