"""Each conversation is gone on with by the model that was chosen in it, or else by the one that answered last.

A new one is answered by the usual model. (Its library a conversation has for good: the engine sees to that, and with
the library comes the privacy policy.) Main thread.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.drafts import Drafts


class Recall(QObject):
    """Joins conversations, models and what is kept of both."""

    def __init__(self, chat: ChatModel, models: ModelsModel, drafts: Drafts, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chat = chat
        self._models = models
        self._drafts = drafts
        self._shown = ""
        chat.conversation_changed.connect(self._conversation_changed)
        models.chosen_changed.connect(self._chosen)

    @Slot(str)
    def _conversation_changed(self, conversation_id: str) -> None:
        if conversation_id == self._shown:
            return
        begun, self._shown = not self._shown and self._chat.busy, conversation_id
        if begun:  # what answers it was chosen before it had a name
            return
        answered = next((turn.model for turn in reversed(self._chat.turns) if turn.model), "")
        self._models.use(self._drafts.model(conversation_id) or answered if conversation_id else "")

    @Slot(str)
    def _chosen(self, model_id: str) -> None:
        if self._chat.conversation_id:
            self._drafts.keep_model(self._chat.conversation_id, model_id)
