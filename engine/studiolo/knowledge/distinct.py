"""From passages in order to results: each a place of its own, and no document crowding out the others.

Pure functions, any thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from studiolo.types import Passage

_BLANKS = 2  # between two passages that follow one another: what chunking trims off
_JOINS = 0.75  # share of a passage's score from which its neighbour belongs to the same place


def places(
    scores: Mapping[str, float], passages: Mapping[str, Passage], *, limit: int, crowding: float
) -> list[tuple[Passage, float]]:
    """At most `limit` places, best first, with their scores.

    The same text (copies of one document) is given once. A passage that follows on one already taken, or comes right
    before it, on the same page, is no place of its own: it is joined to it where it fits nearly as well, else left out.
    `crowding` is taken off a passage's score for each place its document already has.
    """
    left = sorted(scores, key=lambda key: (-scores[key], key))
    taken: list[tuple[Passage, float]] = []
    texts: set[str] = set()
    held: Counter[str] = Counter()
    while left and len(taken) < limit:
        best = max(left, key=lambda key: scores[key] - crowding * held[passages[key].document_id])
        left.remove(best)
        passage = passages[best]
        if passage.text in texts:
            continue
        texts.add(passage.text)
        neighbour_at = next((at for at, (other, _) in enumerate(taken) if follows(other, passage)), None)
        if neighbour_at is None:
            held[passage.document_id] += 1
            taken.append((passage, scores[best]))
            continue
        other, score = taken[neighbour_at]
        if scores[best] >= _JOINS * score and other.id in passages and passages[other.id].text == other.text:
            taken[neighbour_at] = (joined(other, passage), score)
    return taken


def follows(first: Passage, second: Passage) -> bool:
    """Whether two passages stand next to one another on one page of one document."""
    if first.document_id != second.document_id or (first.page, first.page_end) != (second.page, second.page_end):
        return False
    before, after = (first, second) if first.start <= second.start else (second, first)
    return 0 <= after.start - before.end <= _BLANKS


def joined(best: Passage, other: Passage) -> Passage:
    """Two neighbours as one stretch of the document; it is known by the better one's id."""
    before, after = (best, other) if best.start <= other.start else (other, best)
    gap = after.start - before.end
    text = before.text + ("\n" if gap > 1 else " ") * gap + after.text
    offset = after.start - before.start
    spans = None
    if before.spans is not None and after.spans is not None:
        moved = (replace(span, start=span.start + offset, end=span.end + offset) for span in after.spans)
        spans = (*before.spans, *moved)
    stale = spans is None and all(one.stale or one.spans is not None for one in (before, after))
    return replace(best, start=before.start, end=after.end, text=text, spans=spans, stale=stale)
