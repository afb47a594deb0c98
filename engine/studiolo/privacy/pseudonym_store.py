"""The pseudonyms of all libraries in one encrypted SQLite file: rows in, rows out, and nothing readable in between.

A library, and what a value is looked up by, stand in the file as HMAC tags; type and value are one sealed text bound
to their row. Label, number and form are readable: they are the tokens, and those stand in every prompt. A counter
keeps the last number of each label for good, so that a token in an old answer never comes to mean somebody else.

Threads: any. One process has the file open (the home's lock).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.database import Database
from studiolo.privacy.vault import SCHEMA as VAULT_SCHEMA
from studiolo.privacy.vault import STORE, KeyHolder, Vault, protection_of
from studiolo.types import Protection

VERSION = 2
SCHEMA = f"""
CREATE TABLE pseudonyms (
    library BLOB NOT NULL,
    label TEXT NOT NULL,
    number INTEGER NOT NULL,
    form INTEGER NOT NULL,
    key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    issued_at REAL NOT NULL,
    PRIMARY KEY (library, label, number, form),
    UNIQUE (library, label, key)
) WITHOUT ROWID;
CREATE TABLE counters (
    library BLOB NOT NULL,
    label TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (library, label)
) WITHOUT ROWID;
CREATE TABLE aliases (
    library BLOB NOT NULL,
    label TEXT NOT NULL,
    number INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (library, label, number, other)
) WITHOUT ROWID;
{VAULT_SCHEMA}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One pseudonym as it is kept. `key` is the tag that its value is looked up by."""

    label: str
    number: int
    form: int
    type: str
    key: bytes
    value: str = field(repr=False)


class PseudonymStore:
    """The open file with its vault."""

    def __init__(self, path: Path, holder: KeyHolder) -> None:
        """Open, make or migrate the file.

        Raises EnvironmentFault: passphrase_needed, wrong_passphrase, key_lost; as `Database` does. Where the key is
        not had nothing is written.
        """
        self._holder = holder
        backup = path.with_suffix(".v1.backup")
        made: list[Vault] = []

        def lift(connection: sqlite3.Connection) -> None:
            made.append(_encrypt(connection, holder))

        self._database = Database(path, store=STORE, version=VERSION, schema=SCHEMA, migrations={1: lift})
        try:
            self._vault = made[0] if made else self._opened()
            holder.settle()
            if made or backup.exists():
                self._scrub(backup)
        except BaseException:
            self._database.close()
            raise

    @property
    def protection(self) -> Protection:
        """What keeps the key."""
        with self._database.read() as connection:
            return protection_of(connection)

    def protect(self, by: Protection, *, passphrase: str | None = None) -> None:
        """Wrap the data key anew. Raises EnvironmentFault: passphrase_needed, keyring_missing."""
        with self._database.write() as connection:
            self._holder.protect(connection, self._vault, by, passphrase=passphrase)
        self._holder.settle()
        self._database.checkpoint()

    def key(self, library: str, label: str, key: str) -> bytes:
        """The tag that a value is looked up by."""
        return self._vault.tag("key", library, label, key)

    def rows(self, library: str) -> list[Row]:
        """All pseudonyms of a library, by number and form."""
        tag = self._library(library)
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT label, number, form, key, sealed FROM pseudonyms WHERE library = ? ORDER BY number, form",
                (tag,),
            ).fetchall()
        rows = []
        for row in found:
            text = self._vault.open(row["sealed"], place=_place(tag, row["label"], row["number"], row["form"]))
            kind, _, value = text.partition("\0")
            rows.append(Row(row["label"], row["number"], row["form"], kind, row["key"], value))
        return rows

    def counters(self, library: str) -> dict[str, int]:
        """The highest number ever issued, by label; erasing takes none back."""
        with self._database.read() as connection:
            found = connection.execute("SELECT label, last FROM counters WHERE library = ?", (self._library(library),))
            return {row["label"]: row["last"] for row in found}

    def aliases(self, library: str) -> list[tuple[str, int, int]]:
        """(label, number, other) of the ties that were seen only after both numbers had been issued."""
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT label, number, other FROM aliases WHERE library = ?", (self._library(library),)
            )
            return [tuple(row) for row in found]

    def add(self, library: str, row: Row, *, same_as: Sequence[int] = ()) -> None:
        """Keep a pseudonym, before its token is given to anybody."""
        tag = self._library(library)
        with self._database.write() as connection:
            _insert(connection, self._vault, tag, row, issued_at=time.time())
            connection.executemany(
                "INSERT OR IGNORE INTO aliases VALUES (?, ?, ?, ?)",
                [(tag, row.label, row.number, other) for other in same_as],
            )

    def erase(self, library: str, numbers: Sequence[tuple[str, int]] | None = None) -> int:
        """Erase some numbers of a library (label, number), or all of them; how many tokens that were.

        When it comes back, they are neither in the file nor in its log.
        """
        tag = self._library(library)
        with self._database.write() as connection:
            if numbers is None:
                erased = connection.execute("DELETE FROM pseudonyms WHERE library = ?", (tag,)).rowcount
                connection.execute("DELETE FROM aliases WHERE library = ?", (tag,))
            else:
                erased = 0
                for label, number in numbers:
                    place = (tag, label, number)
                    erased += connection.execute(
                        "DELETE FROM pseudonyms WHERE library = ? AND label = ? AND number = ?", place
                    ).rowcount
                    connection.execute(
                        "DELETE FROM aliases WHERE library = ? AND label = ? AND (number = ? OR other = ?)",
                        (*place, number),
                    )
        self._database.checkpoint()
        return erased

    def erase_all(self) -> int:
        """Erase every library's pseudonyms; how many tokens that were."""
        with self._database.write() as connection:
            erased = connection.execute("DELETE FROM pseudonyms").rowcount
            connection.execute("DELETE FROM aliases")
        self._database.checkpoint()
        return erased

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _opened(self) -> Vault:
        with self._database.read() as connection:
            new = connection.execute("SELECT count(*) FROM vault").fetchone()[0] == 0
            empty = connection.execute("SELECT count(*) FROM pseudonyms").fetchone()[0] == 0
        if new and empty:
            with self._database.write() as connection:
                return self._holder.create(connection)
        with self._database.read() as connection:
            vault, unused_passphrase = self._holder.unlock(connection)
        if unused_passphrase:
            with self._database.write() as connection:
                self._holder.protect(connection, vault, "passphrase")
        return vault

    def _scrub(self, backup: Path) -> None:
        """After the unencrypted version: leave none of its bytes, in the file, in its log or in its backup."""
        with self._database.read() as connection:
            connection.execute("VACUUM")
        self._database.checkpoint()
        with suppress(FileNotFoundError):
            with backup.open("r+b") as file:
                file.write(bytes(backup.stat().st_size))
            backup.unlink()

    def _library(self, library: str) -> bytes:
        return self._vault.tag("library", library)


