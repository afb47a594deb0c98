"""From a file to blocks of text. One module a format; which one, the suffix says and the first bytes confirm.

A format's module has `read(path, reading) -> Parsed` and is imported when its first file comes.

`parse` does the work in the calling process: only the worker (`worker.py`) and tests call it. Everybody else asks
`child.ParserProcess`, because a parser of foreign files may hang, crash or eat memory.
"""

from __future__ import annotations

import importlib
import os
import stat
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import members
from studiolo.knowledge.parsers.blocks import Block, Budget, Parsed, Reading
from studiolo.knowledge.parsers.sniffing import recognised

__all__ = [
    "KNOWN_SUFFIXES",
    "Block",
    "Budget",
    "Parsed",
    "Reading",
    "is_drawn",
    "is_known",
    "is_plain",
    "kind_of",
    "parse",
]

_FORMATS = {
    ".zip": "archive",
    ".py": "code",
    ".pyi": "code",
    ".js": "code",
    ".mjs": "code",
    ".jsx": "code",
    ".ts": "code",
    ".tsx": "code",
    ".java": "code",
    ".kt": "code",
    ".scala": "code",
    ".c": "code",
    ".h": "code",
    ".cc": "code",
    ".cpp": "code",
    ".hpp": "code",
    ".cs": "code",
    ".go": "code",
    ".rs": "code",
    ".rb": "code",
    ".php": "code",
    ".pl": "code",
    ".lua": "code",
    ".r": "code",
    ".jl": "code",
    ".swift": "code",
    ".sh": "code",
    ".bash": "code",
    ".zsh": "code",
    ".ps1": "code",
    ".bat": "code",
    ".sql": "code",
    ".css": "code",
    ".scss": "code",
    ".xml": "code",
    ".xsd": "code",
    ".xsl": "code",
    ".yaml": "code",
    ".yml": "code",
    ".toml": "code",
    ".ini": "code",
    ".cfg": "code",
    ".conf": "code",
    ".properties": "code",
    ".env": "code",
    ".tex": "code",
    ".bib": "code",
    ".vue": "code",
    ".svelte": "code",
    ".dart": "code",
    ".ex": "code",
    ".erl": "code",
    ".hs": "code",
    ".clj": "code",
    ".proto": "code",
    ".graphql": "code",
    ".tf": "code",
    ".gradle": "code",
    ".cmake": "code",
    ".diff": "code",
    ".patch": "code",
    ".rss": "code",
    ".atom": "code",
    ".json": "data",
    ".jsonl": "data",
    ".ndjson": "data",
    ".ipynb": "data",
    ".geojson": "data",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".tab": "delimited",
    ".doc": "doc",
    ".dot": "doc",
    ".docx": "docx",
    ".docm": "docx",
    ".dotx": "docx",
    ".dotm": "docx",
    ".epub": "epub",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".eml": "mail",
    ".msg": "mail",
    ".mhtml": "mail",
    ".mht": "mail",
    ".md": "markdown",
    ".markdown": "markdown",
    ".odt": "odf",
    ".ott": "odf",
    ".odp": "odf",
    ".otp": "odf",
    ".pdf": "pdf",
    ".ppt": "ppt",
    ".pps": "ppt",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".ppsx": "pptx",
    ".ppsm": "pptx",
    ".potx": "pptx",
    ".rtf": "rtf",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".rst": "text",
    ".srt": "text",
    ".vtt": "text",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xltx": "workbook",
    ".xlsb": "workbook",
    ".xls": "workbook",
    ".xlt": "workbook",
    ".ods": "workbook",
    ".ots": "workbook",
    ".png": "images",
    ".jpg": "images",
    ".jpeg": "images",
    ".tif": "images",
    ".tiff": "images",
    ".bmp": "images",
    ".webp": "images",
    ".gif": "images",
}
KNOWN_SUFFIXES = tuple(_FORMATS)
_SNIFF_BYTES = 4096


def is_known(path: Path) -> bool:
    """Whether the suffix is one that can be read; what a walk through a folder goes by."""
    return path.suffix.lower() in _FORMATS


def is_plain(path: Path) -> bool:
    """Whether a file of this name is its own text: nothing in it stands for something else."""
    return _FORMATS.get(path.suffix.lower(), "text") in ("text", "markdown", "code", "delimited")


def is_drawn(path: Path) -> bool:
    """Whether a file of this name may have pages that can be drawn; its content has the last word."""
    return _FORMATS.get(path.suffix.lower(), "pdf") in ("pdf", "images")


def kind_of(path: Path) -> str:
    """The parser's name for a file. Raises UserError: file_missing, file_unreadable, unknown_format."""
    return _format_of(path, _look(path)[1])


def parse(path: Path, *, budget: Budget | None = None, reading: Reading | None = None) -> Parsed:
    """Read one file.

    Raises UserError: file_missing, file_unreadable, file_too_large, unknown_format, empty_document, needs_password,
    damaged_file. Time and memory are the caller's to watch; size is checked here.
    """
    limit = (budget or Budget()).size_bytes
    size, head = _look(path)
    if size > limit:
        raise UserError(Code.FILE_TOO_LARGE, path=str(path), limit_bytes=limit)
    kind = _format_of(path, head)
    if size == 0:
        raise UserError(Code.EMPTY_DOCUMENT, path=str(path))
    given = reading or Reading()
    if given.depth == 0:
        members.begin()
    try:
        module = importlib.import_module(f"studiolo.knowledge.parsers.{kind}")
        parsed: Parsed = module.read(path, given)
    except OSError:
        raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None
    except MemoryError:
        raise UserError(Code.FILE_TOO_LARGE, path=str(path), limit_bytes=limit) from None
    if not any(block.text.strip() for block in parsed.blocks):
        raise UserError(Code.EMPTY_DOCUMENT, path=str(path))
    return parsed


def _look(path: Path) -> tuple[int, bytes]:
    """Size and first bytes of a regular file."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UserError(Code.FILE_UNREADABLE, path=str(path))
        with path.open("rb") as file:
            return status.st_size, file.read(_SNIFF_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(Code.FILE_MISSING, path=str(path)) from None
    except (OSError, ValueError):
        raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None


def _format_of(path: Path, head: bytes) -> str:
    """The parser for a file: what its content shows, whatever it is called; else its suffix."""
    if b"%PDF-" in head[:1024]:
        return "pdf"
    suffix = path.suffix.lower()
    named = _FORMATS.get(suffix, "")
    shown = recognised(path, head, named)
    if shown or named:
        return shown or named
    if not suffix and _is_plain(head):
        return "html" if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")) else "text"
    raise UserError(Code.UNKNOWN_FORMAT, path=str(path), suffix=suffix, known=" ".join(KNOWN_SUFFIXES))


def _is_plain(head: bytes) -> bool:
    """Whether a file without a suffix (README, LICENSE) is text in UTF-8; a character cut by the sniff is allowed."""
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(head) == _SNIFF_BYTES and error.start >= len(head) - 3
    return True


def display(path: Path) -> str:
    """A path as text that can be stored and printed, also where the name is not valid UTF-8."""
    try:
        raw = os.fsencode(path)
    except ValueError:  # a surrogate that stands for no byte
        raw = str(path).encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")
