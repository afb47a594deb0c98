"""What the filter has found in a document, as a report: `knowledge` and `privacy` joined. Pure; any thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from studiolo.conversation.turn import library_scope
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policy import Policy
from studiolo.types import Document, DocumentReport, Finding, Passage


def document_report(
    document: Document, passages: Sequence[Passage], *, screener: PrivacyFilter, rules: Policy
) -> DocumentReport:
    """Types, counts and pages of a document with these passages, and what `rules` make of each type."""
    scope = library_scope(document.library)
    counts: Counter[str] = Counter()
    pages: dict[str, set[int]] = {}
    for passage in passages:
        if passage.spans is not None:
            for span in screener.refine(passage.text, passage.spans, library_id=scope):
                counts[span.type] += 1
                pages.setdefault(span.type, set()).update({passage.page} if passage.page else ())
    if not passages:  # refused: what for is all that was kept
        counts.update({found.type: found.count for found in document.redactions})
    return DocumentReport(
        document_id=document.id,
        library=document.library,
        findings=tuple(
            Finding(kind, counts[kind], rules.action(kind, "passage").value, tuple(sorted(pages.get(kind, ()))))
            for kind in sorted(counts)
        ),
        passages=len(passages),
        unscreened=sum(passage.spans is None for passage in passages),
    )
