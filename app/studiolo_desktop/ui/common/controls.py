"""Small controls in the house's look, each with an accessible name. They know the look and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from studiolo_desktop.look import Look


def set_role(widget: QWidget, role: str) -> None:
    """Name the part a widget plays, and let the style sheet see it."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        restyle(widget)


def restyle(widget: QWidget) -> None:
    """Read the style sheet again after a property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def label(text: str = "", *, role: str = "", wrap: bool = False, selectable: bool = False) -> QLabel:
    """A text. Always plain: a document's name must not become markup."""
    result = QLabel()
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setText(text)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    if selectable:
        result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return result


class ElidedLabel(QLabel):
    """One line that ends in an ellipsis where it does not fit, with the whole text as its tooltip."""

    def __init__(
        self, *, role: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""
        self._mode = mode
        if role:
            self.setProperty("role", role)

    def set_whole(self, text: str) -> None:
        """Show this text."""
        self._whole = text
        self.setAccessibleName(text)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide anew."""
        super().resizeEvent(event)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(20, super().minimumSizeHint().height())

    def _elide(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._whole, self._mode, self.width())
        super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


class IconButton(QToolButton):
    """A button that is an icon; its name is its tooltip and what a screen reader says."""

    def __init__(
        self, look: Look, icon: str, on_click: Callable[[], None], *, size_px: int = 20, colour: str = ""
    ) -> None:
        super().__init__()
        self._look = look
        self._icon = icon
        self._size_px = size_px
        self._colour = colour  # the name of a token
        self._fixed: tuple[int, int] | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda _checked=False: on_click())
        self.repaint_icon()

    def set_icon(self, icon: str) -> None:
        """Another picture."""
        self._icon = icon
        self.repaint_icon()

    def name(self, text: str) -> None:
        """Tooltip and accessible name."""
        self.setToolTip(text)
        self.setAccessibleName(text)

    def repaint_icon(self) -> None:
        """In the colours of now."""
        colour = str(getattr(self._look.tokens, self._colour)) if self._colour else ""
        size_px = self._look.sizes.px(self._size_px)
        self.setIconSize(QSize(size_px, size_px))
        self.setIcon(self._look.icon(self._icon, colour=colour, size_px=size_px))
        if self._fixed is not None:
            super().setFixedSize(*(self._look.sizes.px(side) for side in self._fixed))

    def fix_size(self, width: int, height: int) -> None:
        """So large and no larger, at the system's size of text; it grows with the text."""
        self._fixed = (width, height)
        self.repaint_icon()


class MenuButton(QPushButton):
    """A button that opens a menu, with a small arrow at its end that says so."""

    def __init__(self, look: Look, *, role: str) -> None:
        super().__init__()
        self._look = look
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setProperty("role", role)
        # Not setMenu(): with a style sheet, Qt then places the icon as if there were no padding.
        self.menu_ = QMenu(self)
        self.clicked.connect(self._open)

    def _open(self) -> None:
        self.menu_.setMinimumWidth(self.width())
        self.menu_.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def set_words(self, text: str) -> None:
        """The text beside the icon."""
        self.setText(" " + text.replace("&", "&&"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The button, then its arrow."""
        super().paintEvent(event)
        side = self._look.sizes.px(16)
        arrow = self._look.pixmap("chevron-down", size_px=side)
        painter = QPainter(self)
        painter.drawPixmap(self.width() - side - 9, (self.height() - side) // 2, arrow)


def button(on_click: Callable[[], None], *, role: str = "", text: str = "") -> QPushButton:
    """A button with a text."""
    result = QPushButton(text)
    result.setAutoDefault(False)
    result.setCursor(Qt.CursorShape.PointingHandCursor)
    if role:
        result.setProperty("role", role)
    result.clicked.connect(lambda _checked=False: on_click())
    return result


def rule() -> QFrame:
    """A hairline."""
    line = QFrame()
    line.setProperty("role", "rule")
    line.setFixedHeight(1)
    return line
