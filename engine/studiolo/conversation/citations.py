"""Which passage each statement of an answer rests on, and the very words that carry it.

Works on the screened texts, as the model saw them. A quote is a stretch of the passage itself, so it always stands
there; it is *verified* when it carries the statement: most of the statement's content words, and all of its numbers
and pseudonyms, stand in it or right beside it. A statement that names no passage is matched to the best one.

Content words are words of three letters and more, numbers, and pairs of Han characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

VERIFIED_SHARE = 0.5  # of a statement's content words, found in the quote
WIDEST_QUOTE = 4  # sentences
UNMARKED_SHARE = 0.6  # the same for a statement without a marker: here the passage is our guess, so more is asked
UNMARKED_WORDS = 3  # fewer content words are in too many passages
_MARKER = re.compile("[\\[【]\\s*\\d{1,2}(?:\\s*[,\uff0c、]\\s*\\d{1,2})*\\s*[\\]】]")
_NUMBER_IN_MARKER = re.compile(r"\d{1,2}")
_STOP = "。!?;\uff01\uff1f\uff1b"  # what always ends a sentence
# A full stop ends one before a blank, but not after a title, an initial or a common abbreviation.
_FULL_STOP = r"(?<!\b[A-Z])(?<!\b(?:Dr|Mr|Ms|St|No|vs|pp))(?<!\b(?:Mrs|Inc|Ltd|etc|e\.g|i\.e|a\.m|p\.m))\.(?=\s|$)"
_STATEMENT = re.compile(rf"(?:(?!{_FULL_STOP})[^{_STOP}\n])*(?:[{_STOP}]+|\n+|{_FULL_STOP}|$)")
_SENTENCE_END = re.compile(rf"[{_STOP}]+|{_FULL_STOP}|\n{{2,}}|$")
# A line break ends a sentence only where it ends a row: in tables and lists.
_ROW = re.compile(r"\s*(?:[-*\u2022\u00b7]|\d{1,2}[.)\u3001])\s|.*\|")
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_FUNCTION_HAN = re.compile("[的是了在和与为有也就都而及或这那其]")
_PSEUDONYM = re.compile(r"[\[<{⟦]?[A-Z][A-Za-z]*_[A-Z]?\d+[\]>}⟧]?")
_COMMON = frozenset(
    {
        "the",
        "and",
        "for",
        "are",
        "was",
        "were",
        "with",
        "that",
        "this",
        "from",
        "not",
        "has",
        "have",
        "had",
        "its",
        "into",
        "per",
        "any",
        "all",
        "shall",
        "will",
        "must",
        "may",
        "can",
        "you",
        "your",
        "they",
        "their",
        "there",
        "here",
        "which",
        "who",
        "what",
        "when",
        "where",
        "how",
        "than",
        "then",
        "also",
        "each",
        "such",
        "only",
        "other",
        "more",
    }
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """`passages[index][start:end]` is the quote for the statements marked `marker` (index + 1)."""

    index: int
    start: int
    end: int
    verified: bool

    @property
    def marker(self) -> int:
        """The number in the answer."""
        return self.index + 1


def check(answer: str, passages: Sequence[str]) -> tuple[Evidence, ...]:
    """One piece of evidence for each passage the answer rests on, in order of first mention."""
    best: dict[int, tuple[float, Evidence]] = {}
    for statement, markers in statements(answer):
        words = content_words(statement)
        if not words:
            continue
        named = [number - 1 for number in markers if 1 <= number <= len(passages)]
        scored = [(_best_quote(words, statement, passages[index]), index) for index in named or range(len(passages))]
        if not named:
            scored = [max(scored, key=lambda item: item[0][0])] if scored else []
        for (share, start, end, complete), index in scored:
            if not named and (share < UNMARKED_SHARE or not complete or len(words) < UNMARKED_WORDS):
                continue
            evidence = Evidence(index, start, end, verified=share >= VERIFIED_SHARE and complete)
            if index not in best or (evidence.verified, share) > (best[index][1].verified, best[index][0]):
                best[index] = (share, evidence)
    return tuple(evidence for _, evidence in best.values())


def statements(answer: str) -> list[tuple[str, tuple[int, ...]]]:
    """The answer's sentences without their markers, each with the numbers it names.

    A marker after the full stop belongs to the sentence before it.
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    for match in _STATEMENT.finditer(answer):
        raw = match.group()
        if not raw.strip():
            continue
        markers = tuple(int(n) for marker in _MARKER.finditer(raw) for n in _NUMBER_IN_MARKER.findall(marker.group()))
        text = _MARKER.sub("", raw).strip()
        leading = _MARKER.match(raw.lstrip())
        if found and leading and markers:
            first = tuple(int(n) for n in _NUMBER_IN_MARKER.findall(leading.group()))
            found[-1] = (found[-1][0], (*found[-1][1], *first))
            markers = markers[len(first) :]
        if text:
            found.append((text, markers))
    return found


