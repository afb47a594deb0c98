"""A library as one file, `.studiolo`: what is in it, and how it is written and checked.

A zip of `manifest.json` (format, counts, each member's size and SHA-256), and

    documents.jsonl     what a document is called and was like; its number is its line, from 0
    passages.jsonl      {digest, text, context, language}; its number is its line
    occurrences.jsonl   {document, passage, page, page_end, start, end, heading, label}, by document, in order
    vectors-0.npy       one embedder's vectors, float32 [passages, dimension]; a row of zeros: not embedded yet

There is nothing of the privacy filter in it: no pseudonym, and not where personal data stands; who imports a file
screens it again. Whatever is read is distrusted: numbers are bounded, sizes are compared with the manifest's before
anything is unpacked. Knows no store.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.knowledge.parsers import display

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
DOCUMENTS, PASSAGES, OCCURRENCES = "documents.jsonl", "passages.jsonl", "occurrences.jsonl"
_MANIFEST = "manifest.json"
_VECTORS = re.compile(r"vectors-[0-9]{1,2}\.npy")
_MANIFEST_BYTES = 1 << 20
_LINE_BYTES = 16 << 20
_MEMBERS_MOST = 16
_ROWS_MOST = 50_000_000
_DIMENSION_MOST = 16_384
_UNPACKED_TIMES = 200  # text of documents packs to a fifth, the occurrences to a thirtieth
_UNPACKED_ANYWAY_BYTES = 64 << 20
_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # members carry no time: the same library makes the same members


class Damaged(Exception):
    """What was read is not what it should be. Internal to importing; becomes UserError(damaged_file)."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member's size and digest."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of one embedder."""

    embedder: str
    dimension: int
    member: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file says of itself."""

    library: str = field(repr=False)
    embedder: str
    documents: int
    passages: int
    occurrences: int
    created_at: float
    vectors: tuple[Vectors, ...] = ()
    members: Mapping[str, Member] = field(default_factory=dict)
    format: int = FORMAT


class Writing:
    """The file while it is written, member after member; `finish` makes it one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self._members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError, OSError):  # given up: what is in the file then is of no use
            self._zip.close()

    @contextmanager
    def member(self, name: str, *, packed: bool = True) -> Iterator[_Hashed]:
        """A member to write into; one at a time."""
        with self._zip.open(_info(name, packed=packed), "w", force_zip64=True) as stream:
            hashed = _Hashed(stream)
            yield hashed
        self._members[name] = Member(hashed.size_bytes, hashed.digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, with what the members came to, and the end of the zip."""
        told = asdict(manifest) | {"members": {name: asdict(member) for name, member in self._members.items()}}
        self._zip.writestr(_info(_MANIFEST, packed=True), json.dumps(told, ensure_ascii=False, indent=1))
        self._zip.close()


