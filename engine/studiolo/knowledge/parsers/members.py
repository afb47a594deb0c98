"""Files inside a file: members of an archive, attachments of a message or a PDF, each read as if it stood alone.

A member is written to a temporary file that is gone when it has been read; its name never becomes a path, so no name
can lead out of the folder. How deep files may lie in files, and how much all of them may unpack to, is limited.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, one_line
from studiolo.types import Gap

DEEPEST = 3
TOTAL_BYTES = 1_000_000_000
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}\Z")
_left: ContextVar[int] = ContextVar("bytes that members may still unpack to", default=TOTAL_BYTES)


def begin() -> None:
    """A file of its own begins: what lies in it may unpack to the whole limit again."""
    _left.set(TOTAL_BYTES)


def member(name: str, data: bytes, reading: Reading) -> Parsed:
    """One member. Raises UserError as `parsers.parse` does, and archive_too_large where it lies too deep or is too
    much with what came before it."""
    from studiolo.knowledge.parsers import parse

    left = _left.get()
    if reading.depth >= DEEPEST or len(data) > left:
        raise UserError(Code.ARCHIVE_TOO_LARGE, path=name, limit_bytes=TOTAL_BYTES)
    _left.set(left - len(data))
    suffix = _SUFFIX.search(posixpath.basename(name.replace("\\", "/")))
    inner = Reading(passwords=reading.passwords, depth=reading.depth + 1, slow=reading.slow)
    with tempfile.TemporaryDirectory(prefix="studiolo-") as folder:
        path = Path(folder) / f"member{suffix.group().lower() if suffix else ''}"
        path.write_bytes(data)
        return parse(path, reading=inner)


def gather(
    members: Iterable[tuple[str, bytes | UserError]], reading: Reading, *, level: int = 1
) -> tuple[list[Block], list[Gap]]:
    """Every member as a heading of `level` with its blocks one deeper, and a gap for each that could not be read.

    A member that could not even be taken out comes as the error that says why. Pages are the member's own, so they
    stand in the label, behind the member's name.
    """
    blocks: list[Block] = []
    gaps: list[Gap] = []
    for name, data in members:
        shown = one_line(name) or "?"
        try:
            if isinstance(data, UserError):
                raise data
            parsed = member(name, data, reading)
        except UserError as error:
            gaps.append(Gap(error.code.value, name=shown))
            continue
        except RecursionError:
            gaps.append(Gap(Code.DAMAGED_FILE.value, name=shown))
            continue
        except Exception as error:  # foreign bytes may break a parser in any way; the others go on
            if isinstance(error, MemoryError):
                raise
            gaps.append(Gap(Code.DAMAGED_FILE.value, name=shown))
            continue
        blocks.append(Block("heading", shown, level=level, label=shown))
        blocks.extend(_inside(block, shown, level) for block in parsed.blocks)
        gaps.extend(replace(gap, name=f"{shown}/{gap.name}" if gap.name else shown) for gap in parsed.gaps)
    return blocks, gaps


def _inside(block: Block, name: str, level: int) -> Block:
    """The block as part of its member: a heading lies deeper, a page is named with the member."""
    place = block.label or (str(block.page) if block.page else "")
    return replace(
        block,
        level=block.level + level if block.kind == "heading" else block.level,
        page=0,
        label=f"{name}#{place}" if place else name,
    )


def all_failed(gaps: Iterable[Gap], *, path: Path) -> UserError:
    """What a container says in which nothing could be read: the first member's reason."""
    first = next(iter(gaps), None)
    code = Code(first.reason) if first else Code.EMPTY_DOCUMENT
    values: dict[Code, dict[str, str | float]] = {
        Code.UNKNOWN_FORMAT: {"suffix": path.suffix, "known": ""},
        Code.CONVERT_FIRST: {"suffix": path.suffix, "better": ""},
        Code.ARCHIVE_TOO_LARGE: {"limit_bytes": TOTAL_BYTES},
        Code.FILE_TOO_LARGE: {"limit_bytes": TOTAL_BYTES},
    }
    return UserError(code, path=str(path), **values.get(code, {}))
