"""Conversations and their turns in SQLite.

A turn is written when it begins (state "running") and again when it ends, so a kill leaves the question and a state
a person can read: at the next start what still says "running" becomes "failed". Answers are kept as the model wrote
them, with pseudonyms; who reads them decides what is restored. Threads: any.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from studiolo.conversation import branches
from studiolo.conversation.history_format import FORMAT, MIGRATIONS, SCHEMA
from studiolo.database import Database
from studiolo.errors import Code, UserError
from studiolo.types import (
    AdapterUse,
    Citation,
    Conversation,
    Edit,
    Hit,
    Passage,
    QuotesOf,
    Redaction,
    Seen,
    SeenPart,
    Timings,
    Turn,
    TurnState,
    Usage,
)

TITLE_LENGTH = 60
_TOKEN = re.compile(r"<([A-Z]+)_[0-9]+[A-Z]*>")  # a pseudonym: a title shows its kind alone

# In place of a source that was removed.
_EMPTY = Hit(Passage("", "", "", 0, 0, 0, 0, heading=(), text="", language="", spans=()), 0.0)
_MANY = 500  # bound variables of one statement
_RESTS_ON = (  # turns whose answer rests on documents; `{marks}` are their ids
    "SELECT DISTINCT t.id FROM turns t, json_each(t.extras, '$.sources') s "
    "WHERE json_extract(s.value, '$.passage.document_id') IN ({marks}) "
    "UNION SELECT DISTINCT t.id FROM turns t, json_each(t.extras, '$.citations') c "
    "WHERE json_extract(c.value, '$.document_id') IN ({marks})"
)
_SHOWS = (  # turns whose prompt shows what an earlier turn found in documents
    "SELECT DISTINCT t.id FROM turns t, json_each(t.extras, '$.shown') s WHERE s.value IN ({marks})"
)
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
    lines: bool = False  # whether those that fit the question were quoted before it
    prompt_ends: tuple[tuple[int, bool], ...] = ()  # where each part of the prompt ends; whether the template wrote it
    shown: tuple[str, ...] = ()  # documents whose passages stand in the prompt because earlier turns rest on them
    detector: int = 0  # the version of what had found the values in the sources; 0 = before it was kept
    adapters: tuple[AdapterUse, ...] = ()
    question_edits: tuple[Edit, ...] = ()  # what the filter replaced in the question


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as stored: the answer still holds pseudonyms."""

    turn: Turn
    question_screened: str = field(repr=False)
    lines: bool = False  # as in the extras
    detector: int = 0  # as in TurnExtras
    screened_by: str = ""  # the digest of what question and answer were screened by; "" = before it was kept
    question_edits: tuple[Edit, ...] = ()


