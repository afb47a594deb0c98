"""How conversations are stored, and how older homes are lifted to it. Data for `history`.

A turn `follows` another ("" for the first of a conversation): see `branches`. A conversation's `shown` is the last turn
of the branch that is on screen; `named` says that its title was given by a person.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from studiolo.database import Migration

FORMAT = 3  # 2: what a turn was screened by; 3: branches, pinned conversations, titles given by hand
SCHEMA = """
CREATE TABLE conversations(
    id TEXT PRIMARY KEY, title TEXT NOT NULL, library TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, pinned INTEGER NOT NULL DEFAULT 0,
    named INTEGER NOT NULL DEFAULT 0, shown TEXT NOT NULL DEFAULT '');
CREATE TABLE turns(
    id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
    position INTEGER NOT NULL, question TEXT NOT NULL, question_screened TEXT NOT NULL DEFAULT '',
    answer_screened TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, model TEXT NOT NULL, created_at REAL NOT NULL,
    model_saw TEXT NOT NULL DEFAULT '', extras TEXT NOT NULL DEFAULT '{}',
    screened_by TEXT NOT NULL DEFAULT '', follows TEXT NOT NULL DEFAULT '', UNIQUE(conversation_id, position));
CREATE INDEX turns_of ON turns(conversation_id, position)
"""


def _add_screened_by(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE turns ADD COLUMN screened_by TEXT NOT NULL DEFAULT ''")


def _add_branches(db: sqlite3.Connection) -> None:
    """Every turn so far follows the one before it."""
    db.execute("ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE conversations ADD COLUMN named INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE conversations ADD COLUMN shown TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE turns ADD COLUMN follows TEXT NOT NULL DEFAULT ''")
    db.execute(
        "UPDATE turns SET follows = COALESCE((SELECT b.id FROM turns b WHERE b.conversation_id = turns.conversation_id "
        "AND b.position < turns.position ORDER BY b.position DESC LIMIT 1), '')"
    )
    db.execute(
        "UPDATE conversations SET shown = COALESCE((SELECT t.id FROM turns t "
        "WHERE t.conversation_id = conversations.id ORDER BY t.position DESC LIMIT 1), '')"
    )


MIGRATIONS: Mapping[int, Migration] = {1: _add_screened_by, 2: _add_branches}
