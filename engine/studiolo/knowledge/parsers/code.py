"""Programs and settings: the text as it is, cut where an empty line is followed by a new outermost line. Any thread."""

from __future__ import annotations

import re
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean_code
from studiolo.knowledge.parsers.text import decode

_CUT = re.compile(r"\n[^\S\n]*\n(?=[^\s)\]}#/*]|[#/*]+[^\n]*\n\S)")
_LINES_MOST = 400  # a block without any such place is cut all the same


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The file's pieces. Raises UserError(damaged_file) where it is not text."""
    text = decode(path.read_bytes())
    if text is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    blocks: list[Block] = []
    for piece in _CUT.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = clean_code(piece).split("\n")
        blocks.extend(
            Block("code", "\n".join(lines[begin : begin + _LINES_MOST])) for begin in range(0, len(lines), _LINES_MOST)
        )
    return Parsed(title="", blocks=tuple(block for block in blocks if block.text.strip()))
