"""The rows of the documents pane, as a person sees and uses them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studiolo_desktop.ui.library.pane import DocumentsPane
from studiolo_desktop.ui.library.rows import WORDS


def words(pane: DocumentsPane) -> dict[str, str]:
    """The second line of each row, by the name above it."""
    pane.refresh()
    rows = pane.list.rows
    indexes = [rows.index(number) for number in range(rows.rowCount())]
    return {index.data(): index.data(WORDS) for index in indexes}


def choose(pane: DocumentsPane, name: str) -> None:
    """Go to a row, as the arrow keys do."""
    pane.refresh()
    rows = pane.list.rows
    names = [row.name for row in rows.rows]
    pane.list.setCurrentIndex(rows.index(names.index(name)))


def click(qtbot: QtBot, pane: DocumentsPane, name: str) -> None:
    """Click on a row."""
    choose(pane, name)
    middle = pane.list.visualRect(pane.list.currentIndex()).center()
    qtbot.mouseClick(pane.list.viewport(), Qt.MouseButton.LeftButton, pos=middle)
