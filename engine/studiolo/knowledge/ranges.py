"""Passages' numbers as runs: a document's passages have numbers in a row, so that a few runs name thousands. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = list[tuple[int, int]]
"""Runs of numbers, first and last included, in order."""


def runs(numbers: Iterable[int]) -> Ranges:
    """Numbers as runs, each once."""
    found: Ranges = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
