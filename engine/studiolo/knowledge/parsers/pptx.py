"""PowerPoint files: a slide is a page, its title a heading; tables, charts, diagrams, notes and comments. Any thread.

Read from the package's XML (ECMA-376 part 1, 19 and 21.1), so that the strict variant and files with broken pictures
are read like the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, clean, clean_code, one_line
from studiolo.knowledge.parsers.charts import graphics
from studiolo.knowledge.parsers.formulas import linear
from studiolo.knowledge.parsers.packages import Element, Package, attribute, child, descendants, local, opened
from studiolo.knowledge.parsers.tables import table

_TITLES = ("title", "ctrTitle")
_EDGES = ("dt", "sldNum", "hdr", "sldImg")  # the same on every slide, and no words of its own
_DEEPEST = 60
_SPAN_MOST = 500


def read(path: Path, reading: Reading) -> Parsed:
    """The slides' blocks. Raises UserError: damaged_file, archive_too_large."""
    with opened(path) as archive:
        package = Package(archive)
        main = package.main() or "ppt/presentation.xml"
        root = package.root(main)
        if root is None:
            raise UserError(Code.DAMAGED_FILE, path=str(path))
        relations = package.relations(main)
        order = [relations.get(attribute(entry, "id"), ("", ""))[1] for entry in _entries(root)]
        slides = [part for part in order if part]
        authors = _authors(package, main)
        blocks: list[Block] = []
        footers: set[str] = set()
        for number, part in enumerate(slides, start=1):
            if number not in reading.skip:
                reading.page(number, len(slides))
                blocks.extend(_Slide(package, part, number, footers).read(authors))
        title = one_line(package.title())
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    return Parsed(title=first if title.lower() in ("", "powerpoint presentation") else title, blocks=tuple(blocks),
                  pages=len(slides))  # fmt: skip


def _entries(root: Element) -> Iterator[Element]:
    """The slides' relation ids, in order."""
    for entry in descendants(root, "sldId"):
        # The list's own number is called `id` too; the relation's stands in a namespace.
        for key, value in entry.items():
            if key.startswith("{") and key.endswith("}id"):
                made = entry.makeelement("slide", {"id": value})
                yield made


def _authors(package: Package, main: str) -> dict[str, str]:
    """Id -> name of those who commented, in the old and the new way to store comments."""
    return {
        attribute(author, "id"): attribute(author, "name")
        for part in package.related(main, "commentAuthors", "authors")
        for author in descendants(package.root(part), "cmAuthor", "author")
    }


@dataclass(slots=True)
class _Slide:
    package: Package
    part: str
    page: int
    footers: set[str]
    title: list[Block] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def read(self, authors: dict[str, str]) -> list[Block]:
        """The title first, then the shapes as they were put there, notes and comments."""
        tree = child(self.package.root(self.part), "cSld", "spTree")
        if tree is not None:
            self._shapes(tree, 0)
        self._notes()
        for part in self.package.related(self.part, "comments"):
            for comment in descendants(self.package.root(part), "cm", "reply"):
                self._comment(comment, authors)
        return self.title + self.blocks

    def _shapes(self, tree: Element, depth: int) -> None:
        for shape in tree:
            name = local(shape)
            if name in ("sp", "cxnSp"):
                self._shape(shape)
            elif name == "graphicFrame":
                self._frame(shape)
            elif name == "AlternateContent":
                chosen = child(shape, "Choice")
                self._shapes(chosen if chosen is not None else shape, depth + 1)
            elif name not in ("pic", "nvGrpSpPr", "grpSpPr", "extLst") and depth < _DEEPEST:
                self._shapes(shape, depth + 1)

    def _shape(self, shape: Element) -> None:
        kind = _placeholder(shape)
        body = child(shape, "txBody")
        if kind in _EDGES or body is None:
            return
        if kind in _TITLES:
            words = one_line(" ".join(_words(paragraph) for paragraph in descendants(body, "p")))
            if words:
                self.title.append(Block("heading", words, page=self.page, level=1))
            return
        blocks = list(_text_blocks(body, page=self.page, bullets=kind in ("body", "obj", "")))
        if kind == "ftr":
            blocks = [block for block in blocks if block.text not in self.footers]
            self.footers.update(block.text for block in blocks)
        self.blocks.extend(blocks)

    def _frame(self, frame: Element) -> None:
        for element in descendants(frame, "tbl"):
            found = table(_grid(element), page=self.page)
            if found:
                self.blocks.append(found)
        self.blocks.extend(graphics(self.package, self.part, frame, page=self.page))

    def _notes(self) -> None:
        for part in self.package.related(self.part, "notesSlide"):
            for shape in descendants(self.package.root(part), "sp"):
                body = child(shape, "txBody")
                if body is not None and _placeholder(shape) == "body":
                    self.blocks.extend(_text_blocks(body, page=self.page, bullets=False))

    def _comment(self, comment: Element, authors: dict[str, str]) -> None:
        author = authors.get(attribute(comment, "authorId"), "")
        body = child(comment, "txBody")
        said = child(comment, "text")
        words = (said.text or "") if said is not None else ""
        if body is not None:
            words = " ".join(_words(paragraph) for paragraph in body if local(paragraph) == "p")
        if words.strip():
            self.blocks.append(Block("paragraph", one_line(f"{author}: {words}" if author else words), page=self.page))


