"""SQLite files with a format version: newer is refused, older is migrated after a backup.

One connection a store, guarded by a lock, usable from any thread. WAL, so that a kill loses nothing that was committed.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from studiolo.errors import Code, EnvironmentFault, disk_fault

LOW_DISK_BYTES = 1 << 20  # an I/O error with less than this free is a full disk

Migration = Callable[[sqlite3.Connection], None]


class Database:
    """One SQLite file. `write()` and `read()` give the connection; a write is one transaction."""

    def __init__(
        self,
        path: Path,
        *,
        store: str,
        version: int,
        schema: str,
        migrations: Mapping[int, Migration] | None = None,
    ) -> None:
        """Open or make the file.

        `schema` makes version `version` from nothing; `migrations[v]` lifts v to v + 1.
        Raises EnvironmentFault: newer_format, damaged_store, disk_full, no_permission.
        """
        self._lock = threading.RLock()
        self._store = store
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA secure_delete=ON")
            self._connection.execute("PRAGMA foreign_keys=ON")
            self._prepare(version, schema, migrations or {})

    def _prepare(self, version: int, schema: str, migrations: Mapping[int, Migration]) -> None:
        found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if found > version:
            self._connection.close()
            raise EnvironmentFault(Code.NEWER_FORMAT, store=self._store, found=found, supported=version)
        if found == 0:
            self._connection.executescript(f"BEGIN;{schema};PRAGMA user_version={version};COMMIT;")
            return
        if found < version:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy2(self._path, self._path.with_suffix(f".v{found}.backup"))
        for step in range(found, version):
            with self.write() as connection:
                migrations[step](connection)
                connection.execute(f"PRAGMA user_version={step + 1}")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed at the end of the block, rolled back if it raises."""
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # SQLite has rolled back by itself on a full disk
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection for reading."""
        with self._lock, self._translated():
            yield self._connection

    def keep(self, name: str, value: str) -> None:
        """Keep a line under a name, beside the store's own tables and whatever their version."""
        with self.write() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def kept(self, name: str) -> str:
        """What was kept under a name, "" for nothing."""
        with self.read() as connection:
            there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'kept'").fetchone()
            row = connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone() if there else None
        return str(row["value"]) if row else ""

    def checkpoint(self) -> None:
        """Fold the log into the file and empty it: what was deleted is then in neither (`secure_delete` is on)."""
        with self._lock, self._translated():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Fold the log into the file and close it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            fault = self._fault(getattr(error, "sqlite_errorname", ""))  # Python's own complaints have no name
            if fault is None:
                raise
            raise fault from None
        except OSError as error:
            raise disk_fault(error, self._path.parent) from None

    def _fault(self, name: str) -> EnvironmentFault | None:
        """What SQLite's name for an error means to a person (https://www.sqlite.org/rescode.html)."""
        place = str(self._path.parent)
        if name.startswith("SQLITE_IOERR"):
            # On a full disk it names whatever it was doing: growing its shared memory file, for one.
            full = _free_bytes(self._path.parent) < LOW_DISK_BYTES
            return EnvironmentFault(Code.DISK_FULL if full else Code.NO_PERMISSION, path=place)
        faults = {
            "SQLITE_FULL": EnvironmentFault(Code.DISK_FULL, path=place),
            "SQLITE_CORRUPT": EnvironmentFault(Code.DAMAGED_STORE, store=self._store),
            "SQLITE_NOTADB": EnvironmentFault(Code.DAMAGED_STORE, store=self._store),
            "SQLITE_READONLY": EnvironmentFault(Code.NO_PERMISSION, path=place),
            "SQLITE_CANTOPEN": EnvironmentFault(Code.NO_PERMISSION, path=place),
            "SQLITE_PERM": EnvironmentFault(Code.NO_PERMISSION, path=place),
            "SQLITE_BUSY": EnvironmentFault(Code.HOME_BUSY, home=place, pid=0),  # another program has the file open
            "SQLITE_LOCKED": EnvironmentFault(Code.HOME_BUSY, home=place, pid=0),
        }
        return next((fault for prefix, fault in faults.items() if name.startswith(prefix)), None)


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return LOW_DISK_BYTES
