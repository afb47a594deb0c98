"""From a document's blocks to passages: small enough to embed, cut at headings, blocks and sentences.

A passage's text is a slice of the document's text, never put together anew, so that offsets and quotes hold. It never
crosses a page, so that a quote from it stands on the page it names. A heading stands in the text of the passage it
opens and in its heading path. A table is cut between rows, and what begins further down than its header carries the
header as the last of its headings. Passages overlap only where a sentence is too long for one: then the last clause
stands in both. Pure functions, any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from studiolo.knowledge.language import language_of, sentence_spans
from studiolo.knowledge.parsers.blocks import SEPARATOR, Block, Parsed

CountTokens = Callable[[str], int]
CountMany = Callable[[Sequence[str]], Sequence[int]]

_CLAUSE = re.compile(r"[,;:，、；：]\s*|\s+")
_CELL = re.compile(r" \| ")
_LINED = ("table", "code", "list")  # kinds that are cut between lines, not between sentences
_LONG_TOKEN = 16  # characters; tokens are three or four on average
_REPEATED_MOST = 160  # characters of a broken sentence that stand in both passages


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
    label: str = field(default="", repr=False)
    """What people call the place: the block's label; with a table's row numbers "Costs!2-40", or "2-40" without one."""


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
    label: str = ""
    row: int = 0  # the numbers of a table's first and last row in it
    row_end: int = 0
    header: str = ""  # of the table that it begins in, where it begins below that header
    broken: bool = False  # it begins inside a sentence


def chunk(
    parsed: Parsed, *, count_tokens: CountTokens, sizes: Sizes | None = None, count_many: CountMany | None = None
) -> list[Chunk]:
    """The document as passages in order. They leave out nothing but blanks.

    `count_many` counts many texts at once, where the embedder can do that faster than one by one.
    """
    limits = sizes or Sizes()
    text = parsed.text
    many = count_many or (lambda texts: [count_tokens(one) for one in texts])
    # What is surely too long is not counted as a whole: it is cut up, counted in pieces and packed anew in any case.
    short = [block.text for block in parsed.blocks if len(block.text) <= limits.most * _LONG_TOKEN]
    counted = iter(many(short))
    tokens = [
        next(counted) if len(block.text) <= limits.most * _LONG_TOKEN else limits.most + 1 for block in parsed.blocks
    ]
    packed: list[_Piece] = []
    for section in _sections(parsed.blocks, tokens):
        packed.extend(_pack(list(_pieces(section, text, count_tokens, many, limits.most)), limits.most))
    chunks: list[Chunk] = []
    for piece in _join_tiny(packed, limits):
        start, end = _trimmed(text, piece.start, piece.end)
        if start == end:
            continue
        if piece.broken and chunks:
            start = _clause_before(
                text,
                start,
                end,
                least=max(chunks[-1].start + 1, start - _REPEATED_MOST),
                count_tokens=count_tokens,
                limits=limits,
            )
        body = text[start:end]
        chunks.append(
            Chunk(
                text=body,
                start=start,
                end=end,
                page=piece.page,
                page_end=piece.page_end,
                heading=(*piece.heading, piece.header) if piece.header else piece.heading,
                language=language_of(body),
                label=_label(piece),
            )
        )
    return chunks


def _label(piece: _Piece) -> str:
    if not piece.row:
        return piece.label
    rows = f"{piece.row}-{piece.row_end}" if piece.row_end > piece.row else str(piece.row)
    return f"{piece.label}!{rows}" if piece.label else rows


def _clause_before(text: str, start: int, end: int, *, least: int, count_tokens: CountTokens, limits: Sizes) -> int:
    """Where the last clause before `start` begins, if with it the passage still fits; else `start`."""
    ends = [match.end() for match in _CLAUSE.finditer(text, least, start - 1) if match.end() < start - 1]
    marks = [at for at in ends if not text[at - 1].isspace() or text[at - 2 : at - 1] in tuple(",;:，、；：")]
    for begin in (marks[-1:], ends[-1:]):
        if begin and count_tokens(text[begin[0] : end]) <= limits.most:
            return begin[0]
    return start


@dataclass(slots=True)
class _Section:
    """Blocks of one page under one heading, each with its offset and its tokens."""

    heading: tuple[str, ...]
    blocks: list[tuple[int, Block, int]]


def _sections(blocks: Sequence[Block], tokens: Sequence[int]) -> list[_Section]:
    sections: list[_Section] = []
    path: list[tuple[int, str]] = []
    offset = 0
    place: tuple[int, str] | None = None
    for block, size in zip(blocks, tokens, strict=True):
        if block.kind == "heading":
            path = [entry for entry in path if entry[0] < block.level]
            path.append((block.level, block.text))
        if block.kind == "heading" or place != (block.page, block.label):
            sections.append(_Section(tuple(text for _, text in path), []))
        place = (block.page, block.label)
        sections[-1].blocks.append((offset, block, size))
        offset += len(block.text) + len(SEPARATOR)
    return sections


def _pieces(section: _Section, text: str, count_tokens: CountTokens, many: CountMany, most: int) -> Iterator[_Piece]:
    """The section's blocks as they are, or their lines or sentences where a block is too long, or pieces of those."""
    for offset, block, tokens in section.blocks:
        end = offset + len(block.text)

        def piece(first: int, last: int, size: int, block: Block = block, end: int = end) -> _Piece:
            made = _Piece(first, last, size, block.page, block.page, section.heading, closed=last == end)
            made.label = block.label
            return made

        if tokens <= most:
            whole = piece(offset, end, tokens)
            if block.row:
                whole.row, whole.row_end = block.row, block.row + block.text.count("\n")
            whole.header = block.header if _header_at(block) < 0 else ""
            yield whole
            continue
        spans = _lines(block.text) if block.kind in _LINED else sentence_spans(block.text)
        header_at = _header_at(block)
        sizes = many([block.text[first:last] for first, last in spans])
        for number, ((first, last), size) in enumerate(zip(spans, sizes, strict=True)):
            cut = _CELL if block.kind == "table" else _CLAUSE
            parts = _fitting(text, offset + first, offset + last, count_tokens, most, cut=cut, tokens=size)
            for nth, (begin, stop, share) in enumerate(parts):
                made = piece(begin, stop, share)
                made.broken = nth > 0 and block.kind not in _LINED
                made.closed = made.closed or (block.kind in _LINED and nth == len(parts) - 1)
                made.header = "" if header_at >= begin - offset else block.header
                if block.row:
                    made.row = made.row_end = block.row + number
                yield made


