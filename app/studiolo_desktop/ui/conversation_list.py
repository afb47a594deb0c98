"""Earlier conversations: a field to search them, those that are pinned, today's, and the others.

A conversation is renamed, pinned, exported and deleted from its menu or by a key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QFont, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studiolo.types import Conversation
from studiolo_desktop.look import Look
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.conversations import ConversationsModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import label
from studiolo_desktop.ui.export import FORMATS, file_name, writer

ID = Qt.ItemDataRole.UserRole
TURN = Qt.ItemDataRole.UserRole + 1
SETTLE_MS = 200  # after the last letter of a search


class SearchField(QLineEdit):
    """The field. Down goes to the list, Escape empties the field and does nothing else."""

    down = Signal()

    def event(self, event: QEvent) -> bool:
        """Escape is the field's while there is something in it."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.text()
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Two keys of its own."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Down:
            self.down.emit()
        else:
            super().keyPressEvent(event)


class ConversationList(QWidget):
    """The list and its field."""

    opened = Signal(object, str)  # Conversation, the id of the turn that was looked for or ""

    def __init__(
        self,
        look: Look,
        *,
        chat: ChatModel,
        conversations: ConversationsModel,
        today: Callable[[], dt.date],
    ) -> None:
        super().__init__()
        self._look = look
        self._chat = chat
        self._conversations = conversations
        self._today = today
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        self.field = SearchField()
        self.field.setClearButtonEnabled(True)
        self._glass = self.field.addAction(look.icon("search", size_px=16), QLineEdit.ActionPosition.LeadingPosition)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(lambda: conversations.find(self.field.text()))
        self.field.textChanged.connect(lambda _text: self._settle.start())
        self.field.down.connect(self._enter_list)
        column.addWidget(self.field)
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu_at)
        self.list.itemClicked.connect(self._open_item)
        self.list.itemActivated.connect(self._open_item)
        column.addWidget(self.list, 1)
        self.none = label(role="small", wrap=True)
        self.none.setContentsMargins(Space.S + 2, 0, Space.S, 0)
        column.addWidget(self.none)
        column.addStretch(0)
        self._actions = {
            "rename": self._action(Qt.Key.Key_F2, self.rename),
            "pin": self._action("Ctrl+D", self.pin),
            "export": self._action("Ctrl+E", self.export),
            "remove": self._action(Qt.Key.Key_Delete, self.remove),
        }
        conversations.changed.connect(self.refresh)
        conversations.found_changed.connect(self.refresh)
        chat.conversation_changed.connect(self._select_current)

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.field.setPlaceholderText(tr("sidebar.search"))
        self.field.setAccessibleName(tr("sidebar.search"))
        self._glass.setText(tr("sidebar.search"))
        for button in self.field.findChildren(QToolButton):  # Qt's own, which has no name
            if button.defaultAction() is not self._glass:
                button.setAccessibleName(tr("sidebar.search_clear"))
        self._glass.setIcon(self._look.icon("search", size_px=16))
        self.list.setAccessibleName(tr("sidebar.conversations"))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """List the conversations, or what was found in them."""
        kept = self._current()
        self.list.clear()
        found = self._conversations.found
        if found is None:
            self._list_all()
        else:
            for one in found:
                self._add(one.conversation, one.turn_id, one.excerpt)
        empty = self.list.count() == 0
        self.list.setVisible(not empty)
        self.none.setVisible(empty)
        self.none.setText(self._look.tr("sidebar.none_found" if found is not None else "sidebar.no_conversations"))
        self.field.setVisible(bool(self._conversations.items))
        self._select_current()
        if kept is not None and self.list.hasFocus():
            self._select(kept.id)

    def rename(self, conversation: Conversation) -> None:
        """Ask for another title."""
        tr = self._look.tr
        dialog = Confirm(
            self._look, text=tr("sidebar.rename_prompt"), yes=tr("dialog.rename"), field=True, parent=self.window()
        )
        dialog.field.setText(conversation.title)
        dialog.field.selectAll()
        dialog.accepted.connect(lambda: self._conversations.rename(conversation.id, dialog.field.text()))
        dialog.open()

    def pin(self, conversation: Conversation) -> None:
        """Pin it, or pin it no longer."""
        self._conversations.pin(conversation.id, pinned=not conversation.pinned)

    def export(self, conversation: Conversation) -> None:
        """Ask for a file, whose ending says what is written."""
        tr = self._look.tr
        dialog = QFileDialog(self.window(), tr("export.title"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        filters = {f"{tr(f'export.{form}')} (*.{ending})": ending for form, ending in FORMATS.items()}
        dialog.setNameFilters(list(filters))
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(filters[chosen]))
        dialog.setDefaultSuffix(next(iter(FORMATS.values())))
        dialog.selectFile(file_name(conversation.title) or tr("sidebar.untitled"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        dialog.fileSelected.connect(lambda name: self.export_to(conversation, Path(name)))
        dialog.open()

    def export_to(self, conversation: Conversation, path: Path) -> None:
        """Write it into a file, as Markdown, JSON or PDF by its ending."""
        self._conversations.export(conversation.id, writer(path, self._look), name=path.name)

    def remove(self, conversation: Conversation) -> None:
        """Ask, then delete it."""
        tr = self._look.tr
        dialog = Confirm(
            self._look, text=tr("sidebar.remove_conversation_sure"), yes=tr("dialog.delete"), parent=self.window()
        )
        dialog.accepted.connect(lambda: self._conversations.remove(conversation.id))
        dialog.open()

    def _list_all(self) -> None:
        tr = self._look.tr
        section = ""
        for conversation in sorted(self._conversations.items, key=lambda one: not one.pinned):
            day = dt.datetime.fromtimestamp(conversation.updated_at).astimezone().date()
            now = tr("sidebar.today") if day >= self._today() else tr("sidebar.earlier")
            now = tr("sidebar.pinned") if conversation.pinned else now
            if now != section:
                self._add_heading(now)
            section = now
            self._add(conversation)

    def _add_heading(self, text: str) -> None:
        heading = QListWidgetItem(text)
        heading.setFlags(Qt.ItemFlag.NoItemFlags)
        font = self.list.font()
        font.setPixelSize(self._look.sizes.small)
        font.setWeight(QFont.Weight.DemiBold)
        heading.setFont(font)
        self.list.addItem(heading)

    def _add(self, conversation: Conversation, turn_id: str = "", excerpt: str = "") -> None:
        title = " ".join(conversation.title.split()) or self._look.tr("sidebar.untitled")
        item = QListWidgetItem(f"{title}\n{excerpt}" if excerpt else title)
        item.setData(ID, conversation.id)
        item.setData(TURN, turn_id)
        item.setToolTip(excerpt or (title if len(title) > 24 else ""))
        self.list.addItem(item)

    def _action(self, keys: Qt.Key | str, act: Callable[[Conversation], None]) -> QAction:
        action = QAction(self.list)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)

        def run() -> None:
            current = self._current()
            if current is not None:
                act(current)

        action.triggered.connect(run)
        self.list.addAction(action)
        return action

    def _current(self) -> Conversation | None:
        item = self.list.currentItem()
        return None if item is None else self._known(str(item.data(ID) or ""))

    def _known(self, conversation_id: str) -> Conversation | None:
        return next((one for one in self._conversations.items if one.id == conversation_id), None)

    @Slot(QListWidgetItem)
    def _open_item(self, item: QListWidgetItem) -> None:
        known = self._known(str(item.data(ID) or ""))
        if known is not None:
            self.opened.emit(known, str(item.data(TURN) or ""))

    @Slot()
    def _select_current(self) -> None:
        self._select(self._chat.conversation_id)

    def _select(self, conversation_id: str) -> None:
        self.list.blockSignals(True)
        self.list.setCurrentRow(-1)
        for index in range(self.list.count()):
            item = self.list.item(index)
            if item.data(ID) and item.data(ID) == conversation_id:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)

    @Slot()
    def _enter_list(self) -> None:
        first = next((i for i in range(self.list.count()) if self.list.item(i).data(ID)), None)
        if first is not None:
            self.list.setCurrentRow(first)
            self.list.setFocus()

    @Slot(QPoint)
    def _menu_at(self, point: QPoint) -> None:
        item = self.list.itemAt(point) or self.list.currentItem()  # the key for menus has no point of its own
        if item is None or not item.data(ID):
            return
        self.list.setCurrentItem(item)
        conversation = self._current()
        if conversation is not None:
            self.menu(conversation).popup(self.list.viewport().mapToGlobal(point))

    def menu(self, conversation: Conversation) -> QMenu:
        """What can be done with a conversation."""
        tr = self._look.tr
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        pin = "sidebar.unpin" if conversation.pinned else "sidebar.pin"
        for name, icon, words in (
            ("rename", "edit", tr("sidebar.rename")),
            ("pin", "pin", tr(pin)),
            ("export", "export", tr("sidebar.export")),
            ("remove", "trash", tr("sidebar.remove_conversation")),
        ):
            if name == "remove":
                menu.addSeparator()
            shown = menu.addAction(self._look.icon(icon), words)
            shown.setShortcut(self._actions[name].shortcut())
            shown.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # the list's own action answers to the key
            shown.triggered.connect(self._actions[name].trigger)
        return menu
