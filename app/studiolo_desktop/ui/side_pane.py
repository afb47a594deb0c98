"""The right side: the sources of an answer, the documents of the library, or a page that was opened from either."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button
from studiolo_desktop.ui.library.pane import DocumentsPane
from studiolo_desktop.ui.sources.pane import SourcesPane
from studiolo_desktop.ui.viewer.pane import ViewerPane

WIDTH = 348


class SidePane(QWidget):
    """Two panes behind two tabs, and a page over them."""

    page_left = Signal()

    def __init__(self, look: Look, sources: SourcesPane, documents: DocumentsPane, viewer: ViewerPane) -> None:
        super().__init__()
        self._look = look
        self.sources = sources
        self.documents = documents
        self.viewer = viewer
        self.setProperty("role", "pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, on=True)
        self.setMinimumWidth(280)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(Space.M, Space.S + 2, Space.M, Space.XS)
        tabs.setSpacing(Space.XS)
        self.documents_tab = self._tab()
        self.sources_tab = self._tab()
        group = QButtonGroup(self)
        group.setExclusive(True)
        for tab in (self.documents_tab, self.sources_tab):
            group.addButton(tab)
            tabs.addWidget(tab)
        tabs.addStretch(1)
        column.addLayout(tabs)
        self._stack = QStackedWidget()
        self._stack.addWidget(documents)
        self._stack.addWidget(sources)
        self._stack.addWidget(viewer)
        column.addWidget(self._stack, 1)
        self.documents_tab.toggled.connect(self._toggled)
        self.documents_tab.setChecked(True)
        look.changed.connect(self.relook)
        self.relook()

    def show_sources(self) -> None:
        """Bring the sources forward."""
        self.sources_tab.setChecked(True)
        self.leave_page()

    def show_documents(self) -> None:
        """Bring the documents forward."""
        self.documents_tab.setChecked(True)
        self.leave_page()

    def show_page(self) -> None:
        """Bring the page that was opened forward; the focus goes with it where it was on this side."""
        focused = self._focused()
        self._stack.setCurrentWidget(self.viewer)
        if focused:
            self.viewer.take_focus()

    def leave_page(self) -> None:
        """Back to where the page was opened from."""
        left, focused = self.page_shown, self._focused()
        self._stack.setCurrentIndex(0 if self.documents_tab.isChecked() else 1)
        if left and focused:
            (self.documents if self.documents_tab.isChecked() else self.sources).take_focus()
        if left:
            self.page_left.emit()

    def _focused(self) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    @property
    def page_shown(self) -> bool:
        """Whether a page lies over the panes."""
        return self._stack.currentWidget() is self.viewer

    @Slot()
    def relook(self) -> None:
        """New words."""
        self.documents_tab.setText(self._look.tr("docs.title"))
        self.sources_tab.setText(self._look.tr("sources.title"))

    @Slot(bool)
    def _toggled(self, _documents: bool) -> None:
        self.leave_page()

    def _tab(self) -> QPushButton:
        tab = button(self.leave_page, role="tab")
        tab.setCheckable(True)
        return tab
