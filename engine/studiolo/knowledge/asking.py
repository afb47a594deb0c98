"""What a question is apart from its words: whether it leans on an earlier one, and which sentences only tell the
answerer how to answer. Pure functions, any thread."""

from __future__ import annotations

import re

from studiolo.knowledge.language import language_of, sentence_spans

_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|that|this|those|these|he|she|his|her|there|then|same|one|ones|else|also|again)\b"
    r"|^(?:and|but|so|what about|how about|why)\b"
    r"|[它他她这那其此]|呢|^(?:那|还|为什么)",
    re.IGNORECASE,
)
_SHORT_QUESTION = 4  # words, below which a question can hardly stand alone
_INSTRUCTION = re.compile(
    r"^(?:if\b.*\b(?:then|please)\b|please\b|(?:then\s+)?(?:answer|explain|state|respond|reply|keep|give|show|list|"
    r"describe|summari[sz]e|quote|cite|use|be)\b)"
    r"|^(?:请|麻烦|如果.{0,30}请)",
    re.IGNORECASE | re.DOTALL,
)


def leans_on_earlier(query: str) -> bool:
    """Whether a question points back at what was said before, or is too short to stand alone."""
    words = len(query.split()) if language_of(query) != "zh" else len(query) // 2
    return words < _SHORT_QUESTION or _LEANING.search(query.strip()) is not None


def question_itself(query: str) -> str:
    """`query` without the sentences that follow its question and say how to answer it ("Please explain briefly."):
    no passage is about them."""
    sentences = [query[start:end].strip() for start, end in sentence_spans(query)]
    asked = next((place for place, text in enumerate(sentences) if text.endswith(("?", "？"))), None)
    if asked is None:
        return query
    kept = [text for place, text in enumerate(sentences) if place <= asked or not _INSTRUCTION.match(text)]
    return " ".join(kept)
