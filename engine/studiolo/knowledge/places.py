"""Passages and where they stand: which document holds which passage, on which page, under which heading (SQLite).

A passage is kept once a library, however often it occurs: `digest_of` says what counts as the same. Its number is its
name in LanceDB, which holds the text. A document's passages change from one version to the next in one transaction; a
passage that no document holds any more becomes a leftover in the same one. Any thread.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studiolo.database import Database
from studiolo.knowledge.language import fold
from studiolo.knowledge.ranges import Ranges, runs
from studiolo.knowledge.records import FINDABLE, Record, columns, put
from studiolo.types import Passage, Redaction, Span

_BLANKS = re.compile(r"\s+")
_MANY = 500  # bound variables of one statement


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage of a document that is being taken in: its text, its place, what is put in front of it for indexing."""

    text: str = field(repr=False)
    context: str = field(repr=False)
    page: int
    page_end: int
    start: int
    end: int
    heading: tuple[str, ...] = field(repr=False)
    label: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """A passage whose text is not in LanceDB yet, under the number it was given."""

    id: int
    text: str = field(repr=False)
    context: str = field(repr=False)


def digest_of(text: str, context: str) -> bytes:
    """What makes two passages the same: the letters, digits and signs of text and context, in order.

    Blanks, case and width may differ, and nothing else: two clauses that differ in one digit are two passages.
    """
    squeezed = "\0".join(_BLANKS.sub("", fold(part)) for part in (context, text))
    return hashlib.sha256(squeezed.encode("utf-8", "surrogatepass")).digest()[:20]


