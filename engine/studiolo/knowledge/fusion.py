"""From what several ways of searching found to one order: legs as scores 0..1, and their weighted mean.

LanceDB's fusion has no weights, and a leg that does not know the language pulls the other down with it: so a leg that
cannot know is left out, not weighed low. Scores are fused, not ranks: a passage far ahead of the rest stays ahead.
Pure functions, any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from studiolo.knowledge.seams import Found
from studiolo.types import Passage

_MANY = 20  # passages
_LEAST_SPAN = 0.05  # of cosines, between a passage that fits and one that does not (E5)

Leg = dict[str, tuple[Passage, float]]
"""Passages with a score 0..1, by id."""


def fuse(
    keyword: Leg, meaning: Leg, exact: Leg, *, share: Callable[[Passage], float], exact_weight: float
) -> dict[str, float]:
    """The weighted mean of what the legs say of each passage, 0..1: `share` goes to keywords, the rest to meaning.

    A leg that found nothing at all has no say.
    """
    extra = exact_weight if exact else 0.0
    scores: dict[str, float] = {}
    for key, passage in passages_of(exact, meaning, keyword).items():
        words = share(passage) if keyword and meaning else 1.0 if keyword else 0.0
        score = words * score_of(keyword, key) + (1.0 - words) * score_of(meaning, key) + extra * score_of(exact, key)
        scores[key] = score / (1.0 + extra)
    return scores


def passages_of(*legs: Leg) -> dict[str, Passage]:
    """All passages of the legs, by id."""
    return {key: passage for leg in legs for key, (passage, _) in leg.items()}


def score_of(leg: Leg, key: str) -> float:
    """What a leg says of a passage: 0 where it did not find it."""
    return leg[key][1] if key in leg else 0.0


def share_of_best(found: Sequence[Found]) -> Leg:
    """BM25 has no upper end: scores as shares of the best one."""
    best = max((entry.score for entry in found), default=0.0)
    return {entry.passage.id: (entry.passage, entry.score / best) for entry in found} if best > 0 else {}


def spread(found: Sequence[Found]) -> Leg:
    """Cosines lie close together (.75 to .9 with E5): scores spread over 0..1 between the last and the best.

    Of a few passages the last is no measure of what does not fit: a small difference between them stays a small one.
    """
    if not found:
        return {}
    best, last = max(entry.score for entry in found), min(entry.score for entry in found)
    span = max(best - last, 1e-6 if len(found) >= _MANY else _LEAST_SPAN)
    return {entry.passage.id: (entry.passage, 1.0 - (best - entry.score) / span) for entry in found}


def merged(first: Leg, second: Leg, *, weight: float) -> Leg:
    """Two legs as one: the second's scores count by `weight` beside the first's."""
    both = {key: (passage, score / (1 + weight)) for key, (passage, score) in first.items()}
    for key, (passage, score) in second.items():
        before = score_of(both, key)
        both[key] = (passage, before + weight * score / (1 + weight))
    return both
