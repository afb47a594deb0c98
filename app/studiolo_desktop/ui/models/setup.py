"""First run: what is missing for a first answer, how large it is and under which licence, and one button to get it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFrame, QGridLayout, QProgressBar, QVBoxLayout, QWidget

from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, MenuButton, button, label, set_role
from studiolo_desktop.ui.common.flow import FlowLayout
from studiolo_desktop.ui.models.row import fetching_words, set_bar, speed_words


class SetupCard(QFrame):
    """The models to get, each with its state while they come."""

    def __init__(self, look: Look, models: ModelsModel, *, on_import: Callable[[], None]) -> None:
        super().__init__()
        self._look = look
        self._models = models
        self._wanted: list[str] = []
        self.setProperty("role", "panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        column.setSpacing(Space.L)
        self.machine = label(role="small", wrap=True)
        column.addWidget(self.machine)
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(Space.L)
        self._grid.setVerticalSpacing(Space.M)
        self._grid.setColumnStretch(0, 1)
        column.addWidget(holder)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self._how_far = label(role="small")
        column.addWidget(self.bar)
        column.addWidget(self._how_far)
        buttons = QWidget()
        row = FlowLayout(buttons, gap=Space.S)
        self.get_button = button(models.pull_starter, role="primary")
        self.stop_button = button(models.cancel_pull)
        self.another_button = MenuButton(look, role="menu")
        self.another_button.menu_.aboutToShow.connect(self.fill_another)
        self.import_button = button(on_import, role="text")
        row.addWidget(self.get_button)
        row.addWidget(self.stop_button)
        row.addWidget(self.another_button)
        row.addWidget(self.import_button)
        column.addWidget(buttons)
        models.changed.connect(self.refresh)
        models.fetching_changed.connect(self.refresh)
        look.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what is missing and what is coming."""
        tr = self._look.tr
        fetching = self._models.fetching
        starter = self._models.starter
        if fetching is None:
            self._wanted = [m.id for m in starter]
        self._list()
        self.get_button.setText(tr("empty.get_models", size=size_text(sum(m.size_bytes for m in starter))))
        self.import_button.setText(tr("empty.import_model"))
        self.stop_button.setText(tr("models.stop"))
        self.get_button.setVisible(fetching is None)
        self.import_button.setVisible(fetching is None)
        self.another_button.set_words(tr("setup.another"))
        self.another_button.setVisible(fetching is None and self._chooses and len(self._models.offered) > 1)
        self._refresh_machine()
        self.stop_button.setVisible(fetching is not None)
        self.bar.setVisible(fetching is not None)
        self._how_far.setVisible(fetching is not None)
        if fetching is not None:
            set_bar(self.bar, fetching)
            model = self._models.model(fetching.model_id)
            self._how_far.setText(
                f"{model.title if model else fetching.model_id}: {fetching_words(self._look, fetching)}"
            )
            self.bar.setAccessibleName(self._how_far.text())

    def fill_another(self) -> None:
        """The chat models that would do, with what they take and how fast they are."""
        menu, recommended = self.another_button.menu_, self._models.recommended
        menu.clear()
        group = QActionGroup(menu)
        for model in self._models.offered:
            words = self._look.tr("setup.choice", name=model.title, size=size_text(model.size_bytes))
            speed = speed_words(self._look, self._models, model)
            action = menu.addAction("  ·  ".join(text for text in (words, speed) if text).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(recommended is not None and model.id == recommended.id)
            action.setData(model.id)
            group.addAction(action)
            action.triggered.connect(lambda _on=False, model_id=model.id: self._models.want_first(model_id))

    @property
    def _chooses(self) -> bool:
        return any(model.kind == "chat" for model in self._models.starter)

    def _refresh_machine(self) -> None:
        """What the engine found of this computer."""
        cpu, memory = (self._models.machine.get(name) for name in ("cpu", "memory"))
        self.machine.setVisible(cpu is not None and memory is not None)
        if cpu is not None and memory is not None:
            total, free = (size_text(int(memory.values.get(f"{what}_bytes", 0))) for what in ("total", "available"))
            self.machine.setText(
                self._look.tr(
                    "setup.machine",
                    processor=str(cpu.values.get("processor", "")),
                    cores=str(cpu.values.get("cores", "")),
                    total=total,
                    free=free,
                )
            )

    def _list(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        tr = self._look.tr
        wanted = [m for m in self._models.items if m.id in self._wanted]
        for line, model in enumerate(wanted):
            words = QWidget()
            column = QVBoxLayout(words)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(1)
            title = ElidedLabel(role="strong")
            title.set_whole(model.title)
            column.addWidget(title)
            said = (tr(f"models.kind_{model.kind}"), model.licence, speed_words(self._look, self._models, model))
            column.addWidget(label("  ·  ".join(text for text in said if text), role="small", wrap=True))
            self._grid.addWidget(words, line, 0)
            size = label(size_text(model.size_bytes), role="small")
            size.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if model.installed:
                size.setText(tr("models.installed"))
                set_role(size, "good")
            self._grid.addWidget(size, line, 1)
