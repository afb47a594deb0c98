"""Which libraries and documents there are, and how far each is: the SQLite side of the knowledge base.

It also keeps the journal that makes a write into two stores safe: what is about to happen to the passages is noted
first, and at the next open whatever is still noted is brought to its end (`KnowledgeBase` does that). Any thread.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from studiolo.database import Database
from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import display
from studiolo.types import Document, DocumentStatus, Library, Redaction

VERSION = 1
_SCHEMA = """
CREATE TABLE libraries (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    embedder TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    library_id TEXT NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
    path_key BLOB NOT NULL,     -- the path's own bytes: a name need not be valid text
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    pages INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    added_at REAL NOT NULL,
    redactions TEXT NOT NULL,
    UNIQUE (library_id, path_key)
);
CREATE INDEX documents_by_content ON documents (library_id, sha256);
CREATE TABLE pending (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL,         -- write, remove, drop
    library_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    content TEXT NOT NULL,
    record TEXT NOT NULL
);
"""
_LONGEST_NAME = 80
Step = Literal["write", "remove", "drop"]


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """A library as stored."""

    id: str
    name: str
    embedder: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Record:
    """A document as stored: the public value and what only the store needs."""

    document: Document
    library_id: str
    path_key: bytes
    title: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A step that was begun and not finished."""

    id: int
    step: Step
    library_id: str
    document_id: str
    content: str
    record: Record | None


def path_key(path: Path) -> bytes:
    """What a file is known by: the bytes of its absolute path with links resolved."""
    try:
        return os.fsencode(os.path.realpath(path))
    except ValueError:  # a name that no file can have; asking for it says so
        return str(path).encode("utf-8", "surrogatepass")


def checked_name(name: str) -> str:
    """A library's name, if it can be one. Raises UserError(bad_request)."""
    trimmed = name.strip()
    problem = ""
    if not trimmed:
        problem = "empty"
    elif len(trimmed) > _LONGEST_NAME:
        problem = "too_long"
    elif any(character in "/\\" for character in trimmed):
        problem = "slash"
    elif not trimmed.isprintable():
        problem = "control_character"
    elif trimmed in (".", ".."):
        problem = "reserved"
    if problem:
        raise UserError(Code.BAD_REQUEST, field="library", problem=problem)
    return trimmed


