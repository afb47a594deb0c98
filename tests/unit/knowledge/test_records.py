"""The tables of the knowledge base, made from nothing and from the format before."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from studiolo.knowledge.records import SCHEMA, from_version_1


def test_a_home_of_the_format_before_has_the_tables_too():
    with closing(sqlite3.connect(":memory:")) as new, closing(sqlite3.connect(":memory:")) as old:
        new.executescript(SCHEMA)
        old.execute("CREATE TABLE libraries (id TEXT PRIMARY KEY)")
        old.execute("CREATE TABLE documents (id TEXT PRIMARY KEY, status TEXT)")
        old.execute("CREATE TABLE pending (id TEXT)")
        from_version_1(old)
        names = [
            sorted(name for (name,) in one.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
            for one in (new, old)
        ]
    assert {"watched", "marks"} <= set(names[1])
    assert set(names[1]) == set(names[0]) - {"documents_by_content"}