def _header_at(block: Block) -> int:
    """Where the table's header stands in its text; -1 where it does not (the table goes on from another one)."""
    return f"\n{block.text}\n".find(f"\n{block.header}\n") if block.header else -1


def _lines(text: str) -> list[tuple[int, int]]:
    """The lines, each with its line end."""
    spans = []
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        spans.append((start, end))
        start = end
    return spans


def _fitting(
    text: str,
    start: int,
    end: int,
    count_tokens: CountTokens,
    most: int,
    *,
    cut: re.Pattern[str] = _CLAUSE,
    tokens: int | None = None,
) -> list[tuple[int, int, int]]:
    """[start, end) as pieces of at most `most` tokens, cut at cells, clauses or blanks where there are any."""
    tokens = count_tokens(text[start:end]) if tokens is None else tokens
    if tokens <= most or end - start < 2:
        return [(start, end, tokens)]
    middle = (start + end) // 2
    quarter = max((end - start) // 4, 1)
    places: list[int] = []
    for mark in dict.fromkeys((cut, _CLAUSE)):
        places = places or [
            m.end() for m in mark.finditer(text, middle - quarter, middle + quarter) if start < m.end() < end
        ]
    at = min(places, key=lambda position: abs(position - middle)) if places else middle
    return [
        *_fitting(text, start, at, count_tokens, most, cut=cut),
        *_fitting(text, at, end, count_tokens, most, cut=cut),
    ]


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
        label=first.label,
        row=next((piece.row for piece in pieces if piece.row), 0),
        row_end=max(piece.row_end for piece in pieces),
        header=first.header,
        broken=first.broken,
    )


def _join_tiny(packed: list[_Piece], limits: Sizes) -> list[_Piece]:
    """Tiny passages joined to the one before, under the headings both stand under (the first's, if none)."""
    joined: list[_Piece] = []
    for piece in packed:
        before = joined[-1] if joined else None
        if (
            before is not None
            and (before.page_end, before.label) == (piece.page, piece.label)
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
