"""How a question's words stand in a passage: together in one place, and next to one another as they were asked.

An index of words (BM25) sees a passage as a bag: a word here and another there weigh like an answer. This looks at the
few passages that are candidates anyway, sentence by sentence. Words are weighed by how few of the candidates have them.
Pure functions, any thread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from studiolo.knowledge.language import fold, sentence_spans

_RUN = re.compile("[a-z0-9\u00df-\u024f]+|[\u3400-\u9fff]+")
_ENDINGS = ("ingly", "edly", "ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "ly", "s")
_STEM_LEAST = 3
_JOINING = """
a an the of in on at to for from by with and or is are was were be been being do does did has have had it its
this that these those as what which who whom whose when where why how much many there their they he she his
her him you your we our i not no can could will would should may might must than then so if but about into
over under between during after before such also other some any all each
"""
_STOP = frozenset(_JOINING.split())


@dataclass(frozen=True, slots=True)
class Wording:
    """Shares 0..1 of the question's words, by weight."""

    anywhere: float = 0.0  # that stand in the passage or its headings
    together: float = 0.0  # that stand within a sentence or two of it
    in_order: float = 0.0  # neighbouring pairs that are neighbours here too


def content_words(text: str) -> tuple[str, ...]:
    """Words without their endings and without those that only join others; Chinese as pairs of characters."""
    words: list[str] = []
    for match in _RUN.finditer(fold(text)):
        run = match.group()
        if run[0] >= "\u3400":
            words.extend((run,) if len(run) == 1 else (run[at : at + 2] for at in range(len(run) - 1)))
        elif run not in _STOP:
            words.append(_stem(run))
    return tuple(words)


def wording(question: str, passages: Mapping[str, tuple[str, str]]) -> dict[str, Wording]:
    """How `question`'s words stand in each of `passages` (context, text), by key."""
    asked = content_words(question)
    if not asked or not passages:
        return {key: Wording() for key in passages}
    read = {key: _read(context, text) for key, (context, text) in passages.items()}
    distinct = tuple(dict.fromkeys(asked))
    holding = dict.fromkeys(distinct, 0)
    for words in read.values():
        for word in distinct:
            holding[word] += word in words.all
    count = len(read)
    weights = {word: math.log(1 + (count - held + 0.5) / (held + 0.5)) for word, held in holding.items()}
    whole = sum(weights.values())
    pairs = list(dict.fromkeys(pairwise(asked)))
    pair_weights = [max(weights[first], weights[second]) for first, second in pairs]
    whole_pairs = sum(pair_weights)

    def share(words: frozenset[str]) -> float:
        return sum(weights[word] for word in distinct if word in words) / whole

    measured = {}
    for key, words in read.items():
        ordered = sum(weight for pair, weight in zip(pairs, pair_weights, strict=True) if pair in words.pairs)
        measured[key] = Wording(
            anywhere=share(words.all),
            together=_together(words.sentences, share),
            in_order=ordered / whole_pairs if pairs else 0.0,
        )
    return measured


@dataclass(frozen=True, slots=True)
class _Read:
    all: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    sentences: tuple[frozenset[str], ...]


def _read(context: str, text: str) -> _Read:
    sentences = [content_words(text[start:end]) for start, end in sentence_spans(text)]
    words = [*content_words(context), *(word for sentence in sentences for word in sentence)]
    return _Read(frozenset(words), frozenset(pairwise(words)), tuple(frozenset(one) for one in sentences))


def _together(sentences: Sequence[frozenset[str]], share: Callable[[frozenset[str]], float]) -> float:
    """The best sentence, counted half alone and half with the one after it."""
    best = 0.0
    for place, sentence in enumerate(sentences):
        alone = share(sentence)
        following = sentences[place + 1] if place + 1 < len(sentences) else frozenset[str]()
        best = max(best, (alone + share(sentence | following)) / 2)
    return best


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LEAST:
            return word[: -len(ending)]
    return word
