"""From paths to files that can be taken in: walking folders, looking at a file, its digest. Reads no document.

Any thread.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import KNOWN_SUFFIXES, display, is_known
from studiolo.knowledge.records import path_key

_HASH_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """One file at the moment it was looked at."""

    path: Path
    key: bytes
    size_bytes: int
    sha256: str


def walk(paths: Sequence[Path]) -> Iterator[Path]:
    """The files meant: those named as they are, of folders those that can be read, without hidden ones; each once.

    A folder that cannot be listed is given as it is: the look at it then says that it cannot be read.
    """
    seen: set[bytes] = set()
    for named in paths:
        found = within(named) if os.path.isdir(named) else iter([named])  # noqa: PTH112 - never raises
        for path in found:
            key = path_key(path)
            if key not in seen:
                seen.add(key)
                yield path


def within(folder: Path) -> Iterator[Path]:
    """The files of a folder and its folders that can be read, in order of their names."""
    closed: list[Path] = []
    for root, folders, files in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            if is_wanted(path) and path.is_file():
                yield path
    yield from closed


def is_wanted(path: Path) -> bool:
    """Whether a file met in a folder is one to read, by its name: not hidden, no office program's lock file."""
    return not path.name.startswith((".", "~$")) and is_known(path)


def look(path: Path, *, limit_bytes: int) -> File:
    """Size and digest of a file. Raises UserError: file_missing, file_unreadable, unknown_format, file_too_large."""
    shown = display(path)
    try:
        status = path.stat()
    except PermissionError:
        raise UserError(Code.FILE_UNREADABLE, path=shown) from None
    except (OSError, ValueError):  # also: no such folder, a link in a circle, a name that no file can have
        raise UserError(Code.FILE_MISSING, path=shown) from None
    if not stat.S_ISREG(status.st_mode):  # a pipe or a device would never come to an end
        raise UserError(Code.FILE_UNREADABLE, path=shown)
    try:
        if path.suffix and not is_known(path):
            with path.open("rb") as file:
                if b"%PDF-" not in file.read(1024):
                    raise UserError(
                        Code.UNKNOWN_FORMAT, path=shown, suffix=path.suffix.lower(), known=" ".join(KNOWN_SUFFIXES)
                    )
        size = status.st_size
        if size > limit_bytes:
            raise UserError(Code.FILE_TOO_LARGE, path=shown, limit_bytes=limit_bytes)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK):
                digest.update(block)
    except OSError:
        raise UserError(Code.FILE_UNREADABLE, path=shown) from None
    return File(path=path, key=path_key(path), size_bytes=size, sha256=digest.hexdigest())
