"""What a chip opens: the type of a value, what the model saw of it, and the value, shown when it was asked for.

Nothing of it stays when it is closed.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studiolo.types import Mark, Revealed, Sides
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.privacy.kinds import kind_name
from studiolo_desktop.ui.privacy.value_chips import seen_of

_WIDTH = 320


class ValueCard(QDialog):
    """One value of a turn."""

    def __init__(self, look: Look, sides: Sides, mark: Mark, *, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._look = look
        tr = look.tr
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        self.setFixedWidth(look.sizes.px(_WIDTH))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame = QFrame()
        frame.setProperty("role", "panel")
        outer.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        column.setSpacing(Space.S)
        column.addWidget(label(kind_name(look, mark.type), role="strong"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.XS)
        grid.setColumnStretch(1, 1)
        self.seen = self._row(grid, 0, tr("value.seen"), seen_of(sides, mark))
        self.value = self._row(grid, 1, tr("value.value"), sides.shown[mark.start : mark.end])
        column.addLayout(grid)
        self.note = label(role="small", wrap=True)
        column.addWidget(self.note)
        row = QHBoxLayout()
        row.addStretch(1)
        self.copy_button = button(self._copy, text=tr("value.copy"))
        self.close_button = button(self.accept, text=tr("dialog.close"))
        row.addWidget(self.copy_button)
        row.addWidget(self.close_button)
        column.addLayout(row)
        self.setAccessibleName(kind_name(look, mark.type))
        self._say("value.restored" if mark.token else "value.masked")
        if mark.hidden:
            self.value.setText(tr("value.hidden"))
            self.copy_button.setVisible(False)
            self._say("value.opening" if mark.token else "value.no_token")
        self.close_button.setFocus()

    @staticmethod
    def _row(grid: QGridLayout, line: int, name: str, text: str) -> QLabel:
        grid.addWidget(label(name, role="small"), line, 0, Qt.AlignmentFlag.AlignTop)
        grid.setRowMinimumHeight(line, Space.XL)
        shown = label(text, wrap=True, selectable=True)
        shown.setAccessibleName(f"{name}: {text}")
        grid.addWidget(shown, line, 1)
        return shown

    def show_value(self, revealed: Revealed) -> None:
        """The engine has told the value, and written that down."""
        self.value.setText(revealed.value)
        self.value.setAccessibleName(f"{self._look.tr('value.value')}: {revealed.value}")
        self.copy_button.setVisible(True)
        self._say("value.recorded")
        self._fit()

    def show_problem(self, problem: Problem) -> None:
        """It did not."""
        self.note.setText(self._look.sentence(problem).what)
        set_role(self.note, "danger")
        self._fit()

    def open_at(self, point: QPoint) -> None:
        """Show it below a point of the screen, and within it."""
        self._fit()
        screen = QGuiApplication.screenAt(point) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        x = max(room.left(), min(point.x(), room.right() - self.width()))
        y = max(room.top(), min(point.y(), room.bottom() - self.height()))
        self.move(x, y)
        self.show()

    def _say(self, key: str) -> None:
        self.note.setText(self._look.tr(key))

    def _fit(self) -> None:
        """As high as its words need at this width; labels know that only once they have their font."""
        for words in self.findChildren(QLabel):
            words.ensurePolished()
        layout = self.layout()
        if layout is not None:
            layout.invalidate()
            layout.activate()
            self.setFixedHeight(layout.totalHeightForWidth(_WIDTH))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.value.text())
