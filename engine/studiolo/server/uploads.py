"""Files received over HTTP: written piece by piece into the home, then moved to their place under a safe name.

A name of a client's choosing never leaves its library's folder. Nothing goes through the system's temporary folder, and
an upload that breaks off leaves nothing behind. Threads: one `Upload` is fed by one thread at a time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
import uuid
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from studiolo.errors import Code, UserError
from studiolo.paths import Home
from studiolo.settings import disk_fault

NAME_BYTES = 180  # file systems allow 255; `.partial` suffixes and such need room
FILES = 1000  # parts of one request
_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A file name for any system: last component, no control or reserved characters, no leading dot, not too long."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join("_" if char in '<>:"|?*' else char for char in last if unicodedata.category(char)[0] != "C")
    kept = kept.strip().lstrip(".").rstrip(". ") or "upload"
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    stem, dot, suffix = kept.rpartition(".")
    if not dot or len(suffix.encode()) > 16:
        stem, suffix = kept, ""
    ending = f".{suffix}" if suffix else ""
    while len((stem + ending).encode()) > NAME_BYTES:
        stem = stem[:-1]
    return stem + ending


def library_folder(home: Home, library: str) -> Path:
    """Where a library's uploads are kept. A name that had to be changed gets a digest, so that two never share one."""
    folder = safe_name(library)
    if folder != library:
        folder = f"{folder}-{hashlib.sha256(library.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return home.uploads / folder


def forget_upload(home: Home, path: str) -> None:
    """Remove a removed document's original, if it was one of ours."""
    with suppress(OSError, ValueError):
        file = Path(path)
        if file.resolve().is_relative_to(home.uploads.resolve()):
            file.unlink(missing_ok=True)


def forget_library(home: Home, library: str) -> None:
    """Remove all uploads of a removed library."""
    shutil.rmtree(library_folder(home, library), ignore_errors=True)


class Upload:
    """Takes a multipart body piece by piece. `finish` gives the files' paths, `abandon` removes what was written."""

    def __init__(self, home: Home, *, library: str, content_type: str) -> None:
        """Raises UserError(bad_request) where the header names no boundary."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise _bad("a multipart/form-data body with a boundary is needed")
        self._folder = library_folder(home, library)
        self._partial = home.uploads / ".partial" / uuid.uuid4().hex
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._part_begin,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_end": self._end,
            },
        )
        self._name, self._value = b"", b""
        self._disposition = b""
        self._file: BinaryIO | None = None
        self._received: list[tuple[Path, str]] = []
        self._complete = False

    def write(self, chunk: bytes) -> None:
        """The next piece of the body. Raises UserError(bad_request), EnvironmentFault(disk_full, no_permission)."""
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise _bad("not a multipart body") from None
        except OSError as error:
            raise disk_fault(error, self._partial) from None

    def finish(self) -> list[Path]:
        """Move the files to their places and give their paths. Raises UserError, EnvironmentFault."""
        if not self._complete:
            raise _bad("the body ended early")
        if not self._received:
            raise _bad("no file in the body")
        placed = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for partial, name in self._received:
                target = self._folder / name
                os.replace(partial, target)  # noqa: PTH105
                placed.append(target)
        except OSError as error:
            raise disk_fault(error, self._folder) from None
        finally:
            self.abandon()
        return list(dict.fromkeys(placed))

    def abandon(self) -> None:
        """Remove whatever is not in its place."""
        if self._file is not None:
            self._file.close()
            self._file = None
        shutil.rmtree(self._partial, ignore_errors=True)

    def _part_begin(self) -> None:
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename")
        if name is None:
            return  # an ordinary form field: there is none that we read
        if len(self._received) >= FILES:
            raise _bad(f"more than {FILES} files in one request")
        self._partial.mkdir(parents=True, exist_ok=True)
        partial = self._partial / str(len(self._received))
        self._file = partial.open("wb")
        self._received.append((partial, safe_name(name.decode("utf-8", "replace"))))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])

    def _part_end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _end(self) -> None:
        self._complete = True


def _bad(problem: str) -> UserError:
    return UserError(Code.BAD_REQUEST, field="body", problem=problem)
