"""Which language a text is in, by its script, and where its sentences end. Pure functions, any thread."""

from __future__ import annotations

import re
import unicodedata

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’][A-Za-z]+)?")
_OTHER_WORD = re.compile("[\u0370-\u1fff]+")

# A sentence's end: Chinese marks end one at once; a full stop must be followed by blank and a capital, digit or quote.
_END = re.compile(
    r"[。！？；…]+[”’」』）)\]]*"
    r"|[.!?]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]?[A-ZÀ-Þ0-9\u3400-\u9fff])"
    r"|\n{2,}|\n(?=[-*•·–◦▪(\dA-Z\u3400-\u9fff])"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|cf|al|No|Nos|Art|Fig|Figs|Eq|Sec|Ch|Vol|pp?|Inc|Ltd|Co|Corp|"
    r"approx|dept|est|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z])\.$"
)


def language_of(text: str) -> str:
    """ "zh" if Han dominates, "en" if Latin words do, "" where neither does (figures, kana, Cyrillic, ...).

    A Han character is counted as one word, about what it weighs in meaning against a Latin word. Languages written in
    Latin script are not told apart.
    """
    han = len(HAN.findall(text))
    latin = len(_LATIN_WORD.findall(text))
    others = len(_KANA_HANGUL.findall(text)) + len(_OTHER_WORD.findall(text))
    if others > max(han, latin) * 0.3:
        return ""
    if han and han >= latin:
        return "zh"
    return "en" if latin else ""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """`text` cut into sentences that follow one another without a gap; each ends after its mark and blanks."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if match.group().startswith(".") and _ABBREVIATION.search(text, max(start, match.end() - 12), match.end()):
            continue
        end = match.end()
        while end < len(text) and text[end].isspace():
            end += 1
        if text[start:end].strip():
            spans.append((start, end))
            start = end
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def fold(text: str) -> str:
    """`text` as it is compared: compatibility forms unified (full-width letters and digits too), lower case."""
    return unicodedata.normalize("NFKC", text).lower()
