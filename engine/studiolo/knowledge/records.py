"""The knowledge base's SQLite file: its tables, its rows as values, and how an older file becomes a current one.

    libraries 1-n documents 1-n occurrences n-1 passages          intake: files on their way in
                                                                  leftovers: what the passage store must still drop
                                                                  watched, marks: folders watched, files seen in them

SQLite says what there is and where it stands; LanceDB holds the texts and vectors, by the passages' numbers. Whatever
SQLite does not know is not there, whatever LanceDB still holds: so a change is one SQLite transaction. Pure values and
statements; no connection is opened here.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from studiolo.knowledge.parsers import display
from studiolo.types import Document, DocumentStatus, Gap, Redaction

VERSION = 3
SCHEMA = """
CREATE TABLE libraries (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    embedder TEXT NOT NULL,
    wanted_embedder TEXT NOT NULL DEFAULT '',   -- being changed to; '' = no
    created_at REAL NOT NULL
);
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    library_id TEXT NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
    path_key BLOB NOT NULL,     -- the path's own bytes: a name need not be valid text
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    opening TEXT NOT NULL DEFAULT '',           -- its first words, by which people may name it
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    pages INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    added_at REAL NOT NULL,
    redactions TEXT NOT NULL,
    gaps TEXT NOT NULL DEFAULT '[]',
    version INTEGER NOT NULL DEFAULT 0,         -- of its occurrences; 0 = nothing can be found yet
    UNIQUE (library_id, path_key)
);
CREATE INDEX documents_by_content ON documents (library_id, sha256);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,       -- never given twice: a stale row elsewhere cannot be taken for it
    library_id TEXT NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
    digest BLOB NOT NULL,                       -- of its text and context; the same passage is kept once
    language TEXT NOT NULL,
    stored INTEGER NOT NULL DEFAULT 0,          -- its text is in LanceDB
    spans TEXT,                                 -- JSON [[type, start, end, score], ...]; null = not screened
    detector INTEGER NOT NULL DEFAULT 0,        -- the version of the filter that found them
    embedded INTEGER NOT NULL DEFAULT 0,        -- its vector is in LanceDB
    UNIQUE (library_id, digest)
);
CREATE TABLE occurrences (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    passage_id INTEGER NOT NULL REFERENCES passages(id),
    page INTEGER NOT NULL,
    page_end INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    heading TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (document_id, version, ordinal)
) WITHOUT ROWID;
CREATE INDEX occurrences_by_passage ON occurrences (passage_id);
CREATE TABLE intake (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    library_id TEXT NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
    path_key BLOB NOT NULL,
    shelved INTEGER NOT NULL DEFAULT 0,         -- its passages are stored; screening and vectors are to follow
    document_id TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL DEFAULT ''             -- the document as it will be
);
CREATE TABLE leftovers (
    library_id TEXT NOT NULL,
    passage_id INTEGER NOT NULL                 -- 0 = the whole library
);
CREATE TABLE watched (
    library_id TEXT NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
    folder BLOB NOT NULL,                       -- the path's own bytes, links resolved
    path TEXT NOT NULL,                         -- for people
    polling INTEGER NOT NULL,
    state TEXT NOT NULL,
    mounts TEXT NOT NULL DEFAULT '[]',          -- JSON: where other drives were met in it, itself included
    PRIMARY KEY (library_id, folder)
);
CREATE TABLE marks (
    library_id TEXT NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
    path_key BLOB NOT NULL,                     -- a file in a watched folder
    size_bytes INTEGER NOT NULL,                -- as it was when it was last taken in
    mtime_ns INTEGER NOT NULL,
    PRIMARY KEY (library_id, path_key)
) WITHOUT ROWID;
"""
HIDDEN = "/import/"  # how the name of a library begins that is being imported; no person can give such a name
FINDABLE = "('keyword', 'ready', 'partial')"  # states of a document whose passages can be found


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """A library as stored. `wanted_embedder` is the one it is being changed to, "" = none."""

    id: str
    name: str
    embedder: str
    created_at: float
    wanted_embedder: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A document as stored: the public value and what only the store needs."""

    document: Document
    library_id: str
    path_key: bytes
    title: str = field(default="", repr=False)
    opening: str = field(default="", repr=False)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file on its way in. `record` is the document as it will be, once it is `shelved`."""

    id: int
    library_id: str
    path_key: bytes
    shelved: bool = False
    document_id: str = ""
    version: int = 0
    record: Record | None = None


Leftover = tuple[str, int]
"""(library id, passage number; 0 = the whole library): what LanceDB must still drop."""


def path_key(path: Path) -> bytes:
    """What a file is known by: the bytes of its absolute path with links resolved."""
    try:
        return os.fsencode(os.path.realpath(path))
    except ValueError:  # a name that no file can have; asking for it says so
        return str(path).encode("utf-8", "surrogatepass")


def columns(record: Record) -> dict[str, str | int | float]:
    """A record as the columns of `documents`, the path's bytes as hexadecimal digits."""
    document = record.document
    return {
        "id": document.id,
        "library_id": record.library_id,
        "path_key": record.path_key.hex(),
        "path": document.path,
        "name": document.name,
        "title": record.title,
        "opening": record.opening,
        "sha256": document.sha256,
        "size_bytes": document.size_bytes,
        "status": document.status.value,
        "reason": document.reason,
        "pages": document.pages,
        "passages": document.passages,
        "added_at": document.added_at,
        "redactions": json.dumps([[entry.type, entry.count] for entry in document.redactions]),
        "gaps": json.dumps([[gap.reason, gap.first, gap.last, gap.name] for gap in document.gaps]),
        "version": record.version,
    }


