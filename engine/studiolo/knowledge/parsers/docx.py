"""Word files: headings, lists with their numbers, tables, text boxes, notes, comments, charts, formulas. Any thread.

Read from the package's XML (ECMA-376 part 1, 17), because what people put into text boxes, content controls and notes
must be found too, and because the strict variant differs in its namespaces alone. Word files have no pages: where one
ends is only known to whoever lays them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, clean_code, one_line
from studiolo.knowledge.parsers.charts import graphics
from studiolo.knowledge.parsers.docx_styles import Numbering, Style, outline_level, styles_of
from studiolo.knowledge.parsers.formulas import linear
from studiolo.knowledge.parsers.packages import Element, Package, attribute, child, descendants, local, opened
from studiolo.knowledge.parsers.tables import line_of, table

_GONE = frozenset({"del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sectPr", "rt", "tblPr", "trPr", "tcPr"})
_DEEPEST = 80
_HEADING_MOST = 300  # characters; a longer "heading" is a paragraph somebody made bold by style
_COLUMNS_MOST = 500


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The document's blocks. Raises UserError: damaged_file, archive_too_large."""
    with opened(path) as archive:
        package = Package(archive)
        main = package.main() or "word/document.xml"
        body = child(package.root(main), "body")
        if body is None:
            raise UserError(Code.DAMAGED_FILE, path=str(path))
        document = _Document(_Source.of(package, main))
        edges = [_edge(package, main, kind) for kind in ("header", "footer")]
        document.walk(body)
        blocks = [*edges[0], *document.finish(), *edges[1]]
        title = one_line(package.title()) or document.title
    return Parsed(title=title or next((b.text for b in blocks if b.kind == "heading"), ""), blocks=tuple(blocks))


def _edge(package: Package, main: str, kind: str) -> list[Block]:
    """What stands at the head or foot of the pages, each text once."""
    texts: dict[str, None] = {}
    for part in package.related(main, kind):
        root = package.root(part)
        if root is not None:
            document = _Document(_Source.of(package, part))
            document.walk(root)
            texts.update((one_line(block.text), None) for block in document.finish())
    return [Block("paragraph", text) for text in texts if re.search(r"[^\W\d]", text)]  # not a bare page number


@dataclass(frozen=True, slots=True)
class _Source:
    """The part that is read, with what its paragraphs refer to."""

    package: Package
    part: str
    styles: dict[str, Style]
    numbering: Numbering
    notes: dict[tuple[str, str], str]

    @classmethod
    def of(cls, package: Package, part: str) -> _Source:
        """All that `part` refers to."""
        return cls(package, part, styles_of(package, part), Numbering.of(package, part), dict(_notes(package, part)))


@dataclass(slots=True)
class _Document:
    """Gathers the blocks of one part, or of one cell of it."""

    source: _Source
    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)  # of the list or code that is being read
    _kind: str = ""
    _aside: list[Element] = field(default_factory=list)  # text boxes of the paragraph that is being read
    _noted: list[tuple[str, str]] = field(default_factory=list)
    _drawings: list[Element] = field(default_factory=list)

    def finish(self) -> list[Block]:
        """All blocks."""
        self._end_run()
        return self.blocks

    def walk(self, element: Element, depth: int = 0) -> None:
        """Add everything that stands in `element`, in order."""
        for inner in element:
            name = local(inner)
            if name == "p":
                self._paragraph(inner, depth)
            elif name == "tbl":
                self._table(inner, depth)
            elif name == "AlternateContent":
                chosen = child(inner, "Choice")
                self.walk(chosen if chosen is not None else inner, depth + 1)
            elif name not in _GONE and depth < _DEEPEST:
                self.walk(inner, depth + 1)

    def _paragraph(self, element: Element, depth: int) -> None:
        properties = child(element, "pPr")
        style = self._style(properties)
        text = self._words(element)
        level = outline_level(properties)
        level = style.level if level is None else level
        number = self._number(properties, style)
        shown = clean(text)
        if shown and not style.hidden:
            mark = self.source.numbering.mark(*number) if number else ""
            if level and len(shown) <= _HEADING_MOST:
                self._put(Block("heading", one_line(f"{'' if mark == '-' else mark} {shown}"), level=level))
                self.title = self.title or (one_line(shown) if style.title else "")
            elif style.code:
                self._line("code", clean_code(text))
            elif number:
                indent = "  " * min(number[1], 8)
                self._line("list", f"{indent}{mark} {one_line(shown)}" if mark else indent + one_line(shown))
            else:
                self._put(Block("paragraph", shown))
        elif style.code and self._kind == "code":
            self._lines.append("")
        self._beside(depth)

    def _beside(self, depth: int) -> None:
        """What hangs on the paragraph just read: its text boxes, charts, notes and comments."""
        aside, drawings, noted = self._aside, self._drawings, self._noted
        self._aside, self._drawings, self._noted = [], [], []
        for box in aside:
            if depth < _DEEPEST:
                self.walk(box, depth + 1)
        for drawing in drawings:
            for block in graphics(self.source.package, self.source.part, drawing):
                self._put(block)
        for key in noted:
            text = self.source.notes.pop(key, "")  # a note is told once
            if text:
                self._put(Block("paragraph", text))

    def _style(self, properties: Element | None) -> Style:
        said = child(properties, "pStyle")
        styles = self.source.styles
        return styles.get(attribute(said, "val") if said is not None else "", styles.get("", Style()))

    def _number(self, properties: Element | None, style: Style) -> tuple[str, int] | None:
        own = child(properties, "numPr")
        identity, depth = child(own, "numId"), child(own, "ilvl")
        said = attribute(depth, "val") if depth is not None else ""
        if identity is None:
            return (style.number[0], int(said)) if style.number and said.isdigit() else style.number
        value = attribute(identity, "val")
        at = int(said) if said.isdigit() else style.number[1] if style.number else 0
        return None if value == "0" else (value, at)

    def _words(self, element: Element) -> str:
        return "".join(self._runs(element, 0))

    def _runs(self, element: Element, depth: int) -> Iterator[str]:
        for inner in element:
            name = local(inner)
            if name == "t":
                yield inner.text or ""
            elif name in ("tab", "ptab"):
                yield "\t"
            elif name in ("br", "cr"):
                yield "\n"
            elif name == "noBreakHyphen":
                yield "-"
            elif name == "sym":
                yield _symbol(inner)
            elif name in ("oMath", "oMathPara"):
                yield f" {linear(inner).strip()} "
            elif name in ("footnoteReference", "endnoteReference", "commentReference"):
                self._noted.append((name[: -len("Reference")], attribute(inner, "id")))
            elif name in ("drawing", "pict", "object"):
                self._aside.extend(_outermost(inner, "txbxContent"))
                self._drawings.append(inner)
            elif name == "AlternateContent":
                chosen = child(inner, "Choice")
                yield from self._runs(chosen if chosen is not None else inner, depth + 1)
            elif name == "r" and _is_hidden(inner):
                continue
            elif name not in _GONE and depth < _DEEPEST:
                yield from self._runs(inner, depth + 1)

    def _table(self, element: Element, depth: int) -> None:
        rows = list(_rows(element))
        if len(rows) == 1 and len(rows[0][1]) == 1:  # a frame around text, not a table
            self.walk(rows[0][1][0], depth + 1)
            return
        grid: list[list[str]] = []
        header = None
        for row, cells in rows:
            line: list[str] = []
            for cell in cells:
                width, merge = _span(cell)
                text = self._cell(cell, depth)
                above = grid[-1][len(line)] if grid and len(grid[-1]) > len(line) else ""
                line.extend([above if merge == "continue" else text] * width)
            grid.append(line[:_COLUMNS_MOST])
            if header is None and child(row, "trPr", "tblHeader") is not None:
                header = line_of(grid[-1])
        found = table(grid, header=header)
        if found:
            self._put(found)
        self._beside(depth)

    def _cell(self, cell: Element, depth: int) -> str:
        """A cell's words on one line, with those of tables and text boxes inside it."""
        inside = _Document(self.source)
        inside.walk(cell, depth + 1)
        return " ".join(one_line(block.text.replace(" | ", " ")) for block in inside.finish())

    def _line(self, kind: str, text: str) -> None:
        if self._kind != kind:
            self._end_run()
            self._kind = kind
        self._lines.append(text)

    def _put(self, block: Block) -> None:
        self._end_run()
        if block.text:
            self.blocks.append(block)

    def _end_run(self) -> None:
        kind, text = self._kind, clean_code("\n".join(self._lines))
        self._lines, self._kind = [], ""
        if text:
            self.blocks.append(Block("code" if kind == "code" else "list", text))


