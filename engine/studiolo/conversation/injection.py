"""Passages that try to give orders to whoever answers from them.

What stands in a document is data. A passage that speaks to the model ("ignore the previous instructions", 你现在是...,
a forged turn, text made of invisible letters) is flagged: the prompt says so before it, and so do its source and its
citations to the reader. Nothing is withheld: a report on such attacks must stay readable.

Rules look for orders, not for words: a verb that stands where an order stands, not "an attacker asks it to ignore",
not "if you have the older model, ignore the previous instructions", and not a phrase quoted as an example. Whoever
knows the rules can write around them; they are a warning, while the prompt's form is what keeps data and orders apart.
Pure functions. Any thread.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from studiolo.conversation.injection_rules import CHINESE, ENGLISH, TO_AI_ZH
from studiolo.privacy.normalize import fold
from studiolo.types import Passage

_KEPT = 2048  # verdicts remembered, for passages that come again

_SPELT = re.compile(r"(?:(?<![a-z])[a-z][ ._\-*|]){6,}[a-z](?![a-z])")
_SPELT_ORDERS = re.compile(
    r"(?:ignore|disregard|forget|override)(?:all|the|your|any|of)*(?:previous|prior|above|earlier|system)*"
    r"(?:instructions?|prompts?|rules)|reveal(?:the|your)*systemprompt|youarenow(?:dan|an?unrestricted)|donottelltheuser"
)
_QUOTED = re.compile(
    r"(?:such as|like|e\.g\.|for example|for instance|phrases?|strings?|words?|wrote|writes|says?|said|reads?|"
    r"sentences?|commands?|"
    r"titled|called|example|contain(?:s|ing|ed)?|hid(?:es|den|ing)?|insert(?:s|ed|ing)?|attacks?|attackers?|injections?|"
    r"诸如|例如|比如|譬如|像|所谓|写着|写道|写有|写入|名为|包含|类似|典型的|隐藏|插入|植入|注入|攻击者?|语句|字样|说)"
    r"[^\n\"\u201c\u300c\u300e'\u2018]{0,24}[\"\u201c\u300c\u300e'\u2018][^\n\"\u201d\u300d\u300f\u2019]{0,100}$"
)
_SENTENCE = re.compile(r"[\u3002\uff01!?\uff1f\n]")
_CONDITION = re.compile(r"\s*(?:如果|假如|要是|如|若)")
_TO_AI = re.compile(TO_AI_ZH)
_BLANKS = re.compile(r"[^\S\n]+")
_TAGS = range(0xE0000, 0xE0080)
_TAG_RUN = re.compile("[\U000e0000-\U000e007f]+")
_FLAG = "\U0001f3f4"  # a black flag: the tags behind it name a region
_INVISIBLE_RUN = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u180e]{8,}")
_OVERRIDDEN = re.compile("[\u202d\u202e][^\u202c\n]{0,200}[A-Za-z\u4e00-\u9fff]{3}")


@cache
def _patterns() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    return tuple((kind, tuple(needs.split("|")), re.compile(rule)) for kind, needs, rule in (*ENGLISH, *CHINESE))


@lru_cache(_KEPT)
def orders(text: str) -> frozenset[str]:
    """How a passage tries to give orders: "override", "role", "turn", "secrecy", "secrets", "links", "orders",
    "hidden"; empty where it does not."""
    found = {"hidden"} if _hidden(text) else set()
    read = _BLANKS.sub(" ", fold(_visible(text)).text.casefold())
    for kind, needs, pattern in _patterns():
        if kind not in found and any(need in read for need in needs) and _meant(pattern, read):
            found.add(kind)
    if any(_SPELT_ORDERS.search(re.sub(r"[^a-z]", "", run.group())) for run in _SPELT.finditer(read)):
        found.add("override")
    return frozenset(found)


def is_suspicious(passage: Passage) -> bool:
    """Whether a passage, its headings or its document's name tries to give orders."""
    return any(orders(text) for text in (passage.text, passage.document, *passage.heading) if text)


def _meant(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the pattern stands in the text other than as an example, or under a condition as manuals make them."""
    return any(
        _QUOTED.search(text, max(0, match.start() - 140), match.start() + 1) is None
        and text[match.start() - 1 : match.start()] != "`"
        and not _conditional(text, match)
        for match in pattern.finditer(text)
    )


def _conditional(text: str, match: re.Match[str]) -> bool:
    """Whether a Chinese sentence begins with "if", and not with "if you are a model"."""
    start = max((end.end() for end in _SENTENCE.finditer(text, 0, match.start() + 1)), default=0)
    clause = text[start : match.end()]
    return _CONDITION.match(clause) is not None and _TO_AI.search(clause) is None


def _hidden(text: str) -> bool:
    """Whether there is text in it that no reader can see."""
    if text.isascii():
        return False
    if any(len(run.group()) > 3 and not _is_flag(text, run) for run in _TAG_RUN.finditer(text)):
        return True
    return _INVISIBLE_RUN.search(text) is not None or _OVERRIDDEN.search(text) is not None


def _is_flag(text: str, run: re.Match[str]) -> bool:
    """Whether a run of tags names the region of a flag (England's is five letters and an end)."""
    return len(run.group()) <= 7 and text[: run.start()].endswith(_FLAG)


def _visible(text: str) -> str:
    """The text with what is written in tags made letters."""
    if text.isascii():
        return text
    return "".join(chr(ord(c) - 0xE0000) if ord(c) in _TAGS and ord(c) >= 0xE0020 else c for c in text)