class Places:
    """All passages of a home."""

    def __init__(self, database: Database, *, detector: int = 1) -> None:
        """`detector`: the version of what finds personal data now; what an older one has found does not count."""
        self._database = database
        self._detector = detector

    # taking a document in

    def reserve(self, library_id: str, pieces: Sequence[Piece]) -> tuple[list[int], list[Fresh]]:
        """A number for each piece, and the passages among them that are new: their texts are to be stored first."""
        numbers: list[int] = []
        fresh: dict[int, Fresh] = {}
        with self._database.write() as connection:
            for piece in pieces:
                digest = digest_of(piece.text, piece.context)
                row = connection.execute(
                    "SELECT id, stored FROM passages WHERE library_id = ? AND digest = ?", (library_id, digest)
                ).fetchone()
                if row is None:
                    cursor = connection.execute(
                        "INSERT INTO passages (library_id, digest, language) VALUES (?, ?, ?)",
                        (library_id, digest, piece.language),
                    )
                    number = int(cursor.lastrowid or 0)
                    fresh[number] = Fresh(number, piece.text, piece.context)
                else:
                    number = int(row["id"])
                numbers.append(number)
        return numbers, list(fresh.values())

    def give_back(self, fresh: Sequence[Fresh]) -> None:
        """Take back numbers whose texts could not be stored."""
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM passages WHERE id = ? AND stored = 0", ((passage.id,) for passage in fresh)
            )

    def place(
        self,
        record: Record,
        pieces: Sequence[Piece],
        numbers: Sequence[int],
        *,
        version: int,
        waiting: int,
        visible: bool,
    ) -> None:
        """Put a document's pieces, stored under `numbers`, in their places as its `version`.

        A first version can be found from now on (`visible`: the record is put as it is given); a later one waits for
        `turn`. The intake's note `waiting` is brought up to date in the same transaction.
        """
        document_id = record.document.id
        with self._database.write() as connection:
            if visible:
                put(connection, record)
            connection.execute("DELETE FROM occurrences WHERE document_id = ? AND version = ?", (document_id, version))
            connection.executemany(
                "INSERT INTO occurrences VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        document_id,
                        version,
                        ordinal,
                        number,
                        piece.page,
                        piece.page_end,
                        piece.start,
                        piece.end,
                        json.dumps(piece.heading),
                        piece.label,
                    )
                    for ordinal, (piece, number) in enumerate(zip(pieces, numbers, strict=True))
                ),
            )
            connection.executemany("UPDATE passages SET stored = 1 WHERE id = ?", ((number,) for number in numbers))
            connection.execute(
                "UPDATE intake SET shelved = 1, document_id = ?, version = ?, record = ? WHERE id = ?",
                (document_id, version, json.dumps(columns(record)), waiting),
            )

    def turn(self, record: Record, *, waiting: int) -> bool:
        """Let the document be as `record` says, with the passages of its version and no other; the file has arrived.

        Gives whether passages became leftovers.
        """
        document_id = record.document.id
        with self._database.write() as connection:
            put(connection, record)
            old = _numbers(
                connection,
                "SELECT DISTINCT passage_id FROM occurrences WHERE document_id = ? AND version <> ?",
                (document_id, record.version),
            )
            connection.execute(
                "DELETE FROM occurrences WHERE document_id = ? AND version <> ?", (document_id, record.version)
            )
            connection.execute("DELETE FROM intake WHERE id = ?", (waiting,))
            return _leave(connection, record.library_id, old)

    def withdraw(self, library_id: str, document_id: str, *, version: int) -> bool:
        """Take a version back that is not to be; of a first one the document's row goes too."""
        with self._database.write() as connection:
            old = _numbers(
                connection,
                "SELECT DISTINCT passage_id FROM occurrences WHERE document_id = ? AND version = ?",
                (document_id, version),
            )
            connection.execute("DELETE FROM occurrences WHERE document_id = ? AND version = ?", (document_id, version))
            connection.execute("DELETE FROM documents WHERE id = ? AND version = ?", (document_id, version))
            return _leave(connection, library_id, old)

    def remove(self, records: Sequence[Record]) -> None:
        """Remove documents of one library; passages that no other holds become leftovers."""
        with self._database.write() as connection:
            for record in records:
                key = (record.document.id,)
                old = _numbers(connection, "SELECT DISTINCT passage_id FROM occurrences WHERE document_id = ?", key)
                connection.execute("DELETE FROM occurrences WHERE document_id = ?", key)
                connection.execute("DELETE FROM documents WHERE id = ?", key)
                connection.execute(
                    "DELETE FROM intake WHERE library_id = ? AND path_key = ?", (record.library_id, record.path_key)
                )
                _leave(connection, record.library_id, old)

    def discard(self, numbers: Sequence[int]) -> None:
        """Forget passages whose texts are lost, and that they stood anywhere."""
        with self._database.write() as connection:
            for some in _parts(numbers):
                marks = _marks(some)
                connection.execute(f"DELETE FROM occurrences WHERE passage_id IN ({marks})", some)  # noqa: S608
                connection.execute(f"DELETE FROM passages WHERE id IN ({marks})", some)  # noqa: S608

    def unstored(self) -> None:
        """Make leftovers of passages that were given a number and never stored (a kill in between)."""
        with self._database.write() as connection:
            connection.execute("INSERT INTO leftovers SELECT library_id, id FROM passages WHERE stored = 0")
            connection.execute("DELETE FROM passages WHERE stored = 0")

    # what is still to be done to passages

    def unscreened(self, document_id: str, *, version: int) -> list[int]:
        """Numbers of a document's passages that are not screened, or by an older filter, in order."""
        return self._of_version(document_id, version, f"(p.spans IS NULL OR p.detector <> {self._detector:d})")

    def stale(self, library_id: str) -> list[int]:
        """Numbers of a library's passages that an older filter has screened."""
        query = "SELECT id FROM passages WHERE library_id = ? AND spans IS NOT NULL AND detector <> ? ORDER BY id"
        with self._database.read() as connection:
            return _numbers(connection, query, (library_id, self._detector))

    def unembedded(self, document_id: str, *, version: int) -> list[int]:
        """Numbers of a document's passages that have no vector, in order."""
        return self._of_version(document_id, version, "p.embedded = 0")

    def _of_version(self, document_id: str, version: int, condition: str) -> list[int]:
        query = (
            "SELECT o.passage_id FROM occurrences o JOIN passages p ON p.id = o.passage_id "  # noqa: S608 - ours
            f"WHERE o.document_id = ? AND o.version = ? AND {condition} GROUP BY o.passage_id ORDER BY MIN(o.ordinal)"
        )
        with self._database.read() as connection:
            return _numbers(connection, query, (document_id, version))

    def screened(self, spans: Mapping[int, Sequence[Span] | None], *, detector: int | None = None) -> None:
        """Note what was found in passages (None: they count as not screened), by the filter's version `detector`."""
        version = self._detector if detector is None else detector
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE passages SET spans = ?, detector = ? WHERE id = ?",
                ((None if found is None else spans_json(found), version, number) for number, found in spans.items()),
            )

    def counted(self, document_id: str, found: Sequence[Redaction], *, version: int) -> None:
        """Note what stands in a document, as long as it is of that version."""
        counts = json.dumps([[entry.type, entry.count] for entry in found])
        with self._database.write() as connection:
            connection.execute(
                "UPDATE documents SET redactions = ? WHERE id = ? AND version = ?", (counts, document_id, version)
            )

    def embedded(self, numbers: Iterable[int], *, value: bool = True) -> None:
        """Note that passages have (or have lost) their vectors."""
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE passages SET embedded = ? WHERE id = ?", ((int(value), number) for number in numbers)
            )

    def spans_of(self, document_id: str, *, version: int) -> list[tuple[int, tuple[Span, ...]]]:
        """What was found in the passages of a document, each as often as it stands there, with its number."""
        query = (
            "SELECT p.id, p.spans FROM occurrences o JOIN passages p ON p.id = o.passage_id "
            "WHERE o.document_id = ? AND o.version = ? AND p.spans IS NOT NULL ORDER BY o.ordinal"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, (document_id, version)).fetchall()
        return [(int(row[0]), _spans(row[1])) for row in rows]

    # finding

    def numbers(self, library_id: str) -> list[int]:
        """All passages of a library."""
        with self._database.read() as connection:
            return _numbers(connection, "SELECT id FROM passages WHERE library_id = ? ORDER BY id", (library_id,))

    def embedded_numbers(self, library_id: str) -> list[int]:
        """All passages of a library that have a vector."""
        query = "SELECT id FROM passages WHERE library_id = ? AND embedded = 1 ORDER BY id"
        with self._database.read() as connection:
            return _numbers(connection, query, (library_id,))

    def bare(self, numbers: Sequence[int]) -> list[int]:
        """Those of the passages that are stored and have no vector."""
        found: list[int] = []
        with self._database.read() as connection:
            for some in _parts(numbers):
                query = f"SELECT id FROM passages WHERE stored = 1 AND embedded = 0 AND id IN ({_marks(some)})"  # noqa: S608
                found.extend(_numbers(connection, query, some))
        return found

    def languages(self, numbers: Sequence[int]) -> dict[int, str]:
        """The language of each passage."""
        found: dict[int, str] = {}
        with self._database.read() as connection:
            for some in _parts(numbers):
                query = f"SELECT id, language FROM passages WHERE id IN ({_marks(some)})"  # noqa: S608 - marks
                found.update((row[0], row[1]) for row in connection.execute(query, some))
        return found

    def digests(self, library_id: str) -> dict[int, bytes]:
        """What each passage of a library was taken in as."""
        query = "SELECT id, digest FROM passages WHERE library_id = ?"
        with self._database.read() as connection:
            return {row[0]: bytes(row[1]) for row in connection.execute(query, (library_id,))}

    def holders(self, numbers: Sequence[int]) -> set[str]:
        """Ids of the documents that hold any of the passages."""
        found: set[str] = set()
        with self._database.read() as connection:
            for some in _parts(numbers):
                query = f"SELECT DISTINCT document_id FROM occurrences WHERE passage_id IN ({_marks(some)})"  # noqa: S608
                found.update(row[0] for row in connection.execute(query, some))
        return found

    def count(self, document_id: str, *, version: int) -> int:
        """How many places a document has."""
        query = "SELECT COUNT(*) FROM occurrences WHERE document_id = ? AND version = ?"
        with self._database.read() as connection:
            return int(connection.execute(query, (document_id, version)).fetchone()[0])

    def ranges(self, documents: Sequence[str]) -> Ranges:
        """The passages of documents that can be found, as runs of numbers."""
        numbers: list[int] = []
        with self._database.read() as connection:
            for some in _parts(list(documents)):
                query = (
                    "SELECT DISTINCT o.passage_id FROM occurrences o JOIN documents d "  # noqa: S608 - marks
                    "ON d.id = o.document_id AND d.version = o.version "
                    f"WHERE d.status IN {FINDABLE} AND d.id IN ({_marks(some)})"
                )
                numbers.extend(_numbers(connection, query, some))
        return runs(numbers)

    def passages(
        self, texts: Mapping[int, str], *, library_id: str, documents: Sequence[str] | None = None
    ) -> dict[int, Passage]:
        """The passages of `texts` (by number), where they stand: in the first document that holds them.

        One that no document (of `documents`, if given) holds in a version that can be found is left out.
        """
        wanted = None if documents is None else set(documents)
        found: dict[int, Passage] = {}
        for row in self._rows("o.passage_id", list(texts), library_id):
            if row["passage_id"] not in found and (wanted is None or row["document_id"] in wanted):
                found[row["passage_id"]] = _passage(row, texts[row["passage_id"]], detector=self._detector)
        return found

    def of_document(self, document_id: str, *, library_id: str) -> list[tuple[int, Passage]]:
        """A document's passages in order, without their texts, each with its number."""
        rows = sorted(self._rows("o.document_id", [document_id], library_id), key=lambda row: row["ordinal"])
        return [(row["passage_id"], _passage(row, "", detector=self._detector)) for row in rows]

    def _rows(self, column: str, values: Sequence[Any], library_id: str) -> list[sqlite3.Row]:
        rows: list[sqlite3.Row] = []
        with self._database.read() as connection:
            for some in _parts(values):
                query = (
                    f"{_JOINED} WHERE {column} IN ({_marks(some)}) AND d.library_id = ? "
                    f"AND d.status IN {FINDABLE} ORDER BY d.rowid, o.ordinal"
                )
                rows.extend(connection.execute(query, (*some, library_id)).fetchall())
        return rows


