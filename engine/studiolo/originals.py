"""Where files received over HTTP are kept in the home, under safe names, and how they go when their document goes.

A name of a client's choosing never leaves its library's folder. Threads: any.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
from contextlib import suppress
from pathlib import Path

from studiolo.paths import Home

_TOKENS = ".tokens"  # no library's: safe names have no leading dot
NAME_BYTES = 180  # file systems allow 255; `.partial` suffixes and such need room
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


def library_folder(home: Home, library: str, *, token: str = "") -> Path:
    """Where a library's uploads are kept. A name that had to be changed gets a digest, so that two never share one.

    `token`: the name of the named token that brings them. Each has a folder of its own, so that it replaces its own
    files alone, and never one of the owner's or of another token's.
    """
    return (home.uploads / _TOKENS / _folder(token) if token else home.uploads) / _folder(library)


def forget_upload(home: Home, path: str) -> None:
    """Remove a removed document's original, if it was one of ours."""
    with suppress(OSError, ValueError):
        file = Path(path)
        if file.resolve().is_relative_to(home.uploads.resolve()):
            file.unlink(missing_ok=True)


def forget_library(home: Home, library: str) -> None:
    """Remove all uploads of a removed library."""
    shutil.rmtree(library_folder(home, library), ignore_errors=True)
    with suppress(OSError):
        for folder in (home.uploads / _TOKENS).iterdir():
            shutil.rmtree(folder / _folder(library), ignore_errors=True)


def _folder(name: str) -> str:
    folder = safe_name(name)
    if folder != name:
        folder = f"{folder}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return folder
