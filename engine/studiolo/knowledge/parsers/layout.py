"""From a page's lines with their places to headings, lists and paragraphs. Pure: knows no PDF library. Any thread.

A PDF says where characters stand, not what they are. The rules here are the cautious ones: a line break is kept where a
line ends early, a paragraph ends at a gap, and a heading must be set larger, bolder or be named in the outline.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from studiolo.knowledge.parsers.blocks import CJK, Block, clean, one_line

SOFT_HYPHEN = "\ufffe"  # what pdfium writes where a word, or a compound, is parted at a line's end

_LIST_ITEM = re.compile(r"^(?:[-–•*·‣▪●○◦]|\(?[0-9]{1,3}[.)、]|\(?[a-z][.)]|[一二三四五六七八九十]{1,3}、)\s*\S")
_SENTENCE_END = re.compile(r"[.!?:;。！？：；][\"'”’）)\]]*$")
_WORD = re.compile(r"[^\W\d_]+")
# Two or more amounts at a line's end: a label and its figures, which must not run into the next row.
_FIGURES_LAST = re.compile(r"(?:\s[$€£¥]?\s?(?:\(?[$€£¥]?[\d.,]*\d%?\)?|[—–-])){2,}\s*$")
_WITH_DIGIT = re.compile(r"(?<!\S)[^\s\d]*\d")  # a word that holds a digit
_HEADING_LONGEST = 160
_EDGE_LINES = 2  # at a page's top and bottom, where headers and footers stand
_RUNNING_LEAST = 3  # pages that must repeat a line
_RUNNING_SHARE = 0.5  # of all pages
_LARGER = 1.15  # a heading's height against the body's
_GAP = 1.4  # distance of lines against the usual one, beyond which a paragraph ends
_EARLY = 0.25  # share of the block's width that a line leaves empty when its break is meant


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line; the box in points, y grows upwards. `height` is that of the type, 0 = not known."""

    text: str = field(repr=False)
    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    height: float = 0.0
    bold: bool = False


def blocks_of(pages: Sequence[Sequence[Line]], *, outline: Mapping[tuple[int, str], int]) -> list[Block]:
    """All pages' blocks in reading order; `outline` gives the level of a heading by page and `heading_key`."""
    pages = _without_running_lines(pages)
    body = _body_height(line for page in pages for line in page)
    words = Counter(word.lower() for page in pages for line in page for word in _WORD.findall(line.text))
    sizes = sorted({_size(line) for page in pages for line in page if line.height > body * _LARGER}, reverse=True)
    named: dict[int, dict[str, int]] = {}
    for (number, key), level in outline.items():
        named.setdefault(number, {})[key] = level
    blocks: list[Block] = []
    for number, page in enumerate(pages, start=1):
        here = named.get(number, {})
        for group in _groups(page, body=body, named=here):
            text = _joined(group, words)
            if not text:
                continue
            level = _heading_level(group, text, body=body, sizes=sizes, named=here)
            if level:
                blocks.append(Block("heading", one_line(text), page=number, level=level))
            elif all(_LIST_ITEM.match(line) for line in text.split("\n")) and "\n" in text:
                blocks.append(Block("list", text, page=number))
            else:
                blocks.append(Block("paragraph", text, page=number))
    return blocks


def _without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without the headers and footers that most of them repeat, figures aside; the first one stays."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_running_key(line) for line in (*page[:_EDGE_LINES], *page[-_EDGE_LINES:])})
    running = {key for key, count in seen.items() if key and count >= max(_RUNNING_LEAST, len(pages) * _RUNNING_SHARE)}
    met: set[str] = set()
    kept: list[list[Line]] = []
    for page in pages:
        lines: list[Line] = []
        for position, line in enumerate(page):
            key = _running_key(line)
            edge = position < _EDGE_LINES or position >= len(page) - _EDGE_LINES
            if not (edge and key in running and key in met):
                lines.append(line)
            if edge:
                met.add(key)
        kept.append(lines)
    return kept


def _running_key(line: Line) -> str:
    return re.sub(r"\d+", "#", " ".join(line.text.split()))


def heading_key(text: str) -> str:
    """A heading's text for comparing: without blanks, case and leading number."""
    return re.sub(r"^[\d.\s]+|\s+", "", text).casefold()


def _size(line: Line) -> int:
    return round(line.height)


