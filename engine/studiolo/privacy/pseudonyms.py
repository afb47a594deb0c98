"""The table of pseudonyms of one library: one value one token, in both directions, and never issued anew.

A structured value (number, address of any kind) is looked up with case, spaces and separators folded, so that every
spelling of it is one token; the token restores the spelling met first. A person's name is looked up by its spelling;
its other forms get tokens of their own with the same number (see `persons.py`). Where it shows only later that two
numbers are one person's, both stay as they are and are kept as aliases: an issued token never changes. Nor does it go
with the document that its value came from: stored answers hold it, and other documents may hold the value. Values are
erased when a person says so (`forget_value`, `forget`), and with the whole library.

Values are encrypted in the file (`pseudonym_store.py`) and readable only here, in memory; nothing of them reaches a
repr or a log. Threads: any; one lock a table.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from studiolo.errors import Code, UserError
from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold
from studiolo.privacy.people import People
from studiolo.privacy.persons import given_alone, parse, parts_to_look_for
from studiolo.privacy.pseudonym_store import PseudonymStore, Row
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.tokens import Token, label_of, read_token, token_name
from studiolo.types import Pseudonym


@dataclass(frozen=True, slots=True)
class Entry:
    """One token and what it stands for."""

    token: str  # canonical name, without brackets
    type: str
    label: str
    number: int
    value: str = field(repr=False)


class PseudonymTable:
    """The tokens of one library, read once and kept in memory beside the file."""

    def __init__(self, store: PseudonymStore, library_id: str) -> None:
        self._store = store
        self._library = library_id
        self._lock = threading.RLock()
        self._clear()
        self._numbers = store.counters(library_id)
        for row in store.rows(library_id):
            self._remember(row)
        for _, number, other in store.aliases(library_id):
            self._people.tie(number, other)

    def _clear(self) -> None:
        self._by_key: dict[bytes, Entry] = {}
        self._by_token: dict[str, Entry] = {}
        self._people = People()
        self._known = KnownValues()
        self._limited: dict[frozenset[str], KnownValues] = {}
        self._types: frozenset[str] = frozenset()

    def token(self, kind: str, value: str) -> str:
        """The token of a value, issued if it has none yet."""
        label = label_of(kind)
        key = self._store.key(self._library, label, key_of(kind, value))
        with self._lock:
            entry = self._by_key.get(key)
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
            if wanted not in self._limited:
                self._limited[wanted] = self._known.limited_to(wanted)
            return self._limited[wanted]

    def types(self) -> frozenset[str]:
        """The types that have values here."""
        with self._lock:
            return self._types

    def entries(self, *, reveal: bool = False) -> list[Pseudonym]:
        """All tokens in the order of their issue, with their values where `reveal` asks for them."""
        with self._lock:
            return [
                Pseudonym(
                    entry.token,
                    entry.type,
                    entry.value if reveal else "",
                    tuple(f"{entry.label}_{number}" for number in sorted(self._people.aliases(entry.number)))
                    if entry.type == "PERSON"
                    else (),
                )
                for entry in self._by_token.values()
            ]

    def forget(self) -> int:
        """Erase the library's pseudonyms; how many. Its tokens in stored texts can then never be restored."""
        with self._lock:
            erased = self._store.erase(self._library)
            self._clear()
            return erased

    def forget_value(self, name: str) -> int:
        """Erase one person with all forms of the name, or one other value; `name` may also be a token. How many.

        Raises UserError(bad_request, problem=ambiguous) where the name fits several people and is none's whole name.
        """
        with self._lock:
            numbers = self._numbers_of(name)
            if not numbers:
                return 0
            erased = self._store.erase(self._library, sorted(numbers))
            kept = [row for row in self._store.rows(self._library) if (row.label, row.number) not in numbers]
            ties = self._store.aliases(self._library)
            self._clear()
            for row in kept:
                self._remember(row)
            for _, number, other in ties:
                self._people.tie(number, other)
            return erased

    def _numbers_of(self, name: str) -> set[tuple[str, int]]:
        folded = fold(name.strip()).text
        token = read_token(folded, 0, final=True) if folded else None
        if isinstance(token, Token) and token.end == len(folded):
            named = self._by_token.get(token.name)
            return set() if named is None else self._with_aliases(named)
        exact = [
            entry for entry in self._by_token.values() if key_of(entry.type, name) == key_of(entry.type, entry.value)
        ]
        if exact:
            return set().union(*(self._with_aliases(entry) for entry in exact))
        fitting = self._people.fitting(parse(folded))
        if len({frozenset({n, *self._people.aliases(n)}) for n in fitting}) > 1:
            raise UserError(Code.BAD_REQUEST, field="name", problem="ambiguous")
        return {("PERSON", number) for n in fitting for number in (n, *self._people.aliases(n))}

    def _with_aliases(self, entry: Entry) -> set[tuple[str, int]]:
        others = self._people.aliases(entry.number) if entry.type == "PERSON" else ()
        return {(entry.label, number) for number in (entry.number, *others)}

    def _issue(self, kind: str, label: str, value: str, key: bytes) -> Entry:
        number, form = self._numbers.get(label, 0) + 1, 0
        same_as: tuple[int, ...] = ()
        if kind == "PERSON":
            tied = self._people.place_of(parse(fold(value).text))
            same_as = tied.same_as
            if tied.number is not None:
                number, form = tied.number, self._people.forms(tied.number)
        row = Row(label, number, form, kind, key, value)
        self._store.add(self._library, row, same_as=same_as)
        entry = self._remember(row)
        for other in same_as:
            self._people.tie(number, other)
        return entry

    def _remember(self, row: Row) -> Entry:
        entry = Entry(token_name(row.label, row.number, row.form), row.type, row.label, row.number, row.value)
        self._by_key[row.key] = entry
        self._by_token[entry.token] = entry
        self._numbers[row.label] = max(self._numbers.get(row.label, 0), row.number)
        if row.type not in self._types:
            self._types |= {row.type}
        self._limited = {}
        folded = fold(row.value).text
        if row.type == "PERSON":
            self._people.add(row.number, parse(folded), form=row.form)
            for part in parts_to_look_for(folded):
                self._known.add(row.type, part, exact_case=True)
            given = given_alone(folded)
            if given:
                self._known.add(row.type, given, apart=True)
        self._known.add(row.type, folded, exact_case=row.type == "PERSON" and " " not in folded)
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
