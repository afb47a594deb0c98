"""What is to be done about files in a watched folder: which of them count, and what follows from how they are now.

Decisions only, over values: `watch.py` looks at the disk and carries them out. Imports pathspec, for the patterns of
`.studioloignore`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from studiolo.knowledge.files import is_wanted
from studiolo.knowledge.watched import Mark, is_below

IGNORE_FILE = ".studioloignore"
_IGNORE_BYTES = 1 << 20
_FOLDERS = frozenset({"node_modules", "__pycache__", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".opdownload", ".tmp", ".temp", ".swp")


@dataclass(frozen=True, slots=True)
class Disk:
    """What a look at the disk has found. `there`: files that count; `absent`: documents whose files do not exist."""

    there: Mapping[bytes, Mark]
    absent: Collection[bytes]
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows: files to take in, files whose documents are to be removed after that, and files that are missing
    since when."""

    add: tuple[bytes, ...] = ()
    remove: tuple[bytes, ...] = ()
    missing: Mapping[bytes, float] = field(default_factory=dict)


def plan(
    disk: Disk,
    *,
    documents: Collection[bytes],
    marks: Mapping[bytes, Mark],
    named: Collection[bytes] = (),
    missing: Mapping[bytes, float],
    now: float,
    settle_s: float,
) -> Plan:
    """What follows from how the disk is, where `documents` and `marks` are what the library knows of it.

    A file is taken in where it is not as it was (a file that was taken in and has no document was removed by hand: it
    stays out until it changes), and if its name was given (`named`, by an event) and it has a document: its content may
    have changed in one tick of the clock. A file that is missing for `settle_s` goes, unless the folder cannot be
    reached: then nothing does. Removing comes after taking in, which finds files that have moved.
    """
    if not disk.reachable:
        return Plan()
    add = [key for key, mark in disk.there.items() if marks.get(key) != mark or (key in named and key in documents)]
    since = {key: missing.get(key, now) for key in disk.absent}
    remove = [key for key, first in since.items() if now - first >= settle_s]
    return Plan(add=tuple(sorted(add)), remove=tuple(sorted(remove)), missing=since)


class Rules:
    """Which files of a folder count."""

    def __init__(self, folder: Path, *, home: bytes, patterns: Iterable[str] = ()) -> None:
        """`home` is the program's own folder, which never counts; `patterns` are those of a .gitignore file."""
        self._folder = os.fsencode(folder)
        self._home = home
        self._spec = _spec(patterns)

    def file(self, path: Path) -> bool:
        """Whether a file in the folder counts, by its name and those of the folders it is in."""
        if not is_wanted(path) or path.name.lower().endswith(_UNFINISHED):
            return False
        return not self._ignored(path, folder=False) and self.reaches(path.parent)

    def folder(self, path: Path) -> bool:
        """Whether a folder in the folder counts by its own name."""
        if path.name.startswith(".") or path.name in _FOLDERS:
            return False
        key = os.fsencode(path)
        return key != self._home and not is_below(key, self._home) and not self._ignored(path, folder=True)

    def reaches(self, path: Path) -> bool:
        """Whether a folder is the watched one, or in it with every folder on the way counting."""
        if os.fsencode(path) == self._folder:
            return True
        inside = [one for one in (path, *path.parents) if is_below(os.fsencode(one), self._folder)]
        return bool(inside) and all(self.folder(one) for one in inside)

    def _ignored(self, path: Path, *, folder: bool) -> bool:
        if self._spec is None:
            return False
        relative = PurePath(os.path.relpath(path, os.fsdecode(self._folder))).as_posix()
        return bool(self._spec.match_file(relative + "/" if folder else relative))


def read_patterns(folder: Path) -> list[str]:
    """The lines of the folder's `.studioloignore`, none where there is no such file."""
    try:
        with (folder / IGNORE_FILE).open("rb") as file:
            return file.read(_IGNORE_BYTES).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return []


def _spec(patterns: Iterable[str]) -> Any:
    import pathspec  # noqa: TID251 - the one place

    good = []
    for pattern in patterns:
        try:
            pathspec.GitIgnoreSpec.from_lines([pattern])
        except ValueError:  # one bad line must not make the others be forgotten
            continue
        good.append(pattern)
    return pathspec.GitIgnoreSpec.from_lines(good) if good else None
