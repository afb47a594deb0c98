"""Markdown (CommonMark with tables): headings with their level, lists, code, tables; no markup. Any thread."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import CJK, Block, Parsed, Reading, clean, clean_code, one_line
from studiolo.knowledge.parsers.tables import line_of, table
from studiolo.knowledge.parsers.text import decode

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The file's blocks. Raises UserError(damaged_file) where it is not text."""
    text = decode(path.read_bytes())
    if text is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    return parse_text(text)


def parse_text(text: str) -> Parsed:
    """Markdown text as blocks; the title is the front matter's, or the first heading's."""
    from markdown_it import MarkdownIt

    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    title = ""
    front = _FRONT_MATTER.match(unified)
    if front:
        named = _FRONT_TITLE.search(front.group(1))
        title = one_line(named.group(1)) if named else ""
        unified = unified[front.end() :]
    blocks = _blocks(MarkdownIt("commonmark").enable("table").parse(unified))
    if not title:
        title = next((block.text for block in blocks if block.kind == "heading"), "")
    return Parsed(title=title, blocks=tuple(blocks))


def _blocks(tokens: list[Token]) -> list[Block]:
    blocks: list[Block] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _closing(tokens, position)
        inner = tokens[position + 1 : end]
        if token.type == "heading_open":
            _put(blocks, Block("heading", one_line(_inline(inner[0])), level=int(token.tag[1])))
        elif token.type == "paragraph_open":
            _put(blocks, Block("paragraph", clean(_inline(inner[0]))))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            _put(blocks, Block("list", clean_code("\n".join(_list_lines(tokens[position : end + 1])))))
        elif token.type == "table_open":
            rows = _rows(inner)
            found = table(rows, header=line_of(rows[0]) if rows else "")
            if found:
                blocks.append(found)
        elif token.type in ("fence", "code_block"):
            _put(blocks, Block("code", clean_code(token.content)))
        elif token.type == "html_block":
            from studiolo.knowledge.parsers import html

            blocks.extend(html.parse_markup(token.content).blocks)
        elif token.type == "blockquote_open":
            blocks.extend(_blocks(inner))
        position = end + 1
    return blocks


def _put(blocks: list[Block], block: Block) -> None:
    if block.text:
        blocks.append(block)


def _closing(tokens: list[Token], position: int) -> int:
    """Index of the token that closes the one at `position`; itself where nothing was opened."""
    depth = 0
    for index in range(position, len(tokens)):
        depth += tokens[index].nesting
        if depth <= 0:
            return index
    return len(tokens) - 1


def _inline(token: Token) -> str:
    """The words of an inline token, without markup."""
    pieces: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            pieces.append(child.content)
        elif child.type == "softbreak":
            pieces.append("" if pieces and CJK.match(pieces[-1][-1:]) else " ")  # Chinese has no blanks to lose
        elif child.type == "hardbreak":
            pieces.append("\n")
        elif child.type == "image":
            pieces.append(child.content)
    return "".join(pieces)


def _list_lines(tokens: list[Token]) -> list[str]:
    """One line an item, nested items indented, ordered ones with their number."""
    lines: list[str] = []
    open_lists: list[int | None] = []  # the next number, None for a bullet list
    marker = ""
    for token in tokens:
        if token.type == "bullet_list_open":
            open_lists.append(None)
        elif token.type == "ordered_list_open":
            open_lists.append(int(token.attrGet("start") or 1))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            open_lists.pop()
        elif token.type == "list_item_open":
            number = open_lists[-1]
            marker = "- " if number is None else f"{number}. "
            if number is not None:
                open_lists[-1] = number + 1
        elif token.type == "inline" or token.type in ("fence", "code_block"):
            text = one_line(_inline(token)) if token.type == "inline" else clean_code(token.content)
            indent = "  " * (len(open_lists) - 1)
            lines.extend(f"{indent}{marker if n == 0 else '  '}{line}" for n, line in enumerate(text.split("\n")))
            marker = "  "
    return lines


def _rows(tokens: list[Token]) -> list[list[str]]:
    """A table's cells; the first row is its header."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(one_line(_inline(token)))
    return rows
