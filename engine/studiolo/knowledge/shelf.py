"""Which libraries and documents there are, how far each is, and which files wait (SQLite).

A document's passages are `places.py`'s, over the same file. Any thread.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from studiolo.database import Database
from studiolo.errors import Code, UserError
from studiolo.knowledge.records import FINDABLE, HIDDEN, Leftover, LibraryRow, Record, Waiting, put, record_of
from studiolo.knowledge.seams import Shelved
from studiolo.types import Document, Library

_LONGEST_NAME = 80


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

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision = 0

    @property
    def revision(self) -> int:
        """Changes whenever the documents do: what was derived from them is then to be made anew."""
        return self._revision

    def changed(self) -> None:
        """Say that documents were changed behind the shelf's back."""
        self._revision += 1

    # libraries

    def libraries(self) -> list[Library]:
        """All libraries by name, with what can be found in them."""
        query = f"""
            SELECT l.*, COUNT(d.id) AS documents, COALESCE(SUM(d.passages), 0) AS passages FROM libraries l
            LEFT JOIN documents d ON d.library_id = l.id AND d.status IN {FINDABLE}
            WHERE l.name NOT LIKE '{HIDDEN}%' GROUP BY l.id ORDER BY l.name
        """  # noqa: S608 - a constant
        with self._database.read() as connection:
            rows = connection.execute(query).fetchall()
        return [Library(r["name"], r["embedder"], r["documents"], r["passages"], r["created_at"]) for r in rows]

    def rows(self) -> list[LibraryRow]:
        """All libraries as stored."""
        with self._database.read() as connection:
            names = [row["name"] for row in connection.execute("SELECT name FROM libraries")]
        return [row for row in map(self.library, names) if row is not None]

    def library(self, name: str) -> LibraryRow | None:
        """The library of that name."""
        return self._library("name", name)

    def library_of_id(self, library_id: str) -> LibraryRow | None:
        """The library of that id."""
        return self._library("id", library_id)

    def put_library(self, library: LibraryRow) -> None:
        """Add a library, unless there is one of that name."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO libraries (id, name, embedder, created_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (name) DO NOTHING",
                (library.id, library.name, library.embedder, library.created_at),
            )

    def rename_library(self, library_id: str, name: str) -> bool:
        """Give a library another name, unless another has it; gives whether it could be done."""
        with self._database.write() as connection:
            taken = connection.execute("SELECT 1 FROM libraries WHERE name = ?", (name,)).fetchone()
            if taken is None:
                connection.execute("UPDATE libraries SET name = ? WHERE id = ?", (name, library_id))
            return taken is None

    def want_embedder(self, library_id: str, embedder: str) -> None:
        """Note the embedder a library is being changed to ("" = none)."""
        with self._database.write() as connection:
            connection.execute("UPDATE libraries SET wanted_embedder = ? WHERE id = ?", (embedder, library_id))

    def take_embedder(self, library_id: str, embedder: str, *, embedded: Sequence[int]) -> None:
        """Make `embedder` the library's; the passages `embedded` have their vectors, any other has none yet."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE libraries SET embedder = ?, wanted_embedder = '' WHERE id = ?", (embedder, library_id)
            )
            connection.execute("UPDATE passages SET embedded = 0 WHERE library_id = ?", (library_id,))
            connection.executemany("UPDATE passages SET embedded = 1 WHERE id = ?", ((number,) for number in embedded))

    def remove_library(self, library_id: str) -> None:
        """Remove a library and its documents, noting that its passages are to go."""
        self._revision += 1
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM occurrences WHERE document_id IN (SELECT id FROM documents WHERE library_id = ?)",
                (library_id,),
            )
            connection.execute("DELETE FROM libraries WHERE id = ?", (library_id,))
            connection.execute("INSERT INTO leftovers VALUES (?, 0)", (library_id,))

    # documents

    def documents(self, library: LibraryRow) -> list[Document]:
        """A library's documents by name."""
        return [record.document for record in self.records(library)]

    def records(self, library: LibraryRow) -> list[Record]:
        """A library's documents by name, as stored."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM documents WHERE library_id = ? ORDER BY name, path", (library.id,)
            ).fetchall()
        return [record_of(row, library.name) for row in rows]

    def shelved(self, library_id: str) -> list[Shelved]:
        """What a question may call the documents that can be found."""
        query = (
            f"SELECT id, name, title, path, added_at, opening FROM documents "  # noqa: S608 - a constant
            f"WHERE library_id = ? AND status IN {FINDABLE} ORDER BY rowid"
        )
        with self._database.read() as connection:
            return [Shelved(*row) for row in connection.execute(query, (library_id,))]

    def at_path(self, library: LibraryRow, key: bytes) -> Record | None:
        """The document of that file."""
        return self._one(library, "path_key = ?", key)

    def with_id(self, library: LibraryRow, document_id: str) -> Record | None:
        """The document of that id."""
        return self._one(library, "id = ?", document_id)

    def with_content(self, library: LibraryRow, sha256: str) -> list[Record]:
        """The documents that can be found and have that content."""
        query = (
            f"SELECT * FROM documents WHERE library_id = ? AND sha256 = ? "  # noqa: S608 - a constant
            f"AND status IN {FINDABLE}"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, (library.id, sha256)).fetchall()
        return [record_of(row, library.name) for row in rows]

    def put(self, record: Record) -> None:
        """Add a document or overwrite the one of that id."""
        self._revision += 1
        with self._database.write() as connection:
            put(connection, record)

    def forget(self, document_id: str) -> None:
        """Remove a document that has no passages."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM documents WHERE id = ? AND version = 0", (document_id,))

    # files on their way in

    def enqueue(self, library_id: str, keys: Sequence[bytes], *, fresh: Sequence[Record] = ()) -> list[Waiting]:
        """Note files to be taken in, and rows for those that are new; gives them their numbers."""
        self._revision += bool(fresh)
        waiting = []
        with self._database.write() as connection:
            for record in fresh:
                put(connection, record)
            for key in keys:
                cursor = connection.execute(
                    "INSERT INTO intake (library_id, path_key) VALUES (?, ?)", (library_id, key)
                )
                waiting.append(Waiting(int(cursor.lastrowid or 0), library_id, key))
        return waiting

    def waiting(self) -> list[Waiting]:
        """The files on their way in, the first one first."""
        query = "SELECT i.*, l.name AS library FROM intake i JOIN libraries l ON l.id = i.library_id ORDER BY i.id"
        with self._database.read() as connection:
            rows = connection.execute(query).fetchall()
        return [
            Waiting(
                id=row["id"],
                library_id=row["library_id"],
                path_key=bytes(row["path_key"]),
                shelved=bool(row["shelved"]),
                document_id=row["document_id"],
                version=row["version"],
                record=record_of(json.loads(row["record"]), row["library"]) if row["record"] else None,
            )
            for row in rows
        ]

    def arrived(self, numbers: Sequence[int]) -> None:
        """Strike files out that have come to an end, well or not."""
        with self._database.write() as connection:
            connection.executemany("DELETE FROM intake WHERE id = ?", ((number,) for number in numbers))

    # what LanceDB must still drop

    def leftovers(self) -> list[Leftover]:
        """Passages (or, as 0, libraries) that SQLite no longer knows and LanceDB may still hold."""
        with self._database.read() as connection:
            return [(row[0], row[1]) for row in connection.execute("SELECT library_id, passage_id FROM leftovers")]

    def dropped(self, leftovers: Sequence[Leftover]) -> None:
        """Strike them out."""
        with self._database.write() as connection:
            connection.executemany("DELETE FROM leftovers WHERE library_id = ? AND passage_id = ?", leftovers)

    def settle(self) -> None:
        """Fold SQLite's log into its file: what was deleted is then overwritten there, and in no log either."""
        self._database.checkpoint()

    def _library(self, column: str, value: str) -> LibraryRow | None:
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT * FROM libraries WHERE {column} = ?",  # noqa: S608 - the column is ours
                (value,),
            ).fetchone()
        if row is None:
            return None
        return LibraryRow(row["id"], row["name"], row["embedder"], row["created_at"], row["wanted_embedder"])

    def _one(self, library: LibraryRow, where: str, value: str | bytes) -> Record | None:
        query = f"SELECT * FROM documents WHERE library_id = ? AND {where}"  # noqa: S608 - `where` is ours
        with self._database.read() as connection:
            row = connection.execute(query, (library.id, value)).fetchone()
        return record_of(row, library.name) if row else None
