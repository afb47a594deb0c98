"""OpenDocument texts and presentations (odt, odp): headings, lists, tables, notes, charts; slides as pages. Any thread.

Read from the package's XML (ISO/IEC 26300-1). Spreadsheets (ods) are `workbook`'s.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, clean_code, one_line
from studiolo.knowledge.parsers.packages import (
    Element,
    attribute,
    child,
    descendants,
    local,
    member_bytes,
    opened,
    xml_root,
)
from studiolo.knowledge.parsers.tables import table

_GONE = frozenset({"tracked-changes", "sequence-decls", "forms", "settings", "date-time-decl", "footer-decl", "shapes"})
_ASIDE = frozenset({"note", "annotation", "text-box", "object"})
_DEEPEST = 80
_REPEAT_MOST = 200
_COLUMNS_MOST = 500


def read(path: Path, reading: Reading) -> Parsed:
    """The document's blocks. Raises UserError: damaged_file, needs_password, archive_too_large."""
    with opened(path) as archive:
        manifest = xml_root(member_bytes(archive, "META-INF/manifest.xml"))
        if next(descendants(manifest, "encryption-data"), None) is not None:
            raise UserError(Code.NEEDS_PASSWORD, path=str(path))
        root = xml_root(member_bytes(archive, "content.xml"))
        body = child(root, "body")
        content = next(iter(body), None) if body is not None else None
        if content is None:
            raise UserError(Code.DAMAGED_FILE, path=str(path))
        ordered = _ordered_styles(root, xml_root(member_bytes(archive, "styles.xml")))
        document = _Document(archive, ordered)
        slides = [element for element in content if local(element) == "page"]
        for number, slide in enumerate(slides, start=1):
            if number not in reading.skip:
                reading.page(number, len(slides))
                document.slide(slide, number)
        if not slides:
            document.walk(content)
        meta = xml_root(member_bytes(archive, "meta.xml"))
        title = next((one_line("".join(found.itertext())) for found in descendants(meta, "title")), "")
    first = next((block.text for block in document.blocks if block.kind == "heading"), "")
    return Parsed(title=title or first, blocks=tuple(document.blocks), pages=len(slides))


def _ordered_styles(*roots: Element | None) -> dict[str, set[int]]:
    """List style -> the depths (from 1) at which it numbers its items."""
    found: dict[str, set[int]] = {}
    for root in roots:
        for style in descendants(root, "list-style"):
            found[attribute(style, "name")] = {
                int(attribute(level, "level") or 0)
                for level in style
                if local(level) == "list-level-style-number" and attribute(level, "num-format")
            }
    return found


