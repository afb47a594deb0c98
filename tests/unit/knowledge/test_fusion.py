"""Fusion of legs."""

from __future__ import annotations

import pytest

from studiolo.knowledge import fusion
from studiolo.knowledge.seams import Found
from studiolo.types import Passage


def passage(name: str, *, text: str = "", language: str = "en") -> Passage:
    return Passage(name, "d", "", 1, 1, 0, 1, (), text or name, language, ())


def leg(**scores: float) -> dict[str, tuple[Passage, float]]:
    return {name: (passage(name), score) for name, score in scores.items()}


def fused(keyword=None, meaning=None, exact=None, *, share=0.5) -> dict[str, float]:
    scores = fusion.fuse(keyword or {}, meaning or {}, exact or {}, share=lambda _: share, exact_weight=0.5)
    return {name: round(score, 6) for name, score in scores.items()}


def test_fusion_is_the_weighted_mean_of_keywords_and_meaning():
    assert fused(leg(a=1.0, b=0.5), leg(b=1.0, c=0.2)) == {"b": 0.75, "a": 0.5, "c": 0.1}
    assert fused(leg(a=1.0, b=0.5), leg(b=1.0, c=0.2), share=0.0) == {"b": 1.0, "a": 0.0, "c": 0.2}


def test_a_leg_that_found_nothing_has_no_say():
    assert fused(leg(a=0.2, b=0.9)) == {"b": 0.9, "a": 0.2}
    assert fused(None, leg(a=0.2, b=0.9)) == {"b": 0.9, "a": 0.2}
    assert fused() == {}


def test_exact_terms_settle_ties():
    assert fused(leg(a=1.0, b=0.9), None, leg(b=1.0)) == {"b": 0.933333, "a": 0.666667}


def test_scores_are_brought_to_one_scale():
    found = [Found(passage("a"), 8.0), Found(passage("b"), 6.0), Found(passage("c"), 4.0)]
    assert [score for _, score in fusion.share_of_best(found).values()] == [1.0, 0.75, 0.5]
    assert [score for _, score in fusion.spread(found).values()] == [1.0, 0.5, 0.0]
    assert fusion.spread(found[:1])["a"][1] == 1.0
    assert fusion.share_of_best([]) == fusion.spread([]) == {}


def test_a_second_leg_counts_by_its_weight():
    both = fusion.merged(leg(a=1.0), leg(a=0.5, b=1.0), weight=0.5)
    assert {name: score for name, (_, score) in both.items()} == pytest.approx({"a": 5 / 6, "b": 1 / 3})