def has_markers(answer: str) -> bool:
    """Whether the model has named a passage itself."""
    return _MARKER.search(answer) is not None


def without_markers(answer: str) -> str:
    """The answer without the numbers of its passages, which mean nothing in a later turn."""
    return _MARKER.sub("", answer).rstrip()


def content_words(text: str) -> frozenset[str]:
    """What a sentence is about, folded for comparison."""
    words: set[str] = set()
    for run in _HAN.findall(text):
        for stretch in _FUNCTION_HAN.split(run):
            words.update(stretch[i : i + 2] for i in range(len(stretch) - 1))
            if len(stretch) == 1:
                words.add(stretch)
    for word in _WORD.findall(_HAN.sub(" ", text)):
        folded = word.casefold().replace(",", "")  # 6,800 and 6800 are one number
        if any(char.isdigit() for char in folded):
            words.add(folded)
        elif len(folded) > 2 and folded not in _COMMON:
            words.add(_stem(folded))
    return frozenset(words)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences and table rows of `text`, without surrounding blanks."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
        spans.extend(_rows(text, start, end))
        start = end
    return spans


def _rows(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The rows of a table or list between `start` and `end`, or the whole stretch as one."""
    lines = text[start:end].splitlines(keepends=True)
    rows = [""]
    for line in lines:
        if _ROW.match(line) or (rows[-1] and _ROW.match(rows[-1])):
            rows.append(line)
        else:
            rows[-1] += line
    for row in rows:
        stripped = row.strip()
        if stripped:
            offset = start + len(row) - len(row.lstrip())
            yield offset, offset + len(stripped)
        start += len(row)


def _best_quote(words: frozenset[str], statement: str, passage: str) -> tuple[float, int, int, bool]:
    """(share of the words found, start, end, whether all numbers and pseudonyms are there) of the best quote:
    one sentence, or a few neighbouring ones where one does not carry the statement."""
    spans = sentences(passage)
    exact = {word for word in words if any(char.isdigit() for char in word)} | set(_PSEUDONYM.findall(statement))
    best = (0.0, 0, min(len(passage), 1), False)
    for size in range(1, WIDEST_QUOTE + 1):
        for first in range(len(spans) - size + 1):
            start, end = spans[first][0], spans[first + size - 1][1]
            quote = passage[start:end]
            quote_words = content_words(quote)
            share = len(words & quote_words) / len(words)
            complete = all(item in quote_words or item in quote for item in exact)
            score = share - 0.08 * (size - 1)  # each further sentence must bring something
            if (complete, score) > (best[3], best[0]):
                best = (score, start, end, complete)
    return best


def _stem(word: str) -> str:
    """English endings that a paraphrase changes most: plural, -ed, -ing. Rough on purpose."""
    for ending in ("ing", "ed", "es", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and not word[0].isdigit():
            return word[: -len(ending)]
    return word
