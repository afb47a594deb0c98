"""The list of conversations, the latest first: naming, pinning, finding and exporting them. No widget, no thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.types import Conversation, ConversationExport, ConversationFound
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.notices import Notice, Notices


class ConversationsModel(QObject):
    """What was talked about before."""

    changed = Signal()
    found_changed = Signal()
    removed = Signal(str)  # a conversation's id

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
        self.query = ""
        self.found: list[ConversationFound] | None = None  # of the query; None where nothing is looked for
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
            then=lambda _none: self._removed(conversation_id),
            failed=self._notices.report,
        )

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title; says so where the privacy policy let less of it stand."""
        wanted = " ".join(title.split())
        if wanted:
            self._calls.run(
                lambda engine: engine.change_conversation(conversation_id, title=wanted),
                then=lambda changed: self._renamed(changed, wanted),
                failed=self._notices.report,
            )

    def pin(self, conversation_id: str, *, pinned: bool) -> None:
        """Keep a conversation at the head of the list, or no longer."""
        self._calls.run(
            lambda engine: engine.change_conversation(conversation_id, pinned=pinned),
            then=lambda _changed: self.refresh(),
            failed=self._notices.report,
        )

    def find(self, query: str) -> None:
        """Look for conversations in which something was said; "" lists all again."""
        self.query = query.strip()
        if not self.query:
            self.found = None
            self.found_changed.emit()
            return
        wanted = self.query
        self._calls.run(
            lambda engine: engine.find_conversations(wanted),
            then=lambda found: self._found(wanted, found),
            failed=self._notices.report,
        )

    def export(self, conversation_id: str, write: Callable[[ConversationExport], None], *, name: str) -> None:
        """Let `write` put a conversation, as the privacy policy lets it out, into a file called `name`."""
        self._calls.run(
            lambda engine: self._exported(engine.export_conversation(conversation_id), write),
            then=lambda export: self._notices.say(
                Notice("good", key="notice.exported_less" if export.redactions else "notice.exported",
                       values={"name": name})
            ),
            failed=self._notices.report,
        )  # fmt: skip

    @staticmethod
    def _exported(export: ConversationExport, write: Callable[[ConversationExport], None]) -> ConversationExport:
        write(export)
        return export

    def _renamed(self, changed: Conversation, wanted: str) -> None:
        if changed.title != wanted[: len(changed.title)] or not changed.title:
            self._notices.say(Notice("info", key="notice.title_screened"))
        self.refresh()

    def _found(self, query: str, found: list[ConversationFound]) -> None:
        if query == self.query:
            self.found = found
            self.found_changed.emit()

    def _removed(self, conversation_id: str) -> None:
        self.removed.emit(conversation_id)
        self.refresh()
        self.find(self.query)

    def _arrived(self, items: list[Conversation]) -> None:
        self._reading = False
        if items != self.items:
            self.items = items
            self.changed.emit()
            if self.query:
                self.find(self.query)
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
