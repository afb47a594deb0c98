"""HTML pages: headings, paragraphs, lists, tables and code; scripts, styles and navigation are dropped. Any thread."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PreformattedString

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, clean_code, one_line
from studiolo.knowledge.parsers.tables import table
from studiolo.knowledge.parsers.text import decode

_DROPPED = ("script", "style", "noscript", "template", "nav", "svg", "iframe", "object", "head", "button", "select")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol", "dl", "menu")
_BREAKING = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "p",
        "section",
        "summary",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    }
)
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_SPAN_MOST = 100  # cells; pages that say more mean "all of them"
_DEEPEST = 300  # elements inside one another; no page a person reads is deeper


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The file's blocks. Raises UserError(damaged_file) where it is not text."""
    markup = decoded(path.read_bytes())
    if markup is None:
        raise UserError(Code.DAMAGED_FILE, path=str(path))
    return parse_markup(markup)


def decoded(data: bytes, *, declared: str | None = None) -> str | None:
    """The page as text: by what is declared (outside, or in it) where that fits the bytes, else by looking at them."""
    found = _DECLARED.search(data[:4096])
    name = (declared or (found.group(1).decode("ascii") if found else "")).lower()
    if name and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        # Pages that say gb2312 or gbk use characters beyond it; gb18030 holds both.
        encoding = "gb18030" if name in ("gb2312", "gbk", "x-gbk") else name
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def parse_markup(markup: str) -> Parsed:
    """Markup, a whole page or a piece, as blocks; the title is `<title>`, or the first heading."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML read as HTML is what is wanted
        soup = BeautifulSoup(re.sub(r"^\s*<\?xml[^>]*\?>", "", markup), "lxml")
    title = one_line(soup.title.get_text()) if soup.title else ""
    for element in soup(list(_DROPPED)):
        element.decompose()
    for element in soup.select('[hidden], [role="navigation"], [aria-hidden="true"]'):
        if not element.decomposed:
            element.decompose()
    collector = _Collector()
    collector.walk(soup)
    blocks = tuple(collector.blocks)
    if not title:
        title = next((block.text for block in blocks if block.kind == "heading"), "")
    return Parsed(title=title, blocks=blocks)


class _Collector:
    """Gathers running text into paragraphs, and ends one wherever a block element begins or ends."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._running: list[str] = []

    def walk(self, element: Tag, depth: int = 0) -> None:
        """Add the element's content, in order."""
        if depth > _DEEPEST:
            self._running.append(element.get_text(" "))
            return
        for child in element.children:
            if isinstance(child, PreformattedString):
                continue  # comments, doctypes, processing instructions
            if isinstance(child, NavigableString):
                self._running.append(re.sub(r"\s+", " ", child))
            elif isinstance(child, Tag):
                self._element(child, depth)
        if depth == 0:
            self._end_paragraph()

    def _element(self, element: Tag, depth: int) -> None:
        name = element.name
        if name in _HEADINGS:
            self._put(Block("heading", one_line(element.get_text(" ")), level=_HEADINGS[name]))
        elif name == "pre":
            self._put(Block("code", clean_code(element.get_text())))
        elif name in _LISTS:
            self._put(Block("list", clean_code("\n".join(_list_lines(element)))))
        elif name == "table" and _is_data(element):
            self._table(element)
        elif name == "br":
            self._running.append("\n")
        elif name in _BREAKING or name == "table":
            self._end_paragraph()
            self.walk(element, depth + 1)
            self._end_paragraph()
        else:
            self.walk(element, depth + 1)

    def _table(self, element: Tag) -> None:
        self._end_paragraph()
        caption = element.find("caption")
        if caption is not None:
            self._put(Block("paragraph", one_line(caption.get_text(" "))))
        found = table(_grid(element))
        if found:
            self.blocks.append(found)

    def _put(self, block: Block) -> None:
        self._end_paragraph()
        if block.text:
            self.blocks.append(block)

    def _end_paragraph(self) -> None:
        text = clean("".join(self._running))
        self._running.clear()
        if text:
            self.blocks.append(Block("paragraph", text))


def _list_lines(element: Tag, depth: int = 0) -> list[str]:
    """One line an item, nested items indented."""
    lines: list[str] = []
    for number, item in enumerate(element.find_all(["li", "dt", "dd"], recursive=False), start=1):
        marker = f"{number}. " if element.name == "ol" else "" if item.name == "dt" else "- "
        own: list[str] = []
        nested: list[Tag] = []
        for child in item.children:
            if isinstance(child, Tag) and child.name in _LISTS:
                nested.append(child)
            elif isinstance(child, Tag):
                own.append(child.get_text(" "))
                nested.extend(child.find_all(list(_LISTS)) if child.find(list(_LISTS)) else [])
            elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
                own.append(child)
        text = one_line("".join(own))
        if text:
            lines.append("  " * min(depth, 8) + marker + text)
        for inner in nested:
            if inner.parent is item and depth < _DEEPEST:
                lines.extend(_list_lines(inner, depth + 1))
    return lines


def _is_data(table: Tag) -> bool:
    """Whether a table holds data, not the page's layout: no table and no heading inside."""
    return table.find(["table", "h1", "h2", "h3", "h4"]) is None


def _grid(element: Tag) -> list[list[str]]:
    """The table's cells; what spans several stands in every one of them, so that each row can be read by itself."""
    grid: list[list[str]] = []
    below: dict[tuple[int, int], str] = {}
    for row in element.find_all("tr"):
        line: list[str] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            while (len(grid), len(line)) in below:
                line.append(below[len(grid), len(line)])
            text = one_line(cell.get_text(" "))
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            for step in range(1, height):
                for column in range(width):
                    below[len(grid) + step, len(line) + column] = text
            line.extend([text] * width)
        while (len(grid), len(line)) in below:
            line.append(below[len(grid), len(line)])
        grid.append(line)
    return grid


def _span(cell: Tag, name: str) -> int:
    said = str(cell.get(name) or "")
    return min(max(int(said), 1), _SPAN_MOST) if said.isdigit() and len(said) < 6 else 1
