"""On which line of a TOML text a table, a key or an element of a list stands: tomllib reads values without places.

Looked for where something is wrong, so that a line can be named, and where comments are kept. Pure functions. Any
thread.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str, ...]
_KEY = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*')"
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*\[\s*({_DOTTED})\s*\]")
_ASSIGNED = re.compile(rf"^\s*({_DOTTED})\s*=")
_SYNTAX = re.compile(r"\(at line ([0-9]+), column [0-9]+\)")
_CLOSERS = ("]", "}", '"""', "'''")


def syntax_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line, from 1, on which `text` is no TOML."""
    found = _SYNTAX.search(str(error))
    return int(found[1]) if found else text.count("\n") + 1


def line_of(text: str, path: Path, *, element: str | None = None) -> int:
    """The line, from 1, of what stands under `path` in valid TOML; where that has none, of what is around it.

    `element`: a string in the list that stands there.
    """
    found = places(text)
    wanted = path
    while wanted and wanted not in found:
        wanted = wanted[:-1]
    first, last = found.get(wanted, (1, 1))
    if element is not None and last > first:
        lines = text.split("\n")
        return next((at for at in range(first, last + 1) if element in lines[at - 1]), first)
    return first


def places(text: str) -> dict[Path, tuple[int, int]]:
    """First and last line, from 1, of each table's header and each key of valid TOML."""
    lines = text.split("\n")
    found: dict[Path, tuple[int, int]] = {}
    table: Path = ()
    at = 0
    while at < len(lines):
        header = _HEADER.match(lines[at])
        assigned = None if header else _ASSIGNED.match(lines[at])
        last = at
        if header:
            table = _path(header[1])
            found.setdefault(table, (at + 1, at + 1))
        elif assigned:
            last = _end(lines, at)
            found.setdefault(table + _path(assigned[1]), (at + 1, last + 1))
        at = last + 1
    return found


def _path(dotted: str) -> Path:
    value: object = tomllib.loads(f"{dotted} = 0")
    path: list[str] = []
    while isinstance(value, Mapping):
        name = next(iter(value))
        path.append(name)
        value = value[name]
    return tuple(path)


def _end(lines: list[str], first: int) -> int:
    """The last line of the statement that begins on line `first`: the first one with which it is whole."""
    for last in range(first, len(lines)):
        if last > first and not any(closer in lines[last] for closer in _CLOSERS):
            continue
        try:
            tomllib.loads("\n".join(lines[first : last + 1]))
        except tomllib.TOMLDecodeError:
            continue
        return last
    return len(lines) - 1
