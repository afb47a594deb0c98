"""Office formulas (OMML, ECMA-376 part 1, 22.1) as one line of text in the linear form people type: a/b, x^2, √(y).

Symbols stay the Unicode characters that they are, so that a formula is found by what a reader sees. Any thread.
"""

from __future__ import annotations

from studiolo.knowledge.parsers.packages import Element, attribute, child, local

_PLAIN_MOST = 1  # an operand longer than this is put in brackets
_DEEPEST = 60


def linear(element: Element, depth: int = 0) -> str:
    """The formula in `element` (m:oMath or a part of one)."""
    if depth > _DEEPEST:
        return "".join(element.itertext())
    return "".join(_part(inner, depth + 1) for inner in element)


def _part(element: Element, depth: int) -> str:  # noqa: PLR0911, PLR0912 - one line a kind of construct
    name = local(element)
    if name in ("t", "delText"):
        return element.text or ""
    if name.endswith("Pr") and name != "ctrlPr":
        return ""

    def of(*path: str) -> str:
        found = child(element, *path)
        return linear(found, depth).strip() if found is not None else ""

    match name:
        case "f":
            return f"{_operand(of('num'))}/{_operand(of('den'))}"
        case "sSup":
            return f"{of('e')}^{_operand(of('sup'))}"
        case "sSub":
            return f"{of('e')}_{_operand(of('sub'))}"
        case "sSubSup":
            return f"{of('e')}_{_operand(of('sub'))}^{_operand(of('sup'))}"
        case "sPre":
            return f"_{_operand(of('sub'))}^{_operand(of('sup'))} {of('e')}"
        case "rad":
            degree = of("deg")
            return f"√({degree}&{of('e')})" if degree else f"√({of('e')})"
        case "nary":
            return _nary(element, of("sub"), of("sup"), of("e"))
        case "d":
            return _delimited(element, depth)
        case "func":
            return f"{of('fName')} {of('e')}"
        case "limLow" | "limUpp":
            return f"{of('e')}{'_' if name == 'limLow' else '^'}{_operand(of('lim'))}"
        case "m" | "eqArr":
            return "; ".join(_row(row, depth) for row in element if local(row) in ("mr", "e"))
        case _:
            return linear(element, depth)


def _nary(element: Element, lower: str, upper: str, body: str) -> str:
    mark = child(element, "naryPr", "chr")
    sign = attribute(mark, "val") if mark is not None else "∫"
    limits = (f"_{_operand(lower)}" if lower else "") + (f"^{_operand(upper)}" if upper else "")
    return f"{sign}{limits} {body}"


def _delimited(element: Element, depth: int) -> str:
    marks = {"begChr": "(", "endChr": ")", "sepChr": "|"}
    for name in marks:
        mark = child(element, "dPr", name)
        if mark is not None:
            marks[name] = attribute(mark, "val")
    inner = marks["sepChr"].join(linear(part, depth).strip() for part in element if local(part) == "e")
    return f"{marks['begChr']}{inner}{marks['endChr']}"


def _row(element: Element, depth: int) -> str:
    if local(element) == "e":
        return linear(element, depth).strip()
    return ", ".join(linear(cell, depth).strip() for cell in element if local(cell) == "e")


def _operand(text: str) -> str:
    return text if len(text) <= _PLAIN_MOST or text.isalnum() else f"({text})"
