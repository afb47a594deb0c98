"""JSON, JSON lines and notebooks: values with the keys that lead to them; lists of records as tables. Any thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import markdown
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, clean_code, one_line
from studiolo.knowledge.parsers.tables import table
from studiolo.knowledge.parsers.text import decode

_DEEPEST = 40
_COLUMNS_MOST = 200
_LINES_TOGETHER = 40  # lines of a block: values that stand together stay together


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The values. Raises UserError(damaged_file) where it is neither JSON nor lines of JSON."""
    text = decode(path.read_bytes())
    if text is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    value = _parsed(text.removeprefix("\ufeff"))
    if value is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    if isinstance(value, dict) and isinstance(value.get("cells"), list) and "nbformat" in value:
        return _notebook(value)
    return Parsed(title="", blocks=tuple(_blocks(value, "", 1)))


def _parsed(text: str) -> Any:
    """The value, or the list of the lines' values; None where it is neither (or null, which says nothing)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    lines = [line for line in text.split("\n") if line.strip()]
    values = []
    for line in lines:
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    return values if len(values) * 2 > len(lines) else None  # a line cut at the file's end costs that line alone


def _blocks(value: Any, path: str, level: int) -> Iterator[Block]:
    if isinstance(value, list) and _is_records(value):
        yield from _records(value)
        return
    lines: list[str] = []
    for key, inner in _entries(value):
        where = _joined(path, key)
        if isinstance(inner, dict | list) and inner and level <= 3 and (_is_records(inner) or isinstance(value, dict)):
            yield from _together(lines)
            lines = []
            yield Block("heading", one_line(where), level=level)
            yield from _blocks(inner, where, level + 1)
        else:
            lines.extend(_lines(inner, where, 0))
    yield from _together(lines)


def _together(lines: list[str]) -> Iterator[Block]:
    for begin in range(0, len(lines), _LINES_TOGETHER):
        yield Block("list", "\n".join(lines[begin : begin + _LINES_TOGETHER]))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"[{number}]", inner) for number, inner in enumerate(value, start=1))
    else:
        yield "", value


def _joined(path: str, key: str) -> str:
    return f"{path}{key}" if key.startswith("[") or not path else f"{path}.{key}" if key else path


def _lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict | list) and value and depth < _DEEPEST:
        if isinstance(value, list) and all(not isinstance(inner, dict | list) for inner in value):
            yield _line(path, ", ".join(_scalar(inner) for inner in value))
            return
        for key, inner in _entries(value):
            yield from _lines(inner, _joined(path, key), depth + 1)
    elif value not in (None, "", [], {}):
        yield _line(path, _scalar(value))


def _line(path: str, value: str) -> str:
    return f"{one_line(path)}: {value}" if path else value


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return one_line(value)
    return one_line(json.dumps(value, ensure_ascii=False))


def _is_records(value: Any) -> bool:
    """Whether it is a list of at least two objects that share most of their keys."""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(record, dict) for record in value[:200]):
        return False
    keys = {key for record in value[:200] for key in record}
    filled = sum(len(record) for record in value[:200])
    return 0 < len(keys) <= _COLUMNS_MOST and filled * 2 >= len(keys) * min(len(value), 200)


def _records(records: list[Any]) -> Iterator[Block]:
    """One row a record; what is nested in a record is its own column by its path of keys, down to one level."""
    flat = [_flat(record) for record in records if isinstance(record, dict)]
    columns = list(dict.fromkeys(key for record in flat for key in record))[:_COLUMNS_MOST]
    rows = [columns, *([record.get(column, "") for column in columns] for record in flat)]
    found = table(rows, row=0, header=" | ".join(one_line(column) for column in columns))
    if found:
        yield found


def _flat(record: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value:
            flat.update({f"{key}.{inner}": "; ".join(_lines(deep, "", 0)) for inner, deep in value.items()})
        else:
            flat[str(key)] = "; ".join(_lines(value, "", 0))
    return flat


def _notebook(notebook: dict[str, Any]) -> Parsed:
    """A Jupyter notebook: its text cells as Markdown, its code, and what the code printed."""
    blocks: list[Block] = []
    for cell in notebook["cells"]:
        if not isinstance(cell, dict):
            continue
        source = _source(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            blocks.extend(markdown.parse_text(source).blocks)
            continue
        blocks.append(Block("code", clean_code(source)))
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                data = output.get("data")
                words = output.get("text") or (data.get("text/plain") if isinstance(data, dict) else "")
                blocks.append(Block("code", clean_code(_source(words))))
    title = next((block.text for block in blocks if block.kind == "heading"), "")
    return Parsed(title=clean(title), blocks=tuple(block for block in blocks if block.text))


def _source(value: Any) -> str:
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
