"""Fusion, the language gate, exact terms and follow-up questions."""

from __future__ import annotations

import pytest

from studiolo.knowledge.retrieval import exact_terms, fuse, knows, leans_on_earlier
from studiolo.types import Passage


def passage(name: str, *, text: str = "") -> Passage:
    return Passage(name, "d", "", 1, 1, 0, 1, (), text or name, "en", ())


def leg(**scores: float) -> dict[str, tuple[Passage, float]]:
    return {name: (passage(name), score) for name, score in scores.items()}


def order(hits) -> list[str]:
    return [hit.passage.id for hit in hits]


def test_fusion_is_the_weighted_mean_of_the_legs_that_found_something():
    hits = fuse([(0.5, leg(a=1.0, b=0.5)), (0.5, leg(b=1.0, c=0.2)), (2.0, {})], limit=5)
    assert [(hit.passage.id, hit.score) for hit in hits] == [("b", 0.75), ("a", 0.5), ("c", 0.1)]


def test_fusion_of_one_leg_keeps_its_order():
    assert order(fuse([(0.5, leg(a=0.2, b=0.9)), (0.5, {})], limit=5)) == ["b", "a"]


def test_fusion_gives_a_text_once_and_at_most_the_limit():
    twins = {name: (passage(name, text="same"), score) for name, score in (("a", 0.9), ("b", 0.8))}
    assert order(fuse([(1.0, twins | leg(c=0.5, d=0.4))], limit=2)) == ["a", "c"]


@pytest.mark.parametrize(
    ("languages", "text", "known"),
    [
        ((), "租期多长", True),
        (("en",), "How long is the term?", True),
        (("en",), "租期多长", False),
        (("en",), "iPhone 的保修期多长", False),
        (("en",), "4471", True),
        (("en", "zh"), "租期多长", True),
    ],
)
def test_an_embedder_is_asked_only_in_its_languages(languages, text, known):
    assert knows(languages, text) is known


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("Where is PN-4471-B used?", ["pn-4471-b"]),
        ("clause 4.2 and v1.10", ["4.2", "v1.10"]),
        ("model X200", ["x200"]),
        ("租", ["租"]),
        ("张伟明", ["张伟明"]),
        ("零件 PN-4471-B", ["pn-4471-b", "零件"]),
        ("租赁合同的期限是多久", []),
        ("a well-known problem", []),
        ("in 2024", []),
    ],
)
def test_exact_terms(query, terms):
    assert exact_terms(query) == terms


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("And how much is it?", True),
        ("Who pays them?", True),
        ("Why?", True),
        ("那押金呢", True),
        ("它的价格是多少", True),
        ("How long is the term of the lease?", False),
        ("租赁合同的期限是多长时间", False),
    ],
)
def test_a_question_that_points_back_is_seen(question, leans):
    assert leans_on_earlier(question) is leans
