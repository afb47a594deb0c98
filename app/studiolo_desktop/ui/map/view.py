"""The map of the library in the middle of the window: the picture or a list of the same passages, and whose they are.

States: being drawn; points (of a sample, which is said); a list; nothing in the library; nothing embedded yet; a
problem.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studiolo.types import LibraryMap, MapPoint
from studiolo_desktop.look import Look
from studiolo_desktop.models.map import MapModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton, button, label
from studiolo_desktop.ui.common.flow import FlowLayout
from studiolo_desktop.ui.map.canvas import MapCanvas, draw_form
from studiolo_desktop.ui.map.scene import Style, first_words

MOST_NAMES = 8
NAME_WIDTH = 150
LIST_WORDS = 120
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class MapView(QWidget):
    """The map."""

    opened = Signal(object)  # MapPoint

    def __init__(self, look: Look, model: MapModel) -> None:
        super().__init__()
        self._look = look
        self._model = model
        self._shown: LibraryMap | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.M)
        column.setSpacing(Space.S)
        self.title = ElidedLabel(role="title")
        self.points_tab, self.list_tab = (button(self._switch, role="tab") for _ in range(2))
        self.close_button = IconButton(look, "close", model.close)
        column.addLayout(self._head())
        self.about = label(role="small", wrap=True)
        column.addWidget(self.about)
        self.canvas = MapCanvas(look)
        self.list = QListView()
        self.points = PointsModel(look)
        self.list.setModel(self.points)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setProperty("role", "plain")
        self.list.viewport().setAutoFillBackground(False)
        self.list.activated.connect(self._activated)
        self.list.clicked.connect(self._activated)
        self.message = QWidget()
        middle = QVBoxLayout(self.message)
        self.words = label(role="lead", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.again_button = button(model.refresh)
        middle.addStretch(1)
        middle.addWidget(self.words)
        middle.addWidget(self.again_button, 0, Qt.AlignmentFlag.AlignCenter)
        middle.addStretch(1)
        self.stack = QStackedWidget()
        for part in (self.message, self.canvas, self.list):
            self.stack.addWidget(part)
        column.addWidget(self.stack, 1)
        self.legend = QWidget()
        self._legend = FlowLayout(self.legend, gap=Space.M)
        column.addWidget(self.legend)
        self.canvas.opened.connect(self.opened)
        model.changed.connect(self.refresh)
        look.changed.connect(self.relook)
        self.relook()

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(Space.XS)
        head.addWidget(self.title, 1)
        group = QButtonGroup(self)
        group.setExclusive(True)
        for tab in (self.points_tab, self.list_tab):
            tab.setCheckable(True)
            group.addButton(tab)
            head.addWidget(tab)
        self.points_tab.setChecked(True)
        head.addSpacing(Space.S)
        head.addWidget(self.close_button)
        return head

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.points_tab.setText(tr("map.as_points"))
        self.list_tab.setText(tr("map.as_list"))
        self.close_button.name(tr("map.close"))
        self.close_button.repaint_icon()
        self.again_button.setText(tr("notice.try_again"))
        self.canvas.relook()
        self._shown = None
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the model holds now."""
        model, tr = self._model, self._look.tr
        found = model.map
        name = self._look.library_name(found.library) if found is not None else ""
        self.title.set_whole(tr("map.name", name=name) if found is not None else tr("map.open"))
        self.setAccessibleName(tr("map.open"))
        self.canvas.setAccessibleName(f"{tr('map.open')}. {tr('map.keys')}")
        self.list.setAccessibleName(tr("map.open"))
        if found is not self._shown or found is None:
            self._shown = found
            self.canvas.show_map(found)
            self.points.show_map(found, self.canvas)
            self._fill_legend()
        self._refresh_about(found)
        self._switch()

    def _refresh_about(self, found: LibraryMap | None) -> None:
        tr = self._look.tr
        said = [tr("map.about")]
        if found is not None and len(found.points) < found.passages - found.without_vector:
            said.append(tr("map.sample", n=f"{len(found.points):,}", total=f"{found.passages:,}"))
        self.about.setText("  ".join(said))
        self.about.setVisible(found is not None and bool(found.points))

    @Slot()
    def _switch(self) -> None:
        """The picture, the list, or why there is neither."""
        model, tr = self._model, self._look.tr
        words = ""
        if model.problem is not None:
            sentence = self._look.sentence(model.problem)
            words = f"{sentence.what} {sentence.todo}".strip()
        elif model.map is None:
            words = tr("map.reading")
        elif not model.map.points:
            words = tr("map.no_vectors") if model.map.passages else tr("map.empty")
        self.again_button.setVisible(model.problem is not None)
        self.words.setText(words)
        drawn = not words
        for tab in (self.points_tab, self.list_tab):
            tab.setEnabled(drawn)
        self.legend.setVisible(drawn and self.points_tab.isChecked())
        shown = self.canvas if self.points_tab.isChecked() else self.list
        self.stack.setCurrentWidget(shown if drawn else self.message)

    def _fill_legend(self) -> None:
        while (item := self._legend.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for document, name in self.canvas.documents()[:MOST_NAMES]:
            self._legend.addWidget(self._entry(name, self.canvas.style_of(document)))
        more = len(self.canvas.documents()) - MOST_NAMES
        if more > 0:
            self._legend.addWidget(label(self._look.tr.count("map.more", more), role="small"))
        self.legend.updateGeometry()

    def _entry(self, name: str, style: Style) -> QWidget:
        entry = QWidget()
        row = QHBoxLayout(entry)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        mark = QLabel()
        mark.setPixmap(swatch(style, self._look.tokens.name))
        words = label(role="small")
        words.setText(words.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, NAME_WIDTH))
        words.setToolTip(name)
        row.addWidget(mark)
        row.addWidget(words)
        return entry

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        point = self.points.point(index)
        if point is not None:
            self.opened.emit(point)


class PointsModel(QAbstractListModel):
    """The points of a map as rows, in the order of documents and pages."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._points: list[MapPoint] = []
        self._styles: dict[str, Style] = {}

    def show_map(self, found: LibraryMap | None, canvas: MapCanvas) -> None:
        """Show the points of a map."""
        self.beginResetModel()
        points = found.points if found is not None else ()
        self._points = sorted(points, key=lambda point: (point.document, point.document_id, point.page))
        self._styles = {document: canvas.style_of(document) for document, _ in canvas.documents()}
        self.endResetModel()

    def point(self, index: _Index) -> MapPoint | None:
        """The point of a row."""
        return self._points[index.row()] if index.isValid() and index.row() < len(self._points) else None

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """How many points."""
        return 0 if parent.isValid() else len(self._points)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Document, page and first words; the document's mark as its picture."""
        point = self.point(index)
        if point is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            where = self._look.tr("sources.page", page=point.page) if point.page else point.label
            place = f"{point.document}, {where}" if where else point.document
            return f"{place}  ·  {first_words(point, LIST_WORDS)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return point.text
        if role == Qt.ItemDataRole.DecorationRole:
            return swatch(self._styles[point.document_id], self._look.tokens.name)
        return None


def swatch(style: Style, theme: str) -> QPixmap:
    """The mark of a document, as a small picture."""
    side, ratio = 14, 2.0
    picture = QPixmap(QSize(round(side * ratio), round(side * ratio)))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(style.ink(theme)))
    draw_form(painter, style.form, QPointF(side / 2, side / 2), 5.0)
    painter.end()
    return picture
