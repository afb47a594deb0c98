"""Rich text (RTF): its paragraphs, and rows of its tables. The only import of striprtf. Any thread."""

from __future__ import annotations

import re
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, one_line
from studiolo.knowledge.parsers.tables import table

_TITLE = re.compile(r"\{\\title ([^{}\\]{1,300})\}")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•·‣]|\d{1,3}[.)、])\s*\S")


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The document's blocks. Raises UserError(damaged_file)."""
    from striprtf.striprtf import rtf_to_text

    markup = path.read_bytes().decode("latin-1")  # RTF is ASCII; what else stands in it is escaped by code page
    try:
        text = str(rtf_to_text(markup, errors="replace"))  # type: ignore[no-untyped-call]
    except (ValueError, IndexError, KeyError, LookupError, RecursionError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    blocks: list[Block] = []
    rows: list[list[str]] = []
    items: list[str] = []

    def end() -> None:
        found = table(rows) if rows else None
        if found:
            blocks.append(found)
        if items:
            blocks.append(Block("list", clean("\n".join(items))))
        rows.clear()
        items.clear()

    for line in text.replace("\r", "").split("\n"):
        if line.count("|") and line.rstrip().endswith("|"):  # how striprtf writes the cells of a row
            if items:
                end()
            rows.append(line.rstrip()[:-1].split("|"))
        elif _LIST_ITEM.match(line):
            if rows:
                end()
            items.append(line)
        else:
            end()
            if line.strip():
                blocks.append(Block("paragraph", clean(line)))
    end()
    title = _TITLE.search(markup[:20_000])
    return Parsed(title=one_line(title.group(1)) if title else "", blocks=tuple(b for b in blocks if b.text))