def record_of(row: sqlite3.Row | Mapping[str, str], library: str) -> Record:
    """The record that `columns` (or a row of `documents`) stands for."""
    key = row["path_key"]
    document = Document(
        id=row["id"],
        library=library,
        name=row["name"],
        path=row["path"],
        sha256=row["sha256"],
        size_bytes=int(row["size_bytes"]),
        status=DocumentStatus(row["status"]),
        reason=row["reason"],
        pages=int(row["pages"]),
        passages=int(row["passages"]),
        added_at=float(row["added_at"]),
        redactions=tuple(Redaction(kind, count) for kind, count in json.loads(row["redactions"])),
        gaps=tuple(Gap(*gap) for gap in json.loads(row["gaps"])),
    )
    return Record(
        document=document,
        library_id=row["library_id"],
        path_key=bytes.fromhex(key) if isinstance(key, str) else bytes(key),
        title=row["title"],
        opening=row["opening"],
        version=int(row["version"]),
    )


def moved(record: Record, *, path: Path) -> Record:
    """The record of a file that was renamed or moved to `path`."""
    real = Path(os.fsdecode(path_key(path)))
    document = replace(record.document, path=display(real), name=display(Path(real.name)))
    return replace(record, document=document, path_key=path_key(path))


def put(connection: sqlite3.Connection, record: Record) -> None:
    """Insert a document or overwrite the one of that id."""
    values: dict[str, str | int | float | bytes] = {**columns(record), "path_key": record.path_key}
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    updates = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
    connection.execute(
        f"INSERT INTO documents ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {updates}",  # noqa: S608
        tuple(values.values()),
    )


def from_version_1(connection: sqlite3.Connection) -> None:
    """Lift a file of version 1: there each passage's whole row stood in LanceDB (`migration.py` moves those).

    Its journal goes: a noted write counts as not having happened, and what was noted as removed is in SQLite no longer,
    so that `migration.py` leaves it behind.
    """
    connection.execute("ALTER TABLE libraries ADD COLUMN wanted_embedder TEXT NOT NULL DEFAULT ''")
    for column in (
        "opening TEXT NOT NULL DEFAULT ''",
        "gaps TEXT NOT NULL DEFAULT '[]'",
        "version INTEGER NOT NULL DEFAULT 0",
    ):
        connection.execute(f"ALTER TABLE documents ADD COLUMN {column}")
    connection.execute("DROP TABLE pending")
    connection.execute("DELETE FROM documents WHERE status = 'reading'")
    start = SCHEMA.index("CREATE TABLE passages")
    for statement in SCHEMA[start:].split(";\n"):
        if statement.strip():
            connection.execute(statement)


def from_version_2(connection: sqlite3.Connection) -> None:
    """Lift a file of version 2, which does not say what version of the filter has screened a passage: an older one."""
    known = {row[1] for row in connection.execute("PRAGMA table_info(passages)")}
    if "detector" not in known:  # `from_version_1` has just made the table as it is now
        connection.execute("ALTER TABLE passages ADD COLUMN detector INTEGER NOT NULL DEFAULT 0")
