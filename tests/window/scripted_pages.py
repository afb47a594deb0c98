"""Pages of a scripted document: paragraphs drawn on paper, with boxes around what is marked. Any thread."""

from __future__ import annotations

import re

from PySide6.QtCore import QBuffer, QIODevice, QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from studiolo.types import PageBox, PageView

MARGIN = 0.11  # of the width
TALL = 1.414


def ranges_of(text: str, wanted: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Where the wanted stretches stand, white space aside."""
    found = []
    for stretch in wanted:
        pattern = r"\s*".join(re.escape(word) for word in stretch.split())
        match = re.search(pattern, text) if pattern else None
        if match:
            found.append(match.span())
    return tuple(found)


def text_page(document_id: str, text: str, ranges: tuple[tuple[int, int], ...]) -> PageView:
    """A page of a format that has none."""
    return PageView(document_id, 0, 0, text, 0, ranges)


def drawn_page(
    document_id: str, page: int, pages: int, text: str, ranges: tuple[tuple[int, int], ...], width: int
) -> PageView:
    """A page with its picture."""
    height = round(width * TALL)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    font = QFont("serif")
    font.setPixelSize(max(6, round(width / 46)))
    painter.setFont(font)
    metrics = QFontMetricsF(font, image)
    painter.setPen(QColor("#222222"))
    left, most = width * MARGIN, width * (1 - 2 * MARGIN)
    baseline = width * 0.16
    boxes: list[PageBox] = []
    for start, line in lines_of(text, metrics, most):
        painter.drawText(QPointF(left, baseline), line)
        for begin, end in ranges:
            first, last = max(begin, start), min(end, start + len(line))
            if first < last:
                x = left + metrics.horizontalAdvance(line[: first - start])
                across = metrics.horizontalAdvance(line[first - start : last - start])
                top, bottom = baseline - metrics.ascent(), baseline + metrics.descent()
                boxes.append(PageBox(x / width, top / height, (x + across) / width, bottom / height))
        baseline += metrics.height() * 1.35
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    png = bytes(buffer.data().data())
    return PageView(document_id, page, pages, text, 0, ranges, png, width, height, tuple(boxes))


def lines_of(text: str, metrics: QFontMetricsF, most: float) -> list[tuple[int, str]]:
    """Lines no wider than `most`, each with where it begins."""
    lines: list[tuple[int, str]] = []
    start = 0
    while start < len(text):
        end = start
        while end < len(text) and text[end] != "\n" and metrics.horizontalAdvance(text[start : end + 1]) <= most:
            end += 1
        if end < len(text) and text[end] != "\n":
            space = text.rfind(" ", start, end)
            end = space if space > start else max(end, start + 1)
        lines.append((start, text[start:end]))
        start = end + 1 if end < len(text) and text[end] in " \n" else end
    return lines