class Shelf:
    """The libraries and documents of a home."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, store="knowledge", version=VERSION, schema=_SCHEMA)

    # libraries

    def libraries(self) -> list[Library]:
        """All libraries by name, with what can be found in them."""
        query = """
            SELECT l.*, COUNT(d.id) AS documents, COALESCE(SUM(d.passages), 0) AS passages FROM libraries l
            LEFT JOIN documents d ON d.library_id = l.id AND d.status IN ('ready', 'partial')
            GROUP BY l.id ORDER BY l.name
        """
        with self._database.read() as connection:
            rows = connection.execute(query).fetchall()
        return [Library(r["name"], r["embedder"], r["documents"], r["passages"], r["created_at"]) for r in rows]

    def library(self, name: str) -> LibraryRow | None:
        """The library of that name."""
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM libraries WHERE name = ?", (name,)).fetchone()
        return LibraryRow(row["id"], row["name"], row["embedder"], row["created_at"]) if row else None

    def put_library(self, library: LibraryRow) -> None:
        """Add a library, unless there is one of that name."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO libraries VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (library.id, library.name, library.embedder, library.created_at),
            )

    def remove_library(self, library_id: str) -> int:
        """Remove a library and its documents, noting that its passages are to go; gives the note's number."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM libraries WHERE id = ?", (library_id,))
            return _note(connection, "drop", library_id=library_id)

    # documents

    def documents(self, library: LibraryRow) -> list[Document]:
        """A library's documents by name."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM documents WHERE library_id = ? ORDER BY name, path", (library.id,)
            ).fetchall()
        return [_record(row, library.name).document for row in rows]

    def names(self, library_id: str) -> dict[str, str]:
        """Names of the documents that can be found, by id."""
        query = "SELECT id, name FROM documents WHERE library_id = ? AND status IN ('ready', 'partial')"
        with self._database.read() as connection:
            return {row["id"]: row["name"] for row in connection.execute(query, (library_id,))}

    def titles(self, library_id: str) -> list[tuple[Document, str]]:
        """The documents that can be found, each with the title it gives itself."""
        query = "SELECT * FROM documents WHERE library_id = ? AND status IN ('ready', 'partial') ORDER BY id"
        with self._database.read() as connection:
            rows = connection.execute(query, (library_id,)).fetchall()
        return [(record.document, record.title) for record in (_record(row, "") for row in rows)]

    def at_path(self, library: LibraryRow, key: bytes) -> Record | None:
        """The document of that file."""
        return self._one(library, "path_key = ?", key)

    def with_id(self, library: LibraryRow, document_id: str) -> Record | None:
        """The document of that id."""
        return self._one(library, "id = ?", document_id)

    def with_content(self, library: LibraryRow, sha256: str) -> list[Record]:
        """The documents that can be found and have that content."""
        query = "SELECT * FROM documents WHERE library_id = ? AND sha256 = ? AND status IN ('ready', 'partial')"
        with self._database.read() as connection:
            rows = connection.execute(query, (library.id, sha256)).fetchall()
        return [_record(row, library.name) for row in rows]

    def put(self, record: Record) -> None:
        """Add a document or overwrite the one of that id."""
        with self._database.write() as connection:
            _put(connection, record)

    def forget(self, document_id: str) -> None:
        """Remove a document that has no passages."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))

    def remove(self, record: Record) -> int:
        """Remove a document, noting that its passages are to go; gives the note's number."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM documents WHERE id = ?", (record.document.id,))
            return _note(connection, "remove", library_id=record.library_id, document_id=record.document.id)

    # the journal

    @contextmanager
    def writing(self, record: Record, *, content: str) -> Iterator[None]:
        """Note that `record`'s passages are being written; at the block's end the record is put and the note gone.

        If the block raises, the note is taken back: the store writes a document whole or not at all.
        """
        with self._database.write() as connection:
            number = _note(
                connection,
                "write",
                library_id=record.library_id,
                document_id=record.document.id,
                content=content,
                record=record,
            )
        try:
            yield
        except BaseException:
            self.done(number)
            raise
        with self._database.write() as connection:
            _put(connection, record)
            connection.execute("DELETE FROM pending WHERE id = ?", (number,))

    def pending(self) -> list[Pending]:
        """Steps that a crash left unfinished, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM pending ORDER BY id").fetchall()
        return [
            Pending(
                id=row["id"],
                step=row["step"],
                library_id=row["library_id"],
                document_id=row["document_id"],
                content=row["content"],
                record=_record(json.loads(row["record"]), "") if row["record"] else None,
            )
            for row in rows
        ]

    def done(self, number: int) -> None:
        """Strike a note out."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM pending WHERE id = ?", (number,))

    def unfinished(self) -> list[tuple[str, str]]:
        """(library id, document id) of documents that were being read when the program ended."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT library_id, id FROM documents WHERE status = 'reading'").fetchall()
        return [(row["library_id"], row["id"]) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _one(self, library: LibraryRow, where: str, value: str | bytes) -> Record | None:
        query = f"SELECT * FROM documents WHERE library_id = ? AND {where}"  # noqa: S608 - `where` is ours
        with self._database.read() as connection:
            row = connection.execute(query, (library.id, value)).fetchone()
        return _record(row, library.name) if row else None


def _note(
    connection: sqlite3.Connection,
    step: Step,
    *,
    library_id: str,
    document_id: str = "",
    content: str = "",
    record: Record | None = None,
) -> int:
    told = json.dumps(_columns(record)) if record else ""
    cursor = connection.execute(
        "INSERT INTO pending (step, library_id, document_id, content, record) VALUES (?, ?, ?, ?, ?)",
        (step, library_id, document_id, content, told),
    )
    return int(cursor.lastrowid or 0)


def _columns(record: Record) -> dict[str, str | int | float]:
    document = record.document
    return {
        "id": document.id,
        "library_id": record.library_id,
        "path_key": record.path_key.hex(),
        "path": document.path,
        "name": document.name,
        "title": record.title,
        "sha256": document.sha256,
        "size_bytes": document.size_bytes,
        "status": document.status.value,
        "reason": document.reason,
        "pages": document.pages,
        "passages": document.passages,
        "added_at": document.added_at,
        "redactions": json.dumps([[entry.type, entry.count] for entry in document.redactions]),
    }


def _put(connection: sqlite3.Connection, record: Record) -> None:
    columns: dict[str, str | int | float | bytes] = {**_columns(record), "path_key": record.path_key}
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    connection.execute(
        f"INSERT INTO documents ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {updates}",  # noqa: S608
        tuple(columns.values()),
    )


def _record(row: sqlite3.Row | dict[str, str], library: str) -> Record:
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
    )
    return Record(
        document=document,
        library_id=row["library_id"],
        path_key=bytes.fromhex(key) if isinstance(key, str) else bytes(key),
        title=row["title"],
    )


def moved(record: Record, *, path: Path) -> Record:
    """The record of a file that was renamed or moved to `path`."""
    real = Path(os.fsdecode(path_key(path)))
    document = replace(record.document, path=display(real), name=display(Path(real.name)))
    return replace(record, document=document, path_key=path_key(path))
