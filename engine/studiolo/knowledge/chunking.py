"""From a document's blocks to passages: small enough to embed, cut at headings, blocks and sentences.

A passage's text is a slice of the document's text, never put together anew, so that offsets and quotes hold. It never
crosses a page, so that a quote from it stands on the page it names. A heading stands in the text of the passage it
opens and in its heading path. Pure functions, any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from studiolo.knowledge.language import language_of, sentence_spans
from studiolo.knowledge.parsers.blocks import SEPARATOR, Block, Parsed

CountTokens = Callable[[str], int]

_CLAUSE = re.compile(r"[,;:，、；：]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Sizes:
    """In tokens of the embedder. 224 leaves room for the headings put in front within MiniLM's 256."""

    most: int = 224
    tiny: int = 48  # a section below it may join its neighbour under another heading


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a document: a passage that has no identity yet."""

    text: str = field(repr=False)
    start: int
    end: int
    page: int
    page_end: int
    heading: tuple[str, ...] = field(repr=False)
    language: str


@dataclass(slots=True)
class _Piece:
    """A run of text under one heading: what chunks are packed from."""

    start: int
    end: int
    tokens: int
    page: int
    page_end: int
    heading: tuple[str, ...]
    closed: bool = False  # the block it belongs to ends here: a good place to cut


def chunk(parsed: Parsed, *, count_tokens: CountTokens, sizes: Sizes | None = None) -> list[Chunk]:
    """The document as passages in order. They do not overlap, and leave out nothing but blanks."""
    limits = sizes or Sizes()
    text = parsed.text
    packed: list[_Piece] = []
    for section in _sections(parsed.blocks):
        packed.extend(_pack(list(_pieces(section, text, count_tokens, limits.most)), limits.most))
    chunks = []
    for piece in _join_tiny(packed, limits):
        start, end = _trimmed(text, piece.start, piece.end)
        if start == end:
            continue
        body = text[start:end]
        chunks.append(
            Chunk(
                text=body,
                start=start,
                end=end,
                page=piece.page,
                page_end=piece.page_end,
                heading=piece.heading,
                language=language_of(body),
            )
        )
    return chunks


@dataclass(slots=True)
class _Section:
    """Blocks of one page under one heading, each with its offset."""

    heading: tuple[str, ...]
    blocks: list[tuple[int, Block]]


def _sections(blocks: Sequence[Block]) -> list[_Section]:
    sections: list[_Section] = []
    path: list[tuple[int, str]] = []
    offset = 0
    for block in blocks:
        if block.kind == "heading":
            path = [entry for entry in path if entry[0] < block.level]
            path.append((block.level, block.text))
        if block.kind == "heading" or not sections or sections[-1].blocks[-1][1].page != block.page:
            sections.append(_Section(tuple(text for _, text in path), []))
        sections[-1].blocks.append((offset, block))
        offset += len(block.text) + len(SEPARATOR)
    return sections


def _pieces(section: _Section, text: str, count_tokens: CountTokens, most: int) -> Iterator[_Piece]:
    """The section's blocks as they are, or their sentences where a block is too long, or pieces of sentences."""
    for offset, block in section.blocks:
        end = offset + len(block.text)
        tokens = count_tokens(block.text)
        spans = [(offset, end, tokens)]
        if tokens > most:
            spans = []
            for first, last in sentence_spans(block.text):
                spans.extend(_fitting(text, offset + first, offset + last, count_tokens, most))
        for first, last, size in spans:
            yield _Piece(first, last, size, block.page, block.page, section.heading, closed=last == end)


def _fitting(text: str, start: int, end: int, count_tokens: CountTokens, most: int) -> list[tuple[int, int, int]]:
    """[start, end) as pieces of at most `most` tokens, cut at clauses or blanks where there are any."""
    tokens = count_tokens(text[start:end])
    if tokens <= most or end - start < 2:
        return [(start, end, tokens)]
    middle = (start + end) // 2
    quarter = max((end - start) // 4, 1)
    cuts = [m.end() for m in _CLAUSE.finditer(text, middle - quarter, middle + quarter) if start < m.end() < end]
    cut = min(cuts, key=lambda position: abs(position - middle)) if cuts else middle
    return [*_fitting(text, start, cut, count_tokens, most), *_fitting(text, cut, end, count_tokens, most)]


def _pack(pieces: list[_Piece], most: int) -> list[_Piece]:
    """Neighbouring pieces put together up to `most`, ending where a block ends if that wastes less than half."""
    packed: list[_Piece] = []
    index = 0
    while index < len(pieces):
        size = pieces[index].tokens
        last = index
        while last + 1 < len(pieces) and size + pieces[last + 1].tokens <= most:
            last += 1
            size += pieces[last].tokens
        if last + 1 < len(pieces):
            last = _better_end(pieces, index, last)
        packed.append(_joined(pieces[index : last + 1]))
        index = last + 1
    return packed


def _better_end(pieces: list[_Piece], first: int, last: int) -> int:
    """The last closed piece of first..last if what stands before it is at least half of the whole, else `last`."""
    whole = sum(piece.tokens for piece in pieces[first : last + 1])
    size = whole
    for position in range(last, first - 1, -1):
        if size * 2 < whole:
            break
        if pieces[position].closed:
            return position
        size -= pieces[position].tokens
    return last


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    first, last = pieces[0], pieces[-1]
    return _Piece(
        start=first.start,
        end=last.end,
        tokens=sum(piece.tokens for piece in pieces),
        page=first.page,
        page_end=last.page_end,
        heading=first.heading,
        closed=last.closed,
    )


def _join_tiny(packed: list[_Piece], limits: Sizes) -> list[_Piece]:
    """Tiny passages joined to the one before, under the headings both stand under (the first's, if none)."""
    joined: list[_Piece] = []
    for piece in packed:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.page_end == piece.page
            and min(before.tokens, piece.tokens) < limits.tiny
            and before.tokens + piece.tokens <= limits.most
        ):
            common = _common(before.heading, piece.heading)
            joined[-1] = _joined([before, piece])
            joined[-1].heading = common or before.heading
        else:
            joined.append(piece)
    return joined


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    while length < min(len(first), len(second)) and first[length] == second[length]:
        length += 1
    return first[:length]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def context_of(heading: Sequence[str], text: str, *, title: str = "") -> str:
    """What is put in front of a passage for indexing: the title and the headings that its text does not itself open
    with, at most some dozen words."""
    opening = text[:200]
    parts = [part for part in dict.fromkeys((title, *heading)) if part and part not in opening]
    return " / ".join(part[:80] for part in parts[-3:])
