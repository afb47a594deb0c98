"""The icon in the system's tray, the window for quick questions, and what is said when long work has ended.

It is said only behind another window: in the tray's bubble where there is one, else by the mark that the system puts on
a window that wants attention.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.long_work import LongWork
from studiolo_desktop.models.preferences import PreferencesModel
from studiolo_desktop.ui.quick.window import QuickWindow
from studiolo_desktop.ui.settings.shortcuts import shortcut

SAID_MS = 8000


class Tray(QObject):
    """Beside the window."""

    def __init__(
        self,
        look: Look,
        window: QWidget,
        *,
        chat: ChatModel,
        models: ModelsModel,
        preferences: PreferencesModel,
        work: LongWork,
        alert: Callable[[QWidget], None] = QApplication.alert,
        available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
    ) -> None:
        super().__init__(window)
        self._look = look
        self._window = window
        self._preferences = preferences
        self._alert, self._available = alert, available
        self._quick: QuickWindow | None = None
        self._chat, self._models = chat, models
        self.icon: QSystemTrayIcon | None = None
        self._menu = QMenu(window)
        self._menu.aboutToShow.connect(self.fill)
        shortcut(QKeySequence("Ctrl+Shift+Space"), "shortcuts.quick", window).activated.connect(self.ask_quickly)
        preferences.window_changed.connect(self.refresh)
        work.ended.connect(self.say)
        look.changed.connect(self.refresh)
        self.refresh()

    @property
    def quick(self) -> QuickWindow | None:
        """The window for quick questions, once it was asked for."""
        return self._quick

    @Slot()
    def refresh(self) -> None:
        """There is an icon where one is wanted and can be."""
        if not (self._preferences.tray and self._available()):
            if self.icon is not None:
                self.icon.hide()
                self.icon.deleteLater()
                self.icon = None
            return
        if self.icon is None:
            self.icon = QSystemTrayIcon(self)
            self.icon.setContextMenu(self._menu)
            self.icon.activated.connect(self._pressed)
        self.icon.setIcon(self._look.icon("studiolo", size_px=64))
        self.icon.setToolTip(self._look.tr("app.name"))
        self.icon.show()

    @Slot()
    def fill(self) -> None:
        """The icon's menu."""
        tr = self._look.tr
        self._menu.clear()
        self._menu.addAction(tr("quick.title")).triggered.connect(self.ask_quickly)
        self._menu.addAction(tr("quick.open")).triggered.connect(self.open_window)
        self._menu.addSeparator()
        self._menu.addAction(tr("quick.quit")).triggered.connect(self._window.close)

    @Slot()
    def ask_quickly(self) -> None:
        """The window for quick questions."""
        if self._quick is None:
            self._quick = QuickWindow(self._look, self._chat, self._models, on_open=self.open_window)
        self._quick.appear()

    @Slot()
    def open_window(self) -> None:
        """Back to the window."""
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    @Slot(str)
    def say(self, key: str) -> None:
        """Long work has ended: whoever looks at the window sees it there."""
        if not self._preferences.notifications or self._window.isActiveWindow():
            return
        self._alert(self._window)
        if self.icon is not None:
            self.icon.showMessage(self._look.tr("app.name"), self._look.tr(key), self.icon.icon(), SAID_MS)

    def close(self) -> None:
        """With the window."""
        if self.icon is not None:
            self.icon.hide()
        if self._quick is not None:
            self._quick.close()
            self._quick.deleteLater()
            self._quick = None

    @Slot(QSystemTrayIcon.ActivationReason)
    def _pressed(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.ask_quickly()
