"""What is known of a document: how far it is, what is missing of it, which personal data was found and what becomes
of it, and ways to remove it or to try it again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from studiolo.types import Document, DocumentReport, DocumentStatus, Finding, Redaction
from studiolo_desktop.bridge.problem import problem_of_reason
from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, button, label
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.library.words import document_facts, gap_words

MOST_GAPS = 5
MOST_PAGES = 6
HIGHEST = 230  # pixels; what is more scrolls


class DocumentDetails(QFrame):
    """A card above the page."""

    def __init__(
        self, look: Look, *, on_remove: Callable[[Document], None], on_retry: Callable[[Document], None]
    ) -> None:
        super().__init__()
        self._look = look
        self._document: Document | None = None
        self._content: tuple[object, ...] = ()
        self.setProperty("role", "panel")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, Space.S)
        outer.setSpacing(0)
        self.lines = ScrollColumn(margin=Space.M, gap=Space.XS)
        outer.addWidget(self.lines)
        row = QHBoxLayout()
        row.setContentsMargins(Space.S, 0, Space.S, 0)
        self.retry_button = button(lambda: self._do(on_retry), role="text")
        self.remove_button = button(lambda: self._do(on_remove), role="text")
        row.addWidget(self.retry_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        outer.addLayout(row)

    def show_document(self, document: Document, report: DocumentReport | None) -> None:
        """Show a document, with its report as soon as that is there."""
        tr = self._look.tr
        content = (document, report, tr.language, self._look.tokens.name)
        if content == self._content:
            return
        self._content, self._document = content, document
        self.setAccessibleName(tr("viewer.details_of", name=document.name))
        self.retry_button.setText(tr("viewer.read_again"))
        self.retry_button.setVisible(document.status in (DocumentStatus.FAILED, DocumentStatus.PARTIAL))
        self.remove_button.setText(tr("viewer.remove"))
        self.lines.clear()
        path = ElidedLabel(role="small")
        path.set_whole(document.path)
        first, *others = self._lines(document, report)
        for line in (self._line(*first), path, *(self._line(*one) for one in others)):
            self.lines.append(line)
        self._fit()

    def _line(self, words: str, role: str) -> QLabel:
        return label(words, role=role, wrap=True, selectable=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrower is higher."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        wanted = self.lines.column.totalHeightForWidth(max(200, self.lines.viewport().width()))
        self.lines.setFixedHeight(max(1, min(HIGHEST, wanted)))

    def _lines(self, document: Document, report: DocumentReport | None) -> list[tuple[str, str]]:
        tr = self._look.tr
        lines = [("  ·  ".join([*document_facts(self._look, document), size_text(document.size_bytes)]), "")]
        lines += [(gap_words(self._look, gap), "danger") for gap in document.gaps[:MOST_GAPS]]
        if len(document.gaps) > MOST_GAPS:
            lines.append((tr.count("docs.gaps_more", len(document.gaps) - MOST_GAPS), "danger"))
        elif document.reason and not document.gaps:
            sentence = self._look.sentence(problem_of_reason(document.reason, {"path": document.path}))
            lines.append((f"{sentence.what} {sentence.todo}".strip(), "danger"))
        if report is None:
            return [*lines, (tr("viewer.looking"), "small")]
        lines.append((tr("found.title") if report.findings else tr("found.none"), "section"))
        lines += [(self._finding(finding), "") for finding in report.findings]
        if report.unscreened:
            lines.append((tr.count("found.unscreened", report.unscreened), "danger"))
        return lines

    def _finding(self, finding: Finding) -> str:
        """One type: how often, what becomes of it for the model, on which pages."""
        tr = self._look.tr
        said = [tr.hidden([Redaction(finding.type, finding.count)])]
        key = f"found.{finding.action}"
        if key in TEXTS:
            said.append(tr(key))
        if finding.pages:
            pages = ", ".join(str(page) for page in finding.pages[:MOST_PAGES])
            more = "…" if len(finding.pages) > MOST_PAGES else ""
            said.append(tr("found.pages", pages=pages + more))
        return "  ·  ".join(said)

    def _do(self, action: Callable[[Document], None]) -> None:
        if self._document is not None:
            action(self._document)
