"""Pseudonyms: which stand for somebody, whose values they are when one asks, and forgetting them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.pseudonyms import PseudonymsModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.privacy.choice import Choice
from studiolo_desktop.ui.privacy.kinds import kind_name
from studiolo_desktop.ui.privacy.table import Table

_VALUE = 2
_HIDDEN = "••••••"


class NamesPage(QWidget):
    """One page of the privacy dialog."""

    def __init__(self, look: Look, names: PseudonymsModel) -> None:
        super().__init__()
        self._look = look
        self._names = names
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        self._intro = label(role="muted", wrap=True)
        column.addWidget(self._intro)
        tools = QHBoxLayout()
        tools.setSpacing(Space.S)
        self.library = Choice(look)
        self.reveal_button = button(self._reveal)
        tools.addWidget(self.library)
        tools.addStretch(1)
        tools.addWidget(self.reveal_button)
        column.addLayout(tools)
        self.table = Table(look, wide=_VALUE)
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setSpacing(Space.S)
        self.note = label(role="small", wrap=True)
        self.forget_button = button(self._ask_forget)
        self.forget_all_button = button(self._ask_forget_all)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.forget_button)
        foot.addWidget(self.forget_all_button)
        column.addLayout(foot)
        self.library.chosen.connect(names.open)
        self.table.itemSelectionChanged.connect(self._refresh_buttons)
        names.changed.connect(self._fill)
        names.erased.connect(self._erased)
        self.relook()

    def enter(self) -> None:
        """The page is shown, without values."""
        self._names.open(self._names.name)

    def leave(self) -> None:
        """It is out of sight: so are the values."""
        self._names.hide()

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._intro.setText(tr("names.intro"))
        self.forget_button.setText(tr("names.forget"))
        self.forget_all_button.setText(tr("names.forget_all"))
        self._fill()

    @Slot()
    def _fill(self) -> None:
        tr, names = self._look.tr, self._names
        libraries = [(name, self._look.library_name(name)) for name in names.libraries]
        self.library.offer(libraries, value=names.name, what=tr("sidebar.library"))
        self.reveal_button.setText(tr("names.hide") if names.revealed else tr("names.reveal"))
        heads = (tr("names.token"), tr("names.type"), tr("names.value"), tr("names.same"))
        rows = [
            (
                one.token,
                kind_name(self._look, one.type),
                one.value if names.revealed else _HIDDEN,
                ", ".join(one.same_as),
            )
            for one in names.items
        ]
        self.table.fill(heads, rows, name=tr("names.table"))
        problem = names.problem
        if problem is not None:
            self._say(self._look.sentence(problem).what, "danger")
        elif not names.items:
            self._say(tr("names.none"), "small")
        else:
            self._say(tr.count("names.count", len(names.items)), "small")
        self._refresh_buttons()

    @Slot()
    def _refresh_buttons(self) -> None:
        self.reveal_button.setEnabled(bool(self._names.items))
        self.forget_button.setEnabled(0 <= self.table.currentRow() < len(self._names.items))
        self.forget_all_button.setEnabled(bool(self._names.items))

    def _say(self, words: str, role: str) -> None:
        self.note.setText(words)
        set_role(self.note, role)

    def _reveal(self) -> None:
        if self._names.revealed:
            self._names.hide()
        else:
            self._names.open(self._names.name, reveal=True)

    def _ask_forget(self) -> None:
        row = self.table.currentRow()
        if not 0 <= row < len(self._names.items):
            return
        token = self._names.items[row].token
        self._ask(self._look.tr("names.forget_sure", token=token), lambda: self._names.forget(token))

    def _ask_forget_all(self) -> None:
        library = self._look.library_name(self._names.name)
        self._ask(self._look.tr("names.forget_all_sure", library=library), self._names.forget_all)

    def _ask(self, text: str, do: Callable[[], None]) -> None:
        dialog = Confirm(self._look, text=text, yes=self._look.tr("names.forget_yes"), parent=self.window())
        dialog.accepted.connect(do)
        dialog.open()

    @Slot(int)
    def _erased(self, count: int) -> None:
        self._say(self._look.tr.count("names.erased", count), "good")
