"""The models: which are here, which can be had, how large and under what licence; get, import, remove."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studiolo.types import Model
from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import Fetching, ModelsModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import ElidedLabel, button, label, rule, set_role
from studiolo_desktop.ui.common.scroll import ScrollColumn

_KINDS = ("chat", "adapter", "embedder", "names")


def fetching_words(look: Look, fetching: Fetching) -> str:
    """How far a pull is, in words."""
    if fetching.stopping:
        return look.tr("models.stopping")
    if fetching.stage != "pull":
        return look.tr("models.preparing")
    done, total = size_text(fetching.done_bytes), size_text(fetching.total_bytes)
    return look.tr("models.fetching", done=done, total=total)


def set_bar(bar: QProgressBar, fetching: Fetching) -> None:
    """The pull as a bar, in thousandths (sizes do not fit into Qt's int)."""
    if fetching.stage != "pull" or not fetching.total_bytes:
        bar.setRange(0, 0)
    else:
        bar.setRange(0, 1000)
        bar.setValue(min(1000, fetching.done_bytes * 1000 // fetching.total_bytes))


class ModelRow(QWidget):
    """One model."""

    def __init__(self, look: Look, models: ModelsModel, model: Model) -> None:
        super().__init__()
        self._look = look
        self._models = models
        self.model = model
        line = QHBoxLayout(self)
        line.setContentsMargins(0, Space.M, 0, Space.M)
        line.setSpacing(Space.L)
        column = QVBoxLayout()
        column.setSpacing(3)
        title = ElidedLabel(role="strong", mode=Qt.TextElideMode.ElideRight)
        title.set_whole(model.title)
        tr = look.tr
        facts = [size_text(model.size_bytes), model.licence]
        if model.memory_bytes:
            facts.append(tr("models.memory", size=size_text(model.memory_bytes)))
        column.addWidget(title)
        column.addWidget(label("  ·  ".join(fact for fact in facts if fact), role="small", wrap=True))
        self.state = label(role="small", wrap=True)
        column.addWidget(self.state)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("models.progress_name", name=model.title))
        column.addWidget(self.bar)
        line.addLayout(column, 1)
        self.get_button = button(lambda: models.pull(model.id), text=tr("models.get"))
        self.get_button.setAccessibleName(tr("models.get_name", name=model.title))
        self.stop_button = button(models.cancel_pull, text=tr("models.stop"))
        self.remove_button = button(self._remove, role="text", text=tr("models.remove"))
        self.remove_button.setAccessibleName(tr("models.remove_name", name=model.title))
        for control in (self.get_button, self.stop_button, self.remove_button):
            line.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        self.refresh()

    def refresh(self) -> None:
        """Show what is going on with it."""
        fetching = self._models.fetching
        mine = fetching is not None and fetching.model_id == self.model.id
        waits = self.model.id in self._models.waiting
        tr = self._look.tr
        self.get_button.setVisible(not self.model.installed and not mine and not waits)
        self.stop_button.setVisible(mine)
        self.remove_button.setVisible(self.model.installed and not mine)
        self.bar.setVisible(mine)
        text, role = "", "small"
        if mine and fetching is not None:
            set_bar(self.bar, fetching)
            text = fetching_words(self._look, fetching)
        elif waits:
            text = tr("models.waiting")
        elif self.model.installed:
            text, role = tr("models.installed"), "good"
        elif self.model.id in self._models.failed:
            sentence = self._look.sentence(self._models.failed[self.model.id])
            text, role = f"{sentence.what} {sentence.todo}".strip(), "danger"
        self.state.setText(text)
        self.state.setVisible(bool(text))
        set_role(self.state, role)

    def _remove(self) -> None:
        tr = self._look.tr
        text = tr("models.remove_sure", name=self.model.title, size=size_text(self.model.size_bytes))
        dialog = Confirm(self._look, text=text, yes=tr("dialog.remove"), parent=self.window())
        dialog.accepted.connect(lambda: self._models.remove(self.model.id))
        dialog.open()


class ModelsDialog(QDialog):
    """All models."""

    def __init__(self, look: Look, models: ModelsModel, *, on_import: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._models = models
        self._listed: list[Model] | None = None
        self.rows: dict[str, ModelRow] = {}
        self.resize(640, 620)
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
                row = ModelRow(self._look, self._models, model)
                self.rows[model.id] = row
                self._list.append(row)

    @Slot()
    def _refresh_rows(self) -> None:
        for row in self.rows.values():
            row.refresh()

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
