"""What stands where the conversation will be: the next step that makes sense, and a button for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studiolo_desktop.bridge.supervisor import EngineState, Supervisor
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.models.setup import SetupCard


class EmptyState(ScrollColumn):
    """One of: starting, failed, models missing, no documents, the first ones being read, ready to ask."""

    def __init__(
        self,
        look: Look,
        *,
        supervisor: Supervisor,
        models: ModelsModel,
        library: LibraryModel,
        on_import: Callable[[], None],
        on_add: Callable[[], None],
        on_samples: Callable[[], None] | None,
    ) -> None:
        super().__init__(margin=Space.XL, gap=0)
        self._look = look
        self._supervisor = supervisor
        self._models = models
        self._library = library
        self._has_samples = on_samples is not None
        page = QWidget()
        self._page = page
        page.setProperty("role", "clear")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label(role="display", wrap=True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body = label(role="lead", wrap=True)
        self.body.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setup = SetupCard(look, models, on_import=on_import)
        self.buttons = QWidget()
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(0, Space.S, 0, 0)
        row.setSpacing(Space.S)
        self.add_button = button(on_add, role="primary")
        self.samples_button = button(on_samples or on_add)
        self.start_button = button(supervisor.restart, role="primary")
        row.addStretch(1)
        for control in (self.add_button, self.samples_button, self.start_button):
            row.addWidget(control)
        row.addStretch(1)
        for piece in (self._picture, self.title, self.body, self.buttons):
            column.addWidget(piece)
        column.addSpacing(Space.S)
        column.addWidget(self.setup)
        holder = QWidget()
        holder.setProperty("role", "clear")
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addStretch(1)
        line.addWidget(page, 1000)
        line.addStretch(1)
        self.column.insertStretch(0, 1)
        self.append(holder)
        supervisor.changed.connect(self.refresh)
        models.changed.connect(self.refresh)
        models.fetching_changed.connect(self.refresh)
        library.documents_changed.connect(self.refresh)
        library.files_changed.connect(self.refresh)
        library.busy_changed.connect(self.refresh)
        look.changed.connect(self.refresh)
        self.refresh()

    @property
    def kind(self) -> str:
        """Which of them."""
        state = self._supervisor.state
        if state in (EngineState.FAILED, EngineState.STOPPED):
            return "failed"
        if not self._models.known or not self._library.known:
            return "starting"
        if self._models.chosen is None or self._models.starter:
            return "start"
        if not self._library.readable:
            return "adding" if self._library.busy else "docs"
        return "ask"

    @Slot()
    def refresh(self) -> None:
        """Show what fits now."""
        tr, kind = self._look.tr, self.kind
        self._page.setMaximumWidth(self._look.sizes.px(560))
        self._picture.setPixmap(self._look.pixmap("studiolo", size_px=64))
        self.title.setText(tr(f"empty.{kind}_title"))
        if kind == "ask":
            self.body.setText(tr.count("empty.ask_body", len(self._library.readable)))
        else:
            self.body.setText(tr(f"empty.{kind}_body"))
        self.setup.setVisible(kind == "start")
        self.add_button.setVisible(kind == "docs")
        self.samples_button.setVisible(kind == "docs" and self._has_samples)
        self.start_button.setVisible(kind == "failed")
        self.buttons.setVisible(kind in ("docs", "failed"))
        self.add_button.setText(tr("add.files"))
        self.samples_button.setText(tr("add.samples"))
        self.start_button.setText(tr("empty.start_engine"))
