"""Every byte that a home keeps, decoded as far as it can be: for looking whether a removed word is still in it.

LanceDB's files are compressed, so they are read as what they are (data files and the parts of the keyword index) by the
library that writes them; SQLite's are read as bytes, with their logs; anything else too. Test code only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def decoded(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """(file, what it holds) for every file below `folder`, symbolic links aside."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or any(parent.is_symlink() for parent in path.parents):
            continue
        yield path, path.read_bytes()
        if path.suffix == ".lance":
            yield path, _columns(path)


def _columns(path: Path) -> bytes:
    """The values of all columns of a Lance file, one after another."""
    from lance.file import LanceFileReader

    table = LanceFileReader(str(path)).read_all().to_table()
    parts = []
    for column in table.columns:
        for value in column.to_pylist():
            if isinstance(value, str):
                parts.append(value.encode("utf-8", "surrogatepass"))
            elif isinstance(value, bytes):
                parts.append(value)
    return b"\n".join(parts)


def holding(folder: Path, word: str) -> list[Path]:
    """The files below `folder` that hold `word`, in its own case or folded, in UTF-8 or as JSON writes it."""
    forms = {form.encode() for form in (word, word.lower())}
    forms |= {form.encode("unicode_escape") for form in (word, word.lower())}
    return sorted({path for path, data in decoded(folder) if any(form in data for form in forms)})
