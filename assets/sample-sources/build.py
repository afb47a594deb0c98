"""Writes the sample PDFs from the HTML files in this folder: `.venv/bin/python assets/sample-sources/build.py`.

Qt lays the pages out and embeds the fonts; pypdf then replaces what changes from run to run (dates, identifiers), so
that the same sources, Qt and fonts give the same bytes. Needs the fonts DejaVu Sans and Noto Sans CJK SC.
"""

from __future__ import annotations

import io
import os
import re
import sys
import unicodedata
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_HASH_SEED"] = "0"  # the order of embedded glyphs follows a hash

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject, DictionaryObject, NameObject, StreamObject
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "samples"
DPI = 96
MARGIN = 72  # px at 96 dpi: 19 mm
FOOTER = 28
TARGETS = {
    "lease-alder-wharf.html": "lease-alder-wharf.pdf",
    "espresso-machine-manual.html": "espresso-machine-manual.pdf",
    "labour-contract-zh.html": "劳动合同.pdf",
}
# Latin letters and digits come from the first: Qt writes no text for some of the digits of Noto's CJK fonts.
FAMILIES = ["DejaVu Sans", "Noto Sans CJK SC"]
# Noto's CJK fonts draw a radical and the character that looks like it with one glyph, and Qt writes the radical.
RADICALS = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)} | {
    "\u2ed8": "青",  # the few of the radicals supplement that have no decomposition of their own
    "\u2f3e": "户",  # decomposes to the traditional form
    "\u2ea0": "民",
    "\u2ec5": "见",
    "\u2ec9": "贝",
    "\u2ecb": "车",
    "\u2ed3": "长",
    "\u2ed4": "门",
    "\u2edb": "风",
    "\u2edd": "食",
    "\u2ee2": "马",
    "\u2eec": "齐",
    "\u2eee": "齿",
    "\u2ef0": "龙",
    "\u2215": "／",
}
STYLE = """
body { font-size: 10.5pt; line-height: 140%; }
h1 { font-size: 19pt; margin-bottom: 10px; }
h2 { font-size: 12.5pt; margin-top: 16px; margin-bottom: 6px; }
p { margin-top: 0; margin-bottom: 9px; }
li { margin-bottom: 5px; }
table { border-collapse: collapse; border-color: #999999; margin-top: 4px; margin-bottom: 12px; }
"""


def laid_out(html: str, *, page: QSizeF) -> QTextDocument:
    """The document in pages of `page`'s size, less the footer."""
    font = QFont(FAMILIES)
    font.setPointSizeF(10.5)
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(font)
    document.setDefaultStyleSheet(STYLE)
    document.setHtml(html)
    document.setPageSize(QSizeF(page.width(), page.height() - FOOTER))
    return document


def painted(document: QTextDocument, *, title: str, page: QSizeF) -> bytes:
    """The document's pages as PDF, with title and page number at the foot of each."""
    target = QByteArray()
    device = QBuffer(target)
    device.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(device)
    margins = QMarginsF(0, 0, 0, 0)
    writer.setPageLayout(QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins))
    writer.setResolution(DPI)
    writer.setTitle(title)
    painter = QPainter(writer)
    body = document.pageSize()
    for number in range(document.pageCount()):
        if number:
            writer.newPage()
        painter.save()
        painter.translate(MARGIN, MARGIN - number * body.height())
        document.drawContents(painter, QRectF(0, number * body.height(), body.width(), body.height()))
        painter.restore()
        footer = QFont(document.defaultFont())
        footer.setPointSizeF(8)
        painter.setFont(footer)
        area = QRectF(MARGIN, MARGIN + page.height() - FOOTER, page.width(), FOOTER)
        painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, title)
        count = f"{number + 1} / {document.pageCount()}"
        painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, count)
    painter.end()
    device.close()
    return bytes(target.data())


def without_radicals(cmap: bytes) -> bytes:
    """A font's table from glyphs to text, with characters where it has radicals."""

    def plain(code: re.Match[str]) -> str:
        character = chr(int(code[1], 16))
        return f"<{ord(RADICALS.get(character, character)):04X}>"

    head, listed, tail = cmap.decode("ascii").partition("beginbfrange")
    # Only the lists in brackets hold text; <0001> <0043> before them are glyph numbers.
    lists = re.sub(r"\[[^\]]*\]", lambda part: re.sub(r"<([0-9A-F]{4})>", plain, part[0]), tail)
    return (head + listed + lists).encode("ascii")


def settled(pdf: bytes, *, title: str, language: str) -> bytes:
    """The same pages without dates and identifiers of this run."""
    source = PdfReader(io.BytesIO(pdf))
    writer = PdfWriter()
    for page in source.pages:
        writer.add_page(page)
    for thing in writer._objects:  # noqa: SLF001
        if isinstance(thing, DictionaryObject) and "/ToUnicode" in thing:
            table = thing["/ToUnicode"]
            assert isinstance(table, StreamObject)
            table.set_data(without_radicals(table.get_data()))
    writer.metadata = {"/Title": title, "/Author": "The Studiolo authors", "/CreationDate": "D:20260101000000Z"}
    writer.root_object[NameObject("/Lang")] = writer._add_object(ByteStringObject(language.encode()))  # noqa: SLF001
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    identifier = ByteStringObject(title.encode().ljust(16, b"\0")[:16])
    writer._ID = ArrayObject((identifier, identifier))  # noqa: SLF001
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def main() -> int:
    """Write all sample PDFs."""
    application = QGuiApplication(sys.argv[:1])
    lacking = set(FAMILIES) - set(QFontDatabase.families())
    if lacking:
        print(f"build: install the fonts {', '.join(sorted(lacking))}", file=sys.stderr)
        return 1
    page = QSizeF(210 / 25.4 * DPI - 2 * MARGIN, 297 / 25.4 * DPI - 2 * MARGIN)
    for source, name in TARGETS.items():
        html = (HERE / source).read_text(encoding="utf-8")
        title = html.partition("<title>")[2].partition("</title>")[0]
        document = laid_out(html, page=page)
        language = html.partition('lang="')[2].partition('"')[0]
        pdf = settled(painted(document, title=title, page=page), title=title, language=language)
        (SAMPLES / name).write_bytes(pdf)
        print(f"{name}: {document.pageCount()} pages, {len(pdf):,} bytes")
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
