"""Rows of the documents pane: a file on its way, and a document that is there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

from studiolo.types import Document, DocumentStatus, Gap
from studiolo_desktop.bridge.problem import problem_of_reason
from studiolo_desktop.look import Look
from studiolo_desktop.models.library import FileRow
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton, label, set_role

BUTTON_PX = 24  # as high as a line of the row, so that both stand level
MOST_GAPS = 5
_STAGES = {"parse": "file.parse", "screen": "file.screen", "embed": "file.embed", "write": "file.write"}
_ENDS = {
    "queued": "file.queued",
    "added": "file.added",
    "updated": "file.updated",
    "unchanged": "file.unchanged",
    "failed": "file.failed",
    "cancelled": "file.cancelled",
}


class FileRowView(QFrame):
    """A file being added: its name, its state in words, a bar while it is worked on."""

    def __init__(
        self, look: Look, row: FileRow, *, on_retry: Callable[[FileRow], None], on_forget: Callable[[FileRow], None]
    ) -> None:
        super().__init__()
        self._look = look
        self.row = row
        self.setProperty("role", "row")
        line = QHBoxLayout(self)
        line.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        line.setSpacing(Space.M)
        self._icon = QLabel()
        self._icon.setFixedWidth(20)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(3)
        self.name = ElidedLabel()
        self.state = label(role="small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        column.addWidget(self.name)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        line.addLayout(column, 1)
        self.retry_button = IconButton(look, "retry", lambda: on_retry(self.row), size_px=16)
        self.forget_button = IconButton(look, "close", lambda: on_forget(self.row), size_px=16)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for control in (self.retry_button, self.forget_button):
            control.setProperty("role", "row")
            control.fix_size(BUTTON_PX, BUTTON_PX)
            buttons.addWidget(control, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(buttons)
        self.refresh()

    def refresh(self) -> None:
        """Show the row as it is now."""
        row, tr = self.row, self._look.tr
        self.name.set_whole(row.name)
        words, role = self._words()
        self.state.setText(words)
        set_role(self.state, role)
        working = row.state == "working"
        self.bar.setVisible(working)
        if working:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(row.fraction * 1000))
        failed = row.state == "failed"
        self.retry_button.setVisible(failed)
        self.forget_button.setVisible(failed)
        self.retry_button.name(tr("file.retry", name=row.name))
        self.forget_button.name(tr("file.forget", name=row.name))
        self.bar.setAccessibleName(f"{row.name}: {words}")
        self.setAccessibleName(f"{row.name}: {words}")
        tokens = self._look.tokens
        icon, colour = ("alert", tokens.danger) if failed else ("document", tokens.muted)
        if row.state in ("added", "updated", "unchanged"):
            icon, colour = "check", tokens.accent
        self._icon.setPixmap(self._look.pixmap(icon, colour=colour, size_px=20))

    def _words(self) -> tuple[str, str]:
        row, tr = self.row, self._look.tr
        if row.state == "working":
            words = tr(_STAGES.get(row.stage, "file.working"))
            counted = row.stage in ("parse", "screen", "embed") and row.total > 1
            return (f"{words} · {row.done} / {row.total}" if counted else f"{words}…"), "small"
        if row.state == "failed" and row.problem is not None:
            sentence = self._look.sentence(row.problem)
            return f"{sentence.what} {sentence.todo}".strip(), "danger"
        said = [tr(_ENDS[row.state])]
        if row.problem is not None and row.state in ("added", "updated", "unchanged"):
            reason = reason_words(self._look, row.problem.code.value)
            said.append(tr("docs.gap", where=tr("docs.partial"), reason=reason))
        said += _counts(self._look, row.pages, row.passages)
        return "  ·  ".join(said), "small"


class DocumentRowView(QFrame):
    """A document of the library: pages, passages, personal data found, and a way to remove it."""

    def __init__(self, look: Look, document: Document, *, on_remove: Callable[[Document], None]) -> None:
        super().__init__()
        self.document = document
        self.setProperty("role", "row")
        line = QHBoxLayout(self)
        line.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        line.setSpacing(Space.M)
        icon = QLabel()
        failed = document.status is DocumentStatus.FAILED
        colour = look.tokens.danger if failed else look.tokens.muted
        icon.setPixmap(look.pixmap("alert" if failed else "document", colour=colour, size_px=20))
        icon.setFixedWidth(20)
        line.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(3)
        name = ElidedLabel()
        name.set_whole(document.name)
        column.addWidget(name)
        self.facts = label(_facts(look, document), role="small", wrap=True)
        column.addWidget(self.facts)
        if document.gaps:
            for gap in document.gaps[:MOST_GAPS]:
                column.addWidget(label(gap_words(look, gap), role="danger", wrap=True))
            if len(document.gaps) > MOST_GAPS:
                more = look.tr.count("docs.gaps_more", len(document.gaps) - MOST_GAPS)
                column.addWidget(label(more, role="danger", wrap=True))
        elif document.reason:
            sentence = look.sentence(problem_of_reason(document.reason, {"path": document.path}))
            column.addWidget(label(f"{sentence.what} {sentence.todo}".strip(), role="danger", wrap=True))
        if document.redactions:
            found = look.tr("docs.hidden", what=look.tr.hidden(document.redactions))
            self.found = ElidedLabel(role="small", mode=Qt.TextElideMode.ElideRight)  # the tooltip has all of it
            self.found.set_whole(found)
            column.addWidget(self.found)
        line.addLayout(column, 1)
        self.remove_button = IconButton(look, "trash", lambda: on_remove(document), size_px=17)
        self.remove_button.name(look.tr("docs.remove", name=document.name))
        self.remove_button.setProperty("role", "row")
        self.remove_button.fix_size(BUTTON_PX, BUTTON_PX)
        line.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(f"{document.name}: {self.facts.text()}")


def _facts(look: Look, document: Document) -> str:
    tr = look.tr
    facts: list[str] = []
    if document.status is not DocumentStatus.READY:
        facts.append(tr(f"docs.{document.status.value}"))
    facts += _counts(look, document.pages, document.passages)
    return "  ·  ".join(facts)


def _counts(look: Look, pages: int, passages: int) -> list[str]:
    counts = [look.tr.count("docs.pages", pages)] if pages else []
    return [*counts, look.tr.count("docs.passages", passages)] if passages else counts


def gap_words(look: Look, gap: Gap) -> str:
    """A part of a document that could not be read, and why."""
    tr = look.tr
    where = [gap.name] if gap.name else []
    if gap.first:
        pages = tr("sources.pages", page=gap.first, page_end=gap.last)
        where.append(pages if gap.last > gap.first else tr("sources.page", page=gap.first))
    reason = reason_words(look, gap.reason)
    return tr("docs.gap", where=", ".join(where), reason=reason) if where else reason


def reason_words(look: Look, reason: str) -> str:
    """Why a part is missing, in a few words."""
    key = f"gap.{reason}"
    return look.tr(key if key in TEXTS else "gap.other")
