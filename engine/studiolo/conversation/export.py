"""A conversation as it may leave the program: every text screened by the policy's direction `export`.

Tokens in answers are put back first, so that what the policy allows in exports stands there as it is, and the rest is
masked. A type that the policy blocks there refuses the whole. Threads: any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from studiolo.conversation.history import History, StoredTurn
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import Citation, ConversationExport, ExportedCitation, ExportedTurn, Redaction

_TOGETHER = 32  # texts that the filter looks at at a time


def export_conversation(
    conversation_id: str, history: History, screener: PrivacyFilter, *, scope: str
) -> ConversationExport:
    """The conversation with the turns of all its branches; `scope`: whose pseudonyms it has.

    Raises UserError(unknown_conversation), PolicyBlock.
    """
    conversation = history.conversation(conversation_id)
    turns = history.all_turns(conversation_id)
    shown = {row.turn.id for row in history.turns(conversation_id)}
    texts = [conversation.title, conversation.library]
    for row in turns:
        texts += [row.turn.question, screener.with_values(row.turn.answer, library_id=scope)]
        for cited in row.turn.citations:
            texts += [cited.document, cited.label, cited.quote]
    counts = Counter[str]()
    written = _screened(texts, screener, scope, counts)
    title, library = next(written), next(written)
    exported = tuple(_turn(row, written, shown=row.turn.id in shown) for row in turns)
    return ConversationExport(
        conversation.id,
        title,
        library,
        conversation.created_at,
        conversation.updated_at,
        exported,
        Redaction.of(counts),
    )


def _screened(texts: Sequence[str], screener: PrivacyFilter, scope: str, counts: Counter[str]) -> Iterator[str]:
    """The texts as they may be written out, in order; what was masked in them is counted."""
    for start in range(0, len(texts), _TOGETHER):
        some = texts[start : start + _TOGETHER]
        for text, spans in zip(some, screener.spans_batch(some), strict=True):
            screened = screener.screen(text, library_id=scope, spans=spans, direction="export")
            counts.update({redaction.type: redaction.count for redaction in screened.redactions})
            yield screened.text


def _turn(row: StoredTurn, written: Iterator[str], *, shown: bool) -> ExportedTurn:
    turn = row.turn
    question, answer = next(written), next(written)
    citations = tuple(_citation(cited, written) for cited in turn.citations)
    return ExportedTurn(
        turn.id, turn.follows, shown, question, answer, turn.state, turn.model, turn.created_at, citations
    )


def _citation(cited: Citation, written: Iterator[str]) -> ExportedCitation:
    document, label, quote = next(written), next(written), next(written)
    return ExportedCitation(cited.marker, document, cited.page, quote, cited.verified, label)