def _placeholder(shape: Element) -> str:
    """The placeholder's type: "" for one without, "none" where the shape is no placeholder."""
    mark = next(descendants(child(shape, "nvSpPr"), "ph"), None)
    return "none" if mark is None else attribute(mark, "type")


def _text_blocks(body: Element, *, page: int, bullets: bool) -> Iterator[Block]:
    """A text body's paragraphs; those with a bullet or number are lines of a list. `bullets`: where nothing is said."""
    lines: list[str] = []
    count: dict[int, int] = {}
    paragraphs = [(paragraph, _words(paragraph)) for paragraph in body if local(paragraph) == "p"]
    many = sum(bool(words.strip()) for _, words in paragraphs) > 1
    for paragraph, words in paragraphs:
        if not words.strip():
            continue
        properties = child(paragraph, "pPr")
        said = attribute(properties, "lvl") if properties is not None else ""
        depth = min(int(said), 8) if said.isdigit() else 0
        marks = {local(inner) for inner in properties} if properties is not None else set()
        count = {level: number for level, number in count.items() if level <= depth}
        if "buAutoNum" in marks:
            start = attribute(child(properties, "buAutoNum"), "startAt")
            count[depth] = count.get(depth, int(start) - 1 if start.isdigit() else 0) + 1
            lines.append(f"{'  ' * depth}{count[depth]}. {one_line(words)}")
        elif marks & {"buChar", "buBlip"} or (bullets and many and "buNone" not in marks):
            lines.append(f"{'  ' * depth}- {one_line(words)}")
        else:
            if lines:
                yield Block("list", clean_code("\n".join(lines)), page=page)
                lines = []
            yield Block("paragraph", clean(words), page=page)
    if lines:
        yield Block("list", clean_code("\n".join(lines)), page=page)


def _words(paragraph: Element) -> str:
    pieces: list[str] = []
    for found in descendants(paragraph, "t", "br", "oMath"):
        if local(found) == "br":
            pieces.append("\n")
        elif local(found) == "oMath":
            pieces.append(linear(found))
        elif not any(local(above) == "oMath" for above in found.iterancestors()):
            pieces.append(found.text or "")
    return "".join(pieces)


def _grid(element: Element) -> list[list[str]]:
    """A table's cells; what is merged stands in every cell it covers, so that each row can be read by itself."""
    grid: list[list[str]] = []
    for row in descendants(element, "tr"):
        line: list[str] = []
        for cell in row:
            if local(cell) != "tc":
                continue
            if attribute(cell, "vMerge") in ("1", "true") and grid and len(grid[-1]) > len(line):
                line.append(grid[-1][len(line)])
            elif attribute(cell, "hMerge") in ("1", "true") and line:
                line.append(line[-1])
            else:
                line.append(one_line(" ".join(_words(paragraph) for paragraph in descendants(cell, "p"))))
        grid.append(line[:_SPAN_MOST])
    return grid
