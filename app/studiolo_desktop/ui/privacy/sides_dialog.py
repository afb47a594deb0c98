"""A turn from both sides: what the person reads on the left, what the model saw on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from studiolo.types import Screening, Sides
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.chat.rich_text import FittedBrowser
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.privacy.value_chips import units_before


class SideText(FittedBrowser):
    """A text with the stretches marked in which the other side differs."""

    def __init__(self, look: Look, text: str, stretches: list[tuple[int, int]], *, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlainText(text)
        mark = QTextCharFormat()
        mark.setBackground(QColor(look.tokens.veil))
        mark.setForeground(QColor(look.tokens.veil_ink))
        for start, end in stretches:
            cursor = QTextCursor(self.document())
            cursor.setPosition(units_before(text, start))
            cursor.setPosition(units_before(text, end), QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(mark)


class SidesDialog(QDialog):
    """What the model saw."""

    def __init__(self, look: Look, *, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        tr = look.tr
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        self.setWindowTitle(tr("sides.title"))
        self.resize(940, 660)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(label(tr("sides.title"), role="title"))
        self.note = label(tr("sides.loading"), role="muted", wrap=True)
        column.addWidget(self.note)
        heads = QHBoxLayout()
        heads.setContentsMargins(Space.M, Space.S, Space.XL, 0)
        heads.setSpacing(Space.XL)
        heads.addWidget(label(tr("sides.yours"), role="section"), 1)
        heads.addWidget(label(tr("sides.models"), role="section"), 1)
        column.addLayout(heads)
        self._list = ScrollColumn(margin=0, gap=Space.S)
        self._list.column.setContentsMargins(0, 0, Space.M, 0)
        column.addWidget(self._list, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        self.close_button = button(self.accept, text=tr("dialog.close"))
        foot.addWidget(self.close_button)
        column.addLayout(foot)
        self.close_button.setFocus()
        self.pairs: list[tuple[SideText, SideText]] = []

    def show_screening(self, screening: Screening) -> None:
        """The engine has told it."""
        tr = self._look.tr
        every = (screening.question, screening.answer, *screening.prompt)
        hidden = sum(len(sides.marks) for sides in every)
        self.note.setText(tr.count("sides.hidden", hidden) if hidden else tr("sides.same"))
        self._section(tr("chat.question"), screening.question)
        if screening.answer.shown:
            self._section(tr("chat.answer"), screening.answer)
        self._list.append(label(tr("sides.prompt"), role="section"))
        if not screening.prompt:
            self._list.append(label(tr("sides.gone"), role="small", wrap=True))
        for sides in screening.prompt:
            if sides.seen.strip():
                self._pair(sides, tr("sides.prompt"))

    def show_problem(self, problem: Problem) -> None:
        """It could not."""
        sentence = self._look.sentence(problem)
        self.note.setText(f"{sentence.what} {sentence.todo}".strip())
        set_role(self.note, "danger")

    def _section(self, title: str, sides: Sides) -> None:
        self._list.append(label(title, role="section"))
        self._pair(sides, title)

    def _pair(self, sides: Sides, name: str) -> None:
        tr = self._look.tr
        row = QFrame()
        row.setProperty("role", "panel")
        grid = QGridLayout(row)
        grid.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        grid.setHorizontalSpacing(Space.XL)
        shown, seen = sides.shown.strip("\n"), sides.seen.strip("\n")
        shift = len(sides.shown) - len(sides.shown.lstrip("\n"))
        seen_shift = len(sides.seen) - len(sides.seen.lstrip("\n"))
        left = SideText(
            self._look,
            shown,
            [(mark.start - shift, mark.end - shift) for mark in sides.marks],
            name=f"{name}: {tr('sides.yours')}",
        )
        right = SideText(
            self._look,
            seen,
            [(mark.seen_start - seen_shift, mark.seen_end - seen_shift) for mark in sides.marks],
            name=f"{name}: {tr('sides.models')}",
        )
        for place, side in enumerate((left, right)):
            grid.addWidget(side, 0, place, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(place, 1)
        self.pairs.append((left, right))
        self._list.append(row)
