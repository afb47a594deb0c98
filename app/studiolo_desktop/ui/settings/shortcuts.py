"""Every key that does something, in one list: those of the window itself, and a few that its parts know."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label
from studiolo_desktop.ui.common.scroll import ScrollColumn

# What the field where one writes, lists and Qt itself know; (keys, key of the text)
OF_PARTS = (
    ("Return", "shortcuts.send"),
    ("Shift+Return", "shortcuts.line"),
    ("Del", "shortcuts.delete"),
    ("Tab, Shift+Tab", "shortcuts.next"),
)


def shortcut(keys: QKeySequence, key: str, window: QWidget) -> QShortcut:
    """A shortcut of the window; `key` is the text that the overview says of it."""
    made = QShortcut(keys, window)
    made.setWhatsThis(key)
    return made


class ShortcutsDialog(QDialog):
    """The overview."""

    def __init__(self, look: Look, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        tr = look.tr
        self.setWindowTitle(tr("shortcuts.title"))
        self.resize(look.sizes.px(460), look.sizes.px(480))
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        column.addWidget(label(tr("shortcuts.title"), role="title"))
        holder = QWidget()
        holder.setProperty("role", "clear")
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, Space.M, 0)
        grid.setHorizontalSpacing(Space.XL)
        grid.setVerticalSpacing(Space.S + 2)
        grid.setColumnStretch(0, 1)
        self.lines = listed(window)
        for number, (keys, key) in enumerate(self.lines):
            grid.addWidget(label(tr(key), wrap=True), number, 0)
            shown = label(keys, role="badge-quiet")
            grid.addWidget(shown, number, 1, Qt.AlignmentFlag.AlignRight)
        scroll = ScrollColumn(margin=0, gap=0)
        scroll.append(holder)
        column.addWidget(scroll, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        close = button(self.accept, text=tr("dialog.close"))
        foot.addWidget(close)
        column.addLayout(foot)
        close.setFocus()


def listed(window: QWidget) -> list[tuple[str, str]]:
    """Keys as the system writes them, and the key of what they do."""
    own = [
        (made.key().toString(QKeySequence.SequenceFormat.NativeText), made.whatsThis())
        for made in window.findChildren(QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if made.whatsThis()
    ]
    return [*own, *OF_PARTS]
