"""The models: which are here, which can be had, how they would do on this machine; get, import, remove."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from studiolo.types import Model
from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.model_jobs import ModelJobs
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label, rule
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.models.row import ModelRow

_KINDS = ("chat", "adapter", "embedder", "names")


class ModelsDialog(QDialog):
    """All models."""

    def __init__(
        self,
        look: Look,
        models: ModelsModel,
        jobs: ModelJobs,
        *,
        on_import: Callable[[], None],
        on_link: Callable[[str], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._models = models
        self._jobs = jobs
        self._on_link = on_link
        self._listed: list[Model] | None = None
        self.rows: dict[str, ModelRow] = {}
        self.resize(look.sizes.px(700), 640)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.S)
        self._title = label(role="title")
        self._intro = label(role="muted", wrap=True)
        column.addWidget(self._title)
        column.addWidget(self._intro)
        self._list = ScrollColumn(margin=0, gap=0)
        self._list.column.setContentsMargins(0, 0, Space.M, 0)
        column.addWidget(self._list, 1)
        self.disk = label(role="small", wrap=True)
        column.addWidget(self.disk)
        foot = QHBoxLayout()
        self.import_button = button(on_import)
        self._close = button(self.accept)
        foot.addWidget(self.import_button)
        foot.addStretch(1)
        foot.addWidget(self._close)
        column.addLayout(foot)
        self._close.setFocus()
        models.changed.connect(self.refresh)
        models.fetching_changed.connect(self._refresh_rows)
        jobs.changed.connect(self._refresh_rows)
        look.changed.connect(self._relook)
        self._relook()

    @Slot()
    def refresh(self) -> None:
        """List them, grouped by what they are for."""
        if self._listed == self._models.items:
            self._refresh_rows()
            return
        self._listed = list(self._models.items)
        self._list.clear()
        self.rows = {}
        for kind in _KINDS:
            of_kind = [m for m in self._listed if m.kind == kind]
            if not of_kind:
                continue
            heading = label(self._look.tr(f"models.kind_{kind}"), role="section")
            heading.setContentsMargins(0, Space.L, 0, Space.XS)
            self._list.append(heading)
            for model in sorted(of_kind, key=lambda m: not m.installed):
                self._list.append(rule())
                row = ModelRow(self._look, self._models, self._jobs, model, on_link=self._on_link)
                self.rows[model.id] = row
                self._list.append(row)
        self._refresh_disk()

    @Slot()
    def _refresh_rows(self) -> None:
        for row in self.rows.values():
            row.refresh()
        self._refresh_disk()

    def _refresh_disk(self) -> None:
        taken = sum(model.size_bytes for model in self._models.items if model.installed)
        free = self._models.disk_free_bytes
        self.disk.setText(self._look.tr("models.disk", taken=size_text(taken), free=size_text(free)))
        self.disk.setVisible(bool(free))

    @Slot()
    def _relook(self) -> None:
        tr = self._look.tr
        self.setWindowTitle(tr("models.title"))
        self._title.setText(tr("models.title"))
        self._intro.setText(tr("models.intro"))
        self.import_button.setText(tr("models.import"))
        self._close.setText(tr("dialog.close"))
        self._listed = None
        self.refresh()