class History:
    """The conversations of one home."""

    def __init__(self, path: Path) -> None:
        """Open the store; turns that a kill left running are marked failed. Raises EnvironmentFault."""
        self._database = Database(path, store="history", version=FORMAT, schema=SCHEMA, migrations=MIGRATIONS)
        self._extras: TypeAdapter[TurnExtras] = TypeAdapter(TurnExtras)
        self._gone: set[str] = set()  # documents removed since: a turn that was under way must not bring them back
        with self._database.write() as db:
            db.execute("UPDATE turns SET state = 'failed' WHERE state = 'running'")

    def begin(
        self,
        *,
        conversation_id: str,
        turn_id: str,
        question: str,
        library: str,
        model: str,
        now: float,
        instead_of: str = "",
    ) -> None:
        """Store the question; makes the conversation, without a title yet, if it is new.

        It follows the branch that is shown, or what the turn `instead_of` follows, and is shown from now on.
        Raises UserError(bad_request) where the conversation holds no such turn.
        """
        with self._database.write() as db:
            db.execute(
                "INSERT INTO conversations(id, title, library, created_at, updated_at) VALUES(?, '', ?, ?, ?) "
                "ON CONFLICT(id) DO UPDATE SET updated_at = ?",
                (conversation_id, library, now, now, now),
            )
            follows = self._shown(db, conversation_id)
            if instead_of:
                row = db.execute(
                    "SELECT follows FROM turns WHERE id = ? AND conversation_id = ?", (instead_of, conversation_id)
                ).fetchone()
                if row is None:
                    raise _no_such_turn("instead_of")
                follows = row["follows"]
            db.execute(
                "INSERT INTO turns(id, conversation_id, position, question, state, model, created_at, follows) VALUES "
                "(?, ?, (SELECT COALESCE(MAX(position) + 1, 0) FROM turns WHERE conversation_id = ?), ?, 'running', "
                "?, ?, ?)",
                (turn_id, conversation_id, conversation_id, question, model, now, follows),
            )
            db.execute("UPDATE conversations SET shown = ? WHERE id = ?", (turn_id, conversation_id))

    def note_title(self, conversation_id: str, screened: str) -> None:
        """Name a conversation by its first question, screened; one that a person has named keeps its name."""
        with self._database.write() as db:
            db.execute(
                "UPDATE conversations SET title = ? WHERE id = ? AND named = 0", (_title(screened), conversation_id)
            )

    def rename(self, conversation_id: str, screened: str) -> None:
        """Give a conversation the title that a person wants, screened. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.write() as db:
            db.execute(
                "UPDATE conversations SET title = ?, named = 1 WHERE id = ?", (_title(screened), conversation_id)
            )

    def pin(self, conversation_id: str, *, pinned: bool) -> None:
        """Keep a conversation at hand, or no longer. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.write() as db:
            db.execute("UPDATE conversations SET pinned = ? WHERE id = ?", (int(pinned), conversation_id))

    def show(self, turn_id: str) -> None:
        """Show the branch that a turn is in, as it was last gone on with. Raises UserError(bad_request)."""
        conversation = self._row(turn_id)["conversation_id"]
        with self._database.write() as db:
            shown = branches.newest_end(_links(db, conversation), turn_id)
            db.execute("UPDATE conversations SET shown = ? WHERE id = ?", (shown, conversation))

    def note_prompt(
        self,
        turn_id: str,
        *,
        question_screened: str,
        model_saw: str,
        sources: tuple[Hit, ...] = (),
        prompt_ends: tuple[tuple[int, bool], ...] = (),
        shown: tuple[str, ...] = (),
        screened_by: str = "",
        question_edits: tuple[Edit, ...] = (),
    ) -> None:
        """Store what the model is about to read, and what that rests on: a kill must not part the two."""
        with self._database.write() as db:
            extras = TurnExtras(sources=sources, prompt_ends=prompt_ends, shown=shown, question_edits=question_edits)
            kept = self._without(extras, self._gone)
            db.execute(
                "UPDATE turns SET question_screened = ?, model_saw = ?, extras = ?, screened_by = ? WHERE id = ?",
                (question_screened, model_saw if kept == extras else "", self._packed(kept), screened_by, turn_id),
            )

    def finish(self, turn_id: str, *, answer_screened: str, state: TurnState, extras: TurnExtras, now: float) -> None:
        """Store how the turn ended."""
        with self._database.write() as db:
            packed = self._packed(self._without(extras, self._gone))
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
        """The turns of the branch that is shown, in order. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.read() as db:
            return self._branch(db, conversation_id, self._shown(db, conversation_id))

    def before(self, turn_id: str) -> list[StoredTurn]:
        """The turns that a turn comes after, in order. Raises UserError(bad_request) where there is no such turn."""
        row = self._row(turn_id)
        with self._database.read() as db:
            return self._branch(db, row["conversation_id"], row["follows"])

    def all_turns(self, conversation_id: str) -> list[StoredTurn]:
        """The turns of all branches, as they were asked. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.read() as db:
            rows = db.execute(
                "SELECT * FROM turns WHERE conversation_id = ? ORDER BY position", (conversation_id,)
            ).fetchall()
        return [self._turn(row) for row in rows]

    def said(self) -> Iterator[tuple[str, str, str, str]]:
        """Of every turn of all conversations its id, its conversation's, question and stored answer; newest first."""
        with self._database.read() as db:
            rows = db.execute(
                "SELECT id, conversation_id, question, answer_screened FROM turns ORDER BY created_at DESC, rowid DESC"
            ).fetchall()
        return ((row["id"], row["conversation_id"], row["question"], row["answer_screened"]) for row in rows)

    def _branch(self, db: sqlite3.Connection, conversation_id: str, last: str) -> list[StoredTurn]:
        links = _links(db, conversation_id)
        versions = branches.versions(links)
        wanted = branches.path(links, last)
        rows = {row["id"]: row for row in _in_parts(db, "SELECT * FROM turns WHERE id IN ({marks})", wanted)}
        return [self._turn(rows[turn_id], versions[turn_id]) for turn_id in wanted]

    @staticmethod
    def _shown(db: sqlite3.Connection, conversation_id: str) -> str:
        row = db.execute("SELECT shown FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
        return str(row["shown"]) if row else ""

    def turn(self, turn_id: str) -> StoredTurn:
        """One turn. Raises UserError(bad_request) where there is no such turn."""
        return self._turn(self._row(turn_id))

    def seen(self, turn_id: str) -> Seen:
        """The prompt of a turn. Raises UserError(bad_request) where there is no such turn."""
        row = self._row(turn_id)
        text = str(row["model_saw"])
        ends = self._extras.validate_python(json.loads(row["extras"])).prompt_ends
        return Seen(turn_id, text, tuple(_parts(text, ends)))

    def model_saw(self, turn_id: str) -> str:
        """The prompt of a turn as one text. Raises UserError(bad_request) where there is no such turn."""
        return self.seen(turn_id).text

    def _row(self, turn_id: str) -> sqlite3.Row:
        with self._database.read() as db:
            row: sqlite3.Row | None = db.execute("SELECT * FROM turns WHERE id = ?", (turn_id,)).fetchone()
        if row is None:
            raise _no_such_turn("turn")
        return row

    def remove(self, conversation_id: str) -> None:
        """Remove a conversation. Raises UserError(unknown_conversation)."""
        self.conversation(conversation_id)
        with self._database.write() as db:
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

    def quoting(self, document_ids: Sequence[str]) -> list[Conversation]:
        """The conversations with turns that rest on any of the documents, the latest first."""
        with self._database.read() as db:
            turns = _resting_on(db, document_ids)
            owners = {
                row["conversation_id"] for row in _in_parts(db, "SELECT * FROM turns WHERE id IN ({marks})", turns)
            }
        return [conversation for conversation in self.conversations() if conversation.id in owners]

    def asked_lately(self, turns: int = 50) -> list[str]:
        """The ids of the documents that the last turns rest on, the latest first."""
        with self._database.read() as db:
            rows = db.execute(
                "SELECT json_extract(s.value, '$.passage.document_id') AS document, MAX(t.created_at) AS last "
                "FROM (SELECT * FROM turns ORDER BY created_at DESC LIMIT ?) t, json_each(t.extras, '$.sources') s "
                "GROUP BY document ORDER BY last DESC",
                (turns,),
            ).fetchall()
        return [str(row["document"]) for row in rows if row["document"]]

    def forget_documents(self, document_ids: Sequence[str], *, turns: QuotesOf = "keep") -> None:
        """Let nothing of the documents' text stay: sources, quotes and prompts of the turns that rest on them go.

        `turns` "remove": these turns go wholly, and conversations that have none left. What is removed is overwritten
        in the file and in its log.
        """
        with self._database.write() as db:
            self._gone.update(document_ids)
            found = _resting_on(db, document_ids)
            if turns == "remove":
                self._remove_turns(db, found)
            touched = [*found, *(row["id"] for row in _in_parts(db, _SHOWS, document_ids))]
            for row in _in_parts(db, "SELECT id, extras FROM turns WHERE id IN ({marks})", touched):
                extras = self._without(self._extras.validate_python(json.loads(row["extras"])), set(document_ids))
                db.execute(
                    "UPDATE turns SET model_saw = '', extras = ? WHERE id = ?", (self._packed(extras), row["id"])
                )
            if document_ids:  # a turn that a kill cut short before its sources were kept with the prompt
                db.execute("UPDATE turns SET model_saw = '' WHERE extras = '{}' AND model_saw <> ''")
        self._database.checkpoint()

    def know_again(self, document_ids: Collection[str]) -> None:
        """Documents are there after all: removing them failed."""
        self._gone.difference_update(document_ids)

    def _remove_turns(self, db: sqlite3.Connection, turn_ids: Sequence[str]) -> None:
        rows = _in_parts(db, "SELECT DISTINCT conversation_id FROM turns WHERE id IN ({marks})", turn_ids)
        for owner in {row["conversation_id"] for row in rows}:
            links = _links(db, owner)
            kept, shown = branches.without(links, set(turn_ids), self._shown(db, owner))
            if not kept:
                db.execute("DELETE FROM conversations WHERE id = ?", (owner,))
                continue
            moved = [(follows, turn) for turn, follows in kept.items() if follows != links[turn]]
            db.executemany("UPDATE turns SET follows = ? WHERE id = ?", moved)
            db.execute("UPDATE conversations SET shown = ? WHERE id = ?", (shown, owner))
            # A later prompt holds the earlier answers, and the title the first question.
            db.execute("UPDATE turns SET model_saw = '' WHERE conversation_id = ?", (owner,))
            first = db.execute(
                "SELECT question_screened FROM turns WHERE id = ?", (branches.path(kept, shown)[0],)
            ).fetchone()
            title = _title(_TOKEN.sub(r"<\1>", first["question_screened"]))
            db.execute("UPDATE conversations SET title = ? WHERE id = ? AND named = 0", (title, owner))
        db.executemany("DELETE FROM turns WHERE id = ?", ((turn_id,) for turn_id in turn_ids))

    def audit_anchor(self) -> str:
        """The audit's anchor that was kept here, "" for none."""
        return self._database.kept("audit")

    def keep_audit_anchor(self, line: str) -> None:
        """Keep the audit's anchor: it must stand in another file than the log."""
        self._database.keep("audit", line)

    def close(self) -> None:
        """Close the store."""
        self._database.close()

    def _packed(self, extras: TurnExtras) -> str:
        return self._extras.dump_json(extras).decode()

    @staticmethod
    def _without(extras: TurnExtras, document_ids: Collection[str]) -> TurnExtras:
        """The extras without what stands in the documents. Sources keep the numbers that the answer names."""
        return replace(
            extras,
            sources=tuple(_EMPTY if hit.passage.document_id in document_ids else hit for hit in extras.sources),
            citations=tuple(one for one in extras.citations if one.document_id not in document_ids),
            shown=tuple(one for one in extras.shown if one not in document_ids),
        )

    def _turn(self, row: Any, versions: tuple[str, ...] = ()) -> StoredTurn:
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
            adapters=extras.adapters,
            follows=row["follows"],
            versions=versions,
        )
        return StoredTurn(
            turn,
            row["question_screened"],
            lines=extras.lines,
            detector=extras.detector,
            screened_by=row["screened_by"],
            question_edits=extras.question_edits,
        )


