"""Writing model files whole or not at all: copy while hashing, flush to disk, rename. Any thread."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from studiolo.errors import Code, EnvironmentFault, UserError, disk_fault

CHUNK_BYTES = 1 << 20
SPARE_BYTES = 64 * 1024 * 1024  # what a full disk keeps for everything else


def copy_stream(source: BinaryIO, target: BinaryIO, digest: hashlib._Hash, on_chunk: Callable[[int], None]) -> None:
    """Copy to the end, hashing; `on_chunk` gets each chunk's length and may raise to stop."""
    while chunk := source.read(CHUNK_BYTES):
        target.write(chunk)
        digest.update(chunk)
        on_chunk(len(chunk))


def flush_to_disk(file: BinaryIO) -> None:
    """Return once the file's content is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Return once the files of a folder and its entries are on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: Path, on_chunk: Callable[[int], None] = lambda _: None) -> str:
    """The file's sha256 in hex; `on_chunk` as in `copy_stream`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            on_chunk(len(chunk))
    return digest.hexdigest()


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise EnvironmentFault(disk_full) where `needed_bytes` do not fit beside a reserve."""
    if shutil.disk_usage(folder).free < needed_bytes + SPARE_BYTES:
        raise EnvironmentFault(Code.DISK_FULL, path=str(folder))


def check_digest(path: Path, *, name: str, expected: str, actual: str) -> None:
    """Remove `path` and raise UserError(digest_mismatch) unless the digests are the same."""
    if actual != expected:
        path.unlink(missing_ok=True)
        raise UserError(Code.DIGEST_MISMATCH, file=name, expected=expected, actual=actual)


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """OSErrors of the block become EnvironmentFault(disk_full, no_permission) about `folder`."""
    try:
        yield
    except OSError as error:
        raise disk_fault(error, folder) from None