@dataclass(slots=True)
class _Document:
    archive: zipfile.ZipFile
    ordered: dict[str, set[int]]
    blocks: list[Block] = field(default_factory=list)
    page: int = 0
    _aside: list[Element] = field(default_factory=list)

    def slide(self, slide: Element, number: int) -> None:
        """A slide: its title first, then what stands on it, then its notes."""
        self.page = number
        titles = [frame for frame in slide if attribute(frame, "class") == "title"]
        for frame in titles:
            words = one_line(" ".join(self._words(found) for found in descendants(frame, "p", "h")))
            if words:
                self._put(Block("heading", words, level=1))
        self._aside.clear()
        for element in slide:
            if element not in titles:
                self.walk(element) if local(element) != "notes" else self._notes(element)

    def _notes(self, notes: Element) -> None:
        for frame in notes:
            if attribute(frame, "class") == "notes":
                self.walk(frame)

    def walk(self, element: Element, depth: int = 0) -> None:
        """Add everything in `element`; the element itself may be a frame, a list or a table."""
        name = local(element)
        if name in _GONE or depth > _DEEPEST:
            return
        if name in ("p", "h"):
            self._paragraph(element, depth)
        elif name == "list":
            self._list(element, depth)
        elif name == "table":
            self._table(element, depth)
        elif name == "object":
            self._object(element)
        elif name not in ("image", "plugin", "desc", "title"):
            for inner in element:
                self.walk(inner, depth + 1)

    def _paragraph(self, element: Element, depth: int) -> None:
        words = self._words(element)
        level = attribute(element, "outline-level")
        style = attribute(element, "style-name")
        if local(element) == "h" or style == "Title":
            self._put(Block("heading", one_line(words), level=int(level) if level.isdigit() else 1))
        elif "Preformatted" in style:
            self._put(Block("code", clean_code(words)))
        else:
            self._put(Block("paragraph", clean(words)))
        self._beside(depth)

    def _list(self, element: Element, depth: int) -> None:
        lines = list(self._list_lines(element, attribute(element, "style-name"), 0))
        if len(lines) == 1 and child(element, "list-header") is not None:
            self._put(Block("paragraph", one_line(lines[0])))
        else:
            self._put(Block("list", clean_code("\n".join(lines))))
        headings = list(descendants(element, "h"))
        for heading in headings:  # numbered headings are headings inside lists
            level = attribute(heading, "outline-level")
            self._put(Block("heading", one_line(self._words(heading)), level=int(level) if level.isdigit() else 1))
        self._beside(depth)

    def _list_lines(self, element: Element, style: str, depth: int) -> Iterator[str]:
        numbered = depth + 1 in self.ordered.get(style, ())
        count = 0
        for item in element:
            if local(item) not in ("list-item", "list-header"):
                continue
            said = attribute(item, "start-value")
            count = int(said) if said.isdigit() else count + 1
            mark = "" if local(item) == "list-header" else f"{count}. " if numbered else "- "
            for inner in item:
                if local(inner) == "p":
                    words = one_line(self._words(inner))
                    if words:
                        yield "  " * min(depth, 8) + mark + words
                        mark = "  "
                elif local(inner) == "list" and depth < _DEEPEST:
                    yield from self._list_lines(inner, attribute(inner, "style-name") or style, depth + 1)

    def _words(self, element: Element) -> str:
        return "".join(self._runs(element, 0))

    def _runs(self, element: Element, depth: int) -> Iterator[str]:
        yield element.text or ""
        for inner in element:
            name = local(inner)
            if name in _ASIDE:
                self._aside.append(inner)
            elif name == "s":
                said = attribute(inner, "c")
                yield " " * min(int(said) if said.isdigit() else 1, 80)
            elif name == "tab":
                yield "\t"
            elif name == "line-break":
                yield "\n"
            elif name not in ("ruby-text", "desc", "title", "image") and depth < _DEEPEST:
                yield from self._runs(inner, depth + 1)
            yield inner.tail or ""

    def _beside(self, depth: int) -> None:
        """Notes, comments, text boxes and charts that hang on what was just read."""
        aside, self._aside = self._aside, []
        for element in aside:
            name = local(element)
            if name in ("note", "annotation"):
                author = "".join(text for found in descendants(element, "creator") for text in found.itertext())
                words = one_line(" ".join(self._words(found) for found in descendants(element, "p")))
                self._put(Block("paragraph", f"{author}: {words}" if author and words else words))
            elif depth < _DEEPEST:
                self.walk(element, depth + 1)

    def _table(self, element: Element, depth: int) -> None:  # noqa: PLR0912 - spans, repeats and coverings at once
        rows = [row for row in descendants(element, "table-row") if _owner(row) is element]
        grid: list[list[str]] = []
        below: dict[tuple[int, int], str] = {}
        header: int | None = None
        for row in rows:
            line: list[str] = []
            for cell in row:
                if local(cell) not in ("table-cell", "covered-table-cell"):
                    continue
                text = self._cell(cell, depth)
                width, height = _number(cell, "number-columns-spanned"), _number(cell, "number-rows-spanned")
                for step in range(min(height, _REPEAT_MOST)):
                    for column in range(min(width, _COLUMNS_MOST)):
                        if step or column:
                            below[len(grid) + step, len(line) + column] = text
                if local(cell) == "covered-table-cell":
                    text = below.get((len(grid), len(line)), text)
                repeat = min(_number(cell, "number-columns-repeated"), _COLUMNS_MOST)
                if local(cell) == "covered-table-cell" and repeat > 1:
                    line.extend(below.get((len(grid), len(line) + step), "") for step in range(repeat))
                else:
                    line.extend([text] * repeat)
            if header is None and local(row.getparent()) == "table-header-rows":
                header = len(grid)
            times = _number(row, "number-rows-repeated")
            grid.extend([line[:_COLUMNS_MOST]] * (min(times, _REPEAT_MOST) if any(line) else 1))
        if len(grid) == 1 and len(grid[0]) == 1:
            self._put(Block("paragraph", clean(grid[0][0])))
        else:
            found = table(grid)
            if found:
                self._put(found)

    def _cell(self, cell: Element, depth: int) -> str:
        inside = _Document(self.archive, self.ordered)
        for element in cell:
            inside.walk(element, depth + 1)
        return " ".join(one_line(block.text.replace(" | ", " ")) for block in inside.blocks)

    def _object(self, element: Element) -> None:
        """A chart's data: the table that its own content keeps."""
        name = posixpath.normpath(attribute(element, "href") or ".")
        if name.startswith((".", "/")) or "://" in name:
            return
        root = xml_root(member_bytes(self.archive, f"{name}/content.xml"))
        chart = next(descendants(root, "chart"), None)
        if chart is None:
            return
        for inner in chart:
            if local(inner) == "title":
                words = one_line(" ".join(self._words(found) for found in descendants(inner, "p")))
                self._put(Block("paragraph", words))
            elif local(inner) == "table":
                self._table(inner, 0)

    def _put(self, block: Block) -> None:
        if block.text:
            self.blocks.append(
                Block(block.kind, block.text, page=self.page, level=block.level, row=block.row, header=block.header)
            )


def _owner(row: Element) -> Element:
    return next(above for above in row.iterancestors() if local(above) == "table")


def _number(element: Element, name: str) -> int:
    said = attribute(element, name)
    return int(said) if said.isdigit() and 0 < len(said) < 8 and int(said) else 1
