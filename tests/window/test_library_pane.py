"""The library as a whole: pausing, many files at once, searching inside, watched folders, removing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel
from tests.window.rows import choose, words
from tests.window.scripted import HITS, ScriptedEngine, document

from studiolo.errors import Code
from studiolo.types import DocumentStatus, Watched
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.library.rows import is_bad

DOCUMENTS = (
    document("lease-alder-wharf.pdf"),
    document("meeting-note-2026-04-14.md", pages=0),
    document("劳动合同.pdf", pages=3),
)


def paths(*names: str) -> list[Path]:
    return [Path("/documents") / name for name in names]


# many files at once


def test_five_hundred_files_at_once_while_the_window_answers(qtbot, open_window):
    engine = ScriptedEngine(delay_s=0.0002)
    names = [f"file-{number:03d}.txt" for number in range(500)]
    engine.fails = {name: (Code.DAMAGED_FILE, {}) for name in names[::50]}
    desktop, _ = open_window(engine)
    pane, window = desktop.window.pane.documents, desktop.window
    ends: dict[str, str] = {}
    seen: set[int] = set()  # how many files had ended each time the window came to its own events
    desktop.library.file_changed.connect(lambda row: ends.__setitem__(row.name, row.state))
    beat = QTimer(window)
    beat.timeout.connect(lambda: seen.add(len(engine.added)))
    beat.start(0)
    window.add_paths(paths(*names))
    qtbot.keyClicks(window.composer.field, "how long")
    qtbot.waitUntil(lambda: 0 < len(engine.added) < 490)
    assert window.composer.field.toPlainText() == "how long"  # typed while files are read
    assert pane.adding.isVisible()
    qtbot.waitUntil(lambda: not desktop.library.busy, timeout=120_000)
    beat.stop()
    assert len(seen) > 20
    assert len(ends) == 500
    assert sorted(name for name, state in ends.items() if state == "failed") == names[::50]
    assert set(ends.values()) == {"added", "failed"}
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 490)
    qtbot.waitUntil(lambda: len(words(pane)) == 500)
    assert [row.name for row in pane.list.rows.rows if is_bad(row)] == names[::50]
    assert pane.adding.failed_text.text() == "10 files could not be added"
    engine.fails = {}
    pane.adding.retry_button.click()
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 500 and not desktop.library.busy)
    qtbot.waitUntil(lambda: not pane.adding.isVisible())


def test_only_rows_in_view_are_painted(qtbot, open_window):
    documents = [document(f"report-{number:04d}.pdf") for number in range(3_000)]
    desktop, _ = open_window(ScriptedEngine(documents=documents))
    pane = desktop.window.pane.documents
    qtbot.waitUntil(lambda: pane.list.rows.rowCount() == 3_000)
    painted: set[str] = set()
    said = pane.list.rows.words
    pane.list.rows.words = lambda row: (painted.add(row.name), said(row))[1]
    pane.list.viewport().grab()
    assert 0 < len(painted) < 60
    pane.list.scrollToBottom()
    assert pane.list.indexAt(pane.list.viewport().rect().center()).row() > 2_900


def test_the_chosen_row_stays_chosen_while_rows_come_and_go(qtbot, open_window):
    desktop, _ = open_window(ScriptedEngine(documents=DOCUMENTS))
    pane = desktop.window.pane.documents
    choose(pane, "劳动合同.pdf")
    desktop.window.add_paths(paths("a.pdf"))
    qtbot.waitUntil(lambda: "a.pdf" in words(pane) and not desktop.library.busy)
    qtbot.waitUntil(lambda: len(words(pane)) == 4)
    assert pane.list.current().name == "劳动合同.pdf"


# pausing


def test_adding_is_paused_and_gone_on_with(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "b.pdf"
    desktop, _ = open_window(engine)
    pane = desktop.window.pane.documents
    desktop.window.add_paths(paths("a.pdf", "b.pdf", "c.pdf"))
    qtbot.waitUntil(lambda: any(row.name == "b.pdf" and row.stage == "embed" for row in desktop.library.files))
    pane.adding.pause_button.click()
    qtbot.waitUntil(lambda: [row.state for row in desktop.library.files] == ["added", "paused", "paused"])
    qtbot.waitUntil(lambda: words(pane)["b.pdf"] == "Paused")
    assert pane.adding.text.text() == "Paused: 2 files wait"
    assert pane.adding.pause_button.accessibleName() == "Go on"
    desktop.window.add_paths(paths("d.pdf"))  # a drop meanwhile waits with them
    assert desktop.library.files[-1].state == "paused"
    assert [path.name for path in engine.added] == ["a.pdf"]
    engine.gate.set()
    pane.adding.pause_button.click()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    assert [path.name for path in engine.added] == ["a.pdf", "b.pdf", "c.pdf", "d.pdf"]


def test_who_goes_on_at_once_loses_nothing(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "a.pdf"
    desktop, _ = open_window(engine)
    desktop.window.add_paths(paths("a.pdf", "b.pdf"))
    qtbot.waitUntil(lambda: desktop.library.files[0].stage == "embed")
    desktop.library.pause()
    desktop.library.resume()  # the stream is still being stopped
    engine.hold_file = ""
    qtbot.waitUntil(lambda: not desktop.library.busy)
    assert [path.name for path in engine.added] == ["a.pdf", "b.pdf"]


def test_a_paused_folder_is_walked_again(qtbot, open_window):
    engine = ScriptedEngine()
    walked = engine.add

    def add(given, **values):
        inside = [Path("/documents/folder/x.md"), Path("/documents/folder/y.md")]
        yield from walked(inside if given == paths("folder") else given, **values)

    engine.add = add
    engine.hold_file = "y.md"
    desktop, _ = open_window(engine)
    desktop.window.add_paths(paths("folder"))
    qtbot.waitUntil(lambda: any(row.name == "y.md" and row.stage == "embed" for row in desktop.library.files))
    desktop.library.pause()
    qtbot.waitUntil(
        lambda: {row.name: row.state for row in desktop.library.files} == {"x.md": "added", "folder": "paused"}
    )
    engine.gate.set()
    desktop.library.resume()
    qtbot.waitUntil(lambda: not desktop.library.busy)
    qtbot.waitUntil(lambda: {d.name for d in desktop.library.documents} >= {"x.md", "y.md"})


def test_what_is_paused_can_be_stopped(qtbot, open_window):
    engine = ScriptedEngine()
    engine.hold_file = "a.pdf"
    desktop, _ = open_window(engine)
    desktop.window.add_paths(paths("a.pdf", "b.pdf"))
    qtbot.waitUntil(lambda: desktop.library.files[0].stage == "embed")
    desktop.library.pause()
    qtbot.waitUntil(lambda: [row.state for row in desktop.library.files] == ["paused", "paused"])
    desktop.window.pane.documents.adding.stop_button.click()
    assert not desktop.library.busy
    assert desktop.library.files == []
    engine.gate.set()
    desktop.window.add_paths(paths("c.pdf"))
    qtbot.waitUntil(lambda: [path.name for path in engine.added] == ["c.pdf"])


# searching inside


@pytest.mark.parametrize(("query", "named"), [("lease", ["lease-alder-wharf.pdf"]), ("合同", ["劳动合同.pdf"])])
def test_a_search_finds_documents_by_name_and_passages(qtbot, open_window, query, named):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop, _ = open_window(engine)
    pane = desktop.window.pane.documents
    pane.field.setText(query)
    assert pane.stack.currentWidget() is pane.results
    qtbot.keyClick(pane.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(pane.results.cards) == 3)
    assert engine.searched == [query]
    assert pane.results.names == named
    assert pane.results.cards[0].title.accessibleName() == "lease-alder-wharf.pdf"
    qtbot.keyClick(pane.results.cards[1], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    shown = desktop.study.viewer.shown
    assert (shown.view.page, shown.marked) == (4, "passage")
    desktop.window.pane.viewer.back_button.click()
    assert pane.stack.currentWidget() is pane.results  # back at what was found
    desktop.window.activateWindow()
    pane.field.setFocus()
    qtbot.waitUntil(pane.field.hasFocus)
    desktop.window._escape()
    assert pane.stack.currentWidget() is pane.list


def test_a_search_says_when_it_found_nothing_or_nothing_sure(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.found = []
    desktop, _ = open_window(engine)
    pane = desktop.window.pane.documents
    pane.field.setText("zebra")
    qtbot.waitUntil(lambda: desktop.study.finding.hits == [])
    assert "Nothing was found." in [text.text() for text in pane.results.widget().findChildren(QLabel)]
    engine.found = [replace(HITS[2], score=0.1)]
    pane.field.setText("斑马")
    qtbot.waitUntil(lambda: len(pane.results.cards) == 1)
    said = [text.text() for text in pane.results.widget().findChildren(QLabel)]
    assert any(text.startswith("Probably none of these is it.") for text in said)


def test_a_word_still_being_typed_is_not_searched_for(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    desktop, _ = open_window(engine)
    qtbot.keyClicks(desktop.window.pane.documents.field, "deposit")
    qtbot.waitUntil(lambda: desktop.study.finding.hits is not None)
    assert engine.searched == ["deposit"]


# watched folders


def test_folders_are_watched_and_watched_no_more(qtbot, open_window, tmp_path):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.folders = {"default": [Watched("/mnt/net/合同", polling=True, state="unreachable")]}
    desktop, _ = open_window(engine)
    menu = desktop.window.pane.documents.menu()
    next(action for action in menu.actions() if action.text() == "Watched folders…").trigger()
    dialog = desktop.window._watched_dialog
    qtbot.waitUntil(lambda: list(dialog.rows) == ["/mnt/net/合同"])
    said = dialog.rows["/mnt/net/合同"].accessibleName()
    assert said == "/mnt/net/合同: Not reachable now; its documents stay  ·  looked through at intervals"
    desktop.study.watching.watch(tmp_path)
    qtbot.waitUntil(lambda: str(tmp_path) in dialog.rows)
    inside = tmp_path / "inside"
    desktop.study.watching.watch(inside)
    qtbot.waitUntil(dialog.problem.isVisible)
    assert dialog.problem.text() == "A folder above it is watched already."
    dialog.remove_buttons["/mnt/net/合同"].click()
    qtbot.waitUntil(lambda: list(dialog.rows) == [str(tmp_path)])
    assert not dialog.problem.isVisible()
    desktop.look.choose_language("zh")
    assert dialog.windowTitle() == "监视的文件夹"


# several libraries


def test_a_library_is_removed_after_asking(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.stored["合同"] = [document("a.pdf", library="合同"), document("b.pdf", library="合同")]
    desktop, _ = open_window(engine)
    pane = desktop.window.pane.documents
    remove = pane.menu().actions()[-1]
    assert not remove.isEnabled()  # the first library is always there
    desktop.library.choose("合同")
    qtbot.waitUntil(lambda: len(desktop.library.documents) == 2)
    pane.menu().actions()[-1].trigger()
    dialog = desktop.window.findChild(Confirm)
    said = " ".join(text.text() for text in dialog.findChildren(QLabel))
    assert "Remove the library “合同” with 2 documents?" in said
    assert "The files stay where they are." in said
    assert "合同" in engine.stored
    dialog.yes_button.click()
    qtbot.waitUntil(lambda: "合同" not in engine.stored)
    qtbot.waitUntil(lambda: desktop.library.library == "default" and desktop.library.known)
    qtbot.waitUntil(lambda: [library.name for library in desktop.library.libraries] == ["default"])


def test_rows_say_what_they_are_to_a_screen_reader_and_offer_their_menu(open_window):
    partial = document("c.zip", status=DocumentStatus.PARTIAL, reason="needs_password")
    desktop, _ = open_window(ScriptedEngine(documents=[*DOCUMENTS, partial]))
    pane = desktop.window.pane.documents
    pane.refresh()
    rows = pane.list.rows
    spoken = [rows.index(number).data(Qt.ItemDataRole.AccessibleTextRole) for number in range(rows.rowCount())]
    assert "lease-alder-wharf.pdf: 6 pages  ·  18 passages" in spoken
    assert any(text.startswith("c.zip: Read in part") for text in spoken)
    menu = pane.list.menu_for(rows.rows[0])
    assert [action.text() for action in menu.actions()] == ["Open", "Remove from the library…"]
    for control in (pane.list, pane.field, pane.map_button, pane.more_button, pane.add_button):
        assert control.accessibleName()