def _parts(text: str, ends: Sequence[tuple[int, bool]]) -> Iterator[SeenPart]:
    """The parts of a prompt; a prompt whose parts were not kept, or that is gone, has none."""
    start = 0
    for end, by_template in ends if text else ():
        yield SeenPart("template" if by_template else "text", text[start:end])
        start = end


def _links(db: sqlite3.Connection, conversation_id: str) -> dict[str, str]:
    """The turns of a conversation as `branches` takes them."""
    rows = db.execute("SELECT id, follows FROM turns WHERE conversation_id = ? ORDER BY position", (conversation_id,))
    return {row["id"]: row["follows"] for row in rows}


def _no_such_turn(field_name: str) -> UserError:
    return UserError(Code.BAD_REQUEST, field=field_name, problem="no such turn")


def _title(question: str) -> str:
    return " ".join(question.split())[:TITLE_LENGTH]


def _resting_on(db: sqlite3.Connection, document_ids: Sequence[str]) -> list[str]:
    return sorted({row["id"] for row in _in_parts(db, _RESTS_ON, document_ids, times=2)})


def _in_parts(db: sqlite3.Connection, query: str, values: Sequence[str], *, times: int = 1) -> list[sqlite3.Row]:
    """The rows of `query` for all values, which stand `times` times in it."""
    rows: list[sqlite3.Row] = []
    for start in range(0, len(values), _MANY // times):
        some = list(values[start : start + _MANY // times])
        rows.extend(db.execute(query.format(marks=", ".join("?" * len(some))), some * times).fetchall())
    return rows


def _conversation(row: Any) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        library=row["library"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        turns=row["turns"],
        pinned=bool(row["pinned"]),
    )
