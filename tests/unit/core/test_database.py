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
