"""What is kept of conversations, as the owner looks at it: tokens put back, or asked for one by one. Any thread."""

from __future__ import annotations

from dataclasses import replace

from studiolo.conversation.export import export_conversation
from studiolo.conversation.finding import find_conversations
from studiolo.conversation.history import History
from studiolo.conversation.turn import pseudonym_scope
from studiolo.errors import Code, UserError
from studiolo.privacy.audit import AuditLog
from studiolo.privacy.filter import PrivacyFilter, tokens_in
from studiolo.privacy.marking import question_sides
from studiolo.types import (
    Conversation,
    ConversationExport,
    ConversationFound,
    Question,
    Reader,
    Revealed,
    Screening,
    Turn,
)


class KeptConversations:
    """The history, read through the pseudonyms of each conversation."""

    def __init__(self, history: History, screener: PrivacyFilter, audit: AuditLog) -> None:
        self._history = history
        self._screener = screener
        self._audit = audit

    def turns(self, conversation_id: str) -> list[Turn]:
        """A conversation's turns in order, as the owner may read them. Raises UserError(unknown_conversation)."""
        scope = self._scope(conversation_id)
        return [
            replace(turn, answer=self._screener.restore(turn.answer, library_id=scope, reader=Reader.OWNER))
            for turn in (stored.turn for stored in self._history.turns(conversation_id))
        ]

    def change(self, conversation_id: str, *, title: str | None = None, pinned: bool | None = None) -> Conversation:
        """Rename or pin a conversation; a title is screened as the policy wants titles to be.

        Raises UserError: unknown_conversation, bad_request (an empty title); PolicyBlock. Nothing is changed then.
        """
        scope = self._scope(conversation_id)
        if title is not None:
            if not title.strip():
                raise UserError(Code.BAD_REQUEST, field="title", problem="empty")
            screened = self._screener.screen(title, library_id=scope, direction="title")
            self._history.rename(conversation_id, screened.text)
        if pinned is not None:
            self._history.pin(conversation_id, pinned=pinned)
        return self._history.conversation(conversation_id)

    def find(self, query: str, *, limit: int) -> list[ConversationFound]:
        """The conversations in which `query` was said, the latest first. Raises UserError(bad_request)."""
        return find_conversations(query, self._history, self._screener, scope_of=self._scope, limit=limit)

    def export(self, conversation_id: str) -> ConversationExport:
        """A conversation as the policy lets it be written out. Raises UserError(unknown_conversation), PolicyBlock."""
        scope = self._scope(conversation_id)
        exported = export_conversation(conversation_id, self._history, self._screener, scope=scope)
        self._audit.record("exported", direction="export", reader=Reader.OWNER, scope=scope)
        return exported

    def remove(self, conversation_id: str) -> None:
        """Remove a conversation and its turns. Raises UserError(unknown_conversation)."""
        scope, library = self._scope(conversation_id), self._history.conversation(conversation_id).library
        self._history.remove(conversation_id)
        if not library:  # it had a table of its own
            self._screener.forget(scope)

    def reveal(self, turn_id: str, token: str) -> Revealed:
        """The value of one token that the model read or wrote in a turn. Raises UserError(bad_request)."""
        names = tokens_in(token)
        turn = self._history.turn(turn_id).turn
        met = tokens_in(f"{self._history.seen(turn_id).text}\n{turn.answer}")
        if len(names) == 1 and names[0] in met:
            revealed = self._screener.reveal(names[0], library_id=self._scope(turn.conversation_id))
            if revealed is not None:
                return revealed
        raise UserError(Code.BAD_REQUEST, field="token", problem="no_such_token")

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        """A turn as the owner and as the model see it. Raises UserError(bad_request) where there is no such turn."""
        stored = self._history.turn(turn_id)
        scope = self._scope(stored.turn.conversation_id)
        parts = [part.text for part in self._history.seen(turn_id).parts if part.kind == "text"] if prompt else []
        return Screening(
            turn_id,
            question_sides(stored.turn.question, stored.question_screened, stored.question_edits),
            self._screener.sides(stored.turn.answer, library_id=scope),
            tuple(self._screener.sides(part, library_id=scope) for part in parts),
        )

    def _scope(self, conversation_id: str) -> str:
        """Whose pseudonyms a conversation has: its library's, or its own."""
        library = self._history.conversation(conversation_id).library
        return pseudonym_scope(Question("", library=library or None, conversation_id=conversation_id))