class _Hashed:
    """A stream that knows what went through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size_bytes += len(data)
        return self._stream.write(data)

    def line(self, value: Mapping[str, Any]) -> None:
        """Write a value as one line of JSON."""
        self.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n")


def _info(name: str, *, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    info.external_attr = 0o600 << 16
    return info


class Opened:
    """An exported file that is read. Use `opened`."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._zip = archive
        self.manifest = manifest

    def verify(self) -> Iterator[tuple[int, int]]:
        """Read every member and compare it with its digest; gives (bytes read, bytes of all). Raises Damaged."""
        total = sum(member.size_bytes for member in self.manifest.members.values())
        done = 0
        for name, member in self.manifest.members.items():
            digest = hashlib.sha256()
            with self._zip.open(name) as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                    done += len(block)
                    yield done, total
            if digest.hexdigest() != member.sha256:
                raise Damaged

    def lines(self, name: str, *, count: int) -> Iterator[dict[str, Any]]:
        """The values of a member, `count` of them. Raises Damaged."""
        seen = 0
        with self._zip.open(name) as raw, io.BufferedReader(raw, _BLOCK) as stream:  # type: ignore[type-var]
            while line := stream.readline(_LINE_BYTES + 1):
                seen += 1
                if len(line) > _LINE_BYTES or seen > count:
                    raise Damaged
                yield _object(line)
        if seen != count:
            raise Damaged

    def vectors(self, vectors: Vectors, *, rows: int) -> Iterator[NDArray[np.float32]]:
        """The rows of a member of vectors, up to `rows` at a time: zeros or of unit length. Raises Damaged."""
        import numpy as np

        wanted = (self.manifest.passages, vectors.dimension)
        with self._zip.open(vectors.member) as stream:
            try:
                version = np.lib.format.read_magic(stream)
                shape, fortran, kind = np.lib.format.read_array_header_1_0(stream)
            except ValueError:
                raise Damaged from None
            if version != (1, 0) or (shape, fortran, kind) != (wanted, False, np.dtype("<f4")):
                raise Damaged
            for start in range(0, wanted[0], rows):
                some = min(rows, wanted[0] - start)
                data = stream.read(some * vectors.dimension * 4)
                if len(data) != some * vectors.dimension * 4:
                    raise Damaged
                found = np.frombuffer(data, dtype="<f4").reshape(some, vectors.dimension)
                lengths = np.linalg.norm(found, axis=1)
                if not np.all((lengths == 0.0) | (np.abs(lengths - 1.0) < 0.01)):  # NaN is neither
                    raise Damaged
                yield found
            if stream.read(1):
                raise Damaged


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The exported file at `path`. Damaged, and whatever zipfile says within the block, becomes damaged_file.

    Raises UserError: file_missing, file_unreadable, damaged_file; EnvironmentFault(newer_format).
    """
    shown = display(path)
    try:
        with path.open("rb") as file:
            try:
                with zipfile.ZipFile(file) as archive:
                    yield Opened(archive, _manifest(archive, size_bytes=os.fstat(file.fileno()).st_size))
            except (Damaged, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error):
                raise UserError(Code.DAMAGED_FILE, path=shown) from None
    except FileNotFoundError:
        raise UserError(Code.FILE_MISSING, path=shown) from None
    except OSError:
        raise UserError(Code.FILE_UNREADABLE, path=shown) from None


def _manifest(archive: zipfile.ZipFile, *, size_bytes: int) -> Manifest:
    there = {info.filename: info for info in archive.infolist()}
    if len(there) != len(archive.infolist()) or len(there) > _MEMBERS_MOST or _MANIFEST not in there:
        raise Damaged
    if any(info.flag_bits & 1 for info in there.values()) or there[_MANIFEST].file_size > _MANIFEST_BYTES:
        raise Damaged
    told = _object(archive.read(_MANIFEST))
    found = whole(told, "format", most=1 << 31)
    if found > FORMAT:
        raise EnvironmentFault(Code.NEWER_FORMAT, store="export", found=found, supported=FORMAT)
    manifest = Manifest(
        library=text(told, "library"),
        embedder=text(told, "embedder"),
        documents=whole(told, "documents"),
        passages=whole(told, "passages"),
        occurrences=whole(told, "occurrences"),
        created_at=number(told, "created_at"),
        vectors=tuple(
            Vectors(text(one, "embedder"), whole(one, "dimension", most=_DIMENSION_MOST), text(one, "member"))
            for one in _objects(told.get("vectors"))
        ),
        members={
            name: Member(whole(member, "size_bytes", most=1 << 50), text(member, "sha256"))
            for name, member in _named(told.get("members")).items()
        },
        format=found,
    )
    _check(manifest, {name: info.file_size for name, info in there.items()}, size_bytes=size_bytes)
    return manifest


def _check(manifest: Manifest, sizes: Mapping[str, int], *, size_bytes: int) -> None:
    """Whether the members are those the manifest tells of, and not too large for a file of `size_bytes`."""
    vectors = {one.member: one for one in manifest.vectors}
    names = {DOCUMENTS, PASSAGES, OCCURRENCES, *vectors}
    if manifest.members.keys() != names or sizes.keys() != {*names, _MANIFEST} or len(vectors) != len(manifest.vectors):
        raise Damaged
    if any(member.size_bytes != sizes[name] for name, member in manifest.members.items()):
        raise Damaged
    for name, one in vectors.items():
        bare = manifest.passages * one.dimension * 4
        if not (_VECTORS.fullmatch(name) and one.dimension and bare < sizes[name] <= bare + 4096):
            raise Damaged
    if sum(sizes.values()) > max(_UNPACKED_ANYWAY_BYTES, _UNPACKED_TIMES * size_bytes):
        raise Damaged


# values that were read


def text(values: Mapping[str, Any], name: str) -> str:
    """A text that can be stored. Raises Damaged."""
    found = values.get(name)
    if not isinstance(found, str):
        raise Damaged
    try:
        found.encode()
    except UnicodeEncodeError:
        raise Damaged from None
    return found


def whole(values: Mapping[str, Any], name: str, *, most: int = _ROWS_MOST) -> int:
    """A whole number from 0 to `most`. Raises Damaged."""
    found = values.get(name)
    if type(found) is not int or not 0 <= found <= most:
        raise Damaged
    return found


def number(values: Mapping[str, Any], name: str) -> float:
    """A finite number. Raises Damaged."""
    found = values.get(name)
    if type(found) not in (int, float) or not math.isfinite(found):  # type: ignore[arg-type]
        raise Damaged
    return float(found)  # type: ignore[arg-type]


def texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Texts. Raises Damaged."""
    found = values.get(name)
    if not isinstance(found, list):
        raise Damaged
    return tuple(text({"": one}, "") for one in found)


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Damaged from None
    return _named(found)


def _named(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Damaged
    return found


def _objects(found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list):
        raise Damaged
    return [_named(one) for one in found]
