"""The table of pseudonyms of one library: one value one token, in both directions, and never issued anew.

A structured value (number, address of any kind) is looked up with case, spaces and separators folded, so that every
spelling of it is one token; the token restores the spelling met first. A person's name is looked up by its spelling;
its other forms get tokens of their own with the same number (see `persons.py`).

Raw values stand in SQLite here and nowhere else in the privacy package; nothing of them reaches a repr or a log.
Threads: any; one lock a table. One process has the file open (the home's lock).
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.database import Database
from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold
from studiolo.privacy.persons import Name, parse, parts_to_look_for, same_person
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.tokens import label_of, token_name

STORE = "pseudonyms"
VERSION = 1
SCHEMA = """
CREATE TABLE pseudonyms (
    library TEXT NOT NULL,
    label TEXT NOT NULL,
    number INTEGER NOT NULL,
    form INTEGER NOT NULL,
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    key TEXT NOT NULL,
    issued_at REAL NOT NULL,
    PRIMARY KEY (library, label, number, form),
    UNIQUE (library, label, key)
) WITHOUT ROWID;
"""


def open_pseudonyms(path: Path) -> Database:
    """The home's pseudonym store."""
    return Database(path, store=STORE, version=VERSION, schema=SCHEMA)


@dataclass(frozen=True, slots=True)
class Entry:
    """One token and what it stands for."""

    token: str  # canonical name, without brackets
    type: str
    value: str = field(repr=False)


class PseudonymTable:
    """The tokens of one library, read once and kept in memory beside the file."""

    def __init__(self, database: Database, library_id: str) -> None:
        self._database = database
        self._library = library_id
        self._lock = threading.RLock()
        self._by_key: dict[tuple[str, str], Entry] = {}
        self._by_token: dict[str, Entry] = {}
        self._numbers: dict[str, int] = {}
        self._people: dict[int, list[Name]] = {}
        self._known = KnownValues()
        with database.read() as connection:
            rows = connection.execute(
                "SELECT label, number, form, type, value, key FROM pseudonyms WHERE library = ? ORDER BY number, form",
                (library_id,),
            ).fetchall()
        for row in rows:
            self._remember(
                row["label"], row["number"], row["form"], kind=row["type"], value=row["value"], key=row["key"]
            )

    def token(self, kind: str, value: str) -> str:
        """The token of a value, issued if it has none yet."""
        label = label_of(kind)
        key = key_of(kind, value)
        with self._lock:
            entry = self._by_key.get((label, key))
            if entry is None:
                entry = self._issue(kind, label, value, key)
            return entry.token

    def entry(self, token: str) -> Entry | None:
        """What a token (canonical name) stands for; None where this library never issued it."""
        with self._lock:
            return self._by_token.get(token)

    def known_values(self, text: str) -> list[Match]:
        """Every place of folded `text` where a value stands that has a token; they may overlap."""
        with self._lock:
            return self._known.find(text)

    def known(self, kinds: Iterable[str]) -> KnownValues:
        """The known values of some types, as of now, for scanning a stream."""
        wanted = frozenset(kinds)
        with self._lock:
            return self._known.limited_to(wanted)

    def types(self) -> frozenset[str]:
        """The types that have values here."""
        with self._lock:
            return frozenset(entry.type for entry in self._by_token.values())

    def forget(self) -> None:
        """Erase the library's pseudonyms. Its tokens in stored texts can then never be restored."""
        with self._lock:
            with self._database.write() as connection:
                connection.execute("DELETE FROM pseudonyms WHERE library = ?", (self._library,))
            self._by_key.clear()
            self._by_token.clear()
            self._numbers.clear()
            self._people.clear()
            self._known = KnownValues()

    def _issue(self, kind: str, label: str, value: str, key: str) -> Entry:
        number = self._tied_to(kind, value)
        if number is None:
            number, form = self._numbers.get(label, 0) + 1, 0
        else:
            form = len(self._people[number])
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO pseudonyms VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (self._library, label, number, form, kind, value, key, time.time()),
            )
        return self._remember(label, number, form, kind=kind, value=value, key=key)

    def _tied_to(self, kind: str, value: str) -> int | None:
        """The number of the one person this name is another form of; None where none fits, or several do."""
        if kind != "PERSON":
            return None
        name = parse(fold(value).text)
        fitting = [number for number, forms in self._people.items() if any(same_person(name, form) for form in forms)]
        exact = [n for n in fitting if any(form.whole == name.whole for form in self._people[n])]
        choice = exact or fitting
        return choice[0] if len(choice) == 1 else None

    def _remember(self, label: str, number: int, form: int, *, kind: str, value: str, key: str) -> Entry:
        entry = Entry(token_name(label, number, form), kind, value)
        self._by_key[label, key] = entry
        self._by_token[entry.token] = entry
        self._numbers[label] = max(self._numbers.get(label, 0), number)
        folded = fold(value).text
        if kind == "PERSON":
            self._people.setdefault(number, []).append(parse(folded))
            for part in parts_to_look_for(folded):
                self._known.add(kind, part, exact_case=True)
        self._known.add(kind, folded, exact_case=kind == "PERSON" and " " not in folded)
        return entry


def key_of(kind: str, value: str) -> str:
    """What two spellings of one value have in common."""
    if kind in ("LITERAL", "SECRET"):
        return value
    folded = unicodedata.normalize("NFC", fold(value).text)
    if kind in ("PERSON", "LOCATION", "ORGANIZATION"):
        return " ".join(folded.split())
    if kind == "EMAIL_ADDRESS":
        return re.sub(r"\s", "", folded).casefold()
    if kind == "ADDRESS":
        return re.sub(r"[\s,.]+", " ", folded).strip().casefold()
    compact = re.sub(r"[^\w@:]", "", folded).casefold()
    if kind == "PHONE_NUMBER":
        # A Chinese mobile number with and without its country code is one number.
        return re.sub(r"^(?:00)?86(?=1[3-9][0-9]{9}$)", "", compact)
    return compact
