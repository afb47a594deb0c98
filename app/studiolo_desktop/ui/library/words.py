"""What is said of a document, and of a file on its way into a library, in one line each."""

from __future__ import annotations

from studiolo.types import Document, DocumentStatus, Gap
from studiolo_desktop.bridge.problem import problem_of_reason
from studiolo_desktop.look import Look
from studiolo_desktop.models.library import FileRow
from studiolo_desktop.texts import TEXTS

_STAGES = {"parse": "file.parse", "screen": "file.screen", "embed": "file.embed", "write": "file.write"}
_ENDS = {
    "queued": "file.queued",
    "paused": "file.paused",
    "added": "file.added",
    "updated": "file.updated",
    "unchanged": "file.unchanged",
    "failed": "file.failed",
    "cancelled": "file.cancelled",
}


def file_words(look: Look, row: FileRow) -> str:
    """How far a file is, or how it ended."""
    tr = look.tr
    if row.state == "working":
        words = tr(_STAGES.get(row.stage, "file.working"))
        counted = row.stage in ("parse", "screen", "embed") and row.total > 1
        return f"{words} · {row.done} / {row.total}" if counted else f"{words}…"
    if row.state == "failed" and row.problem is not None:
        sentence = look.sentence(row.problem)
        return f"{sentence.what} {sentence.todo}".strip()
    said = [tr(_ENDS[row.state])]
    if row.problem is not None and row.state in ("added", "updated", "unchanged"):
        reason = reason_words(look, row.problem.code.value)
        said.append(tr("docs.gap", where=tr("docs.partial"), reason=reason))
    return "  ·  ".join(said + _counts(look, row.pages, row.passages))


def document_words(look: Look, document: Document) -> str:
    """How far a document is, what was read of it, what was found in it."""
    tr = look.tr
    said = document_facts(look, document)
    if document.status is DocumentStatus.PARTIAL and document.gaps:
        more = len(document.gaps) - 1
        said.append(gap_words(look, document.gaps[0]) + (f" {tr.count('docs.gaps_more', more)}" if more else ""))
    elif document.reason:
        said.append(look.sentence(problem_of_reason(document.reason, {"path": document.path})).what)
    if document.redactions:
        said.append(tr.hidden(document.redactions))
    return "  ·  ".join(said)


def document_facts(look: Look, document: Document) -> list[str]:
    """How far a document is, where it is not read in full, and how long."""
    facts: list[str] = []
    if document.status is not DocumentStatus.READY:
        facts.append(look.tr(f"docs.{document.status.value}"))
    return facts + _counts(look, document.pages, document.passages)


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


def _counts(look: Look, pages: int, passages: int) -> list[str]:
    counts = [look.tr.count("docs.pages", pages)] if pages else []
    return [*counts, look.tr.count("docs.passages", passages)] if passages else counts
