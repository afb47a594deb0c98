"""Stores carry a format: newer is refused, older is lifted after a backup, a failed write leaves nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from studiolo.database import Database
from studiolo.errors import Code, EnvironmentFault

SCHEMA = "CREATE TABLE things(name TEXT)"


def _open(path: Path, **more: object) -> Database:
    return Database(path, store="things", **{"version": 1, "schema": SCHEMA, **more})  # type: ignore[arg-type]


def test_a_write_that_raises_leaves_nothing(tmp_path: Path) -> None:
    database = _open(tmp_path / "a.db")

    def fail_half_way() -> None:
        with database.write() as db:
            db.execute("INSERT INTO things VALUES('x')")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    with database.read() as db:
        assert db.execute("SELECT COUNT(*) FROM things").fetchone()[0] == 0
    database.close()


def test_an_older_store_is_lifted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = _open(path)
    with database.write() as db:
        db.execute("INSERT INTO things VALUES('old')")
    database.close()
    lift = {1: lambda db: db.execute("ALTER TABLE things ADD COLUMN size INTEGER DEFAULT 7")}
    database = _open(path, version=2, migrations=lift)
    with database.read() as db:
        assert tuple(db.execute("SELECT * FROM things").fetchone()) == ("old", 7)
    database.close()
    backup = sqlite3.connect(tmp_path / "a.v1.backup")
    assert backup.execute("SELECT name FROM things").fetchone() == ("old",)
    backup.close()


def test_a_newer_store_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    _open(path, version=3).close()
    before = path.read_bytes()
    with pytest.raises(EnvironmentFault) as caught:
        _open(path, version=1)
    assert caught.value.code is Code.NEWER_FORMAT
    assert caught.value.values == {"store": "things", "found": 3, "supported": 1}
    assert path.read_bytes() == before


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    database = _open(tmp_path / "a.db")
    with database.read() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(EnvironmentFault) as caught, database.write() as db:
        db.execute("INSERT INTO things VALUES(?)", ("x" * 100_000,))
    assert caught.value.code is Code.DISK_FULL
    with database.read() as db:
        assert db.execute("SELECT COUNT(*) FROM things").fetchone()[0] == 0
    database.close()


@pytest.mark.parametrize(
    ("name", "free_bytes", "code"),
    [
        ("SQLITE_IOERR_SHMSIZE", 0, Code.DISK_FULL),
        ("SQLITE_IOERR_SHMSIZE", 1 << 40, Code.NO_PERMISSION),
        ("SQLITE_FULL", 1 << 40, Code.DISK_FULL),
        ("SQLITE_CORRUPT_INDEX", 1 << 40, Code.DAMAGED_STORE),
        ("SQLITE_CANTOPEN_ISDIR", 1 << 40, Code.NO_PERMISSION),
        ("SQLITE_READONLY_DIRECTORY", 1 << 40, Code.NO_PERMISSION),
        ("SQLITE_BUSY_SNAPSHOT", 1 << 40, Code.HOME_BUSY),
    ],
)
def test_sqlites_complaints_get_our_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, free_bytes: int, code: Code
) -> None:
    database = Database(tmp_path / "store.db", store="history", version=1, schema="CREATE TABLE t(a)")
    monkeypatch.setattr("studiolo.database._free_bytes", lambda _: free_bytes)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = name
    with pytest.raises(EnvironmentFault) as caught, database.write():
        raise error
    database.close()
    assert caught.value.code is code


def test_a_full_disk_rolls_back_and_the_store_goes_on(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db", store="history", version=1, schema="CREATE TABLE t(a)")
    with database.write() as connection:
        connection.execute("INSERT INTO t VALUES('kept')")
        connection.execute("PRAGMA max_page_count=4")

    def write_too_much() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO t VALUES('small')")
            connection.execute("INSERT INTO t VALUES(zeroblob(1000000))")

    with pytest.raises(EnvironmentFault) as caught:
        write_too_much()
    assert caught.value.code is Code.DISK_FULL
    with database.read() as connection:
        assert [row[0] for row in connection.execute("SELECT a FROM t")] == ["kept"]
    database.close()
