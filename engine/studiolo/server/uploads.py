"""Files received over HTTP: written piece by piece into the home, then moved to their place under a safe name.

A name of a client's choosing never leaves its library's folder. Nothing goes through the system's temporary folder, and
an upload that breaks off leaves nothing behind. Threads: one `Upload` is fed by one thread at a time.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from studiolo.errors import Code, UserError, disk_fault
from studiolo.originals import library_folder, safe_name
from studiolo.paths import Home

FILES = 1000  # parts of one request


class Upload:
    """Takes a multipart body piece by piece. `finish` gives the files' paths, `abandon` removes what was written."""

    def __init__(self, home: Home, *, library: str, content_type: str, token: str = "") -> None:
        """`token`: the name of the caller's. Raises UserError(bad_request) where the header names no boundary."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise _bad("a multipart/form-data body with a boundary is needed")
        self._folder = library_folder(home, library, token=token)
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
