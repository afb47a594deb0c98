"""The rows of a library as a list model: files on their way first, then the documents that are there.

One row is one line of values, painted by `RowDelegate`, so that thousands cost what is seen of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from studiolo.types import Document, DocumentStatus
from studiolo_desktop.look import Look
from studiolo_desktop.models.library import FileRow
from studiolo_desktop.ui.library.words import document_words, file_words

Row = FileRow | Document
ROW = Qt.ItemDataRole.UserRole
WORDS = Qt.ItemDataRole.UserRole + 1  # the second line
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def key_of(row: Row) -> str:
    """What a row is known by while its values change."""
    return f"document {row.id}" if isinstance(row, Document) else f"file {row.path}"


def is_bad(row: Row) -> bool:
    """Whether something about the row is to be looked after."""
    if isinstance(row, Document):
        return row.status in (DocumentStatus.FAILED, DocumentStatus.PARTIAL)
    return row.state == "failed"


class RowsModel(QAbstractListModel):
    """The rows shown."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}

    @property
    def rows(self) -> list[Row]:
        """The rows in order."""
        return self._rows

    def show(self, rows: Sequence[Row]) -> bool:
        """Show these rows; whether they are others than before, or in another order."""
        keys = [key_of(row) for row in rows]
        if keys == list(self._at):
            changed = [
                i for i, (old, new) in enumerate(zip(self._rows, rows, strict=True)) if old is not new and old != new
            ]
            self._rows = list(rows)
            if changed:
                self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
            return False
        self.beginResetModel()
        self._rows = list(rows)
        self._at = {key: number for number, key in enumerate(keys)}
        self.endResetModel()
        return True

    def touch(self, row: Row) -> None:
        """The values of a row have changed."""
        number = self.place_of(key_of(row))
        if number is not None:
            self.dataChanged.emit(self.index(number), self.index(number))

    def touch_all(self) -> None:
        """New words, new colours."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def place_of(self, key: str) -> int | None:
        """Where the row of that key stands."""
        return self._at.get(key)

    def words(self, row: Row) -> str:
        """The second line of a row."""
        return document_words(self._look, row) if isinstance(row, Document) else file_words(self._look, row)

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """How many rows."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The name, the words below it, and for a screen reader both."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        value: object = None
        if role == Qt.ItemDataRole.DisplayRole:
            value = row.name
        elif role == ROW:
            value = row
        elif role == WORDS:
            value = self.words(row)
        elif role == Qt.ItemDataRole.ToolTipRole:
            value = f"{row.name}\n{self.words(row)}"
        elif role == Qt.ItemDataRole.AccessibleTextRole:
            value = f"{row.name}: {self.words(row)}"
        return value
