"""Questions, and the conversations that keep them, of the engine that runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from studiolo.conversation.chat import answer_chat
from studiolo.errors import Code, UserError
from studiolo.events import Event
from studiolo.jobs import CancelToken
from studiolo.local.core import LocalCore
from studiolo.models.adapters import adapter_files
from studiolo.types import (
    Chat,
    Conversation,
    ConversationExport,
    ConversationFound,
    Question,
    Revealed,
    Screening,
    Seen,
    ServiceClass,
    Turn,
)


class LocalAnswers(LocalCore):
    """Answers, and what is kept of them."""

    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a question; the turn is stored."""
        if not question.text.strip():
            raise UserError(Code.BAD_REQUEST, field="question", problem="empty")
        model_id = self._chat_model(question.model)
        if question.library is not None:
            known = {library.name for library in self.libraries()}
            if question.library not in known:
                raise UserError(Code.UNKNOWN_LIBRARY, library=question.library)
            if question.document is not None:
                self._parts.knowledge.document(question.library, question.document)
        tokens = min(question.sampling.max_tokens, self._parts.settings.answer_tokens)
        sampling = replace(question.sampling, max_tokens=tokens)
        adapters = adapter_files(question.adapters, model_id, store=self._parts.store)
        question = replace(question, sampling=sampling, limit=question.limit or self._parts.settings.passages)
        token = cancel or CancelToken()
        events = self._turns.ask(question, model_id=model_id, adapters=adapters, cancel=token)
        return self._in_class(question.service, events, token)

    def _in_class(self, service: ServiceClass, events: Iterator[Event], cancel: CancelToken) -> Iterator[Event]:
        """Scripts begin to search and to screen when no person's request is read or written: both take processors."""
        if service == "batch":
            self._parts.scheduler.give_way(lambda: cancel.cancelled)
        yield from events

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a conversation that the client keeps."""
        model_id = self._chat_model(chat.model)
        token = cancel or CancelToken()
        events = answer_chat(
            chat,
            model_id=model_id,
            adapters=adapter_files(chat.adapters, model_id, store=self._parts.store),
            screener=self._parts.screener,
            models=self._parts.scheduler,
            cancel=token,
            monotonic=self._parts.monotonic,
            meter=self._parts.meter,
        )
        return self._in_class(chat.service, events, token)

    def conversations(self) -> list[Conversation]:
        """All conversations, the latest first."""
        return self._parts.history.conversations()

    def turns(self, conversation_id: str) -> list[Turn]:
        """A conversation's turns in order, as the owner may read them."""
        return self._kept.turns(conversation_id)

    def change_conversation(
        self, conversation_id: str, *, title: str | None = None, pinned: bool | None = None
    ) -> Conversation:
        """Rename a conversation, or pin it."""
        return self._kept.change(conversation_id, title=title, pinned=pinned)

    def find_conversations(self, query: str, *, limit: int = 50) -> list[ConversationFound]:
        """The conversations in which something was said."""
        return self._kept.find(query, limit=limit)

    def export_conversation(self, conversation_id: str) -> ConversationExport:
        """A conversation as the policy lets it be written out."""
        return self._kept.export(conversation_id)

    def show_turn(self, turn_id: str) -> None:
        """Show the branch that a turn is in."""
        self._parts.history.show(turn_id)

    def remove_conversation(self, conversation_id: str) -> None:
        """Remove a conversation and its turns."""
        self._kept.remove(conversation_id)

    def model_saw(self, turn_id: str) -> str:
        """The screened prompt of a turn as the model read it."""
        return self._parts.history.seen(turn_id).text

    def seen(self, turn_id: str) -> Seen:
        """The screened prompt of a turn, whole and in its parts."""
        return self._parts.history.seen(turn_id)

    def reveal(self, turn_id: str, token: str) -> Revealed:
        """The value of one token that the model read or wrote in a turn."""
        return self._kept.reveal(turn_id, token)

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        """A stored turn as the owner reads it and as the model saw it."""
        return self._kept.screening(turn_id, prompt=prompt)
