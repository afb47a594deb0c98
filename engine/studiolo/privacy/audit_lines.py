"""The audit log as lines: how a record is made and read, which files hold them, and whether they are what was written.

A record is one line of JSON; its `hash` is the SHA-256 of the line without it, which holds the hash of the record
before. A line differs in no byte from what `shapes.audit_line` writes of its record: anything else is a change.
Knows nothing of the filter. Pure functions and reading; any thread.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from studiolo.errors import EngineBug
from studiolo.shapes import audit_line
from studiolo.types import AuditProblem, AuditRecord, AuditReport
from studiolo.wire import parse

START = "0" * 64  # what stands before the first record
TAIL_BYTES = 1 << 16
_SUFFIX = ".jsonl"


def sealed(record: AuditRecord) -> AuditRecord:
    """The record with its hash."""
    return replace(record, hash=_hash(record))


def read_line(line: bytes) -> AuditRecord | None:
    """The record of a line (without its end), or None where no such line was ever written whole."""
    try:
        record = parse(AuditRecord, json.loads(line))
        if audit_line(record).encode("ascii") == line and record.hash == _hash(record):
            return record
    except (ValueError, RecursionError, EngineBug):
        pass
    return None


def segments(folder: Path) -> list[Path]:
    """The log's files, the oldest first."""
    return sorted(path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def next_segment(folder: Path) -> Path:
    """The name of the file after the last."""
    known = segments(folder)
    return folder / f"{int(known[-1].stem) + 1 if known else 1:08d}{_SUFFIX}"


def lines(paths: Iterable[Path]) -> Iterator[bytes]:
    """All lines without their ends; what stands behind a file's last end of line too."""
    for path in paths:
        with path.open("rb") as file:
            for line in file:
                yield line.removesuffix(b"\n")


def tail(path: Path) -> tuple[list[AuditRecord], int]:
    """The last records of a file, in order, and how many bytes stand behind them that are no record."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - TAIL_BYTES)
        file.seek(start)
        found = file.read()
    pieces = found.split(b"\n")
    if start:
        pieces = pieces[1:]  # cut by us
    records = [read_line(piece) for piece in pieces]
    torn = 0
    while records and records[-1] is None:
        torn += len(pieces[len(records) - 1])
        records.pop()
    return [record for record in records if record is not None], torn


def seal(key: bytes, count: int, head: str) -> str:
    """An anchor: how many records there are, the last one's hash, and a code that only the key's holder can make."""
    body = f"{count} {head}"
    return f"{body} {hmac.new(key, body.encode(), hashlib.sha256).hexdigest()}"


def unseal(key: bytes, anchor: str) -> tuple[int, str] | None:
    """What an anchor says, None where it was not made with the key."""
    parts = anchor.split()
    if len(parts) != 3 or not parts[0].isdecimal():
        return None
    count, head = int(parts[0]), parts[1]
    return (count, head) if hmac.compare_digest(seal(key, count, head), " ".join(parts)) else None


class Walk:
    """Verifying: `take` each line in order, then `report`. Stops looking for more after the first problem."""

    def __init__(self) -> None:
        self._first = self._last = self._torn = self._record = 0
        self._head = START
        self._problem: AuditProblem = ""
        self._pending: bytes | None = None  # a line that is no record: torn, if the next record says so
        self._dropped = 0
        self._heads: dict[int, str] = {}

    @property
    def last(self) -> int:
        """The number of the last record so far."""
        return self._last

    def take(self, line: bytes, *, wanted: frozenset[int] = frozenset()) -> None:
        """Look at a line. `wanted`: the numbers whose hashes the anchors name."""
        record = read_line(line)
        if record is None:
            if self._pending is not None:
                self._bad("changed_record", self._last + 1)
            self._pending = line
            return
        self._closed(record)
        self._follows(record)
        self._first = self._first or record.number
        self._last, self._head = record.number, record.hash
        if record.number in wanted:
            self._heads[record.number] = record.hash
        self._says(record)

    def _closed(self, record: AuditRecord) -> None:
        """A line that is no record stands before this one: a crash's, if the record says so."""
        if self._pending is None:
            return
        if record.event == "torn" and record.count == len(self._pending):
            self._torn += 1
        elif record.event != "cut_tail":
            self._bad("changed_record", self._last + 1)
        self._pending = None

    def _follows(self, record: AuditRecord) -> None:
        if not self._first:
            return
        if record.event == "cut_tail" and record.number > self._last + 1:
            self._bad("cut_tail", self._last + 1)
        elif record.number > self._last + 1:
            self._bad("removed_records", self._last + 1)
        elif record.number <= self._last:
            self._bad("changed_record", record.number)
        elif record.previous != self._head:
            self._bad("changed_record", self._last)

    def _says(self, record: AuditRecord) -> None:
        """What the log itself noted when it was opened."""
        if record.event == "pruned":
            self._dropped = record.count
        elif record.event == "cut_tail":
            self._bad("cut_tail", record.number - record.count)
        elif record.event == "anchor_mismatch":
            self._bad("anchor_mismatch", record.number)
        elif record.event == "anchor_missing":
            self._bad("anchor_missing", record.number)

    def report(self, anchors: Mapping[str, tuple[int, str] | None]) -> AuditReport:
        """The verdict. `anchors`: what each says; (-1, "") = it was not made with the key, None = it is not there."""
        if self._pending:
            self._bad("changed_record", self._last + 1)
        if self._first > self._dropped + 1:
            self._bad("removed_records", self._dropped + 1)
        states = {name: self._state(found) for name, found in anchors.items()}
        if not self._problem and any(state == "mismatch" for state in states.values()):
            self._bad("anchor_mismatch", 0)
        if not self._problem and self._last and all(state == "missing" for state in states.values()):
            self._bad("anchor_missing", 0)
        return AuditReport(
            first=self._first,
            last=self._last,
            head=self._head,
            problem=self._problem,
            record=self._record,
            torn=self._torn,
            anchors=states,
        )

    def _state(self, anchor: tuple[int, str] | None) -> str:
        if anchor is None:
            return "missing"
        count, head = anchor
        if count > self._last:
            self._bad("cut_tail", self._last + 1)
            return "mismatch"
        dropped = 0 <= count < self._first  # it names a record that is no longer kept
        if not dropped and self._heads.get(count, START if count == 0 else "") != head:
            return "mismatch"
        return "ok" if count == self._last else "older"

    def _bad(self, problem: AuditProblem, record: int) -> None:
        if not self._problem:
            self._problem, self._record = problem, record


def _hash(record: AuditRecord) -> str:
    line = audit_line(replace(record, hash=""))
    return hashlib.sha256(line.encode("ascii")).hexdigest()
