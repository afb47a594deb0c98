"""Every screen as a screen reader and a keyboard meet it: names, roles, focus, and room for the words at 200 %.

The screens are those of the screenshots, so that a new one is looked at by both.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QWidget,
)
from tests.window.screenshots import STATES, staged
from tests.window.scripted import ScriptedEngine

from studiolo_desktop.ui.common.controls import ElidedLabel
from studiolo_desktop.ui.common.drop_overlay import DropOverlay

Role = QAccessible.Role
CONTROLS = {
    Role.Button, Role.ButtonMenu, Role.ButtonDropDown, Role.CheckBox, Role.ComboBox, Role.EditableText, Role.Link,
    Role.List, Role.ListItem, Role.MenuItem, Role.PageTab, Role.ProgressBar, Role.RadioButton, Role.Slider,
    Role.SpinBox, Role.Table, Role.Tree, Role.Dialog, Role.Window,
}  # fmt: skip
LANGUAGES = ("en", "zh")


def walked(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    """The tree, without what is not shown."""
    if interface is None or not interface.isValid() or interface.state().invisible:
        return
    yield interface
    for number in range(interface.childCount()):
        yield from walked(interface.child(number))


def of_control(interface: QAccessibleInterface) -> bool:
    if interface.role() in (Role.ScrollBar, Role.Grip, Role.Splitter, Role.Cell):  # a table's cell may be empty
        return False
    name = type(interface.object()).__name__ if interface.object() is not None else ""
    if name in ("QScrollBar", "QSplitterHandle", "QSplitter", "QMenu"):
        return False
    return interface.role() in CONTROLS or bool(interface.state().focusable)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_control_of_every_screen_has_a_name_and_a_role(qapp, state, language):
    with staged(qapp, state, theme="light", language=language) as shown:
        seen, wrong = 0, []
        for interface in walked(QAccessible.queryAccessibleInterface(shown)):
            if not of_control(interface):
                continue
            seen += 1
            name, role = interface.text(QAccessible.Text.Name).strip(), interface.role()
            if not name or role == Role.NoRole:  # what paints itself (a page, the map) has Qt's role Client
                owner = interface.object()
                wrong.append((type(owner).__name__, owner.property("role") if owner else "", role.name, name))
        assert seen > 1
        assert wrong == []


def visible(shown: QWidget, kind: type[QWidget]) -> list[QWidget]:
    return [widget for widget in shown.findChildren(kind) if widget.isVisible() and widget.width() > 0]


def in_a_list(widget: QWidget) -> bool:
    """Whether it stands in something that scrolls, where only the width has to do."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return False


def too_small(widget: QWidget) -> str:
    """Why its text does not stand whole, "" where it does."""
    if isinstance(widget, ElidedLabel):  # it says itself that there is more, and what
        return "" if widget.height() >= widget.sizeHint().height() - 1 else "lower than a line"
    if isinstance(widget, QLabel):
        if not widget.text():
            return ""
        if widget.wordWrap():
            needed = widget.heightForWidth(widget.width())
            longest = max(widget.fontMetrics().horizontalAdvance(word) for word in widget.text().split() or [""])
            if not any(sign >= "\u4e00" for sign in widget.text()) and longest > widget.contentsRect().width() + 1:
                return f"a word of {longest} in {widget.contentsRect().width()}"
            return "" if widget.height() >= needed - 1 else f"{widget.height()} high, {needed} needed"
        hint = widget.sizeHint()
        whole = widget.width() >= hint.width() - 1 and widget.height() >= hint.height() - 1
        return "" if whole else f"{widget.size().toTuple()} of {hint.toTuple()}"
    if isinstance(widget, QAbstractButton):
        if not widget.text() or isinstance(widget.parentWidget(), QLineEdit):  # a field's own buttons show icons alone
            return ""
        hint = widget.sizeHint()
        whole = widget.width() >= hint.width() - 1 and widget.height() >= hint.height() - 1
        return "" if whole else f"{widget.size().toTuple()} of {hint.toTuple()}"
    return ""


def overlapping(shown: QWidget) -> list[tuple[str, str]]:
    """Pairs of siblings with words or keys on them that lie over each other."""
    found = []
    kinds = (QLabel, QAbstractButton, QLineEdit)
    for parent in [shown, *shown.findChildren(QWidget)]:
        children = [
            child
            for child in parent.children()
            if isinstance(child, kinds) and child.isVisible() and not isinstance(child, DropOverlay)
        ]
        for number, one in enumerate(children):
            for other in children[number + 1 :]:
                if one.geometry().adjusted(1, 1, -1, -1).intersects(other.geometry().adjusted(1, 1, -1, -1)):
                    found.append((described(one), described(other)))
    return found


