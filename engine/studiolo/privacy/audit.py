"""The audit log: what the filter did, for whom, and to how many values of which type; never a value.

Append-only lines in the home, each holding the hash of the one before (`audit_lines`). How far the log has come is
anchored outside it, sealed with a key, so that a cut tail is noticed: in a file beside it and in history.db. A log that
is not what the anchors say is not mended: it says so in a record, and goes on.

A record is given to the system before its method returns, so a kill loses none but screened passages of the last half
second, which are counted together first; a batch is on the disk, and anchored, half a second later. A crash may leave a
torn line: the next opening closes it with a record. Old files are dropped when there are many; a record says so.

Who may write everything in the home, key included, can write another log with anchors that fit, or remove all of it.
Against that only a copy of `head` kept elsewhere helps: `audit verify` prints it.

Threads: any; one lock.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studiolo.errors import Code, EnvironmentFault, StudioloError, disk_fault
from studiolo.privacy.audit_lines import (
    START,
    Walk,
    lines,
    next_segment,
    read_line,
    seal,
    sealed,
    segments,
    tail,
    unseal,
)
from studiolo.shapes import audit_line
from studiolo.types import AuditFound, AuditRecord, AuditReport

SETTLE_S = 0.5  # how long records of a batch wait for the disk and for the anchors
SEGMENT_BYTES = 4 << 20
SEGMENTS = 16  # files kept: about 50,000 questions
KEY_BYTES = 32
_TOGETHER = frozenset({"passage", "file_name"})  # directions screened many times a question, recorded once

log = logging.getLogger(__name__)


class Anchor(Protocol):
    """A place outside the log that keeps one line."""

    def read(self) -> str:
        """What was kept last, "" for nothing."""
        ...

    def write(self, line: str) -> None:
        """Keep a line. Raises EnvironmentFault."""
        ...


@dataclass(frozen=True, slots=True)
class KeptAnchor:
    """An anchor that another store keeps."""

    kept: Callable[[], str]
    keep: Callable[[str], None]

    def read(self) -> str:
        """What the store says."""
        return self.kept()

    def write(self, line: str) -> None:
        """Hand it to the store."""
        self.keep(line)


class FileAnchor:
    """An anchor in a file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        """What the file says."""
        try:
            return self._path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError):
            return "unreadable"

    def write(self, line: str) -> None:
        """Replace the file whole."""
        partial = self._path.with_suffix(".partial")
        try:
            with partial.open("w", encoding="ascii") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, self._path)  # noqa: PTH105
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise disk_fault(error, self._path.parent) from None


def audit_key(path: Path) -> bytes:
    """The key in the file, made for its owner alone where there is none. Raises EnvironmentFault."""
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise disk_fault(error, path.parent) from None
    if len(key) != KEY_BYTES:
        raise EnvironmentFault(Code.DAMAGED_STORE, store="audit.key")
    return key


