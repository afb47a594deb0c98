"""Conversations and their turns in SQLite.

A turn is written when it begins (state "running") and again when it ends, so a kill leaves the question and a state
a person can read: at the next start what still says "running" becomes "failed". Answers are kept as the model wrote
them, with pseudonyms; who reads them decides what is restored. Threads: any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from studiolo.database import Database
from studiolo.errors import Code, UserError
from studiolo.types import Citation, Conversation, Hit, Redaction, Timings, Turn, TurnState, Usage

FORMAT = 1
TITLE_LENGTH = 60

_SCHEMA = """
CREATE TABLE conversations(
    id TEXT PRIMARY KEY, title TEXT NOT NULL, library TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE TABLE turns(
    id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
    position INTEGER NOT NULL, question TEXT NOT NULL, question_screened TEXT NOT NULL DEFAULT '',
    answer_screened TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, model TEXT NOT NULL, created_at REAL NOT NULL,
    model_saw TEXT NOT NULL DEFAULT '', extras TEXT NOT NULL DEFAULT '{}',
    UNIQUE(conversation_id, position));
CREATE INDEX turns_of ON turns(conversation_id, position)
"""
_CONVERSATIONS = (
    "SELECT c.*, (SELECT COUNT(*) FROM turns t WHERE t.conversation_id = c.id) AS turns FROM conversations c"
)


@dataclass(frozen=True, slots=True)
class TurnExtras:
    """What a finished turn carries beside its texts."""

    citations: tuple[Citation, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    sources: tuple[Hit, ...] = ()
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as stored: the answer still holds pseudonyms."""

    turn: Turn
    question_screened: str = field(repr=False)


class History:
    """The conversations of one home."""

    def __init__(self, path: Path) -> None:
        """Open the store; turns that a kill left running are marked failed. Raises EnvironmentFault."""
        self._database = Database(path, store="history", version=FORMAT, schema=_SCHEMA)
        self._extras: TypeAdapter[TurnExtras] = TypeAdapter(TurnExtras)
        with self._database.write() as db:
            db.execute("UPDATE turns SET state = 'failed' WHERE state = 'running'")

    def begin(self, *, conversation_id: str, turn_id: str, question: str, library: str, model: str, now: float) -> None:
        """Store the question; makes the conversation if it is new."""
        title = " ".join(question.split())[:TITLE_LENGTH]
        with self._database.write() as db:
            db.execute(
                "INSERT INTO conversations VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET updated_at = ?",
                (conversation_id, title, library, now, now, now),
            )
            db.execute(
                "INSERT INTO turns(id, conversation_id, position, question, state, model, created_at) VALUES"
                "(?, ?, (SELECT COUNT(*) FROM turns WHERE conversation_id = ?), ?, 'running', ?, ?)",
                (turn_id, conversation_id, conversation_id, question, model, now),
            )

    def note_prompt(self, turn_id: str, *, question_screened: str, model_saw: str) -> None:
        """Store what the model is about to read."""
        with self._database.write() as db:
            db.execute(
                "UPDATE turns SET question_screened = ?, model_saw = ? WHERE id = ?",
                (question_screened, model_saw, turn_id),
            )

    def finish(self, turn_id: str, *, answer_screened: str, state: TurnState, extras: TurnExtras, now: float) -> None:
        """Store how the turn ended."""
        packed = self._extras.dump_json(extras).decode()
        with self._database.write() as db:
            db.execute(
                "UPDATE turns SET answer_screened = ?, state = ?, extras = ? WHERE id = ?",
                (answer_screened, state, packed, turn_id),
            )
            db.execute(
                "UPDATE conversations SET updated_at = ? WHERE id = (SELECT conversation_id FROM turns WHERE id = ?)",
                (now, turn_id),
            )

    def conversations(self) -> list[Conversation]:
        """All conversations, the latest first."""
        with self._database.read() as db:
            rows = db.execute(f"{_CONVERSATIONS} ORDER BY updated_at DESC, rowid DESC").fetchall()
        return [_conversation(row) for row in rows]

    def conversation(self, conversation_id: str) -> Conversation:
        """One conversation. Raises UserError(unknown_conversation)."""
        with self._database.read() as db:
            row = db.execute(f"{_CONVERSATIONS} WHERE c.id = ?", (conversation_id,)).fetchone()
        if row is None:
            raise UserError(Code.UNKNOWN_CONVERSATION, conversation=conversation_id)
        return _conversation(row)

    def turns(self, conversation_id: str) -> list[StoredTurn]:
        """The turns in order. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.read() as db:
            rows = db.execute(
                "SELECT * FROM turns WHERE conversation_id = ? ORDER BY position", (conversation_id,)
            ).fetchall()
        return [self._turn(row) for row in rows]

    def model_saw(self, turn_id: str) -> str:
        """The prompt of a turn. Raises UserError(bad_request) where there is no such turn."""
        with self._database.read() as db:
            row = db.execute("SELECT model_saw FROM turns WHERE id = ?", (turn_id,)).fetchone()
        if row is None:
            raise UserError(Code.BAD_REQUEST, field="turn", problem="no such turn")
        return str(row["model_saw"])

    def remove(self, conversation_id: str) -> None:
        """Remove a conversation. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.write() as db:
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

    def close(self) -> None:
        """Close the store."""
        self._database.close()

    def _turn(self, row: Any) -> StoredTurn:
        extras = self._extras.validate_python(json.loads(row["extras"]))
        turn = Turn(
            id=row["id"],
            conversation_id=row["conversation_id"],
            question=row["question"],
            answer=row["answer_screened"],
            state=row["state"],
            model=row["model"],
            created_at=row["created_at"],
            citations=extras.citations,
            redactions=extras.redactions,
            sources=extras.sources,
            timings=extras.timings,
            usage=extras.usage,
        )
        return StoredTurn(turn, row["question_screened"])


def _conversation(row: Any) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        library=row["library"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        turns=row["turns"],
    )