def described(widget: QWidget) -> str:
    text = widget.text() if hasattr(widget, "text") else ""
    return f"{type(widget).__name__} {text!r} {widget.accessibleName()!r}"


# Screens on which some words were still cut at 200 % when they were last looked at: to be mended, and taken out here.
CUT = {
    ("adding", "en"),
    ("crashed", "en"),
    ("disk-full", "en"),
}
SCREENS = [
    pytest.param(state, language, marks=pytest.mark.xfail(reason="words are cut", strict=False))
    if (state, language) in CUT
    else (state, language)
    for state in STATES
    for language in LANGUAGES
]


@pytest.mark.parametrize(("state", "language"), SCREENS)
def test_at_twice_the_size_no_text_is_cut_and_nothing_overlaps(qapp, state, language):
    with staged(qapp, state, theme="light", language=language, text=200) as shown:
        cut = [
            (described(widget), why)
            for kind in (QLabel, QAbstractButton)
            for widget in visible(shown, kind)
            if not isinstance(widget.window(), QMenu) and (why := too_small(widget))
        ]
        assert cut == []
        assert overlapping(shown) == []
        inside = QRect(QPoint(0, 0), shown.size())
        outside = [
            described(widget)
            for kind in (QLabel, QAbstractButton, QLineEdit)
            for widget in visible(shown, kind)
            if (place := QRect(widget.mapTo(shown, QPoint(0, 0)), widget.size())).left() < inside.left() - 1
            or place.right() > inside.right() + 1
            or (not in_a_list(widget) and place.bottom() > inside.bottom() + 1)
        ]
        assert outside == []


# the keyboard alone


def press(key: Qt.Key) -> None:
    QTest.keyClick(QApplication.focusWidget(), key)


def tab_to(widget: QWidget) -> None:
    """Go to a control as one does who has no mouse."""
    for _ in range(80):
        if QApplication.focusWidget() is widget:
            return
        press(Qt.Key.Key_Tab)
    raise AssertionError(f"the focus never comes to {described(widget)}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_the_first_run_to_an_answer_by_keyboard_alone(qtbot, open_window, tmp_path, language):
    sample = tmp_path / "lease-alder-wharf.pdf"
    sample.write_bytes(b"x")
    desktop, connector = open_window(ScriptedEngine(installed=False), samples=(sample,))
    desktop.look.choose_language(language)
    window = desktop.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.composer.field.setFocus()
    assert window.empty.kind == "start"
    tab_to(window.empty.setup.get_button)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.empty.kind == "docs")
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    tab_to(window.empty.samples_button)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: connector.engine.added == [sample] and not desktop.library.busy)
    tab_to(window.composer.field)
    question = "How long?" if language == "en" else "多久？"
    if question.isascii():
        QTest.keyClicks(QApplication.focusWidget(), question)
    else:  # as an input method writes it
        written = QInputMethodEvent()
        written.setCommitString(question)
        QApplication.sendEvent(QApplication.focusWidget(), written)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desktop.chat.turns) and not desktop.chat.busy)
    assert desktop.chat.turns[-1].question == question
    assert desktop.chat.turns[-1].state == "complete"
    chip = next(
        button
        for button in window.transcript.findChildren(QPushButton)
        if button.isVisible() and button.property("role") in ("chip", "chip-quiet")
    )
    tab_to(chip)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(window.pane.sources_tab.isChecked)
    tab_to(window.sidebar.settings_button)
    press(Qt.Key.Key_Space)
    dialog = window.openings.settings_dialog
    qtbot.waitUntil(lambda: dialog is not None and dialog.isVisible())
    qtbot.waitUntil(lambda: QApplication.focusWidget() is dialog.search)
    tab_to(dialog.page.theme.button)
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.isVisible())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_sees_where_the_focus_is(qtbot, open_window, theme):
    desktop, _ = open_window()
    desktop.look.choose_theme(theme)
    window = desktop.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.composer.field.setFocus()
    unseen, met = [], 0
    start = QApplication.focusWidget()
    for _ in range(40):
        press(Qt.Key.Key_Tab)
        control = QApplication.focusWidget()
        if control is start:
            break
        if not isinstance(control, QAbstractButton):
            continue
        met += 1
        control.repaint()
        with_focus = control.grab().toImage()
        start.setFocus()
        control.repaint()
        without = control.grab().toImage()
        control.setFocus()
        if with_focus == without:
            unseen.append(described(control))
    assert met >= 6
    assert unseen == []
