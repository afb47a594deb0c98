"""Chips for values that the model did not see: in an answer's document and in a question's label.

They are links of a scheme of their own, so that they are reached by Tab and opened by Enter as all links are. Their
rounded grounds are painted by the widget.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QTextCharFormat, QTextCursor, QTextDocument, QTextLine
from PySide6.QtWidgets import QLabel

from studiolo.types import Mark, Sides
from studiolo_desktop.look import Look

VALUE_SCHEME = "value"


def put_chips(document: QTextDocument, sides: Sides, *, ink: str) -> None:
    """Make links of the marked values in a document that was made of `sides.shown`.

    Markup has gone from the document's text, so each value is looked for behind the one before it.
    """
    text = document.toPlainText().replace("\xa0", " ")
    at = behind = 0
    for number, mark in enumerate(sides.marks):
        value = sides.shown[mark.start : mark.end]
        found = _nth(text, value, at, sides.shown.count(value, behind, mark.start))
        if found < 0:
            continue
        at, behind = found + len(value), mark.end
        link = QTextCharFormat()
        link.setAnchor(True)
        link.setAnchorHref(f"{VALUE_SCHEME}:{number}")
        link.setForeground(QColor(ink))
        link.setFontUnderline(False)
        cursor = QTextCursor(document)
        cursor.setPosition(units_before(text, found))
        cursor.setPosition(units_before(text, at), QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(link)


def chip_rects(document: QTextDocument) -> Iterator[tuple[int, QRectF]]:
    """The number of each chip and where it stands, in the document's coordinates; one that is broken comes in parts."""
    layout = document.documentLayout()
    block = document.begin()
    while block.isValid():
        origin = layout.blockBoundingRect(block).topLeft()
        iterator = block.begin()
        while not iterator.atEnd():
            fragment = iterator.fragment()
            href = fragment.charFormat().anchorHref()
            if href.startswith(f"{VALUE_SCHEME}:"):
                first = fragment.position() - block.position()
                for line, start, end in _lines(block.layout(), first, first + fragment.length()):
                    left, right = x_of(line, start), x_of(line, end)
                    rect = QRectF(left - 2, line.y() + 1, right - left + 4, line.ascent() + line.descent() - 1)
                    yield int(href.partition(":")[2]), rect.translated(origin)
            iterator += 1
        block = block.next()


def paint_grounds(painter: QPainter, document: QTextDocument, look: Look) -> None:
    """The chips' grounds, to be painted before the text."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.tokens.veil))
    for _, rect in chip_rects(document):
        painter.drawRoundedRect(rect, 4, 4)


def chip_words(label: QLabel, sides: Sides, look: Look) -> None:
    """Show a text with its chips in a label, whose links then open them."""
    tokens = look.tokens
    style = f"color:{tokens.veil_ink}; background-color:{tokens.veil}; text-decoration:none"
    parts: list[str] = []
    at = 0
    for number, mark in enumerate(sides.marks):
        value = _lined(sides.shown[mark.start : mark.end])
        parts.append(_lined(sides.shown[at : mark.start]))
        parts.append(f'<a href="{VALUE_SCHEME}:{number}" style="{style}">{value}</a>')
        at = mark.end
    parts.append(_lined(sides.shown[at:]))
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setText(f'<span style="white-space:pre-wrap">{"".join(parts)}</span>')
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.LinksAccessibleByMouse
        | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
    )


def chip_number(href: str) -> int | None:
    """The number of the chip that a link stands for; None where it is another link."""
    scheme, _, number = href.partition(":")
    return int(number) if scheme == VALUE_SCHEME and number.isdigit() else None


def seen_of(sides: Sides, mark: Mark) -> str:
    """What stood in a chip's place for the model."""
    return sides.seen[mark.seen_start : mark.seen_end]


def _lined(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _nth(text: str, value: str, at: int, before: int) -> int:
    """Where `value` stands from `at` on, behind so many others like it; -1 where it does not."""
    found = text.find(value, at)
    for _ in range(before):
        following = text.find(value, found + 1) if found >= 0 else -1
        if following < 0:
            break  # fewer than in the Markdown: some stood in the address of a link
        found = following
    return found


def units_before(text: str, at: int) -> int:
    """A place in the text as Qt counts it: in UTF-16."""
    return len(text[:at].encode("utf-16-le", "surrogatepass")) // 2


def _lines(layout: Any, first: int, last: int) -> Iterator[tuple[QTextLine, int, int]]:
    at = first
    while at < last:
        line = layout.lineForTextPosition(at)
        if not line.isValid():
            return
        end = min(last, line.textStart() + line.textLength())
        yield line, at, end
        at = max(end, at + 1)


def x_of(line: QTextLine, position: int) -> float:
    """Where a position of a line stands. The binding gives the position it used beside it."""
    found: Any = line.cursorToX(position)
    return float(found[0] if isinstance(found, tuple) else found)
