"""Which folders a library follows, and what their files were like when they were last taken in (SQLite). Any thread."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from studiolo.database import Database
from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import display
from studiolo.knowledge.records import path_key

# File systems that live on other machines, by the names systems give them.
_NETWORK = frozenset(
    (
        "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "afs", "ncpfs",
        "9p", "ceph", "glusterfs", "davfs", "webdav", "vboxsf", "virtiofs", "drvfs", "prl_fs",
        "sshfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gvfsd-fuse", "fuse.davfs",
        "fuse.glusterfs", "fuse.ceph", "fuse.vmhgfs-fuse",
    )
)  # fmt: skip
State = Literal["watching", "unreachable", "paused"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells without reading a file that it has changed."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A watched folder as stored. `mounts` are the places in it (or itself) where other drives were met."""

    library_id: str
    key: bytes
    path: str
    polling: bool
    state: State
    mounts: tuple[str, ...] = ()

    @property
    def place(self) -> Path:
        """Where it is."""
        return Path(os.fsdecode(self.key))


class WatchedFolders:
    """The watched folders of a home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, library_id: str | None = None) -> list[Folder]:
        """The watched folders (of one library), by their paths."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM watched ORDER BY path").fetchall()
        return [
            Folder(
                library_id=row["library_id"],
                key=bytes(row["folder"]),
                path=row["path"],
                polling=bool(row["polling"]),
                state=row["state"],
                mounts=tuple(json.loads(row["mounts"])),
            )
            for row in rows
            if library_id in (None, row["library_id"])
        ]

    def put(self, folder: Folder) -> None:
        """Add a folder or overwrite it."""
        values = (
            folder.library_id,
            folder.key,
            folder.path,
            int(folder.polling),
            folder.state,
            json.dumps(folder.mounts),
        )
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO watched VALUES (?, ?, ?, ?, ?, ?)", values)

    def note(self, folder: Folder, *, state: State, mounts: Sequence[str]) -> None:
        """Note how a folder is, if it is still watched."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE watched SET state = ?, mounts = ? WHERE library_id = ? AND folder = ?",
                (state, json.dumps(mounts), folder.library_id, folder.key),
            )

    def remove(self, library_id: str, key: bytes) -> bool:
        """Forget a folder and what was noted of its files; gives whether it was watched."""
        with self._database.write() as connection:
            cursor = connection.execute("DELETE FROM watched WHERE library_id = ? AND folder = ?", (library_id, key))
            connection.execute(
                "DELETE FROM marks WHERE library_id = ? AND path_key >= ? AND path_key < ?", (library_id, *below(key))
            )
            return cursor.rowcount > 0

    # their files

    def documents(self, library_id: str, folder: bytes) -> set[bytes]:
        """The files in a folder, at any depth, that the library has documents of."""
        query = "SELECT path_key FROM documents WHERE library_id = ? AND path_key >= ? AND path_key < ?"
        with self._database.read() as connection:
            return {bytes(row[0]) for row in connection.execute(query, (library_id, *below(folder)))}

    def document_ids(self, library_id: str, keys: Sequence[bytes]) -> dict[bytes, str]:
        """The ids of the documents of files."""
        found = {}
        with self._database.read() as connection:
            for key in keys:
                row = connection.execute(
                    "SELECT id FROM documents WHERE library_id = ? AND path_key = ?", (library_id, key)
                ).fetchone()
                if row is not None:
                    found[key] = str(row[0])
        return found

    def marks(self, library_id: str, folder: bytes) -> dict[bytes, Mark]:
        """What the files in a folder were like when they were last taken in.

        Left out are documents whose text was lost (they have no digest): their files are to be read again.
        """
        query = (
            "SELECT m.* FROM marks m LEFT JOIN documents d ON d.library_id = m.library_id AND d.path_key = m.path_key "
            "WHERE m.library_id = ? AND m.path_key >= ? AND m.path_key < ? AND (d.sha256 IS NULL OR d.sha256 <> '')"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, (library_id, *below(folder))).fetchall()
        return {bytes(row["path_key"]): Mark(row["size_bytes"], row["mtime_ns"]) for row in rows}

    def mark(self, library_id: str, marks: Mapping[bytes, Mark]) -> None:
        """Note what files were like that have been taken in, if the library is still there."""
        query = "INSERT OR REPLACE INTO marks SELECT id, ?, ?, ? FROM libraries WHERE id = ?"
        with self._database.write() as connection:
            connection.executemany(
                query, ((key, mark.size_bytes, mark.mtime_ns, library_id) for key, mark in marks.items())
            )

    def unmark(self, library_id: str, keys: Sequence[bytes]) -> None:
        """Forget files that are gone."""
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM marks WHERE library_id = ? AND path_key = ?", ((library_id, key) for key in keys)
            )


def follow(folders: WatchedFolders, library_id: str, folder: Path, *, home: Path, polling: bool | None) -> None:
    """Note that a library follows a folder; `KnowledgeBase.watch` says what is refused."""
    if not os.path.isdir(folder):  # noqa: PTH112 - never raises
        if os.path.lexists(folder):
            raise UserError(Code.BAD_REQUEST, field="folder", problem="not_a_folder")
        raise UserError(Code.FILE_MISSING, path=display(folder))
    key, own = path_key(folder), path_key(home)
    problem = "inside_home" if key == own or is_below(key, own) else ""
    for other in folders.all(library_id):
        if is_below(key, other.key):
            problem = "inside_watched"
        elif is_below(other.key, key):
            problem = "holds_watched"
    if problem:
        raise UserError(Code.BAD_REQUEST, field="folder", problem=problem)
    place = Path(os.fsdecode(key))
    if polling is None:
        import psutil

        polling = is_network(place, psutil.disk_partitions(all=True))
    mounts = (str(place),) if os.path.ismount(place) else ()
    folders.put(Folder(library_id, key, display(place), polling, "watching", mounts))


class Partition(Protocol):
    """A mounted file system, as psutil says it."""

    @property
    def mountpoint(self) -> str:
        """Where it stands."""
        ...

    @property
    def fstype(self) -> str:
        """Its kind, by the system's name."""
        ...

    @property
    def opts(self) -> str:
        """Its options, with commas between."""
        ...


def is_network(folder: Path, partitions: Sequence[Partition]) -> bool:
    """Whether a folder is on another machine's disk, which tells nobody what changes there."""
    if sys.platform == "win32" and str(folder).startswith("\\\\"):
        return True
    key = os.fsencode(folder)
    holding = [
        one for one in partitions if key == os.fsencode(one.mountpoint) or is_below(key, os.fsencode(one.mountpoint))
    ]
    if not holding:
        return False
    nearest = max(reversed(holding), key=lambda one: len(one.mountpoint))  # of two on one place the later one counts
    return nearest.fstype.lower() in _NETWORK or "remote" in nearest.opts.split(",")


def below(folder: bytes) -> tuple[bytes, bytes]:
    """The bounds between which the keys of everything in a folder lie: from the first on, and before the second."""
    separator = os.fsencode(os.sep)
    inside = folder if folder.endswith(separator) else folder + separator
    return inside, inside[:-1] + bytes([inside[-1] + 1])


def is_below(key: bytes, folder: bytes) -> bool:
    """Whether a path is in a folder, at any depth."""
    first, end = below(folder)
    return first <= key < end
