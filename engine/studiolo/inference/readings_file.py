"""The file of one stored reading: a header, then the bytes as they were given. Must not know of budgets or of use.

Header, little-endian: magic (8 bytes), format (u32), header bytes (u32), payload bytes (u64), tokens (u64), groups
(u32), CRC-32 of the payload (u32), the key's SHA-256 (32 bytes), 16 bytes a group, zeros up to a multiple of 64 less 4,
and the CRC-32 of all of the header before it (u32).

CRC-32 is there against accidents: a single flipped bit anywhere and any damage within 32 bits in a row never pass, two
flipped bits not below 512 MB, any other damage once in 4 billion. A changed length shows without it. It is not there
against a person who may write into the folder (mode 0700, like the model files beside it), so a cryptographic hash
would only cost time: `make bench SUITE=readings`. Threads: any; a file object is its caller's.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

FORMAT = 1
GROUP_BYTES = 16
MOST_GROUPS = 4096
_MAGIC = b"\x89reading"
_FIXED = struct.Struct("<8sIIQQII32s")
_CHECKSUM = struct.Struct("<I")
_ALIGNED = 64
_CHUNK_BYTES = 1 << 18  # stays in a core's cache between being copied and being summed


class DamagedReading(Exception):
    """The file is not what was written under this key: damaged, cut, of another format or another key, or foreign."""


class NotMapped(OSError):
    """The file is whole, but the system has no address space, or no descriptor, left for it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself. `offset` is where the payload begins."""

    key: bytes
    groups: tuple[bytes, ...]
    tokens: int
    payload_bytes: int
    payload_crc: int

    @property
    def offset(self) -> int:
        return _header_bytes(len(self.groups))

    @property
    def file_bytes(self) -> int:
        return self.offset + self.payload_bytes

    def packed(self) -> bytes:
        """The header's bytes, `offset` of them."""
        fixed = _FIXED.pack(
            _MAGIC,
            FORMAT,
            self.offset,
            self.payload_bytes,
            self.tokens,
            len(self.groups),
            self.payload_crc,
            self.key,
        )
        body = (fixed + b"".join(self.groups)).ljust(self.offset - _CHECKSUM.size, b"\0")
        return body + _CHECKSUM.pack(zlib.crc32(body))


class StoredReading:
    """The bytes of one reading, verified and mapped; a context manager that lets go of them.

    `data` is read-only and lives as long as this does. For C, without a copy: `numpy.frombuffer(data, "u1")` and its
    `ctypes.data`; such an array must be gone before `close`.
    """

    def __init__(self, file: FileIO, *, key: bytes, on_close: Callable[[], None]) -> None:
        """Verify and map a file, which may then be closed. Raises DamagedReading, NotMapped, OSError."""
        header = verified(file, key=key)
        try:
            self._mapped = mmap.mmap(file.fileno(), header.file_bytes, access=mmap.ACCESS_READ)
        except (OSError, ValueError, OverflowError) as error:
            raise NotMapped from error
        self._on_close = on_close
        self._closed = False
        self.data: memoryview = memoryview(self._mapped)[header.offset :]
        self.tokens: int = header.tokens
        self.groups: tuple[bytes, ...] = header.groups

    def close(self) -> None:
        """Let go of the bytes; a second time does nothing. What still looks at `data` keeps them until it ends."""
        if not self._closed:
            self._closed = True
            with suppress(BufferError):
                self.data.release()
                self._mapped.close()
            self._on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def file_bytes(payload_bytes: int, *, groups: int) -> int:
    """How large the file of such a reading is."""
    return _header_bytes(groups) + payload_bytes


def write(path: Path, data: memoryview, *, key: bytes, groups: Sequence[bytes], tokens: int) -> None:
    """Write a new file and return once it is on the disk. Raises OSError; what is then in `path` is the caller's."""
    with open(path, "xb", opener=_private) as file:
        offset = _header_bytes(len(groups))
        file.write(bytes(offset))
        crc = 0
        for begin in range(0, len(data), _CHUNK_BYTES):
            chunk = data[begin : begin + _CHUNK_BYTES]
            crc = zlib.crc32(chunk, crc)
            file.write(chunk)
        file.seek(0)
        file.write(Header(key, tuple(groups), tokens, len(data), crc).packed())
        file.flush()
        os.fsync(file.fileno())


def read_header(file: BinaryIO | FileIO, *, key: bytes) -> Header:
    """The header of a file that stands at its beginning, and then at the payload.

    Raises DamagedReading; OSError where the disk fails.
    """
    fixed = file.read(_FIXED.size) or b""
    if len(fixed) < _FIXED.size:
        raise DamagedReading
    magic, version, header_bytes, payload_bytes, tokens, count, payload_crc, own_key = _FIXED.unpack(fixed)
    if magic != _MAGIC or version != FORMAT or own_key != key:
        raise DamagedReading
    if count > MOST_GROUPS or header_bytes != _header_bytes(count):
        raise DamagedReading
    rest = file.read(header_bytes - _FIXED.size) or b""
    body, sum_ = (fixed + rest)[: -_CHECKSUM.size], rest[-_CHECKSUM.size :]
    if len(rest) != header_bytes - _FIXED.size or _CHECKSUM.pack(zlib.crc32(body)) != sum_:
        raise DamagedReading
    groups = tuple(rest[at : at + GROUP_BYTES] for at in range(0, count * GROUP_BYTES, GROUP_BYTES))
    return Header(own_key, groups, tokens, payload_bytes, payload_crc)


def verified(file: FileIO, *, key: bytes) -> Header:
    """The header of a file that is whole, every byte of it looked at. Raises DamagedReading; OSError.

    The payload is read, not mapped: a disk that cannot give a page back makes an error here, and would end the process
    there (SIGBUS). What is mapped afterwards are the very pages that were read, in the system's cache.
    """
    header = read_header(file, key=key)
    if os.fstat(file.fileno()).st_size != header.file_bytes:
        raise DamagedReading
    crc = 0
    buffer = memoryview(bytearray(min(_CHUNK_BYTES, header.payload_bytes)))
    left = header.payload_bytes
    while left:
        size = file.readinto(buffer[: min(left, len(buffer))])
        if not size:
            raise DamagedReading
        crc = zlib.crc32(buffer[:size], crc)
        left -= size
    if crc != header.payload_crc:
        raise DamagedReading
    return header


def _header_bytes(groups: int) -> int:
    needed = _FIXED.size + groups * GROUP_BYTES + _CHECKSUM.size
    return -(-needed // _ALIGNED) * _ALIGNED


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
