"""The map of a library: points to look at, to walk along and to open; a list of the same; states without points."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QApplication
from tests.window.scripted import HITS, HITS_ZH, ScriptedEngine, document, map_points

from studiolo.types import LibraryMap, MapPoint
from studiolo_desktop.theme import DARK, LIGHT, MAP_DARK, MAP_LIGHT, contrast
from studiolo_desktop.ui.map.scene import FORMS, Scene, styles

DOCUMENTS = (
    document("lease-alder-wharf.pdf"),
    document("meeting-note-2026-04-14.md", pages=0),
    document("劳动合同.pdf", pages=3),
)


def drawn(qtbot, open_window, **values):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.hits = HITS + HITS_ZH
    engine.map_points = map_points(engine.hits)
    for name, value in values.items():
        setattr(engine, name, value)
    desktop, _ = open_window(engine)
    desktop.window.pane.documents.map_button.click()
    qtbot.waitUntil(lambda: desktop.study.map.map is not None)
    return desktop, engine


def point(x: float, y: float, document: str = "a", name: str = "") -> MapPoint:
    return MapPoint(f"{document}-{x}-{y}", document, name or document, 1, x, y, "words")


def test_a_click_on_a_point_opens_its_passage(qtbot, open_window):
    desktop, _ = drawn(qtbot, open_window)
    view = desktop.window.map
    assert desktop.window.middle.currentWidget() is view
    assert view.title.accessibleName() == "Map of “My documents”"
    place = view.canvas.place_of(1).toPoint()
    at, none = QPointF(place), Qt.MouseButton.NoButton
    over = view.canvas.mapToGlobal(at)
    move = QMouseEvent(QEvent.Type.MouseMove, at, over, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.canvas, move)
    assert view.canvas.chosen is not None
    assert view.canvas.chosen.passage == HITS[1].passage.id
    assert view.canvas.accessibleDescription().startswith("lease-alder-wharf.pdf, page 4: 5. Deposit.")
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    assert (desktop.study.viewer.page, desktop.study.viewer.shown.marked) == (4, "passage")
    assert desktop.window.middle.currentWidget() is view  # one looks around in it


def test_points_are_walked_along_by_keyboard(qtbot, open_window):
    desktop, _ = drawn(qtbot, open_window)
    canvas = desktop.window.map.canvas
    assert canvas.focusPolicy() & Qt.FocusPolicy.TabFocus
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.chosen is not None
    seen = {canvas.chosen.passage}
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Right) * 3:
        qtbot.keyClick(canvas, key)
        seen.add(canvas.chosen.passage)
    assert len(seen) > 2
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    assert desktop.study.viewer.place.passage == canvas.chosen.passage


def test_the_list_holds_the_same_passages_and_opens_them(qtbot, open_window):
    desktop, engine = drawn(qtbot, open_window)
    view = desktop.window.map
    view.list_tab.click()
    assert view.stack.currentWidget() is view.list
    rows = [view.points.index(number).data() for number in range(view.points.rowCount())]
    assert len(rows) == len(engine.map_points)
    assert rows[0].startswith("lease-alder-wharf.pdf, page 2  ·  3. Term.")
    assert any("劳动合同.pdf" in row and "试用期" in row for row in rows)
    view.list.setCurrentIndex(view.points.index(3))
    qtbot.keyClick(view.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.study.viewer.shown is not None)
    assert desktop.study.viewer.place.name == "劳动合同.pdf"
    view.points_tab.click()
    assert view.stack.currentWidget() is view.canvas


@pytest.mark.parametrize(
    ("passages", "language", "said"),
    [
        (0, "en", "There is nothing to draw yet."),
        (7, "en", "The documents here have not been read for meaning yet."),
        (0, "zh", "还没有可显示的内容"),
        (7, "zh", "尚未完成语义读取"),
    ],
)
def test_a_library_without_points_says_why(qtbot, open_window, passages, language, said):
    desktop, _ = drawn(qtbot, open_window, map_points=(), map_passages=passages)
    desktop.look.choose_language(language)
    view = desktop.window.map
    assert view.stack.currentWidget() is view.message
    assert said in view.words.text()
    assert not view.list_tab.isEnabled()
    assert not view.legend.isVisible()


def test_a_sample_is_called_one(qtbot, open_window):
    desktop, _ = drawn(qtbot, open_window, map_passages=12_000)
    assert "4 of 12,000 passages, evenly chosen" in desktop.window.map.about.text()
    desktop.look.choose_language("zh")
    assert "均匀选取了 12,000 个段落中的 4 个" in desktop.window.map.about.text()


def test_a_whole_map_is_not_called_a_sample(qtbot, open_window):
    desktop, _ = drawn(qtbot, open_window)
    assert "evenly chosen" not in desktop.window.map.about.text()
    names = [name for _, name in desktop.window.map.canvas.documents()]
    assert names == ["lease-alder-wharf.pdf", "meeting-note-2026-04-14.md", "劳动合同.pdf"]


def test_the_map_closes_by_escape_by_asking_and_by_opening_a_conversation(qtbot, open_window):
    desktop, _ = drawn(qtbot, open_window)
    window = desktop.window
    window._escape()
    assert window.middle.currentWidget() is window.empty
    desktop.study.map.show()
    desktop.chat.ask("How long?")
    assert window.middle.currentWidget() is window.transcript
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    shown = desktop.chat.conversation_id
    desktop.chat.new_conversation()
    desktop.study.map.show()
    desktop.chat.open(shown)
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.transcript)
    assert not desktop.study.map.open


def test_the_map_follows_the_library_and_its_documents(qtbot, open_window):
    desktop, engine = drawn(qtbot, open_window)
    engine.stored["Work"] = []
    desktop.library.choose("Work")
    qtbot.waitUntil(lambda: desktop.study.map.map is not None and desktop.study.map.map.library == "Work")
    assert desktop.window.map.stack.currentWidget() is desktop.window.map.message
    desktop.library.choose("default")
    qtbot.waitUntil(lambda: desktop.study.map.map is not None and len(desktop.study.map.map.points) == 4)
    engine.map_points = engine.map_points[1:]
    desktop.library.remove("劳动合同.pdf")
    qtbot.waitUntil(lambda: len(desktop.study.map.map.points) == 3)


def test_a_map_that_cannot_be_had_says_why_and_is_tried_again(qtbot, open_window):
    engine = ScriptedEngine(documents=DOCUMENTS)
    engine.map_points = map_points(HITS)
    desktop, _ = open_window(engine)
    found, engine.library_map = engine.library_map, lambda _name: 1 / 0
    desktop.study.map.show()
    view = desktop.window.map
    qtbot.waitUntil(view.again_button.isVisible)
    assert "Something went wrong inside Studiolo" in view.words.text()
    engine.library_map = found
    view.again_button.click()
    qtbot.waitUntil(lambda: view.stack.currentWidget() is view.canvas)


def test_each_document_has_a_look_of_its_own_by_colour_and_form():
    many = LibraryMap("x", tuple(point(0, 0, f"d{number:02d}") for number in range(24)), 24)
    looks = styles(many)
    assert len(set(looks.values())) == 24
    assert {look.form for look in looks.values()} == set(FORMS[:3])
    first = LibraryMap("x", (point(0, 0, "small"), point(0, 0, "large"), point(1, 0, "large")), 3)
    assert list(styles(first)) == ["large", "small"]


@pytest.mark.parametrize(("tokens", "colours"), [(LIGHT, MAP_LIGHT), (DARK, MAP_DARK)])
def test_the_colours_of_points_stand_out_from_the_ground(tokens, colours):
    assert len(set(colours)) == len(colours) == 8
    assert all(contrast(colour, tokens.canvas) >= 3 for colour in colours)  # WCAG 2.2, 1.4.11
    assert all(QColor(colour).isValid() for colour in colours)


def test_the_scene_keeps_distances_and_knows_who_is_meant():
    found = LibraryMap("x", (point(-1, 0), point(1, 0), point(0, 0.5), point(0, -0.5)), 4)
    scene = Scene(found, width=400, height=400, margin=20)
    assert scene.places == [(20, 200), (380, 200), (200, 110), (200, 290)]  # one scale for both axes
    assert scene.at(378, 203) == 1
    assert scene.at(300, 300) is None
    assert scene.beside(0, "right") == 2  # nearer than the one straight ahead, and not too far aside
    assert scene.beside(1, "right") == 1
    assert scene.beside(2, "down") == 3
