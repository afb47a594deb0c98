"""How surely results answer a question, 0..1, so that "nothing fits" can be said honestly.

A search always finds something; whether it fits shows in how many of the question's words stand together in one place,
and in how far the passage stands out of those that are merely near. The weights are a logistic regression over XQuAD's
questions asked of a library with and without their paragraph (see `make bench SUITE=retrieval`). Pure functions, any
thread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studiolo.knowledge.chunking import context_of
from studiolo.knowledge.language import language_of
from studiolo.knowledge.seams import Found
from studiolo.knowledge.wording import wording
from studiolo.types import Hit, Passage

_LOOKED_AT = 3  # the best places; the answer is hardly ever further down
_BACKGROUND = 20  # passages near the question from which on their later half is a background
READ = 8
"""Places whose words weigh a question's words: what most of them have says nothing."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Log-odds of an answer: a sum of signs."""

    start: float
    nearness: float = 0.0
    together: float = 0.0
    anywhere: float = 0.0


_LINES: Mapping[tuple[str, bool], _Line] = {
    # by the language of the question, and whether meaning was measured
    ("en", True): _Line(-7.8, nearness=8.6, together=11.8),
    ("en", False): _Line(-4.7, together=13.2),
    ("zh", True): _Line(-5.9, nearness=8.5, together=8.5, anywhere=9.3),
    ("zh", False): _Line(-3.7, together=5.7, anywhere=16.6),
}
_ACROSS = _Line(-2.8, nearness=14.6)  # words cannot tell; three times in ten it is wrong


def nearness(found: Sequence[Found]) -> dict[str, float]:
    """How far each passage stands out of the background towards being the question itself, by id; {} where too few
    were found to tell."""
    if len(found) < _BACKGROUND:
        return {}
    scores = sorted((entry.score for entry in found), reverse=True)
    later = scores[len(scores) // 2 :]
    level = sum(later) / len(later)
    return {entry.passage.id: (entry.score - level) / max(1.0 - level, 1e-6) for entry in found}


def graded(question: str, places: Sequence[tuple[Passage, float]], near: Mapping[str, float]) -> list[Hit]:
    """The places as hits: the best has the chance that it answers, the others a share of it."""
    if not places:
        return []
    surely = chance(question, [passage for passage, _ in places], near)
    best = max(places[0][1], 1e-9)
    return [Hit(passage, surely * min(1.0, max(score, 0.0) / best)) for passage, score in places]


def chance(question: str, passages: Sequence[Passage], near: Mapping[str, float]) -> float:
    """The chance that one of the best `passages` answers."""
    line, signs = signs_of(question, passages, near)
    odds = line.start + line.nearness * signs[0] + line.together * signs[1] + line.anywhere * signs[2]
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))


def signs_of(
    question: str, passages: Sequence[Passage], near: Mapping[str, float]
) -> tuple[_Line, tuple[float, float, float]]:
    """What speaks for an answer (nearness, words together, words anywhere), each the best of the first places."""
    texts = {passage.id: (context_of(passage.heading, passage.text), passage.text) for passage in passages[:READ]}
    words = wording(question, texts)
    first = passages[:_LOOKED_AT]
    language = language_of(question) or "en"
    stands_out = max((near.get(passage.id, 0.0) for passage in first), default=0.0)
    together = max(words[passage.id].together for passage in first)
    anywhere = max(words[passage.id].anywhere for passage in first)
    if near and first[0].language not in (language, "") and first[0].id in near:
        return _ACROSS, (stands_out, together, anywhere)
    return _LINES[language, bool(near)], (stands_out, together, anywhere)
