"""Overlaps resolved once and by rule: proven beats secret beats longer beats higher score. Two values never merge.

What a beaten name or address has left outside the winner stays covered by a span of its own, so that no character
of a value is exposed because another value was found beside it. Pure functions. Any thread.
"""

from __future__ import annotations

from collections.abc import Iterable

from studiolo.privacy.recognizers.base import Match

SECRET = "SECRET"  # noqa: S105 - a type's name
_KEEPS_REST = frozenset({"PERSON", "ADDRESS"})
_WEAK = frozenset({"LOCATION", "ORGANIZATION"})
_MODELS = frozenset({"PERSON", "LOCATION", "ORGANIZATION"})


def _rank(match: Match) -> tuple[bool, bool, int, float, bool, int]:
    return (
        match.proven,
        match.type == SECRET,
        match.end - match.start,
        match.score,
        match.type not in _WEAK,
        -match.start,
    )


def resolve(text: str, matches: Iterable[Match]) -> list[Match]:
    """The matches that stand, in order of start; none overlaps another."""
    waiting = sorted(set(matches), key=_rank)
    chosen: list[Match] = []
    while waiting:
        match = waiting.pop()
        rivals = [other for other in chosen if other.start < match.end and match.start < other.end]
        if not rivals:
            chosen.append(match)
            continue
        if match.type in _KEEPS_REST:
            chosen.extend(_rest(text, match, rivals, chosen))
    return sorted(chosen, key=lambda match: match.start)


def _rest(text: str, match: Match, rivals: list[Match], chosen: list[Match]) -> list[Match]:
    """The parts of a beaten match that no winner covers and that still hold at least two letters."""
    kept = []
    edges = sorted((rival.start, rival.end) for rival in rivals)
    start = match.start
    for first, last in [*edges, (match.end, match.end)]:
        left, right = start, min(first, match.end)
        while left < right and not text[left].isalnum():
            left += 1
        while right > left and not text[right - 1].isalnum():
            right -= 1
        if sum(c.isalpha() for c in text[left:right]) >= 2 and not any(
            other.start < right and left < other.end for other in chosen
        ):
            kept.append(Match(match.type, left, right, match.score))
        start = max(start, last)
    return kept


def drop_swallowed(matches: Iterable[Match]) -> list[Match]:
    """A model's name that merely wraps a rule's value (an e-mail address, a number) is no name."""
    found = list(matches)
    ruled = [match for match in found if match.type not in _MODELS]
    return [
        match
        for match in found
        if match.type not in _MODELS or not any(r.start <= match.start and match.end <= r.end for r in ruled)
    ]