class AuditLog:
    """The log of one home."""

    def __init__(
        self,
        folder: Path,
        *,
        key: bytes,
        anchors: Mapping[str, Anchor],
        clock: Callable[[], float] = time.time,
        segment_bytes: int = SEGMENT_BYTES,
        segments_kept: int = SEGMENTS,
    ) -> None:
        """Open or make the log; what is wrong with its end becomes a record. Raises EnvironmentFault."""
        self._folder = folder
        self._key = key
        self._anchors = dict(anchors)
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._segments_kept = segments_kept
        self._lock = threading.RLock()
        self._flushing = threading.Lock()  # taken before `_lock`, never while it is held
        self._file: int | None = None  # descriptor; opened at the first record
        self._size = 0
        self._last, self._head = 0, START
        self._held: dict[tuple[str, str, str], tuple[int, Counter[tuple[str, str]], Counter[tuple[str, str]]]] = {}
        self._unsettled = False
        self._settling: threading.Thread | None = None
        self._closing = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_up()
        except OSError as error:
            raise disk_fault(error, folder) from None

    # writing

    def record(
        self,
        event: str,
        *,
        direction: str = "",
        reader: str = "",
        scope: str = "",
        count: int = 1,
        found: Iterable[AuditFound] = (),
    ) -> None:
        """Note an event. `scope`: whose pseudonyms (it is kept as a keyed digest). Raises EnvironmentFault."""
        library = self.library(scope)
        with self._lock:
            if event == "screened" and direction in _TOGETHER:
                self._hold((direction, reader, library), count, found)
            else:
                self._let_go()
                self._write(event, count, found, where=(direction, reader, library))
            self._settle_later()

    def library(self, scope: str) -> str:
        """How a pseudonyms' table is called in the log: its kind, and a digest that only the key's holder can make."""
        if not scope:
            return ""
        kind = scope.partition(":")[0]
        digest = hmac.new(self._key, scope.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]
        return f"{kind}:{digest}" if kind in ("library", "conversation") else digest

    def flush(self) -> None:
        """Bring everything recorded to the disk, and anchor it. Raises EnvironmentFault.

        Others may record meanwhile: the disk is waited for outside the log's lock.
        """
        with self._flushing:
            with self._lock:
                self._let_go()
                if not self._unsettled or self._file is None:
                    return
                line = seal(self._key, self._last, self._head)
                file = os.dup(self._file)
                self._unsettled = False
            try:
                with os.fdopen(file, "ab") as held:
                    os.fsync(held.fileno())
                for anchor in self._anchors.values():
                    anchor.write(line)
            except OSError as error:
                self._unsettled = True
                raise disk_fault(error, self._folder) from None
            except StudioloError:
                self._unsettled = True
                raise

    def close(self) -> None:
        """Flush, and let go of the file."""
        self._closing.set()
        with self._lock:
            settling = self._settling
        if settling is not None:
            settling.join()
        try:
            self.flush()
        finally:
            with self._lock:
                if self._file is not None:
                    os.close(self._file)
                    self._file = None

    # reading

    def records(self, *, limit: int, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        """Records in order: the last `limit` (`before` a number), or the first `limit` `after` one."""
        with self._lock:
            self._let_go()
        paths = segments(self._folder)
        if after is not None:
            following = (r for line in lines(paths) if (r := read_line(line)) is not None and r.number > after)
            return [record for record, _ in zip(following, range(limit), strict=False)]
        kept: list[AuditRecord] = []
        for path in reversed(paths):
            if len(kept) >= limit:
                break
            some = [record for line in lines([path]) if (record := read_line(line)) is not None]
            kept = [record for record in some if before is None or record.number < before] + kept
        return kept[-limit:] if limit else []

    def verify(self) -> AuditReport:
        """Whether the log is what was written. Reads all of it."""
        self.flush()
        with self._lock:
            anchors = {name: self._anchored(anchor) for name, anchor in self._anchors.items()}
            paths = segments(self._folder)
            last = self._last
        wanted = frozenset(found[0] for found in anchors.values() if found is not None)
        walk = Walk()
        for line in lines(paths):
            walk.take(line, wanted=wanted)
            if walk.last >= last:
                break
        return walk.report(anchors)

    # inside, under the lock

    def _hold(self, key: tuple[str, str, str], texts: int, found: Iterable[AuditFound]) -> None:
        before, counts, lengths = self._held.get(key, (0, Counter(), Counter()))
        for one in found:
            counts[one.type, one.rule] += one.count
            lengths[one.type, one.rule] += one.length
        self._held[key] = (before + texts, counts, lengths)

    def _let_go(self) -> None:
        held, self._held = self._held, {}
        for where, (texts, counts, lengths) in held.items():
            found = [AuditFound(*kind, counts[kind], lengths[kind]) for kind in sorted(counts)]
            self._write("screened", texts, found, where=where)

    def _write(
        self, event: str, count: int, found: Iterable[AuditFound] = (), *, where: tuple[str, str, str] = ("", "", "")
    ) -> None:
        """Append a record. `where`: direction, reader, library."""
        direction, reader, library = where
        made = AuditRecord(
            number=self._last + 1,
            time=round(self._clock(), 3),
            event=event,
            direction=direction,
            reader=reader,
            library=library,
            count=count,
            found=tuple(found),
            previous=self._head,
            hash="",
        )
        record = sealed(made)
        line = audit_line(record).encode("ascii") + b"\n"
        try:
            if self._file is None or self._size + len(line) > self._segment_bytes:
                self._open_segment(len(line))
            self._append(line)
        except OSError as error:
            raise disk_fault(error, self._folder) from None
        self._last, self._head = record.number, record.hash
        self._unsettled = True
        if self._size == len(line):
            self._prune()

    def _append(self, line: bytes) -> None:
        assert self._file is not None
        try:
            written = os.write(self._file, line)
            if written != len(line):
                os.write(self._file, line[written:])  # a full disk raises here
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)

    def _open_segment(self, needed: int) -> None:
        """Go on in the last file, or in a new one where it is full."""
        known = segments(self._folder)
        path = known[-1] if known and self._file is None else next_segment(self._folder)
        if self._file is None and known and path.stat().st_size + needed > self._segment_bytes:
            path = next_segment(self._folder)
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._size = os.fstat(self._file).st_size
        if os.name == "posix":
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _prune(self) -> None:
        """Drop the oldest files, once a record says so."""
        for path in segments(self._folder)[: -self._segments_kept]:
            records, _ = tail(path)
            if records:
                self._write("pruned", records[-1].number)
            if self._file is not None:
                os.fsync(self._file)
            path.unlink()

    def _take_up(self) -> None:
        """Find where the log ends, and whether that is where it should."""
        records: list[AuditRecord] = []
        torn = 0
        for path in reversed(segments(self._folder)):  # an empty last file: a kill between making and writing it
            records, torn = tail(path)
            if records or torn:
                _end_line(path)
                break
        if records:
            self._last, self._head = records[-1].number, records[-1].hash
        anchors = [self._anchored(anchor) for anchor in self._anchors.values()]
        known = [anchor for anchor in anchors if anchor is not None and anchor[0] >= 0]
        count, head = max(known, default=(0, START))
        if count > self._last:
            missing = count - self._last
            self._last, self._head = count, head
            self._write("cut_tail", missing)
        elif torn:
            self._write("torn", torn)
        kept = {record.number: record.hash for record in records}
        if any(at < 0 or kept.get(at, said) != said for at, said in filter(None, anchors)):
            self._write("anchor_mismatch", 0)
        elif records and all(anchor is None for anchor in anchors):
            self._write("anchor_missing", 0)
        if self._unsettled:
            self.flush()

    def _anchored(self, anchor: Anchor) -> tuple[int, str] | None:
        line = anchor.read()
        return (unseal(self._key, line) or (-1, "")) if line else None

    def _settle_later(self) -> None:
        if self._settling is None and not self._closing.is_set():
            self._settling = threading.Thread(target=self._settle, name="audit", daemon=True)
            self._settling.start()

    def _settle(self) -> None:
        self._closing.wait(SETTLE_S)
        with self._lock:
            self._settling = None
        try:
            self.flush()
        except StudioloError as error:  # tried again with the next batch, and when the log is closed
            log.warning("audit not settled: %s", error.code.value)


def _end_line(path: Path) -> None:
    """End the last line, so that the next record begins on one of its own."""
    with path.open("rb+") as file:
        if file.seek(0, 2) and file.seek(-1, 2) >= 0 and file.read(1) != b"\n":
            file.write(b"\n")
