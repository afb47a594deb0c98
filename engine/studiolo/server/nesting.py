"""How deep JSON is nested, seen before it is parsed: parsers and all that walks a value go down with it.

JSON is UTF-8 between programs (RFC 8259, 8.1). Python would read UTF-16 and UTF-32 too, in which the byte of a quote
may stand inside a character: strings would end elsewhere for the parser than here.

Knows bytes alone. Threads: any.
"""

from __future__ import annotations

import re
from typing import Final

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_AS_LISTS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b"[]{}"))


def is_wide(body: bytes) -> bool:
    """Whether it would be read as UTF-16 or UTF-32. JSON in UTF-8 holds no null byte."""
    return b"\0" in body


def deeper_than(body: bytes, depth: int) -> bool:
    """Whether lists and objects stand in one another more than `depth` deep. Other text than JSON is for the parser.

    Each pass over the brackets takes away the innermost pairs: no recursion, and no step of Python's for each.
    """
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    left = _STRING.sub(b"", body).translate(_AS_LISTS, _OTHERS)
    opened = b"[" * (depth + 1)
    for _ in range(depth):
        if opened in left:
            return True
        less = left.replace(b"[]", b"")
        if len(less) == len(left):  # empty, or not balanced
            return False
        left = less
    return bool(left)
