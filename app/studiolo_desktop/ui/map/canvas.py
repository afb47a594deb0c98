"""The picture: points coloured by document. The pointer shows what a point is, a click opens it; the arrow keys go from
point to point, Enter opens. Points are painted once and kept as a picture; only the chosen one is drawn over it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from studiolo.types import LibraryMap, MapPoint
from studiolo_desktop.look import Look
from studiolo_desktop.theme import RADIUS_SMALL, Space
from studiolo_desktop.ui.map.scene import Direction, Form, Scene, Style, first_words, styles

MARGIN = 28.0
TIP_WIDTH = 300
TIP_WORDS = 110
_KEYS: dict[int, Direction] = {
    Qt.Key.Key_Left.value: "left",
    Qt.Key.Key_Right.value: "right",
    Qt.Key.Key_Up.value: "up",
    Qt.Key.Key_Down.value: "down",
}


class MapCanvas(QWidget):
    """The points of one map."""

    chosen_changed = Signal(object)  # MapPoint or None
    opened = Signal(object)  # MapPoint

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._map: LibraryMap | None = None
        self._styles: dict[str, Style] = {}
        self._scene: Scene | None = None
        self._kept: QPixmap | None = None
        self._chosen: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 200)

    def show_map(self, found: LibraryMap | None) -> None:
        """Show a map."""
        self._map = found
        self._styles = styles(found) if found is not None else {}
        self._chosen = None
        self._arrange()

    def relook(self) -> None:
        """New colours."""
        self._kept = None
        self.update()

    @property
    def chosen(self) -> MapPoint | None:
        """The point that the pointer or the keys are at."""
        if self._map is None or self._chosen is None:
            return None
        return self._map.points[self._chosen]

    def style_of(self, document_id: str) -> Style:
        """How a document's points look."""
        return self._styles[document_id]

    def documents(self) -> list[tuple[str, str]]:
        """(id, name) of the documents on the map, the ones with the most points first."""
        names = {point.document_id: point.document for point in self._map.points} if self._map is not None else {}
        return [(document, names[document]) for document in self._styles]

    def place_of(self, number: int) -> QPointF:
        """Where a point is drawn, in pixels of this widget."""
        assert self._scene is not None
        return QPointF(*self._scene.places[number])

    def choose(self, number: int | None) -> None:
        """Be at a point."""
        if number == self._chosen:
            return
        self._chosen = number
        point = self.chosen
        self.setCursor(Qt.CursorShape.PointingHandCursor if point is not None else Qt.CursorShape.ArrowCursor)
        self.setAccessibleDescription(self._words(point) if point is not None else "")
        self.chosen_changed.emit(point)
        self.update()

    def sizeHint(self) -> QSize:
        """As much room as there is."""
        return QSize(640, 480)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """What lies under the pointer."""
        if self._scene is not None:
            self.choose(self._scene.at(event.position().x(), event.position().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open it."""
        if event.button() == Qt.MouseButton.LeftButton and self._scene is not None:
            self.choose(self._scene.at(event.position().x(), event.position().y()))
            self._open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From point to point, and open one."""
        direction = _KEYS.get(event.key())
        if self._scene is not None and self._scene.places and direction is not None:
            self.choose(0 if self._chosen is None else self._scene.beside(self._chosen, direction))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The points take the room there is."""
        super().resizeEvent(event)
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - the whole is cheap to draw
        """The kept picture, and over it the point one is at."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._kept is None:
            self._kept = self._picture()
        painter.drawPixmap(0, 0, self._kept)
        point = self.chosen
        if point is not None and self._chosen is not None:
            self._paint_chosen(painter, point, self.place_of(self._chosen))
        elif self.hasFocus():
            painter.setPen(QPen(QColor(self._look.tokens.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)

    def _arrange(self) -> None:
        self._kept = None
        self._scene = None
        if self._map is not None:
            self._scene = Scene(self._map, width=self.width(), height=self.height(), margin=MARGIN)
        self.update()

    def _radius(self) -> float:
        """Smaller the more there are."""
        count = len(self._map.points) if self._map is not None else 0
        return 6.0 if count < 100 else 4.5 if count < 600 else 3.2

    def _picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        if self._map is None or self._scene is None:
            return picture
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        theme, radius = self._look.tokens.name, self._radius()
        for point, place in zip(self._map.points, self._scene.places, strict=True):
            style = self._styles[point.document_id]
            ink = QColor(style.ink(theme))
            ink.setAlphaF(0.82)
            painter.setBrush(ink)
            draw_form(painter, style.form, QPointF(*place), radius)
        painter.end()
        return picture

    def _paint_chosen(self, painter: QPainter, point: MapPoint, place: QPointF) -> None:
        tokens = self._look.tokens
        style = self._styles[point.document_id]
        painter.setPen(QPen(QColor(tokens.text), 1.6))
        painter.setBrush(QColor(style.ink(tokens.name)))
        draw_form(painter, style.form, place, self._radius() + 2.5)
        metrics = QFontMetrics(self.font())
        width = min(TIP_WIDTH, self.width() - 2 * Space.S)
        inner = width - 2 * Space.M
        flags = Qt.TextFlag.TextWordWrap.value
        words = first_words(point, TIP_WORDS)
        body = metrics.boundingRect(0, 0, inner, 400, flags, words)
        height = metrics.height() + Space.XS + body.height() + 2 * Space.S
        left = place.x() + 14 if place.x() + 14 + width <= self.width() else place.x() - 14 - width
        box = QRectF(
            max(Space.S, min(left, self.width() - width - Space.S)),
            max(Space.S, min(place.y() - height / 2, self.height() - height - Space.S)),
            width,
            height,
        )
        painter.setPen(QPen(QColor(tokens.line_strong), 1))
        painter.setBrush(QColor(tokens.surface))
        painter.drawRoundedRect(box, RADIUS_SMALL, RADIUS_SMALL)
        head = QRectF(box.left() + Space.M, box.top() + Space.S, inner, metrics.height())
        painter.setPen(QColor(tokens.text))
        painter.drawText(head, 0, metrics.elidedText(self._where(point), Qt.TextElideMode.ElideMiddle, int(inner)))
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QRectF(head.left(), head.bottom() + Space.XS, inner, body.height() + 4), flags, words)

    def _where(self, point: MapPoint) -> str:
        where = self._look.tr("sources.page", page=point.page) if point.page else point.label
        return f"{point.document}, {where}" if where else point.document

    def _words(self, point: MapPoint) -> str:
        return f"{self._where(point)}: {first_words(point, TIP_WORDS)}"

    def _open(self) -> None:
        if self.chosen is not None:
            self.opened.emit(self.chosen)


def draw_form(painter: QPainter, form: Form, centre: QPointF, radius: float) -> None:
    """A form of about the same size as the others."""
    if form == "circle":
        painter.drawEllipse(centre, radius, radius)
        return
    if form == "square":
        half = radius * 0.88
        painter.drawRect(QRectF(centre.x() - half, centre.y() - half, 2 * half, 2 * half))
        return
    high = radius * 1.2
    corners = {
        "triangle": [(0.0, -high), (high, high * 0.8), (-high, high * 0.8)],
        "diamond": [(0.0, -high), (high, 0.0), (0.0, high), (-high, 0.0)],
    }[form]
    painter.drawPolygon(QPolygonF([QPointF(centre.x() + x, centre.y() + y) for x, y in corners]))
