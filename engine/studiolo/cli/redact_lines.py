"""JSON lines, redacted line for line: one line in, one line out, in order, many texts at once.

A line that cannot be read is told of on stderr by its number and comes out as an error, never as it was.
Threads: the command's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from studiolo.cli.terminal import Terminal
from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.wire import dumps

TOGETHER = 500_000  # code points of texts that are redacted at once
_SHORTEST_NUMBER = 6  # digits; no shorter number is personal data by itself


def redact_lines(
    engine: Engine, lines: Iterable[bytes], terminal: Terminal, *, fields: tuple[str, ...], profile: str | None
) -> tuple[int, int]:
    """Redact each line onto stdout; how many lines there were, and how many could not be read."""
    total = bad = 0
    for batch in _batches(lines, fields):
        texts = [text for line in batch if isinstance(line, _Line) for text in line.texts]
        redacted = iter([one.text for one in engine.redact_many(texts, profile=profile)] if texts else [])
        for line in batch:
            total += 1
            if isinstance(line, _Line):
                _write(terminal, line.with_texts(redacted))
            elif line:
                bad += 1
                place = f"第 {total} 行" if terminal.chinese else f"line {total}"
                terminal.fail(UserError(Code.BAD_REQUEST, field=place, problem=line))
                _write(terminal, {"error": line, "line": total})
            else:
                terminal.text()
    return total, bad


class _Line:
    """A line's value, the texts in it that are to be redacted, and where they stand."""

    def __init__(self, raw: bytes, fields: tuple[str, ...]) -> None:
        """Raises ValueError, RecursionError where it is no JSON, KeyError where it lacks a field."""
        self._value = [json.loads(raw.decode("utf-8"), parse_constant=_refuse)]
        self._places: list[tuple[Any, Any]] = []
        self.texts: list[str] = []
        if not fields:
            self._collect(self._value, 0)
        for field in fields:
            holder: Any = self._value[0]
            *outer, name = field.split(".")
            for key in outer:
                holder = holder[key]
            if not isinstance(holder, dict) or not isinstance(holder[name], str | list | dict):
                raise KeyError(field)
            self._collect(holder, name)

    def with_texts(self, redacted: Iterator[str]) -> Any:
        """The value with its texts replaced, in order."""
        for (holder, key), before in zip(self._places, self.texts, strict=True):
            after = next(redacted)
            if after != before:  # a number in which nothing was found stays a number
                holder[key] = after
        return self._value[0]

    def _collect(self, holder: Any, key: Any) -> None:
        value = holder[key]
        if isinstance(value, dict):
            for name in value:
                self._collect(value, name)
        elif isinstance(value, list):
            for place in range(len(value)):
                self._collect(value, place)
        elif isinstance(value, str) or (type(value) is int and abs(value) >= 10 ** (_SHORTEST_NUMBER - 1)):
            self._places.append((holder, key))
            self.texts.append(str(value))


def _batches(lines: Iterable[bytes], fields: tuple[str, ...]) -> Iterator[list[_Line | str]]:
    """Lines as they are redacted together; a text stands for a line without a value: its problem, "" for a blank."""
    batch: list[_Line | str] = []
    length = 0
    for number, raw in enumerate(lines):
        line = _read(raw.removeprefix(b"\xef\xbb\xbf") if number == 0 else raw, fields)
        batch.append(line)
        length += sum(map(len, line.texts)) if isinstance(line, _Line) else 0
        if length >= TOGETHER or len(batch) >= 1000:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _read(raw: bytes, fields: tuple[str, ...]) -> _Line | str:
    if not raw.strip():
        return ""
    try:
        return _Line(raw, fields)
    except (KeyError, TypeError, IndexError):
        return "no_field"
    except (ValueError, RecursionError):
        return "not_json"


def _write(terminal: Terminal, value: Any) -> None:
    try:
        terminal.json(value)
    except (ValueError, RecursionError):  # a number too large for JSON, or a depth that can be read and not written
        terminal.text(dumps({"error": "not_json"}))


def _refuse(_constant: str) -> NoReturn:
    raise ValueError
