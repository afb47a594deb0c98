"""What a file is, by its first bytes and, for packages, by what is in it: for names lie. Any thread."""

from __future__ import annotations

import zipfile
from pathlib import Path

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE_PARTS = (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "workbook"))
_MIME_TYPES = (
    (b"application/epub+zip", "epub"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "workbook"),
    (b"application/vnd.oasis.opendocument.text", "odf"),
    (b"application/vnd.oasis.opendocument.presentation", "odf"),
)
_OLE_STREAMS = (
    ("EncryptedPackage", "sealed"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "workbook"),
    ("Book", "workbook"),
    ("__properties_version1.0", "mail"),
)
_BINARY = (
    "docx",
    "pptx",
    "workbook",
    "doc",
    "ppt",
    "odf",
    "epub",
    "rtf",
    "archive",
)  # formats that are never plain text
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table")
_XML_MARKUP = (b"<html", b'xmlns="http://www.w3.org/tr/rec-html40"')


def recognised(path: Path, head: bytes, named: str) -> str:
    """The format that the content shows, or "" where only the name can tell. `named` is the one the name says."""
    if head.startswith(_ZIP):
        return _in_package(path)
    if head.startswith(_OLE):
        return _in_ole(path) or named
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{\\rtf"):
        return "rtf"
    if named in _BINARY:
        return _plain(start, named)
    return ""


def _plain(start: bytes, named: str) -> str:
    """What a text is that bears an office file's name: programs export web pages, mail archives and tables so."""
    lower = start[:2048].lower()
    if lower.startswith(_MARKUP) or (lower.startswith(b"<?xml") and any(mark in lower for mark in _XML_MARKUP)):
        return "html"
    if lower.startswith((b"mime-version:", b"from:", b"return-path:", b"received:")):
        return "mail"
    if b"\x00" in start or named == "archive":
        return ""
    if lower.startswith(b"<?xml"):
        return "code"
    return "delimited" if named == "workbook" else "text" if named in ("doc", "docx", "rtf") else ""


def _in_package(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:100].strip() if "mimetype" in names[:20] else b""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, KeyError, EOFError, OSError):
        return ""
    for mime, form in _MIME_TYPES:
        if kind.startswith(mime):
            return form
    if any(name.lower() == "[content_types].xml" for name in names):
        for folder, form in _OFFICE_PARTS:
            if any(name.lower().lstrip("/").startswith(folder) for name in names):
                return form
    if "META-INF/container.xml" in names:
        return "epub"
    return "archive"


def _in_ole(path: Path) -> str:
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            return next((form for stream, form in _OLE_STREAMS if ole.exists(stream)), "")
    except (OSError, ValueError, IndexError, TypeError, AttributeError, KeyError):
        return ""