def _body_height(lines: Iterable[Line]) -> float:
    """The height most characters are set in."""
    weights: Counter[float] = Counter()
    for line in lines:
        if line.height > 0:
            weights[round(line.height, 1)] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 0.0


def _groups(page: Sequence[Line], *, body: float, named: Mapping[str, int]) -> list[list[Line]]:
    """Lines that belong together. `named` are the page's headings in the outline."""
    steps = sorted(
        first.bottom - second.bottom
        for first, second in itertools.pairwise(page)
        if 0.5 * body < first.bottom - second.bottom < 4 * max(body, 1)
    )
    pitch = steps[len(steps) // 4] if steps else 0.0  # the usual distance within a paragraph; gaps are the larger ones
    groups: list[list[Line]] = []
    after_heading = False
    for line in page:
        if not line.text.strip():
            continue
        is_heading = _is_named(line.text, named)
        if groups and not is_heading and not after_heading and not _parted(groups[-1][-1], line, pitch):
            groups[-1].append(line)
        else:
            groups.append([line])
        after_heading = is_heading
    return groups


def _is_named(text: str, named: Mapping[str, int]) -> bool:
    return bool(named) and heading_key(text) in named


def _parted(before: Line, line: Line, pitch: float) -> bool:
    """Whether a new block begins with `line`."""
    if before.bold != line.bold:
        return True
    if not before.height or not line.height:
        return bool(_SENTENCE_END.search(before.text))
    if max(before.height, line.height) > _LARGER * min(before.height, line.height):
        return True
    step = before.bottom - line.bottom
    if step < -0.5 * line.height:  # the next column, or the next page's top: a running sentence goes on
        return bool(_SENTENCE_END.search(before.text)) or bool(_LIST_ITEM.match(line.text))
    return step > _GAP * pitch > 0


def _heading_level(
    group: Sequence[Line],
    text: str,
    *,
    body: float,
    sizes: Sequence[int],
    named: Mapping[str, int],
) -> int:
    """The block's depth as a heading, 0 where it is none."""
    if _is_named(text, named):
        return named[heading_key(text)]
    if len(text) > _HEADING_LONGEST or len(group) > 3 or not _WORD.search(text):
        return 0
    if re.search(r"[.。;；,，]$", text) and not re.match(r"^\d+\.", text):
        return 0
    if body and min(line.height for line in group) > body * _LARGER:
        return min(sizes.index(_size(group[0])) + 1, 6) if _size(group[0]) in sizes else 6
    if len(group) == 1 and group[0].bold and len(text) <= _HEADING_LONGEST // 2:
        return min(len(sizes) + 1, 6)
    return 0


def _joined(group: Sequence[Line], words: Mapping[str, int]) -> str:
    """The lines as one text: breaks kept where they are meant, words parted by a hyphen put together."""
    left = min(line.left for line in group)
    right = max(line.right for line in group)
    pieces = [_unhyphenated(group[0].text.strip(), words)]
    tabular = [_tabular(line.text) for line in group]
    for index, (before, line) in enumerate(itertools.pairwise(group), start=1):
        text = _unhyphenated(line.text.strip(), words)
        early = right > left and before.right < right - _EARLY * (right - left)
        if early or _LIST_ITEM.match(text) or tabular[index - 1] or tabular[index]:
            pieces.append("\n")
        elif not (CJK.match(pieces[-1][-1:]) and CJK.match(text[:1])):
            pieces.append(" ")
        pieces.append(text)
    return clean("".join(pieces))


def _tabular(text: str) -> bool:
    """Whether a line reads like a row of figures, whose break must stay."""
    if _FIGURES_LAST.search(text):
        return True
    figures = len(_WITH_DIGIT.findall(text))
    return figures >= 3 and figures > 0.3 * len(text.split())


def _unhyphenated(text: str, words: Mapping[str, int]) -> str:
    """A parted word whole again: with its hyphen where both halves are words of this document, else without."""
    if SOFT_HYPHEN not in text:
        return text

    def put_together(match: re.Match[str]) -> str:
        first, second = match.group(1), match.group(2)
        whole = words.get((first + second).lower(), 0)
        # Each half was counted once at the parted place itself.
        apart = min(words.get(first.lower(), 0), words.get(second.lower(), 0)) - 1
        return f"{first}-{second}" if apart > 0 and not whole else first + second

    text = re.sub(rf"([^\W\d_]+){SOFT_HYPHEN}([^\W\d_]+)", put_together, text)
    return text.replace(SOFT_HYPHEN, "-")
