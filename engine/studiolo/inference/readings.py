"""Stored readings: the keys and values that a model made of some tokens, kept on disk within a budget.

A cache of bytes: it must not know what is in them, of models or of prompts. Whatever goes wrong costs a reading and
nothing else: what is damaged, cut, foreign or of another format is dropped when it is met; a disk that is full or
refuses keeps nothing new; a folder that cannot be used is an empty store. No call raises for the disk.

One file a reading, `<digest of its key>.r<format>`, whole or not at all (written beside, flushed, renamed). There is
no index to be damaged: names and sizes are the folder's, the order of use is the files' times of change, whom a reading
belongs to stands in its header. Opening reads no file.

Every `get` looks at every byte of the file before it is mapped: a disk may fail at any time, and beside reading the
tokens with the model it costs next to nothing. What a disk changes after that, in pages that the system let go of and
fetches again while they are being loaded, is not seen. Nothing is compressed: the best that can be had takes a sixth
off, and makes loading several times as long (`make bench SUITE=readings`).

A reading that is dropped while somebody holds it stays readable for them: POSIX keeps an unlinked file until it is let
go of. Windows refuses to remove it: then it is not found any more, an empty `<digest>.gone` says so to the next start,
and it goes when it is let go of. Threads: any. Processes: one a folder, which the home's lock sees to.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studiolo.inference import readings_file as files
from studiolo.inference.readings_file import StoredReading
from studiolo.inference.readings_key import ReadingKey, group_digest

KEEP_FREE_BYTES = 1 << 30
_NAME = re.compile(r"([0-9a-f]{64})\.(?:r(\d{1,9})|gone|(\d{1,19})\.partial)")
_LATER_NS = 1_000  # two uses are told apart by file systems that count in 100 ns


@dataclass(frozen=True, slots=True)
class ReadingStatistics:
    """What is kept now, and what was dropped since the store was opened."""

    entries: int
    size_bytes: int
    budget_bytes: int
    damaged: int  # dropped because they were not what had been written
    evicted: int  # dropped to make room


@dataclass(slots=True)
class _Entry:
    """A file of the store; `groups` is None until its header was looked at."""

    size: int
    groups: frozenset[bytes] | None = None


@dataclass(slots=True)
class _Write:
    """A reading on its way to the disk; `wanted` is False once what it was made of is to be forgotten."""

    size: int
    groups: frozenset[bytes]
    wanted: bool = True


class ReadingStore:
    """The readings in one folder, at most `budget_bytes` of files, the least recently used dropped first."""

    def __init__(self, folder: Path, *, budget_bytes: int, keep_free_bytes: int = KEEP_FREE_BYTES) -> None:
        """Open the folder (made where missing, 0700). `keep_free_bytes` of its disk are left to everything else.

        Files with names that are not the store's are left alone and not counted.
        """
        self._folder = folder
        self._budget = max(0, budget_bytes)
        self._keep_free = keep_free_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the least recently used first
        self._writes: dict[int, _Write] = {}
        self._numbers = 0  # of writes so far, for the names of their files
        self._used = 0  # bytes of the entries and of the writes
        self._last_ns = 0
        self._damaged = 0
        self._evicted = 0
        self._gone: set[bytes] = set()  # groups that do not come back
        self._held: set[str] = set()  # files that the system would not remove
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._scan()
        with self._lock:
            self._evict(self._budget)

    def get(self, key: ReadingKey) -> StoredReading | None:
        """The reading of `key`, every byte of it verified, and used just now; None where there is none."""
        name = key.digest
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                return None
            try:
                file = open(self._path(name), "rb", buffering=0)  # noqa: PTH123, SIM115 - closed below, out of the lock
            except FileNotFoundError:
                self._drop(name)
                return None
            except OSError:  # no descriptor left, say: no reason to lose it
                return None
        with file:
            try:
                reading = files.StoredReading(file, key=bytes.fromhex(name), on_close=lambda: self._let_go(name))
            except (files.DamagedReading, OSError) as error:
                reading, lost = None, not isinstance(error, files.NotMapped)
        with self._lock:
            current = self._entries.get(name) is entry
            if reading is not None and current:
                entry.groups = frozenset(reading.groups)
                self._entries.move_to_end(name)
                self._stamp(self._path(name))
            elif reading is None and current and lost:
                self._damaged += 1
                self._drop(name)
        if reading is None:
            self._let_go(name)
        return reading

    def put(
        self, key: ReadingKey, data: bytes | bytearray | memoryview, *, tokens: int, groups: Iterable[str] = ()
    ) -> bool:
        """Keep `data` (any C-contiguous buffer), in place of what was there under `key`; False where it is not kept.

        It takes the time of writing to the disk, which may be long: not for a thread that somebody waits for.
        `groups` name what it was made of (a document, its library), for `forget`; only their digests are stored. Raises
        ValueError for more than 4,096 of them.
        """
        view = memoryview(data)
        if view.itemsize != 1 or view.ndim != 1:
            view = view.cast("B")
        members = frozenset(group_digest(one) for one in groups)
        if len(members) > files.MOST_GROUPS:
            raise ValueError(f"{len(members)} groups")
        name = key.digest
        write = _Write(files.file_bytes(len(view), groups=len(members)), members)
        number = self._begin(name, write)
        if number is None:
            return False
        partial = self._folder / f"{name}.{number}.partial"
        kept = False
        try:
            files.write(partial, view, key=bytes.fromhex(name), groups=sorted(members), tokens=tokens)
            kept = self._finish(name, partial, number)
        except OSError:
            pass  # full, read-only, gone: a reading less
        finally:
            with self._lock:
                if self._writes.pop(number, None) is not None:
                    self._used -= write.size
            if not kept:
                with suppress(OSError):
                    partial.unlink(missing_ok=True)
        return kept

    def contains(self, key: ReadingKey) -> bool:
        """Whether there is one; what it is worth, only `get` finds out. Does not count as use."""
        with self._lock:
            return key.digest in self._entries

    def drop(self, key: ReadingKey) -> bool:
        """Remove one; whether there was one."""
        with self._lock:
            return self._drop(key.digest)

    def forget(self, *groups: str, for_good: bool = False) -> int:
        """Remove all that belongs to one of the groups, and what is being written of them; how many were removed.

        One whose header cannot be read is removed too: it might belong to them. `for_good`: nothing of theirs is kept
        any more, until `know_again`: the model may still be reading it.
        """
        wanted = frozenset(group_digest(one) for one in groups)
        with self._lock:
            if for_good:
                self._gone |= wanted
            for write in self._writes.values():
                write.wanted = write.wanted and not (write.groups & wanted)
            unknown = {name: entry for name, entry in self._entries.items() if entry.groups is None}
        found = {name: self._groups_in(name) for name in unknown}
        with self._lock:
            for name, entry in unknown.items():
                entry.groups = found[name]
            gone = [name for name, entry in self._entries.items() if entry.groups is None or entry.groups & wanted]
            for name in gone:
                self._damaged += self._entries[name].groups is None
                self._drop(name)
        self._flush_folder()
        return len(gone)

    def know_again(self, *groups: str) -> None:
        """Groups that were forgotten for good are there after all."""
        with self._lock:
            self._gone.difference_update(map(group_digest, groups))

    def clear(self) -> int:
        """Remove all, and what is being written; how many were removed."""
        with self._lock:
            for write in self._writes.values():
                write.wanted = False
            gone = list(self._entries)
            for name in gone:
                self._drop(name)
        self._flush_folder()
        return len(gone)

    def resize(self, budget_bytes: int) -> None:
        """Another budget from now on; what is over it is dropped."""
        with self._lock:
            self._budget = max(0, budget_bytes)
            self._evict(self._budget)

    def statistics(self) -> ReadingStatistics:
        """What is kept, in bytes of files, and what was dropped."""
        with self._lock:
            size = self._used - self._writing()
            return ReadingStatistics(len(self._entries), size, self._budget, self._damaged, self._evicted)

    # --- what follows needs the lock, or is called before there are other threads, unless it says otherwise

    def _scan(self) -> None:
        """Find what an earlier run kept, and remove what it left unfinished and what is of another format."""
        found: list[tuple[int, str, int]] = []
        gone: set[str] = set()
        with os.scandir(self._folder) as listing:
            for one in listing:
                match = _NAME.fullmatch(one.name)
                if match is None:
                    continue
                name, version = match[1], match[2]
                if one.name.endswith(".gone"):
                    gone.add(name)
                elif version == str(files.FORMAT) and one.is_file(follow_symlinks=False):
                    state = one.stat(follow_symlinks=False)
                    found.append((state.st_mtime_ns, name, state.st_size))
                else:
                    self._damaged += version is not None
                    with suppress(OSError):
                        os.unlink(one.path)  # noqa: PTH108 - a scandir entry, not a Path
        for used_ns, name, size in sorted(found):
            self._entries[name] = _Entry(size)
            self._used += size
            self._last_ns = used_ns
        for name in gone:
            self._held.add(name)
            if not self._drop(name):
                self._remove(name)

    def _stamp(self, path: Path) -> None:
        """Note in the file's time of change that it was used just now, after all others, whatever the clock does."""
        self._last_ns = max(time.time_ns(), self._last_ns + _LATER_NS)
        with suppress(OSError, OverflowError):
            os.utime(path, ns=(self._last_ns, self._last_ns))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.r{files.FORMAT}"

    def _mark(self, name: str) -> Path:
        return self._folder / f"{name}.gone"

    def _begin(self, name: str, write: _Write) -> int | None:
        """Take the room (takes the lock); the write's number, None where there cannot be room enough."""
        with suppress(OSError), self._lock:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # somebody may empty caches by hand
            if name in self._held:
                self._remove(name)
            writing = self._writing()
            free = shutil.disk_usage(self._folder).free
            room = min(self._budget, self._used - writing + free - self._keep_free)
            if write.size + writing > room or write.groups & self._gone:
                return None
            self._evict(room - write.size)
            self._numbers += 1
            self._writes[self._numbers] = write
            self._used += write.size
            return self._numbers
        return None

    def _finish(self, name: str, partial: Path, number: int) -> bool:
        """Give the file its name (takes the lock), unless it is no longer wanted. Raises OSError."""
        with self._lock:
            write = self._writes[number]
            if not write.wanted or self._used > self._budget:  # the budget may have been cut in between
                return False
            self._stamp(partial)
            os.replace(partial, self._path(name))  # noqa: PTH105
            if name in self._held:  # whatever was there is gone now, and the mark would take the new one with it
                self._held.discard(name)
                with suppress(OSError):
                    self._mark(name).unlink(missing_ok=True)
            old = self._entries.pop(name, None)
            self._used -= old.size if old else 0
            self._entries[name] = _Entry(write.size, write.groups)
            del self._writes[number]
            return True

    def _writing(self) -> int:
        return sum(one.size for one in self._writes.values())

    def _evict(self, most: int) -> None:
        """Drop the least recently used until no more than `most` bytes are used."""
        while self._used > most and self._entries:
            self._evicted += 1
            self._drop(next(iter(self._entries)))

    def _drop(self, name: str) -> bool:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self._used -= entry.size
            self._remove(name)
        return entry is not None

    def _remove(self, name: str) -> None:
        """Remove the file; where the system refuses, leave word for later."""
        try:
            self._path(name).unlink(missing_ok=True)
            if name in self._held:
                self._mark(name).unlink(missing_ok=True)
                self._held.discard(name)
        except OSError:
            self._held.add(name)
            with suppress(OSError):
                self._mark(name).touch(mode=0o600)

    def _let_go(self, name: str) -> None:
        """A reading was closed (takes the lock): what could not be removed while it was open can be now."""
        with self._lock:
            if name in self._held:
                self._remove(name)

    def _groups_in(self, name: str) -> frozenset[bytes] | None:
        """What the header of a file names (without the lock); None where that cannot be told."""
        try:
            with self._path(name).open("rb") as file:
                return frozenset(files.read_header(file, key=bytes.fromhex(name)).groups)
        except (OSError, files.DamagedReading):
            return None

    def _flush_folder(self) -> None:
        """Removed is removed after a power cut too (without the lock)."""
        if os.name == "posix":
            with suppress(OSError):
                descriptor = os.open(self._folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
