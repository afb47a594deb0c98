"""Writing an exported conversation into a file: Markdown, JSON or PDF.

What is written was screened by the engine already. A writer runs off the main thread; a file is there whole or not at
all. The PDF's text is laid out by the same rules as an answer on screen, and loads as little.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from html import escape
from pathlib import Path

from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPdfWriter

from studiolo.errors import disk_fault
from studiolo.transcripts import TranscriptWords, transcript_markdown
from studiolo.types import ConversationExport, ExportedTurn
from studiolo_desktop.look import Look
from studiolo_desktop.theme import FALLBACK_FAMILIES, LIGHT, MONOSPACE_FAMILIES
from studiolo_desktop.ui.chat.markdown import Inks, to_html
from studiolo_desktop.ui.chat.rich_text import SafeDocument

FORMATS = {"markdown": "md", "pdf": "pdf", "json": "json"}
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_DPI = 96
_POINTS = 10.5


def file_name(title: str) -> str:
    """A title as a file may be called on any system, without an ending."""
    return " ".join(_NOT_IN_NAMES.sub(" ", title).split()).strip(" .")[:80].strip()


def writer(path: Path, look: Look) -> Callable[[ConversationExport], None]:
    """What writes an export into `path`, by its ending; Markdown where there is none that is known.

    Raises EnvironmentFault: disk_full, no_permission.
    """
    tr = look.tr
    words = TranscriptWords(
        untitled=tr("sidebar.untitled"),
        page=tr("sources.page", page="{page}"),
        unverified=f"({tr('export.unverified')})",
        unfinished=tr("chat.failed"),
    )
    families = [*look.families, *FALLBACK_FAMILIES]

    def write(export: ConversationExport) -> None:
        partial = path.with_name(f".{path.name}.partial")
        try:
            match path.suffix.lower():
                case ".json":
                    text = json.dumps(asdict(export), ensure_ascii=False, indent=2)
                    partial.write_bytes(text.encode("utf-8", "replace"))
                case ".pdf":
                    _write_pdf(partial, export, words, families)
                case _:
                    partial.write_bytes(transcript_markdown(export, words).encode("utf-8", "replace"))
            os.replace(partial, path)  # noqa: PTH105
        except OSError as error:
            raise disk_fault(error, path.parent) from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    return write


def _write_pdf(path: Path, export: ConversationExport, words: TranscriptWords, families: list[str]) -> None:
    with path.open("wb"):
        pass  # Qt says nothing of a file that it cannot open
    pdf = QPdfWriter(str(path))
    pdf.setResolution(_DPI)
    pdf.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    pdf.setPageMargins(QMarginsF(20, 20, 20, 20), QPageLayout.Unit.Millimeter)
    pdf.setTitle(export.title)
    pdf.setCreator("Studiolo")
    document = SafeDocument()
    font = QFont(families)
    font.setPointSizeF(_POINTS)
    document.setDefaultFont(font)
    mono = ", ".join(f"'{family}'" for family in MONOSPACE_FAMILIES)
    document.setDefaultStyleSheet(
        f"p {{ margin: 0px 0px 7px 0px; line-height: 125%; }} li {{ margin-bottom: 3px; }}"
        f"h1 {{ font-size: 15pt; margin-bottom: 12px; }} h3, h4, h5, h6 {{ font-size: 12pt; }}"
        f"code, pre {{ font-family: {mono}; font-size: 9pt; }}"
        f"p.question {{ font-weight: 600; margin-top: 14px; }} p.source {{ font-size: 9pt; color: {LIGHT.muted}; }}"
        f"a {{ color: {LIGHT.accent_ink}; text-decoration: none; }}"
        f"table.grid {{ border-collapse: collapse; border: 1px solid {LIGHT.line_strong}; }}"
        f"th, td {{ border: 1px solid {LIGHT.line}; }}"
    )
    title = escape(" ".join(export.title.split()) or words.untitled)
    turns = "".join(_turn_html(turn, words) for turn in export.turns if turn.shown)
    document.setHtml(f"<h1>{title}</h1>{turns}")
    document.print_(pdf)


def _turn_html(turn: ExportedTurn, words: TranscriptWords) -> str:
    inks = Inks.of(LIGHT)
    question = escape(turn.question).replace("\n", "<br>")
    parts = [f'<p class="question">{question}</p>', to_html(turn.answer, markers=frozenset(), inks=inks)]
    if turn.state != "complete":
        parts.append(f'<p class="source">{escape(words.unfinished)}</p>')
    for cited in turn.citations:
        where = cited.label or (words.page.format(page=cited.page) if cited.page > 0 else "")
        place = ", ".join(part for part in (cited.document, where) if part)
        quote = f": “{' '.join(cited.quote.split())}”" if cited.quote else ""
        doubt = "" if cited.verified else f" {words.unverified}"
        parts.append(f'<p class="source">[{cited.marker}] {escape(f"{place}{quote}{doubt}")}</p>')
    return "".join(parts)
