"""Word 97-2003 files: their text in order, with headings, tables and notes. Any thread.

Source: [MS-DOC] 2.4.1 (the piece table), 2.9.38 (the file information block), 2.9.175 (paragraph properties). What a
document says is read; how it looks is not. The only import of olefile beside `sniffing` and `ppt`.
"""

from __future__ import annotations

import bisect
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, one_line
from studiolo.knowledge.parsers.tables import table

_MAGIC = 0xA5EC
_ENCRYPTED, _TABLE_ONE = 0x0100, 0x0200
_CLX_AT, _PAPX_AT, _LENGTHS_AT = 0x01A2, 0x0102, 0x4C
_ROW_END = 0x2417  # sprmPFTtp
_LONG_OPERANDS = (0xD608, 0xC615)  # whose length is written in another way; nothing behind them is needed
_OPERAND_BYTES = (1, 1, 2, 4, 2, 2, 0, 3)
_HEADINGS = 9  # styles 1 to 9 are always the headings
_FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15")
_SPECIAL = {"\x0b": "\n", "\x0c": "\n", "\x1e": "-", "\x1f": "", "\xa0": " "}
_OLE_BROKEN = (OSError, struct.error, IndexError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    style: int
    ends_row: bool
    in_cell: bool  # ends with a cell mark


def read(path: Path, reading: Reading) -> Parsed:
    """The document's blocks. Raises UserError: damaged_file, needs_password, convert_first (Word 95 and older)."""
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            main = ole.openstream("WordDocument").read()
            magic, version, flags = *struct.unpack_from("<HH", main, 0), struct.unpack_from("<H", main, 0x0A)[0]
            name = "1Table" if flags & _TABLE_ONE else "0Table"
            tables = ole.openstream(name).read() if ole.exists(name) else b""
            title = ole.get_metadata().title or b""
    except _OLE_BROKEN:
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    if flags & _ENCRYPTED:
        from studiolo.knowledge.parsers import sealed

        return sealed.read(path, reading)
    if magic != _MAGIC or version < 0xC0 or not tables:
        raise UserError(Code.CONVERT_FIRST, path=str(path), suffix=path.suffix, better=".docx")
    try:
        blocks = tuple(_blocks(list(_paragraphs(main, tables))))
    except (struct.error, IndexError, ValueError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    named = one_line(_decoded_title(title))
    return Parsed(title=named or next((b.text for b in blocks if b.kind == "heading"), ""), blocks=blocks)


def _decoded_title(title: bytes | str) -> str:
    from studiolo.knowledge.parsers.text import decode

    return title if isinstance(title, str) else decode(title) or ""


def _pieces(main: bytes, tables: bytes) -> Iterator[tuple[str, int, int]]:
    """(text, position in the stream, bytes a character) of each piece."""
    start, length = struct.unpack_from("<II", main, _CLX_AT)
    clx = tables[start : start + length]
    at = 0
    while clx[at] == 1:  # property modifiers stand in front
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    size = struct.unpack_from("<I", clx, at + 1)[0]
    count = (size - 4) // 12
    base = at + 5
    borders = struct.unpack_from(f"<{count + 1}I", clx, base)
    for number in range(count):
        position = struct.unpack_from("<I", clx, base + 4 * (count + 1) + 8 * number + 2)[0]
        characters = borders[number + 1] - borders[number]
        if position & 0x40000000:
            position = (position & 0x3FFFFFFF) // 2
            yield main[position : position + characters].decode("cp1252", "replace"), position, 1
        else:
            text = main[position : position + 2 * characters].decode("utf-16-le", "surrogatepass")
            if len(text) != characters:  # characters beyond the first plane count as two in the file
                text = "".join(c if c <= "\uffff" else c + "\x00" for c in text)
            yield text, position, 2


def _paragraphs(main: bytes, tables: bytes) -> Iterator[_Paragraph]:
    """Every paragraph of the main text, notes and text boxes; each ends at a mark that carries its properties."""
    borders, properties = _properties(main, tables)
    counts = struct.unpack_from("<8I", main, _LENGTHS_AT)
    body = counts[0]
    skipped = (body + counts[1], body + counts[1] + counts[2])  # heads and feet of the pages
    pending: list[str] = []
    at = 0
    for text, position, width in _pieces(main, tables):
        begin = 0
        for match in re.finditer("[\r\x07]", text):
            end = match.end()
            pending.append(text[begin : end - 1])
            offset = position + width * (end - 1)
            found = bisect.bisect_right(borders, offset) - 1
            style, ends_row = properties[found] if 0 <= found < len(properties) else (0, False)
            if not skipped[0] <= at + end - 1 < skipped[1]:
                yield _Paragraph("".join(pending), style, ends_row, match.group() == "\x07")
            pending.clear()
            begin = end
        pending.append(text[begin:])
        at += len(text)
    yield _Paragraph("".join(pending), 0, ends_row=False, in_cell=False)


def _properties(main: bytes, tables: bytes) -> tuple[list[int], list[tuple[int, bool]]]:
    """Where runs of paragraphs begin in the stream, and their (style, ends a table's row)."""
    start, length = struct.unpack_from("<II", main, _PAPX_AT)
    count = (length - 4) // 8
    runs: list[tuple[int, tuple[int, bool]]] = []
    for number in range(max(count, 0)):
        page = struct.unpack_from("<I", tables, start + 4 * (count + 1) + 4 * number)[0] & 0x3FFFFF
        block = main[page * 512 : page * 512 + 512]
        if len(block) < 512:
            continue
        many = block[511]
        for run in range(many):
            first = struct.unpack_from("<I", block, 4 * run)[0]
            runs.append((first, _run(block, block[4 * (many + 1) + 13 * run] * 2)))
    runs.sort()
    return [first for first, _ in runs], [said for _, said in runs]


def _run(block: bytes, at: int) -> tuple[int, bool]:
    if not at:
        return 0, False
    size = 2 * block[at] - 1
    at += 1
    if size < 0:
        size = 2 * block[at]
        at += 1
    style = struct.unpack_from("<H", block, at)[0]
    end = min(at + size, len(block))
    at += 2
    while at + 2 <= end:
        code = struct.unpack_from("<H", block, at)[0]
        if code == _ROW_END:
            return style, block[at + 2] != 0
        if code in _LONG_OPERANDS:
            break
        width = _OPERAND_BYTES[code >> 13]
        at += 2 + (width or 1 + block[at + 2])
    return style, False


def _blocks(paragraphs: list[_Paragraph]) -> Iterator[Block]:
    rows: list[list[str]] = []
    cells: list[str] = []
    cell: list[str] = []
    for paragraph in paragraphs:
        text = _plain(paragraph.text)
        if paragraph.ends_row:
            rows.append(cells)
            cells, cell = [], []
        elif paragraph.in_cell:
            cells.append(" ".join([*cell, text]))
            cell = []
        elif cells:
            cell.append(text)  # a cell of several paragraphs
        else:
            if rows:
                yield from filter(None, [table(rows)])
                rows = []
            if not text.strip():
                continue
            if 1 <= paragraph.style <= _HEADINGS:
                yield Block("heading", one_line(text), level=paragraph.style)
            else:
                shown = clean(text)
                if shown:
                    yield Block("paragraph", shown)
    if cells:
        rows.append(cells)
    if rows:
        yield from filter(None, [table(rows)])


def _plain(text: str) -> str:
    """Text without fields' instructions and the marks that stand for pictures and notes."""
    for _ in range(8):  # fields inside fields, from the innermost
        changed = _FIELD.sub(lambda match: match.group(1) or "", text)
        if changed == text:
            break
        text = changed
    return "".join(_SPECIAL.get(character, character) for character in text)
