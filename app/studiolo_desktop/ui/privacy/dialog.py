"""Everything about privacy in one dialog: the seal, the policy, the audit, the pseudonyms, reading ahead."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol, cast

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.privacy import PrivacyModels
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label
from studiolo_desktop.ui.privacy.ahead_page import AheadPage
from studiolo_desktop.ui.privacy.audit_page import AuditPage
from studiolo_desktop.ui.privacy.names_page import NamesPage
from studiolo_desktop.ui.privacy.policy_page import PolicyPage
from studiolo_desktop.ui.privacy.seal_page import SealPage


class Page(Protocol):
    """What the dialog asks of a page, which is a widget."""

    def enter(self) -> None:
        """It is shown: what may have changed is read again."""
        ...

    def leave(self) -> None:
        """It is out of sight."""
        ...

    def relook(self) -> None:
        """New words, new colours."""
        ...


class PrivacyDialog(QDialog):
    """The pages, and one tab for each."""

    def __init__(self, look: Look, pages: Mapping[str, QWidget], *, parent: QWidget) -> None:
        """`pages` by name, each a `Page`; `privacy.NAME` is the text of its tab."""
        super().__init__(parent)
        self._look = look
        self.pages = dict(pages)
        self.resize(920, 700)
        self._page = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        self._title = label(role="title")
        column.addWidget(self._title)
        tabs = QHBoxLayout()
        tabs.setSpacing(Space.XS)
        self._group = QButtonGroup(self)
        self.tabs = {name: button(partial(self.open_page, name), role="tab") for name in self.pages}
        for tab in self.tabs.values():
            tab.setCheckable(True)
            self._group.addButton(tab)
            tabs.addWidget(tab)
        tabs.addStretch(1)
        column.addLayout(tabs)
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        column.addWidget(self.stack, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        self.close_button = button(self.accept)
        foot.addWidget(self.close_button)
        column.addLayout(foot)
        look.changed.connect(self._relook)
        self._relook()

    def open_page(self, name: str) -> None:
        """Turn to a page."""
        if self._page and self._page != name:
            self._at(self._page).leave()
        self._page = name
        self.tabs[name].setChecked(True)
        self.tabs[name].setFocus()
        self.stack.setCurrentWidget(self.pages[name])
        self._at(name).enter()

    def done(self, result: int) -> None:
        """The dialog is closed."""
        super().done(result)
        if self._page:
            self._at(self._page).leave()

    def _at(self, name: str) -> Page:
        return cast(Page, self.pages[name])

    @Slot()
    def _relook(self) -> None:
        tr = self._look.tr
        self.setWindowTitle(tr("privacy.title"))
        self._title.setText(tr("privacy.title"))
        self.close_button.setText(tr("dialog.close"))
        for name, tab in self.tabs.items():
            tab.setText(tr(f"privacy.{name}"))
            self._at(name).relook()


def privacy_dialog(look: Look, models: PrivacyModels, *, parent: QWidget) -> PrivacyDialog:
    """The dialog over these models."""
    pages: dict[str, QWidget] = {
        "seal": SealPage(look, models.seal),
        "policy": PolicyPage(look, models.policy),
        "audit": AuditPage(look, models.audit),
        "names": NamesPage(look, models.names),
        "ahead": AheadPage(look, models.ahead),
    }
    return PrivacyDialog(look, pages, parent=parent)
