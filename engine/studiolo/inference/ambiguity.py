"""How many ways a grammar leaves to read a character: llama.cpp follows each of them apart, through a whole token.

Under `("-"+)+` a token of eighty dashes is looked at in 2^80 ways, and nothing can interrupt that. The language of a
grammar does not change where such tokens are left out: what they say can be said in shorter ones. Threads: any.

Source: llama.cpp, src/llama-grammar.cpp (llama_grammar_reject_candidates).
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from typing import Any

from studiolo.errors import UserError
from studiolo.inference.grammar import Parsed

MOST_READINGS = 4096  # of one token: some 10 ms
_MOST_NUMBERS = 5_000_000  # rules times classes of characters; above, everything counts as ambiguous
_MOST_WAYS = 16  # of one character; what has as many counts as having MOST_READINGS


class Readings:
    """The ways to read each character at the worst place of a grammar."""

    def __init__(self, grammar: str) -> None:
        """A grammar that is not understood here counts as one that leaves one way."""
        import numpy as np

        self._borders = np.array([0])
        self._ways = np.array([1.0])
        try:
            parsed = Parsed(grammar)
        except UserError:
            return
        borders = sorted({0, *(edge for ranges in parsed.choices for a, b in ranges for edge in (a, b + 1))})
        self._borders = np.array(borders)
        ways = np.maximum(_ways(parsed, borders), 1.0)
        self._ways = np.where(ways < _MOST_WAYS, ways, MOST_READINGS)

    @property
    def ambiguous(self) -> bool:
        """Whether any character can be read in more than one way somewhere."""
        return bool((self._ways > 1).any())

    def short_enough(self, characters: Any, starts: Any) -> Any:
        """Which texts have few enough readings: bool (texts,).

        `characters`: code points of all texts, one behind another; `starts`: where each begins; none is empty.
        """
        import numpy as np

        of_class = np.log(self._ways)[np.searchsorted(self._borders, characters, side="right") - 1]
        return np.add.reduceat(of_class, starts) <= math.log(MOST_READINGS)


@functools.lru_cache(maxsize=16)
def readings(grammar: str) -> Readings:
    """`Readings`, kept: that of a large grammar takes a second, which a request's own thread should spend."""
    return Readings(grammar)


def _ways(parsed: Parsed, borders: list[int]) -> Any:
    """The largest number of ways to go on by a character of each class, float (classes,)."""
    import numpy as np

    classes = len(borders)
    if (len(parsed.rules) + len(parsed.choices)) * classes > _MOST_NUMBERS:
        return np.full(classes, _MOST_WAYS, dtype=np.float32)
    choices = np.zeros((len(parsed.choices), classes), dtype=np.float32)
    for number, ranges in enumerate(parsed.choices):
        for first, last in ranges:
            choices[number, bisect_left(borders, first) : bisect_left(borders, last + 1)] = 1
    begins = _begins(parsed, choices)
    nothing = np.zeros(classes, dtype=np.float32)
    most = begins[parsed.root]
    users: list[list[tuple[int, Any, bool]]] = [[] for _ in parsed.rules]  # of each rule: in which, what follows there
    ends = [nothing for _ in parsed.rules]  # the most that can follow a character that may end each rule
    ending = [False] * len(parsed.rules)
    for rule, sequence in ((rule, sequence) for rule, all_of in enumerate(parsed.rules) for sequence in all_of):
        rest, open_end = nothing, True
        for element in reversed(sequence):
            if element >= 0:
                users[element].append((rule, rest, open_end))
                passes = parsed.empty[element]
                rest = np.minimum(begins[element] + rest, _MOST_WAYS) if passes else begins[element]
            else:
                most = np.maximum(most, rest)
                if open_end:
                    ends[rule], ending[rule] = np.maximum(ends[rule], rest), True
                passes, rest = False, choices[-1 - element]
            open_end = open_end and passes
    behind = _behind(users, nothing)
    for rule, rest in enumerate(ends):
        if ending[rule]:
            most = np.maximum(most, np.minimum(rest + behind[rule], _MOST_WAYS))
    return most


def _begins(parsed: Parsed, choices: Any) -> list[Any]:
    """Of each rule, the ways to begin it."""
    import numpy as np

    begins = [np.zeros(choices.shape[1], dtype=np.float32) for _ in parsed.rules]
    for rule in parsed.order:
        for sequence in parsed.rules[rule]:
            for element in sequence:
                begins[rule] += choices[-1 - element] if element < 0 else begins[element]
                if element < 0 or not parsed.empty[element]:
                    break
        begins[rule] = np.minimum(begins[rule], _MOST_WAYS)
    return begins


def _behind(users: list[list[tuple[int, Any, bool]]], nothing: Any) -> list[Any]:
    """Of each rule, the most ways to go on behind it, wherever it stands."""
    import numpy as np

    used: list[set[int]] = [set() for _ in users]  # of each rule, those that stand in it
    for rule, places in enumerate(users):
        for user, *_ in places:
            used[user].add(rule)
    behind = [nothing] * len(users)
    todo = set(range(len(users)))
    while todo:
        rule = todo.pop()
        most: Any = behind[rule]
        for user, rest, open_end in users[rule]:
            most = np.maximum(most, np.minimum(rest + behind[user], _MOST_WAYS) if open_end else rest)
        if (most > behind[rule]).any():
            behind[rule] = most
            todo |= used[rule]
    return behind