_JOINED = (
    "SELECT o.*, d.name AS name, p.language AS language, p.spans AS spans, p.detector AS detector "
    "FROM occurrences o "
    "JOIN documents d ON d.id = o.document_id AND d.version = o.version JOIN passages p ON p.id = o.passage_id"
)


def _spans(stored: str) -> tuple[Span, ...]:
    return tuple(Span(*span) for span in json.loads(stored))


def _passage(row: sqlite3.Row, text: str, *, detector: int) -> Passage:
    stale = row["spans"] is not None and row["detector"] != detector
    return Passage(
        id=f"{row['document_id']}-{row['version']}-{row['ordinal']}",
        document_id=row["document_id"],
        document=row["name"],
        page=row["page"],
        page_end=row["page_end"],
        start=row["start"],
        end=row["end"],
        heading=tuple(json.loads(row["heading"])),
        text=text,
        language=row["language"],
        spans=_spans(row["spans"]) if row["spans"] is not None and not stale else None,
        label=row["label"],
        stale=stale,
    )


def with_text(passage: Passage, text: str) -> Passage:
    """The passage with its text."""
    return replace(passage, text=text)


def spans_json(spans: Sequence[Span]) -> str:
    """Spans as they are stored."""
    return json.dumps([[span.type, span.start, span.end, span.score] for span in spans])


def _numbers(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[int]:
    return [int(row[0]) for row in connection.execute(query, tuple(values))]


def _leave(connection: sqlite3.Connection, library_id: str, numbers: Sequence[int]) -> bool:
    """Make leftovers of those passages that stand nowhere any more."""
    left = False
    for some in _parts(numbers):
        orphans = _numbers(
            connection,
            f"SELECT id FROM passages p WHERE id IN ({_marks(some)}) "  # noqa: S608 - marks
            "AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.passage_id = p.id)",
            some,
        )
        connection.executemany("DELETE FROM passages WHERE id = ?", ((number,) for number in orphans))
        connection.executemany("INSERT INTO leftovers VALUES (?, ?)", ((library_id, number) for number in orphans))
        left = left or bool(orphans)
    return left


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(values), _MANY):
        yield values[start : start + _MANY]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
