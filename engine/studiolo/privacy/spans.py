"""Overlaps resolved once and by rule: proven beats secret beats longer beats higher score. Two values never merge.

What a beaten name, address or secret has left outside the winner stays covered by a span of its own, so that no
character of a value is exposed because another value was found beside it. Pure functions. Any thread.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from itertools import accumulate

from studiolo.privacy.recognizers.base import Match

SECRET = "SECRET"  # noqa: S105 - a type's name
_KEEPS_REST = frozenset({"PERSON", "ADDRESS", SECRET})
_WEAK = frozenset({"LOCATION", "ORGANIZATION"})
_FINDINGS = frozenset({"DATE_TIME", "AGE", "NRP", "TITLE", "ZIP_CODE", "DOMAIN_NAME"})
_GUESS = 0.5
_MODELS = frozenset({"PERSON", "LOCATION", "ORGANIZATION"})


def _rank(match: Match) -> tuple[bool, bool, bool, int, float, bool, int, str]:
    return (
        match.proven,
        match.type == SECRET,
        match.type not in _MODELS,  # a model's name that runs into a number must not uncover it
        match.end - match.start,
        match.score,
        match.type not in _WEAK,
        -match.start,
        match.type,  # so that a tie is decided the same way in every process
    )


def resolve(text: str, matches: Iterable[Match]) -> list[Match]:
    """The matches that stand, in order of start; none overlaps another."""
    chosen: list[Match] = []  # in order of start; as they do not overlap, also of end
    for match in sorted(set(matches), key=_rank, reverse=True):
        rivals = _overlapping(chosen, match.start, match.end)
        if not rivals:
            insort(chosen, match, key=_start)
        elif match.type in _KEEPS_REST:
            for part in _rest(text, match, rivals):
                insort(chosen, part, key=_start)
    return chosen


def _start(match: Match) -> int:
    return match.start


def _overlapping(chosen: list[Match], start: int, end: int) -> list[Match]:
    """Those of `chosen` that share a character with the stretch."""
    first = bisect_right(chosen, start, key=_start)
    if first and chosen[first - 1].end > start:
        first -= 1
    return chosen[first : bisect_left(chosen, end, key=_start)]


def _rest(text: str, match: Match, rivals: list[Match]) -> list[Match]:
    """The parts of a beaten match that no winner covers: with two letters at least, or any at all of a secret."""
    kept = []
    edges = sorted((rival.start, rival.end) for rival in rivals)
    start = match.start
    for first, last in [*edges, (match.end, match.end)]:
        left, right = start, min(first, match.end)
        while left < right and not text[left].isalnum():
            left += 1
        while right > left and not text[right - 1].isalnum():
            right -= 1
        # Between two rivals: nothing else stands there.
        if right > left and (match.type == SECRET or sum(c.isalpha() for c in text[left:right]) >= 2):
            kept.append(Match(match.type, left, right, match.score))
        start = max(start, last)
    return kept


def drop_swallowed(matches: Iterable[Match]) -> list[Match]:
    """A model's name that merely wraps a rule's value (an e-mail address, a number) is no name."""
    found = list(matches)
    ruled = sorted((match.start, match.end) for match in found if match.type not in _MODELS)
    starts = [start for start, _ in ruled]
    furthest = list(accumulate((end for _, end in ruled), max))

    def swallowed(match: Match) -> bool:
        before = bisect_right(starts, match.start)
        return bool(before) and furthest[before - 1] >= match.end

    return [match for match in found if match.type not in _MODELS or not swallowed(match)]


def yielding(matches: Iterable[Match]) -> list[Match]:
    """The matches without those that must give way: a date that wraps a number hides it from the policy.

    Findings that are not personal by themselves, and guesses from context alone, yield to every other match that they
    touch, however short it is; a finding yields to nothing that is only a guess.
    """
    found = list(matches)
    firm = [m for m in found if m.score > _GUESS and m.type not in _FINDINGS]
    findings = _clear(found, lambda m: m.type in _FINDINGS, of=firm)
    guesses = _clear(found, lambda m: m.score <= _GUESS and m.type not in _FINDINGS, of=[*firm, *findings])
    return [*firm, *findings, *guesses]


def _clear(found: list[Match], chosen: Callable[[Match], bool], *, of: list[Match]) -> list[Match]:
    """Those chosen that share no character with any match in `of`."""
    taken = sorted((m.start, m.end) for m in of)
    starts = [start for start, _ in taken]
    furthest = list(accumulate((end for _, end in taken), max))

    def free(match: Match) -> bool:
        before = bisect_left(starts, match.end)
        return not before or furthest[before - 1] <= match.start

    return [m for m in found if chosen(m) and free(m)]
