"""The list of files and documents: by mouse, by keyboard, with a menu for what can be done with a row."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListView, QMenu

from studiolo.types import Document
from studiolo_desktop.look import Look
from studiolo_desktop.ui.library.row_delegate import RowDelegate
from studiolo_desktop.ui.library.rows import ROW, Row, RowsModel, key_of


class RowsView(QListView):
    """Opens a row by a click or Enter; Delete takes it away; the menu key says what else there is."""

    open_wanted = Signal(object)  # Row
    remove_wanted = Signal(object)
    retry_wanted = Signal(object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.rows = RowsModel(look)
        self._delegate = RowDelegate(look)
        self.setModel(self.rows)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu_at)
        self.clicked.connect(self._clicked)

    def show_rows(self, rows: list[Row]) -> None:
        """Show these rows; the one that was chosen stays chosen."""
        chosen = self.current()
        scrolled = self.verticalScrollBar().value()
        if self.rows.show(rows) and chosen is not None:
            place = self.rows.place_of(key_of(chosen))
            if place is not None:
                self.setCurrentIndex(self.rows.index(place))
            self.verticalScrollBar().setValue(scrolled)

    def current(self) -> Row | None:
        """The row that was chosen."""
        found: Row | None = self.currentIndex().data(ROW)
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Delete removes."""
        row = self.current()
        if row is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.open_wanted.emit(row)
        elif row is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit(row)
        else:
            super().keyPressEvent(event)

    def menu_for(self, row: Row) -> QMenu:
        """What can be done with a row."""
        tr = self._look.tr
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        if isinstance(row, Document):
            menu.addAction(tr("docs.open")).triggered.connect(lambda: self.open_wanted.emit(row))
            remove = menu.addAction(self._look.icon("trash"), tr("viewer.remove"))
            remove.triggered.connect(lambda: self.remove_wanted.emit(row))
        elif row.state == "failed":
            menu.addAction(tr("notice.try_again")).triggered.connect(lambda: self.retry_wanted.emit(row))
            menu.addAction(tr("file.dismiss")).triggered.connect(lambda: self.remove_wanted.emit(row))
        return menu

    def _clicked(self, index: QModelIndex) -> None:
        row: Row | None = index.data(ROW)
        if row is not None:
            self.open_wanted.emit(row)

    def _menu_at(self, point: QPoint) -> None:
        index = self.indexAt(point)
        row: Row | None = index.data(ROW) if index.isValid() else self.current()
        if row is not None:
            menu = self.menu_for(row)
            if menu.actions():
                menu.popup(self.viewport().mapToGlobal(point))
