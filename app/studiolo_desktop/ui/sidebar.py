"""The left side: a new chat, the library, earlier conversations, how the engine is, settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from studiolo.types import Conversation
from studiolo_desktop.bridge.supervisor import Supervisor
from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.conversations import ConversationsModel
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.seal import SealModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import IconButton, MenuButton, button, label
from studiolo_desktop.ui.conversation_list import ConversationList
from studiolo_desktop.ui.privacy.seal_button import SealButton

WIDTH = 252


class Sidebar(QWidget):
    """The left side."""

    settings_wanted = Signal()
    privacy_wanted = Signal(str)  # a page of the privacy dialog

    def __init__(
        self,
        look: Look,
        *,
        supervisor: Supervisor,
        chat: ChatModel,
        conversations: ConversationsModel,
        library: LibraryModel,
        seal: SealModel,
        today: Callable[[], dt.date] = lambda: dt.datetime.now().astimezone().date(),
    ) -> None:
        super().__init__()
        self._look = look
        self._supervisor = supervisor
        self._seal = seal
        self._chat = chat
        self._conversations = conversations
        self._library = library
        self._today = today
        self.setProperty("role", "sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, on=True)
        self.setMinimumWidth(200)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.L, Space.M, Space.M)
        column.setSpacing(Space.S)
        self._build_head(column)
        self._build_list(column)
        self._build_foot(column)
        library.libraries_changed.connect(self._refresh_library)
        library.library_changed.connect(self._refresh_library)
        look.changed.connect(self.relook)
        self.relook()

    def _build_head(self, column: QVBoxLayout) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(Space.XS, 0, 0, Space.S)
        head.setSpacing(Space.S + 2)
        self._mark = QLabel()
        head.addWidget(self._mark)
        head.addWidget(label(self._look.tr("app.name"), role="wordmark"))
        head.addStretch(1)
        column.addLayout(head)

        self.new_button = button(self._new, role="new-chat")
        column.addWidget(self.new_button)
        self.library_button = MenuButton(self._look, role="menu-quiet")
        self.library_menu = self.library_button.menu_
        self.library_menu.aboutToShow.connect(self._fill_libraries)
        column.addWidget(self.library_button)

    def _build_list(self, column: QVBoxLayout) -> None:
        column.addSpacing(Space.S)
        self.earlier = ConversationList(
            self._look, chat=self._chat, conversations=self._conversations, today=self._today
        )
        self.earlier.opened.connect(self._open)
        self.list = self.earlier.list
        column.addWidget(self.earlier, 1)

    def _build_foot(self, column: QVBoxLayout) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(Space.S)
        self.state = SealButton(self._look, self._supervisor, self._seal)
        self.state.wanted.connect(lambda: self.privacy_wanted.emit("seal"))
        self.settings_button = IconButton(self._look, "settings", self._show_settings)
        foot.addWidget(self.state, 1)
        foot.addWidget(self.settings_button)
        column.addLayout(foot)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.setAccessibleName(tr("sidebar.name"))
        self._mark.setPixmap(self._look.pixmap("studiolo", size_px=26))
        self.new_button.setText(tr("sidebar.new_chat"))
        self.new_button.setIcon(self._look.icon("plus", colour=self._look.tokens.accent, size_px=18))
        self.earlier.relook()
        self.settings_button.name(tr("settings.title"))
        self.settings_button.repaint_icon()
        self._refresh_library()
        self.state.refresh()

    def _new(self) -> None:
        self._chat.new_conversation()

    @Slot(object, str)
    def _open(self, conversation: Conversation, turn_id: str) -> None:
        if conversation.library:
            self._library.choose(conversation.library)
        self._chat.open(conversation.id, turn_id=turn_id)

    @Slot()
    def _fill_libraries(self) -> None:
        self.library_menu.clear()
        group = QActionGroup(self.library_menu)
        for library in self._library.libraries:
            action = self.library_menu.addAction(self._look.library_name(library.name).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(library.name == self._library.library)
            group.addAction(action)
            action.triggered.connect(lambda _on=False, name=library.name: self._choose_library(name))
        self.library_menu.addSeparator()
        self.library_menu.addAction(self._look.tr("sidebar.new_library")).triggered.connect(self._name_library)

    def _choose_library(self, name: str) -> None:
        if name != self._library.library:
            self._library.choose(name)
            self._chat.new_conversation()

    def _name_library(self) -> None:
        tr = self._look.tr
        dialog = Confirm(
            self._look, text=tr("library.name_prompt"), yes=tr("dialog.create"), field=True, parent=self.window()
        )

        def create() -> None:
            if dialog.field.text().strip():
                self._library.create(dialog.field.text())
                self._chat.new_conversation()

        dialog.accepted.connect(create)
        dialog.open()

    @Slot()
    def _refresh_library(self) -> None:
        name = self._look.library_name(self._library.library)
        self.library_button.set_words(name)
        self.library_button.setIcon(self._look.icon("library"))
        self.library_button.setIconSize(QSize(20, 20))
        self.library_button.setAccessibleName(f"{self._look.tr('sidebar.library')}: {name}")
        self.library_button.setToolTip(self._look.tr("sidebar.library"))

    def _show_settings(self) -> None:
        self.settings_wanted.emit()
