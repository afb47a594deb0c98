"""A text read in portions gives what it gives when it is read whole."""

from __future__ import annotations

import random

import pytest
from tests.unit.privacy.support import ListedNames

from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.portions import analyze_any, cuts

SENTENCES = (
    "Margaret Holloway called from +44 20 7946 0958.",
    "Later Holloway paid with 4111 1111 1111 1111.",
    "Write to m.holloway@example.org or see http://10.0.0.12/a?b=c.",
    "The kettle went home to the sea.",
    "password: hunter2-Tr0ub4dor",
    "王小明的手机号是13800138000，身份证号11010519491231002X。",
    "租金每月一号支付。",
    "请联系王先生。",
    "IBAN DE89 3704 0044 0532 0130 00 is theirs.",
)


class FirstTimeOnly(ListedNames):
    """Finds a name only where its first text holds a word with it: other portions must learn it."""

    def find(self, texts):
        return [found if "called from" in text else [] for text, found in zip(texts, super().find(texts), strict=True)]


def made(seed: int) -> str:
    chance = random.Random(seed)
    pieces = []
    for _ in range(60):
        pieces += [chance.choice(SENTENCES), chance.choice(("\n", "\n\n", " ", "\n \n"))]
    return "".join(pieces)


@pytest.mark.parametrize("seed", range(30))
def test_portions_give_what_the_whole_gives(seed: int) -> None:
    analyzer = Analyzer.of(names=ListedNames())
    text = made(seed)
    whole = analyzer.analyze(text)
    assert len(whole) > 20
    for portion in (150, 400, 1000):
        assert analyze_any(text, analyze=analyzer.analyze, portion=portion, around=200) == whole


def test_a_name_of_one_portion_is_found_in_the_others() -> None:
    analyzer = Analyzer.of(names=FirstTimeOnly(), families=())
    text = (
        "Margaret Holloway called from Rome.\n\n"
        + "The kettle went home.\n\n" * 40
        + "Then Margaret Holloway left.\n\n李雷"
    )
    found = analyze_any(text, analyze=analyzer.analyze, portion=300, around=50)
    assert [text[span.start : span.end] for span in found] == ["Margaret Holloway", "Margaret Holloway"]


@pytest.mark.parametrize("seed", range(5))
def test_portions_are_the_text_and_end_at_borders(seed: int) -> None:
    text = made(seed)
    parts = list(cuts(text, 300))
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(end - start <= 300 for start, end in parts)
    assert all(text[:end].rstrip(" ").endswith("\n") for _, end in parts[:-1])
    assert list(cuts("x" * 1000, 300)) == [(0, 300), (300, 600), (600, 900), (900, 1000)]
    assert list(cuts("", 300)) == [(0, 0)]


def test_a_short_text_is_read_once() -> None:
    read: list[str] = []

    def analyze(text: str):
        read.append(text)
        return ()

    assert analyze_any("Hello 你好", analyze=analyze) == ()
    assert read == ["Hello 你好"]
