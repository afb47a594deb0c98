"""Builds the character map that a SentencePiece-like tokenizer carries: characters to their normalised text.

The layout is SentencePiece's `precompiled_charsmap` (google/sentencepiece, src/normalizer.cc): a little-endian u32
with the byte length of a double-array trie, the trie in units of u32 as darts-clone lays them out
(s-yata/darts-clone, include/darts.h), then the replacement texts, each ended by a zero byte. A key is the UTF-8 of
one character, its value the byte offset of the replacement. Pure functions; any thread.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

_BLOCK = 256
_HAS_LEAF = 1 << 8
_IS_LEAF = 1 << 31
_MAX_NEAR_OFFSET = 1 << 21

_Node = dict[int, "_Node | int"]  # byte -> child; byte 0 -> value


def build_charsmap(replacements: Mapping[str, str]) -> bytes:
    """The charsmap that replaces each key (one character, not NUL) by its value."""
    texts = bytearray()
    offsets: dict[str, int] = {}
    root: _Node = {}
    for character, replacement in sorted(replacements.items()):
        if replacement not in offsets:
            offsets[replacement] = len(texts)
            texts += replacement.encode("utf-8") + b"\0"
        node = root
        for byte in character.encode("utf-8"):
            child = node.setdefault(byte, {})
            assert isinstance(child, dict)
            node = child
        node[0] = offsets[replacement]
    units = _DoubleArray().build(root)
    trie = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(trie)) + trie + bytes(texts)


class _DoubleArray:
    """Places trie nodes so that child `b` of a node at `p` with offset `o` stands at `base ^ b`, `base = p ^ o`.

    A unit knows its byte but not its parent: no two nodes may have one base, or each finds the other's children.
    """

    def __init__(self) -> None:
        self._units = [0] * _BLOCK
        self._taken = bytearray(_BLOCK)
        self._bases: set[int] = set()
        self._first_free = 1

    def build(self, root: _Node) -> list[int]:
        self._taken[0] = 1
        pending: list[tuple[int, _Node]] = [(0, root)]
        while pending:
            position, node = pending.pop()
            if not node:
                continue
            base = self._place(position, node)
            self._units[position] |= _offset_bits(position ^ base)
            for byte, child in node.items():
                place = base ^ byte
                if isinstance(child, int):
                    self._units[position] |= _HAS_LEAF
                    self._units[place] = child | _IS_LEAF
                else:
                    self._units[place] |= byte
                    pending.append((place, child))
        return self._units

    def _place(self, position: int, node: _Node) -> int:
        """The lowest base where all children of `node` find free units, which become theirs."""
        lowest = min(node)
        candidate = self._first_free
        while True:
            if candidate >= len(self._units):
                self._units.extend([0] * _BLOCK)
                self._taken.extend(bytes(_BLOCK))
            base = candidate ^ lowest
            if not self._taken[candidate] and self._fits(position, base, node):
                break
            candidate += 1
        self._bases.add(base)
        for byte in node:
            self._taken[base ^ byte] = 1
        while self._first_free < len(self._taken) and self._taken[self._first_free]:
            self._first_free += 1
        return base

    def _fits(self, position: int, base: int, node: _Node) -> bool:
        distance = position ^ base
        if distance == 0 or base in self._bases or (distance >= _MAX_NEAR_OFFSET and distance & 0xFF):
            return False
        # all children share the block of `base`, which exists once one of them does
        return not any(self._taken[base ^ byte] for byte in node)


def _offset_bits(distance: int) -> int:
    """An offset as darts-clone packs it: near ones as they are, far ones without their low byte."""
    if distance < _MAX_NEAR_OFFSET:
        return distance << 10
    return (distance >> 8) << 10 | 1 << 9
