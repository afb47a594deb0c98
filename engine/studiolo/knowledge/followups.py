"""Whether a question leans on what was asked before it. Pure functions, any thread."""

from __future__ import annotations

import re

from studiolo.knowledge.language import language_of

_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|that|this|those|these|he|she|his|her|there|then|same|one|ones|else|also|again)\b"
    r"|^(?:and|but|so|what about|how about|why)\b"
    r"|[它他她这那其此]|呢|^(?:那|还|为什么)",
    re.IGNORECASE,
)
_SHORT_QUESTION = 4  # words, below which a question can hardly stand alone


def leans_on_earlier(query: str) -> bool:
    """Whether a question points back at what was said before, or is too short to stand alone."""
    words = len(query.split()) if language_of(query) != "zh" else len(query) // 2
    return words < _SHORT_QUESTION or _LEANING.search(query.strip()) is not None
