"""Adding documents: dropped anywhere, each with its progress, each to an end in words."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from tests.window.scripted import ScriptedEngine, document

from studiolo.errors import Code
from studiolo_desktop.ui.common.confirm import Confirm


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
    views = list(desktop.window.pane.documents.file_views.values())
    assert [view.state.text() for view in views] == ["Added", "Indexing · 6 / 6", "Waiting"]
    assert views[1].bar.isVisible()
    engine.gate.set()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 3)
    assert desktop.window.pane.documents.document_views.keys() == {"a.pdf", "b.pdf", "c.txt"}
    assert stages["a.pdf"] >= {"embed"}
    assert desktop.notices.latest.key == "notice.added"
    assert desktop.window.notice_bar.what.text() == "Added: 3. You can ask about them now."


def test_a_file_that_fails_says_why_and_stays_until_it_is_dismissed(qtbot, open_window):
    engine = ScriptedEngine()
    engine.fails = {"locked.pdf": (Code.NEEDS_PASSWORD, {})}
    desktop, _ = open_window(engine)
    drop(desktop.window, ["good.pdf", "locked.pdf"])
    qtbot.waitUntil(lambda: not desktop.library.busy)
    (view,) = desktop.window.pane.documents.file_views.values()
    assert view.state.text() == (
        "“locked.pdf” is locked with a password. Save a copy without the password and add that."
    )
    engine.fails = {}
    view.retry_button.click()
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 2)
    engine.fails = {"bad.pdf": (Code.DAMAGED_FILE, {})}
    drop(desktop.window, ["bad.pdf"])
    qtbot.waitUntil(lambda: any(row.state == "failed" for row in desktop.library.files))
    (view,) = desktop.window.pane.documents.file_views.values()
    view.forget_button.click()
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
    desktop.window.pane.documents.stop_button.click()
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
    assert pane.document_views["lease.pdf"].facts.text() == "6 pages  ·  18 passages"
    pane.document_views["lease.pdf"].remove_button.click()
    dialog = desktop.window.findChild(Confirm)
    assert len(connector.engine.stored["default"]) == 2
    dialog.yes_button.click()
    qtbot.waitUntil(lambda: list(pane.document_views) == ["note.md"])


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
    assert window.pane.documents.document_views == {}
    assert len(window.pane.documents.file_views) == 1
    assert window.empty.kind == "adding"
    assert window.empty.title.text() == "Reading your documents"
    engine.gate.set()
    qtbot.waitUntil(lambda: window.empty.kind == "ask")
    assert list(window.pane.documents.document_views) == ["first.pdf"]