def _notes(package: Package, part: str) -> Iterator[tuple[tuple[str, str], str]]:
    """(kind, id) -> text of footnotes, endnotes and comments; a comment begins with its author."""
    for kind in ("footnote", "endnote", "comment"):
        for name in package.related(part, f"{kind}s"):
            for element in descendants(package.root(name), kind):
                if attribute(element, "type") not in ("separator", "continuationSeparator", "continuationNotice"):
                    words = " ".join(_plain(paragraph) for paragraph in descendants(element, "p"))
                    author = attribute(element, "author")
                    text = one_line(words)
                    yield (kind, attribute(element, "id")), f"{author}: {text}" if author and text else text


def _plain(paragraph: Element) -> str:
    return "".join("\t" if local(found) == "tab" else found.text or "" for found in descendants(paragraph, "t", "tab"))


def _rows(element: Element) -> Iterator[tuple[Element, list[Element]]]:
    """A table's rows with their cells, also those inside content controls and tracked insertions."""
    for inner in element:
        name = local(inner)
        if name == "tr":
            yield inner, list(_cells(inner))
        elif name in ("sdt", "sdtContent", "ins", "customXml", "moveTo"):
            yield from _rows(inner)


def _cells(row: Element) -> Iterator[Element]:
    for inner in row:
        name = local(inner)
        if name == "tc":
            yield inner
        elif name in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _cells(inner)


def _span(cell: Element) -> tuple[int, str]:
    """Columns a cell spans, and "continue" where it goes on from the cell above."""
    properties = child(cell, "tcPr")
    width, merge = child(properties, "gridSpan"), child(properties, "vMerge")
    said = attribute(width, "val") if width is not None else ""
    columns = min(int(said), _COLUMNS_MOST) if said.isdigit() and int(said) > 0 else 1
    return columns, "" if merge is None else attribute(merge, "val") or "continue"


def _outermost(element: Element, name: str) -> Iterator[Element]:
    """Descendants called `name` that stand in no other one; of alternatives the first alone."""
    for inner in element:
        if local(inner) == name:
            yield inner
        elif local(inner) == "AlternateContent":
            chosen = child(inner, "Choice")
            yield from _outermost(chosen if chosen is not None else inner, name)
        else:
            yield from _outermost(inner, name)


def _is_hidden(run: Element) -> bool:
    mark = child(run, "rPr", "vanish")
    return mark is not None and attribute(mark, "val") not in ("0", "false")


def _symbol(element: Element) -> str:
    """A character of a symbol font: those of the private area mean nothing outside of it."""
    try:
        code = int(attribute(element, "char"), 16)
    except ValueError:
        return ""
    return "" if 0xE000 <= code <= 0xF8FF or code > 0x10FFFF else chr(code)
