"""ZIP archives: every member is read as the file it is. Any thread."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import members
from studiolo.knowledge.parsers.blocks import Parsed, Reading
from studiolo.knowledge.parsers.packages import opened

_ENCRYPTED = 0x1
_UTF8 = 0x800
_NOISE = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")  # what operating systems leave behind


def read(path: Path, reading: Reading) -> Parsed:
    """The members' blocks, each under its name. Raises UserError: damaged_file, archive_too_large, and the first
    member's reason where none can be read."""
    with opened(path) as archive:
        blocks, gaps = members.gather(_members(archive, reading), reading)
    if not blocks:
        raise members.all_failed(gaps, path=path)
    return Parsed(title="", blocks=tuple(blocks), gaps=tuple(gaps))


def _members(archive: zipfile.ZipFile, reading: Reading) -> Iterator[tuple[str, bytes | UserError]]:
    for info in archive.infolist():
        name = _name(info)
        lower = name.lower()
        if info.is_dir() or lower.startswith(_NOISE[0]) or posixpath.basename(lower) in _NOISE:
            continue
        yield name, _taken_out(archive, info, reading)


def _taken_out(archive: zipfile.ZipFile, info: zipfile.ZipInfo, reading: Reading) -> bytes | UserError:
    tries: tuple[str | None, ...] = reading.passwords if info.flag_bits & _ENCRYPTED else (None,)
    for password in tries:
        try:
            return archive.read(info, pwd=password.encode() if password is not None else None)
        except RuntimeError:  # the password does not fit
            continue
        except (zipfile.BadZipFile, zlib.error):
            if password is None:
                return UserError(Code.DAMAGED_FILE, path=info.filename)
        except (NotImplementedError, EOFError, ValueError, OSError):
            return UserError(Code.DAMAGED_FILE, path=info.filename)
    return UserError(Code.NEEDS_PASSWORD, path=info.filename)


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name. Older programs wrote names in the system's code page, in China that of GBK."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename
