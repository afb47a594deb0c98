"""The few lines of the passages that fit a question best, to be quoted right before it.

Passages that were read ahead have not seen one another nor the question; a line or two repeated next to the question
bring back what that costs (`make bench SUITE=stored`). Works on the screened texts. Pure functions, any thread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from studiolo.conversation.citations import content_words, sentences

LINES = 2
LONGEST = 400  # characters of a line; a longer one is no line but a paragraph without a full stop
_SHORTEST = 8
ENOUGH = 0.3  # of the weight of the question's words: a line that holds less says more of something else
AS_GOOD = 0.8  # of the best line's weight: one that holds less seldom brings what the best does not
_PSEUDONYM = re.compile(r"<([A-Z]+)_([0-9]+)[A-Z]*>")  # all forms of a person's name are one word here


def best_lines(question: str, passages: Sequence[str], *, count: int = LINES) -> tuple[str, ...]:
    """At most `count` sentences or rows of the passages (best passage first), in the order in which they fit.

    A sentence counts for the words of the question that it holds, rare ones more; it must hold ENOUGH of them and be
    AS_GOOD as the best. That of a better passage wins a tie.
    """
    asked = _words(question)
    lines = [
        (text[start:end], _words(text[start:end]))
        for text in passages
        for start, end in sentences(text)
        if _SHORTEST <= end - start <= LONGEST
    ]
    asked &= frozenset(word for _, words in lines for word in words)  # a word that no line holds tells none apart
    if not asked:
        return ()
    weights = {word: math.log(1 + len(lines) / (1 + sum(word in words for _, words in lines))) for word in asked}
    scored = [(sum(weights[word] for word in asked & words), -place, line) for place, (line, words) in enumerate(lines)]
    scored.sort(reverse=True)
    enough = max(ENOUGH * sum(weights.values()), AS_GOOD * scored[0][0])
    chosen: list[str] = []
    for score, _, line in scored:
        if score < enough or len(chosen) == count:
            break
        if line not in chosen:
            chosen.append(line)
    return tuple(chosen)


def _words(text: str) -> frozenset[str]:
    return content_words(_PSEUDONYM.sub(r" \1\2 ", text))
