"""PowerPoint 97-2003 files: a slide is a page, its title a heading, then what its shapes say. Any thread.

Source: [MS-PPT] 2.3 (user edits and the persist directory), 2.4.14.3 (the list of slides with text), 2.9 (text).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, one_line

_USER_EDIT, _PERSIST = 0x0FF5, 0x1772
_DOCUMENT, _SLIDE_LIST, _SLIDE_ENTRY = 0x03E8, 0x0FF0, 0x03F3
_TEXT_KIND, _TEXT_WIDE, _TEXT_NARROW, _TEXT_BOX = 0x0F9F, 0x0FA0, 0x0FA8, 0xF00D
_TITLES = (0, 6)
_ENCRYPTED_TOKEN = 0xF3D1C4DF
_EDITS_MOST = 10_000
_DEEPEST = 40


def read(path: Path, reading: Reading) -> Parsed:
    """The slides' blocks. Raises UserError: damaged_file, needs_password."""
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            user = ole.openstream("Current User").read()
            stream = ole.openstream("PowerPoint Document").read()
        token, edit = struct.unpack_from("<II", user, 12)
    except (OSError, struct.error, IndexError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    if token == _ENCRYPTED_TOKEN:
        from studiolo.knowledge.parsers import sealed

        return sealed.read(path, reading)
    try:
        slides = list(_slides(stream, _directory(stream, edit)))
    except (struct.error, IndexError, ValueError, KeyError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    blocks = tuple(block for number, texts in enumerate(slides, start=1) for block in _blocks(texts, number))
    title = next((block.text for block in blocks if block.kind == "heading"), "")
    return Parsed(title=title, blocks=blocks, pages=len(slides))


def _directory(stream: bytes, edit: int) -> dict[int, int]:
    """Object number -> its place in the stream; the newest edit says it, older ones where it is silent."""
    places: dict[int, int] = {}
    for _ in range(_EDITS_MOST):
        kind = struct.unpack_from("<H", stream, edit + 2)[0]
        if kind != _USER_EDIT:
            break
        before, at = struct.unpack_from("<II", stream, edit + 16)
        if struct.unpack_from("<H", stream, at + 2)[0] == _PERSIST:
            end = at + 8 + struct.unpack_from("<I", stream, at + 4)[0]
            at += 8
            while at < end:
                entry = struct.unpack_from("<I", stream, at)[0]
                first, count = entry & 0xFFFFF, entry >> 20
                for step, place in enumerate(struct.unpack_from(f"<{count}I", stream, at + 4)):
                    places.setdefault(first + step, place)
                at += 4 + 4 * count
        if not before or before >= edit:
            break
        edit = before
    return places


def _records(stream: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(kind, instance, begin, end) of the records in [begin, end), the content's borders."""
    while begin + 8 <= end:
        head, kind, size = struct.unpack_from("<HHI", stream, begin)
        last = min(begin + 8 + size, end)
        yield kind, head >> 4, begin + 8, last
        begin = begin + 8 + size


def _slides(stream: bytes, places: dict[int, int]) -> Iterator[list[tuple[int, str]]]:
    """The texts of each slide as (kind, text): its outline's first, then those that stand in its other shapes."""
    kinds = {place: struct.unpack_from("<H", stream, place + 2)[0] for place in sorted(places.values())}
    document = next((place for place, kind in kinds.items() if kind == _DOCUMENT), None)
    if document is None:
        raise ValueError
    size = struct.unpack_from("<I", stream, document + 4)[0]
    for kind, instance, begin, end in _records(stream, document + 8, document + 8 + size):
        if kind != _SLIDE_LIST or instance != 0:
            continue
        entries: list[tuple[int, list[tuple[int, str]]]] = []
        said = 4
        for inner, _, first, last in _records(stream, begin, end):
            if inner == _SLIDE_ENTRY:
                entries.append((struct.unpack_from("<I", stream, first)[0], []))
            elif inner == _TEXT_KIND:
                said = struct.unpack_from("<I", stream, first)[0]
            elif inner in (_TEXT_WIDE, _TEXT_NARROW) and entries:
                entries[-1][1].append((said, _text(stream, inner, first, last)))
        for number, texts in entries:
            place = places.get(number)
            if place is not None:
                length = struct.unpack_from("<I", stream, place + 4)[0]
                texts.extend(_drawn(stream, place + 8, place + 8 + length, inside=False, depth=0))
            yield texts


def _drawn(stream: bytes, begin: int, end: int, *, inside: bool, depth: int) -> Iterator[tuple[int, str]]:
    """The texts in the text boxes of a slide's drawing."""
    said = 4
    for kind, _, first, last in _records(stream, begin, end):
        if inside and kind == _TEXT_KIND:
            said = struct.unpack_from("<I", stream, first)[0]
        elif inside and kind in (_TEXT_WIDE, _TEXT_NARROW):
            yield said, _text(stream, kind, first, last)
        elif (kind == _TEXT_BOX or stream[first - 8] & 0xF == 0xF) and depth < _DEEPEST:
            yield from _drawn(stream, first, last, inside=inside or kind == _TEXT_BOX, depth=depth + 1)


def _text(stream: bytes, kind: int, begin: int, end: int) -> str:
    data = stream[begin:end]
    return data.decode("utf-16-le", "replace") if kind == _TEXT_WIDE else data.decode("latin-1")


def _blocks(texts: list[tuple[int, str]], page: int) -> Iterator[Block]:
    titles = [text for kind, text in texts if kind in _TITLES and text.strip()]
    for text in titles[:1]:
        yield Block("heading", one_line(text), page=page, level=1)
    rest = titles[1:] + [text for kind, text in texts if kind not in _TITLES]
    for text in rest:
        lines = [line for line in clean(text.replace("\x0b", " ")).split("\n") if line and line != "*"]
        if len(lines) > 1:
            yield Block("list", "\n".join(lines), page=page)
        elif lines:
            yield Block("paragraph", lines[0], page=page)
