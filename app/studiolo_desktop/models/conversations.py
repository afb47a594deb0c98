"""The list of conversations, the latest first. No widget, no thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.types import Conversation
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.notices import Notices


class ConversationsModel(QObject):
    """What was talked about before."""

    changed = Signal()

    def __init__(
        self,
        calls: Calls,
        supervisor: Supervisor,
        notices: Notices,
        chat: ChatModel,
        *,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._calls = calls
        self._notices = notices
        self._chat = chat
        self._reading = False
        self._again = False
        self.items: list[Conversation] = []
        supervisor.changed.connect(self._engine_changed)
        chat.stored.connect(self.refresh)

    def title_of(self, conversation_id: str) -> str:
        """The title of a conversation, "" where it is not in the list."""
        return next((c.title for c in self.items if c.id == conversation_id), "")

    @Slot()
    def refresh(self) -> None:
        """Read the list again; requests that come meanwhile become one more reading."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        self._calls.run(lambda engine: engine.conversations(), then=self._arrived, failed=self._failed)

    def remove(self, conversation_id: str) -> None:
        """Remove a conversation for good."""
        if conversation_id == self._chat.conversation_id:
            self._chat.new_conversation()
        self._calls.run(
            lambda engine: engine.remove_conversation(conversation_id),
            then=lambda _none: self.refresh(),
            failed=self._notices.report,
        )

    def _arrived(self, items: list[Conversation]) -> None:
        self._reading = False
        if items != self.items:
            self.items = items
            self.changed.emit()
        self._once_more()

    def _failed(self, _problem: Problem) -> None:
        # An engine that is away is announced by the supervisor; the list on screen stays as it was.
        self._reading = False
        self._once_more()

    def _once_more(self) -> None:
        if self._again:
            self._again = False
            self.refresh()

    @Slot(object)
    def _engine_changed(self, change: EngineChange) -> None:
        if change.state is EngineState.READY:
            self._reading = self._again = False
            self.refresh()
