"""How deep JSON is nested, seen before it is parsed: parsers and all that walks a value go down with it.

Knows bytes alone. Threads: any.
"""

from __future__ import annotations

import re
from typing import Final

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_AS_LISTS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b"[]{}"))


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
