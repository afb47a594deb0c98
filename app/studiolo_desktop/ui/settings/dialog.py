"""The settings in one window: grouped, searchable, each working at once."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.preferences import PreferencesModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label, rule
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.settings.page import GROUPS, Doors, SettingsPage


class SettingsDialog(QDialog):
    """All settings."""

    def __init__(
        self, look: Look, preferences: PreferencesModel, models: ModelsModel, doors: Doors, *, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._preferences = preferences
        self.page = SettingsPage(look, preferences, models, doors)
        self._headings: dict[str, QLabel] = {}
        self._rules: dict[str, QFrame] = {}
        self.resize(look.sizes.px(680), 680)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        self._title = label(role="title")
        self.search = QLineEdit()
        self.search.textChanged.connect(self._find)
        self.waiting = label(role="small", wrap=True)
        self.none = label(role="muted", wrap=True)
        for piece in (self._title, self.search, self.waiting, self.none):
            column.addWidget(piece)
        self._list = ScrollColumn(margin=0, gap=0)
        self._list.column.setContentsMargins(0, 0, Space.M, 0)
        for group in GROUPS:
            self._headings[group] = label(role="section")
            self._headings[group].setContentsMargins(0, Space.L, 0, Space.XS)
            self._list.append(self._headings[group])
            for row in self.page.groups[group]:
                self._rules[row.key] = rule()
                self._list.append(self._rules[row.key])
                self._list.append(row)
        column.addWidget(self._list, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        self._close = button(self.accept)
        foot.addWidget(self._close)
        column.addLayout(foot)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)
        self.search.setFocus()
        preferences.changed.connect(self.refresh)
        preferences.window_changed.connect(self.refresh)
        preferences.refused.connect(self._refused)
        models.changed.connect(self.refresh)
        look.changed.connect(self.relook)
        self.relook()

    @Slot()
    def refresh(self) -> None:
        """Show what is set."""
        self.waiting.setVisible(not self._preferences.reachable)
        self.page.refresh()

    @Slot()
    def relook(self) -> None:
        """New words."""
        tr = self._look.tr
        self.setWindowTitle(tr("settings.title"))
        self._title.setText(tr("settings.title"))
        self.search.setPlaceholderText(tr("settings.search"))
        self.search.setAccessibleName(tr("settings.search"))
        self.waiting.setText(tr("settings.waiting"))
        self.none.setText(tr("settings.none"))
        self._close.setText(tr("dialog.close"))
        for group, heading in self._headings.items():
            heading.setText(tr(f"settings.group_{group}"))
        self.page.relook()
        self.refresh()
        self._find()

    @Slot()
    def _find(self) -> None:
        """Show the rows that are about what is typed."""
        words = self.search.text().casefold().split()
        found = {row.key for row in self.page.rows if row.says(words)}
        for group, heading in self._headings.items():
            of_group = self.page.groups[group]
            whole = bool(words) and all(word in heading.text().casefold() for word in words)
            for row in of_group:
                shown = row.key in found or whole
                row.setVisible(shown)
                self._rules[row.key].setVisible(shown)
                found |= {row.key} if whole else set()
            heading.setVisible(any(row.key in found for row in of_group))
        self.none.setVisible(not found)

    @Slot(str, object)
    def _refused(self, name: str, problem: Problem) -> None:
        sentence = self._look.sentence(problem)
        self.page.refused(name, f"{sentence.what} {sentence.todo}".strip())