def _encrypt(connection: sqlite3.Connection, holder: KeyHolder) -> Vault:
    """From version 1, whose rows were readable."""
    connection.execute("ALTER TABLE pseudonyms RENAME TO readable")
    for statement in filter(str.strip, SCHEMA.split(";")):
        connection.execute(statement)
    vault = holder.create(connection)
    for row in connection.execute("SELECT * FROM readable").fetchall():
        key = vault.tag("key", row["library"], row["label"], row["key"])
        kept = Row(row["label"], row["number"], row["form"], row["type"], key, row["value"])
        _insert(connection, vault, vault.tag("library", row["library"]), kept, issued_at=row["issued_at"])
    connection.execute("DROP TABLE readable")
    return vault


def _insert(connection: sqlite3.Connection, vault: Vault, library: bytes, row: Row, *, issued_at: float) -> None:
    sealed = vault.seal(f"{row.type}\0{row.value}", place=_place(library, row.label, row.number, row.form))
    connection.execute(
        "INSERT INTO pseudonyms VALUES (?, ?, ?, ?, ?, ?, ?)",
        (library, row.label, row.number, row.form, row.key, sealed, issued_at),
    )
    connection.execute(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
        (library, row.label, row.number),
    )


def _place(library: bytes, label: str, number: int, form: int) -> str:
    return f"{library.hex()}|{label}|{number}|{form}"
