"""Workbooks (xlsx, xlsm, xlsb, xls, ods): a sheet is a page, its tables keep their row numbers. Any thread.

Formulas are read as the values the file keeps for them. The only import of python-calamine, which reads all of these
formats; comments and charts of the XML kind come from the package itself.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, one_line
from studiolo.knowledge.parsers.charts import chart_blocks
from studiolo.knowledge.parsers.packages import Package, attribute, child, descendants, opened
from studiolo.knowledge.parsers.tables import header_of, line_of, table

_SPAN_MOST = 20_000  # cells a merged value is written into
_APART = 2  # rows and columns that both sides of an empty column must have to be two tables

Rows = list[list[str]]


def read(path: Path, reading: Reading) -> Parsed:
    """The sheets' blocks. Raises UserError: damaged_file, needs_password, archive_too_large."""
    import python_calamine as calamine

    zipped = zipfile.is_zipfile(path)
    if zipped:
        with opened(path):
            pass  # its size is looked at before anything is unpacked
    try:
        with path.open("rb") as file:  # by its content: by its path it would go by the suffix
            book = calamine.CalamineWorkbook.from_filelike(file)
    except calamine.PasswordError:
        if zipped:
            raise UserError(Code.NEEDS_PASSWORD, path=str(path)) from None
        from studiolo.knowledge.parsers import sealed

        return sealed.read(path, reading)
    except (calamine.CalamineError, OSError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    except BaseException as error:
        if not _is_panic(error):
            raise
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    beside = _beside(path) if zipped else {}
    shown = [sheet for sheet in book.sheets_metadata if sheet.visible != calamine.SheetVisibleEnum.VeryHidden]
    blocks: list[Block] = []
    for page, sheet in enumerate(shown, start=1):
        if page in reading.skip:
            continue
        reading.page(page, len(shown))
        label = one_line(sheet.name)
        found = list(_sheet_blocks(book, sheet.name, page, label)) + beside.get(sheet.name, [])
        if found:
            blocks.append(Block("heading", label, page=page, level=1, label=label))
            blocks.extend(Block(b.kind, b.text, page=page, label=label, row=b.row, header=b.header) for b in found)
    return Parsed(title="", blocks=tuple(blocks), pages=len(shown))


def _is_panic(error: BaseException) -> bool:
    """Whether the library's native code gave up on a damaged file; what it raises then is no Exception."""
    return type(error).__name__ == "PanicException"


def _sheet_blocks(book: Any, name: str, page: int, label: str) -> Iterator[Block]:
    import python_calamine as calamine

    try:
        sheet = book.get_sheet_by_name(name)
        values = sheet.to_python(skip_empty_area=True)
    except (calamine.CalamineError, ValueError):
        return  # a sheet of charts or macros alone
    except BaseException as error:
        if not _is_panic(error):
            raise
        return
    if not values:
        return
    top, left = sheet.start or (0, 0)
    rows = [[_shown(value) for value in row] for row in values]
    for (first, start), (last, end) in sheet.merged_cell_ranges or ():
        _spread(rows, (first - top, start - left), (last - top, end - left))
    yield from blocks_of(rows, first_row=top + 1, page=page, label=label)


def _spread(rows: Rows, start: tuple[int, int], end: tuple[int, int]) -> None:
    """A merged value into every cell it covers, so that each row can be read by itself."""
    if start[0] < 0 or start[1] < 0 or start[0] >= len(rows) or start[1] >= len(rows[start[0]]):
        return
    value = rows[start[0]][start[1]]
    if not value or (end[0] - start[0] + 1) * (end[1] - start[1] + 1) > _SPAN_MOST:
        return
    covered = rows[start[0] : end[0] + 1]
    if not any(any(row[: start[1]]) or any(row[end[1] + 1 :]) for row in covered):
        return  # a title over everything: it stands for itself
    for row in covered:
        for column in range(start[1], min(end[1] + 1, len(row))):
            row[column] = value


def blocks_of(rows: Rows, *, first_row: int = 1, page: int = 0, label: str = "") -> Iterator[Block]:
    """The tables that empty rows and columns part. One below another of the same columns goes on with its header."""
    headers: dict[tuple[int, int], str] = {}
    for top, part, columns in _parts(rows):
        if len(part) == 1 and sum(bool(cell) for cell in part[0]) == 1:
            yield Block("paragraph", line_of([cell for cell in part[0] if cell]), page=page, label=label)
            continue
        own = header_of(part)
        header = own or headers.get(columns, "")
        headers[columns] = header
        found = table(part, page=page, label=label, row=first_row + top, header=header)
        if found:
            yield found


def _parts(rows: Rows) -> Iterator[tuple[int, Rows, tuple[int, int]]]:
    """(first row, cells, columns from and to) of each stretch between empty rows, cut at empty columns too."""
    begin: int | None = None
    for position in range(len(rows) + 1):
        if position < len(rows) and any(rows[position]):
            begin = position if begin is None else begin
        elif begin is not None:
            stretch = rows[begin:position]
            for start, end in _columns(stretch):
                part = [row[start:end] for row in stretch]
                skipped = next((number for number, row in enumerate(part) if any(row)), 0)
                if any(any(row) for row in part):
                    yield begin + skipped, part[skipped:], (start, end)
            begin = None


def _columns(rows: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Where the columns of a stretch of rows are parted: at empty ones, if what stands on both sides is a table."""
    width = max(len(row) for row in rows)
    used = [False] * (width + 1)
    for row in rows:
        for column, cell in enumerate(row):
            if cell:
                used[column] = True
    groups: list[tuple[int, int]] = []
    begin: int | None = None
    for column in range(width + 1):
        if used[column]:
            begin = column if begin is None else begin
        elif begin is not None:
            groups.append((begin, column))
            begin = None
    if len(rows) < _APART or any(end - start < _APART for start, end in groups):
        return [(groups[0][0], groups[-1][1])] if groups else []
    return groups


def _shown(value: Any) -> str:  # noqa: PLR0911 - one line a type
    """A cell as people write it: whole numbers without a fraction, days without an hour that nobody entered."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return one_line(str(value))


def _beside(path: Path) -> dict[str, list[Block]]:
    """Sheet name -> its charts and comments, which stand in parts of their own."""
    found: dict[str, list[Block]] = {}
    with opened(path) as archive:
        package = Package(archive)
        main = package.main()
        if not main:
            return found  # xls in a zip's clothes, ods
        relations = package.relations(main)
        people = {
            attribute(person, "id"): attribute(person, "displayName")
            for part in package.related(main, "person")
            for person in descendants(package.root(part), "person")
        }
        for sheet in descendants(package.root(main), "sheet"):
            identity = next((value for key, value in sheet.items() if key.endswith("}id")), "")
            part = relations.get(identity, ("", ""))[1]
            if part:
                blocks = [*_charts(package, part), *_comments(package, part, people)]
                found[attribute(sheet, "name")] = blocks
    return found


def _charts(package: Package, part: str) -> Iterator[Block]:
    for drawing in package.related(part, "drawing"):
        for chart in package.related(drawing, "chart"):
            yield from chart_blocks(package.root(chart))
        for shape in descendants(package.root(drawing), "txBody"):
            words = one_line(" ".join(text.text or "" for text in descendants(shape, "t")))
            if words:
                yield Block("paragraph", words)


def _comments(package: Package, part: str, people: dict[str, str]) -> Iterator[Block]:
    threaded = set()
    for name in package.related(part, "threadedComment"):
        for comment in descendants(package.root(name), "threadedComment"):
            threaded.add(attribute(comment, "ref"))
            said = child(comment, "text")
            yield from _comment(
                attribute(comment, "ref"),
                people.get(attribute(comment, "personId"), ""),
                said.text if said is not None else "",
            )
    for name in package.related(part, "comments"):
        root = package.root(name)
        authors = [author.text or "" for author in descendants(root, "author")]
        for comment in descendants(root, "comment"):
            cell, number = attribute(comment, "ref"), attribute(comment, "authorId")
            if cell in threaded:
                continue  # the old kind repeats the new one, for older programs
            author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
            words = "".join(text.text or "" for text in descendants(comment, "t")).strip()
            yield from _comment(cell, author, words.removeprefix(f"{author}:"))


def _comment(cell: str, author: str, words: str | None) -> Iterator[Block]:
    text = one_line(words or "")
    if text:
        yield Block("paragraph", one_line(f"{cell}: {author}: {text}" if author else f"{cell}: {text}"))
