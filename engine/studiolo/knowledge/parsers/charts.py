"""Charts and diagrams of office files: a chart's title and numbers as a table, a diagram's words as a list. Any thread.

The numbers are those the file keeps for drawing the chart (DrawingML, ECMA-376 part 1, 21.2): nothing is opened that
the chart links to.
"""

from __future__ import annotations

from studiolo.knowledge.parsers.blocks import Block, one_line
from studiolo.knowledge.parsers.packages import Element, Package, attribute, child, descendants, local
from studiolo.knowledge.parsers.tables import table

_POINTS_MOST = 20_000


def chart_blocks(root: Element | None, *, page: int = 0, label: str = "") -> list[Block]:
    """A chart part's title and data."""
    chart = child(root, "chart")
    plot = child(chart, "plotArea")
    if plot is None:
        return []
    blocks: list[Block] = []
    title = child(chart, "title")
    words = one_line(" ".join(_texts(title))) if title is not None else ""
    if words:
        blocks.append(Block("paragraph", words, page=page, label=label))
    names, categories, columns = [], {}, []
    for series in descendants(plot, "ser"):
        names.append(one_line(" ".join(_values(child(series, "tx")).values())))
        for name in ("cat", "xVal"):
            categories.update(_values(child(series, name)))
        columns.append(_values(child(series, "val") if child(series, "val") is not None else child(series, "yVal")))
    positions = sorted({position for column in columns for position in column} | set(categories))
    rows = [["", *names]] + [
        [categories.get(position, ""), *(column.get(position, "") for column in columns)] for position in positions
    ]
    found = table(rows, page=page, label=label, header=None) if columns else None
    return [*blocks, found] if found else blocks


def diagram_blocks(root: Element | None, *, page: int = 0) -> list[Block]:
    """The words of a SmartArt diagram's data part, one line a node."""
    lines = [one_line(" ".join(_texts(point))) for point in descendants(root, "pt")]
    text = "\n".join(line for line in lines if line)
    return [Block("list", text, page=page)] if text else []


def graphics(package: Package, part: str, element: Element, *, page: int = 0) -> list[Block]:
    """The charts and diagrams that stand in `element` of `part`."""
    relations = None
    blocks: list[Block] = []
    for found in descendants(element, "chart", "relIds"):
        relations = relations if relations is not None else package.relations(part)
        name = "id" if local(found) == "chart" else "dm"
        _, target = relations.get(attribute(found, name), ("", ""))
        if target:
            read = chart_blocks if name == "id" else diagram_blocks
            blocks.extend(read(package.root(target), page=page))
    return blocks


def _texts(element: Element) -> list[str]:
    return [found.text or "" for found in descendants(element, "t", "v")]


def _values(element: Element | None) -> dict[int, str]:
    """Position -> value of a series' cached numbers or words."""
    values: dict[int, str] = {}
    if element is None:
        return values
    for point in descendants(element, "pt"):
        position, value = attribute(point, "idx"), child(point, "v")
        if position.isdigit() and value is not None and len(values) < _POINTS_MOST:
            values[int(position)] = _number(value.text or "")
    if not values:
        said = child(element, "v")
        if said is not None and said.text:
            values[0] = said.text
    return values


def _number(text: str) -> str:
    """A cached value as a reader sees it: without the noise of binary fractions."""
    try:
        return f"{float(text):.15g}" if "." in text or "E" in text else text
    except ValueError:
        return text
