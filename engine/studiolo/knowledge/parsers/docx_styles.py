"""What a Word file's styles and numbering mean: which paragraph is a heading, which number it is given. Any thread.

Sources: ECMA-376 part 1, 17.7 (styles) and 17.9 (numbering).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from studiolo.knowledge.parsers.packages import Element, Package, attribute, child, descendants

_HEADING_NAME = re.compile(r"heading (\d)\Z")
_CODE_NAME = re.compile(r"\b(code|source|preformatted|listing|macro text|verbatim)\b")
_LEVEL_MARK = re.compile(r"%(\d)")
_BODY_LEVEL = 9  # the outline level that means "body text"
_CHINESE = "零一二三四五六七八九"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
          (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style with what it inherits. `level` 0 = no heading; `number` = (list id, level) it is counted by."""

    level: int = 0
    title: bool = False
    code: bool = False
    hidden: bool = False
    number: tuple[str, int] | None = None


def styles_of(package: Package, part: str) -> dict[str, Style]:
    """Style id -> style; "" is the default paragraph style."""
    raw: dict[str, Element] = {}
    found: dict[str, Style] = {}
    for styles in package.related(part, "styles"):
        for element in descendants(package.root(styles), "style"):
            raw[attribute(element, "styleId")] = element
    for identity, element in raw.items():
        found[identity] = _style(raw, identity)
        if attribute(element, "default") in ("1", "true") and attribute(element, "type") == "paragraph":
            found[""] = found[identity]
    return found


def _style(raw: dict[str, Element], identity: str) -> Style:
    level: int | None = None
    title = code = hidden = False
    list_id, depth = "", -1
    seen: set[str] = set()
    while identity in raw and identity not in seen:
        seen.add(identity)
        element = raw[identity]
        name = _value(element, "name").lower()
        properties = child(element, "pPr")
        heading = _HEADING_NAME.match(name)
        if level is None and heading:
            level = int(heading.group(1))
        outline = outline_level(properties)
        if level is None and outline is not None:
            level = outline
        title = title or name == "title"
        code = code or bool(_CODE_NAME.search(name))
        hidden = hidden or child(element, "rPr", "vanish") is not None
        list_id = list_id or _value(properties, "numPr", "numId")
        said = _value(properties, "numPr", "ilvl")
        depth = int(said) if depth < 0 and said.isdigit() else depth
        identity = _value(element, "basedOn")
    number = (list_id, max(depth, 0)) if list_id and list_id != "0" else None
    return Style(1 if title else level or 0, title, code, hidden, number)


def outline_level(properties: Element | None) -> int | None:
    """The heading level that a paragraph's own properties say; 0 = body text, None = they say nothing."""
    said = _value(properties, "outlineLvl")
    if not said.isdigit():
        return None
    return 0 if int(said) >= _BODY_LEVEL else int(said) + 1


def _value(element: Element | None, *path: str) -> str:
    found = child(element, *path)
    return attribute(found, "val") if found is not None else ""


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    text: str = ""
    start: int = 1


@dataclass(slots=True)
class Numbering:
    """Counts a document's lists as its paragraphs come by."""

    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _abstract: dict[str, str] = field(default_factory=dict)
    _restarts: dict[str, dict[int, int]] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, part: str) -> Numbering:
        """The lists that the document at `part` defines."""
        made = cls()
        for name in package.related(part, "numbering"):
            root = package.root(name)
            for element in descendants(root, "abstractNum"):
                made._levels[attribute(element, "abstractNumId")] = {
                    _whole(attribute(level, "ilvl")): _Level(
                        _value(level, "numFmt") or "decimal",
                        _value(level, "lvlText"),
                        _whole(_value(level, "start"), 1),
                    )
                    for level in descendants(element, "lvl")
                }
            for element in descendants(root, "num"):
                identity = attribute(element, "numId")
                made._abstract[identity] = _value(element, "abstractNumId")
                made._restarts[identity] = {
                    _whole(attribute(change, "ilvl")): _whole(_value(change, "startOverride"), 1)
                    for change in descendants(element, "lvlOverride")
                    if child(change, "startOverride") is not None
                }
        return made

    def mark(self, list_id: str, depth: int) -> str:
        """The next paragraph's number or bullet: "2.1.", "(a)", "-"; "" where the list shows none."""
        abstract = self._abstract.get(list_id, "")
        levels = self._levels.get(abstract, {})
        level = levels.get(depth)
        if level is None:
            return "-"
        if level.form == "bullet":
            return "-"
        counts = self._counts.setdefault(abstract, {})
        for restarted, start in self._restarts.pop(list_id, {}).items():
            counts[restarted] = start - 1
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [known for known in counts if known > depth]:
            del counts[deeper]

        def shown(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            form = levels[at].form if at in levels else "decimal"
            start = levels[at].start if at in levels else 1
            return _numeral(counts.setdefault(at, start), form)

        return "" if level.form == "none" else _LEVEL_MARK.sub(shown, level.text).strip()


def _whole(text: str, otherwise: int = 0) -> int:
    return int(text) if text.isdigit() and len(text) < 9 else otherwise


def _numeral(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        text = ""
        for value, letters in _ROMAN:
            text += letters * (number // value)
            number %= value
        return text.upper() if form == "upperRoman" else text
    if (
        form in ("chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting")
        and 0 < number < 100
    ):
        tens, ones = divmod(number, 10)
        head = ("" if tens == 1 else _CHINESE[tens]) + "十" if tens else ""
        return head + (_CHINESE[ones] if ones or not tens else "")
    return f"{number:02d}" if form == "decimalZero" else str(number)
