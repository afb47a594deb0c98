"""Plain text in whatever encoding it was saved: paragraphs parted by empty lines. Also decodes for other parsers.

The order of guesses: byte order mark, UTF-8, UTF-16 without a mark, the Chinese and Japanese double-byte encodings by
how common the resulting characters are, and at last charset-normalizer for the single-byte ones. Any thread.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, clean_code

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# An encoding, and the lead bytes of its common characters: level 1 of GB 2312 and of Big5, kana and level 1 of JIS.
_DOUBLE_BYTE = (
    ("gb18030", ((0xA1, 0xA3), (0xB0, 0xD7))),
    ("big5", ((0xA1, 0xA3), (0xA4, 0xC6))),
    ("cp932", ((0x81, 0x83), (0x88, 0x97))),
)
_LEAST_COMMON = 0.75  # share of common characters below which a double-byte reading is chance
_SAMPLE = 60_000  # bytes that guesses look at; a whole book says no more than its first chapters
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•·‣]|\d{1,3}[.)、])\s*\S")


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The file's paragraphs. Raises UserError(damaged_file) where it is not text in any encoding."""
    text = decode(path.read_bytes())
    if text is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    return parse_text(text)


def parse_text(text: str) -> Parsed:
    """Plain text as paragraphs, lists and code."""
    blocks: list[Block] = []
    for piece in _PARAGRAPH.split(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n\n")):
        lines = [line for line in piece.split("\n") if line.strip()]
        if not lines:
            continue
        if all(line.startswith(("    ", "\t")) for line in lines) and len(lines) > 1:
            blocks.append(Block("code", clean_code("\n".join(lines))))
        elif all(_LIST_ITEM.match(line) for line in lines):
            blocks.append(Block("list", clean(piece)))
        else:
            blocks.append(Block("paragraph", clean(piece)))
    return Parsed(title="", blocks=tuple(block for block in blocks if block.text))


def decode(data: bytes) -> str | None:
    """Bytes as text, or None where they are not text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > _SAMPLE and b"\x00" not in data[:_SAMPLE]:
            return data.decode("utf-8", "replace")  # long stretches of good UTF-8 before one bad byte
    return _utf16(data) or _double_byte(data) or _single_byte(data)


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: zero bytes stand in one column (Latin text), or the text is CJK in one byte order."""
    sample = data[:_SAMPLE]
    if len(data) % 2 or len(sample) < 4:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if not even and not odd:
        return None  # UTF-16 of any length holds a space or a line end, whose high byte is zero
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    readable = sum(character.isprintable() or character in "\r\n\t" for character in text[:2000])
    return text if readable >= 0.97 * min(len(text), 2000) and "\x00" not in text else None


def _double_byte(data: bytes) -> str | None:
    if b"\x00" in data:
        return None
    best: tuple[float, str] | None = None
    for encoding, common in _DOUBLE_BYTE:
        share = _common_share(data[:_SAMPLE], encoding, common)
        if share is not None and share >= _LEAST_COMMON and (best is None or share > best[0]):
            best = (share, encoding)
    return data.decode(best[1], "replace") if best else None


def _common_share(sample: bytes, encoding: str, common: tuple[tuple[int, int], ...]) -> float | None:
    """Share of the non-ASCII characters that are common in `encoding`; None where the bytes are not of it."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None
    seen = usual = 0
    for character in text:
        if character < "\x80":
            continue
        seen += 1
        lead = character.encode(encoding)
        usual += len(lead) == 2 and any(low <= lead[0] <= high for low, high in common)
    return usual / seen if seen >= 2 else None


def _single_byte(data: bytes) -> str | None:
    if b"\x00" in data:
        return None
    import charset_normalizer

    best = charset_normalizer.from_bytes(data[:_SAMPLE]).best()
    if best is None:
        return None
    return data.decode(best.encoding, "replace")
