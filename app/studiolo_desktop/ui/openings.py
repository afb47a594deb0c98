"""What opens over the window: settings, models, the overview of shortcuts, a licence's terms, the report for support.

One of each at a time, made when it is first asked for. It holds no state beside the dialogs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFileDialog, QSystemTrayIcon, QWidget

from studiolo.types import Model
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.diagnostics import Diagnostics
from studiolo_desktop.models.model_jobs import ModelJobs
from studiolo_desktop.models.preferences import PreferencesModel
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.models.dialog import ModelsDialog
from studiolo_desktop.ui.models.terms import ask_for_terms
from studiolo_desktop.ui.settings.dialog import SettingsDialog
from studiolo_desktop.ui.settings.page import Doors
from studiolo_desktop.ui.settings.shortcuts import ShortcutsDialog, shortcut


class Openings(QObject):
    """The dialogs of one window."""

    def __init__(
        self,
        look: Look,
        window: QWidget,
        *,
        models: ModelsModel,
        jobs: ModelJobs,
        preferences: PreferencesModel,
        diagnostics: Diagnostics,
        on_import: Callable[[], None],
        on_link: Callable[[str], None],
        on_documents: Callable[[], None],
        on_privacy: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._look = look
        self._window = window
        self._models, self._jobs = models, jobs
        self._preferences = preferences
        self._diagnostics = diagnostics
        self._on_import, self._on_link = on_import, on_link
        self._on_documents, self._on_privacy = on_documents, on_privacy
        self.models_dialog: ModelsDialog | None = None
        self.settings_dialog: SettingsDialog | None = None
        models.terms_wanted.connect(self.ask_for_terms)
        for keys, key, act in (
            (QKeySequence("Ctrl+,"), "shortcuts.settings", self.show_settings),
            (QKeySequence("Ctrl++"), "shortcuts.larger", lambda: look.larger(1)),
            (QKeySequence("Ctrl+-"), "shortcuts.smaller", lambda: look.larger(-1)),
            (QKeySequence("Ctrl+0"), "shortcuts.usual", lambda: look.larger(0)),
            (QKeySequence("F1"), "shortcuts.overview", self.show_shortcuts),
        ):
            shortcut(keys, key, window).activated.connect(act)

    @Slot()
    def show_models(self) -> None:
        """The list of models."""
        if self.models_dialog is None:
            self.models_dialog = ModelsDialog(
                self._look,
                self._models,
                self._jobs,
                on_import=self._on_import,
                on_link=self._on_link,
                parent=self._window,
            )
        self._models.refresh()
        _forward(self.models_dialog)

    @Slot()
    def show_settings(self) -> None:
        """The settings."""
        if self.settings_dialog is None:
            doors = Doors(
                models=self.show_models,
                documents=lambda: self._leave_for(self._on_documents),
                privacy=lambda: self._leave_for(self._on_privacy),
                shortcuts=self.show_shortcuts,
                diagnostics=self.save_report,
                has_tray=QSystemTrayIcon.isSystemTrayAvailable,
            )
            self.settings_dialog = SettingsDialog(
                self._look, self._preferences, self._models, doors, parent=self._window
            )
        self._preferences.refresh()
        _forward(self.settings_dialog)

    @Slot()
    def show_shortcuts(self) -> None:
        """Every key that does something."""
        over = self.settings_dialog
        dialog = ShortcutsDialog(self._look, self._window)
        if over is not None and over.isVisible():
            dialog.setParent(over, dialog.windowFlags())
        dialog.show()

    @Slot()
    def save_report(self) -> None:
        """Ask where the report for support is to be written, and write it."""
        tr = self._look.tr
        dialog = QFileDialog(self._window, tr("diagnostics.title"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setNameFilter(f"{tr('diagnostics.filter')} (*.zip)")
        dialog.setDefaultSuffix("zip")
        dialog.selectFile(f"studiolo-{time.strftime('%Y-%m-%d')}.zip")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        dialog.fileSelected.connect(lambda name: self._diagnostics.save(Path(name)))
        dialog.open()

    @Slot(object, object)
    def ask_for_terms(self, model: Model, go_on: Callable[[], None]) -> None:
        """A licence has conditions: they are accepted, or the model is left alone."""
        over = self.models_dialog
        parent = over if over is not None and over.isVisible() else self._window
        ask_for_terms(self._look, self._preferences, model, go_on, parent=parent)

    def ask_set_aside(self, store: str, go_on: Callable[[], None]) -> None:
        """A damaged file is set aside only if the person says so."""
        tr = self._look.tr
        dialog = Confirm(
            self._look, text=tr(f"notice.set_aside_{store}"), yes=tr("notice.set_aside"), parent=self._window
        )
        dialog.accepted.connect(go_on)
        dialog.open()

    def _leave_for(self, go_on: Callable[[], None]) -> None:
        if self.settings_dialog is not None:
            self.settings_dialog.accept()
        go_on()


def _forward(dialog: QWidget) -> None:
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()
