"""A table of texts to be read: rows that can be chosen, columns as wide as what they hold, the last one the widest."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from studiolo_desktop.look import Look


class Table(QTableWidget):
    """Texts in rows and columns."""

    def __init__(self, look: Look, *, wide: int = 0) -> None:
        """`wide`: the column that takes the room that is left."""
        super().__init__()
        self._look = look
        self._wide = wide
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the table, arrows move in it
        self.setWordWrap(False)
        self.verticalHeader().setVisible(False)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def fill(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, name: str, bad: Collection[int] = ()
    ) -> None:
        """Show these rows; `bad` are those to be seen first."""
        self.setAccessibleName(name)
        before = self.item(self.currentRow(), 0)
        chosen = "" if before is None else before.text()
        self.setColumnCount(len(heads))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(list(heads))
        danger = QColor(self._look.tokens.danger)
        for line, row in enumerate(rows):
            for place, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if line in bad:
                    item.setForeground(danger)
                self.setItem(line, place, item)
        header = self.horizontalHeader()
        for place in range(len(heads)):
            stretch = place == self._wide
            mode = QHeaderView.ResizeMode.Stretch if stretch else QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(place, mode)
        again = next((line for line, row in enumerate(rows) if row[0] == chosen), -1)
        self.setCurrentCell(again, 0 if again >= 0 else -1)
