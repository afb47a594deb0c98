"""Above the conversation: its title, the model that answers, and the switch for the right side."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.conversations import ConversationsModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton, MenuButton

LEAST_NAME = 90  # pixels of a model's name that stay whatever the window's width


class TopBar(QWidget):
    """The bar."""

    def __init__(
        self,
        look: Look,
        *,
        chat: ChatModel,
        conversations: ConversationsModel,
        models: ModelsModel,
        on_manage_models: Callable[[], None],
        on_toggle_pane: Callable[[], None],
    ) -> None:
        super().__init__()
        self._look = look
        self._chat = chat
        self._conversations = conversations
        self._models = models
        self._on_manage_models = on_manage_models
        self.setProperty("role", "topbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, on=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.S + 2, Space.M, Space.S + 2)
        row.setSpacing(Space.S)
        self.title = ElidedLabel(role="strong", mode=Qt.TextElideMode.ElideRight)
        row.addWidget(self.title, 1)
        self.model_button = MenuButton(look, role="menu")
        self.model_button.setIconSize(QSize(18, 18))
        self.model_menu = self.model_button.menu_
        self.model_menu.aboutToShow.connect(self.fill_models)
        row.addWidget(self.model_button)
        self.pane_button = IconButton(look, "panel", on_toggle_pane)
        row.addWidget(self.pane_button)
        chat.conversation_changed.connect(self._refresh_title)
        chat.turn_added.connect(self._refresh_title)
        conversations.changed.connect(self._refresh_title)
        models.changed.connect(self._refresh_model)
        look.changed.connect(self.relook)
        self.relook()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The model's name leaves room for the title."""
        super().resizeEvent(event)
        self._refresh_model()

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        self.pane_button.name(self._look.tr("top.toggle_pane"))
        self.pane_button.repaint_icon()
        self._refresh_title()
        self._refresh_model()

    @Slot()
    def fill_models(self) -> None:
        """The installed models, and the way to others."""
        self.model_menu.clear()
        group = QActionGroup(self.model_menu)
        chosen = self._models.chosen
        for model in self._models.chat_models:
            action = self.model_menu.addAction(f"{model.title}   {size_text(model.size_bytes)}".replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(chosen is not None and model.id == chosen.id)
            action.setData(model.id)
            group.addAction(action)
            action.triggered.connect(lambda _on=False, model_id=model.id: self._models.choose(model_id))
        if self._models.chat_models:
            self.model_menu.addSeparator()
        self.model_menu.addAction(self._look.tr("top.manage_models")).triggered.connect(self._manage)

    def _manage(self) -> None:
        self._on_manage_models()

    @Slot()
    def _refresh_title(self) -> None:
        title = self._conversations.title_of(self._chat.conversation_id)
        if not title and self._chat.turns:
            title = self._chat.turns[0].question
        self.title.set_whole(" ".join(title.split()) or self._look.tr("top.new_conversation"))

    @Slot()
    def _refresh_model(self) -> None:
        chosen = self._models.chosen
        name = chosen.title.split(" (")[0] if chosen else self._look.tr("top.no_model")
        room = max(LEAST_NAME, int(self.width() * 0.45) - 66)  # icon, arrow and padding
        self.model_button.set_words(self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room))
        self.model_button.setIcon(self._look.icon("model"))
        self.model_button.setAccessibleName(f"{self._look.tr('top.model')}: {name}")
        self.model_button.setToolTip(chosen.title if chosen else self._look.tr("top.model"))
