"""Fusion, the language gate, exact terms and follow-up questions."""

from __future__ import annotations

import pytest
from tests.unit.knowledge.conftest import HashEmbedder

from studiolo.knowledge.retrieval import Retrieval, exact_terms, fuse, knows, leans_on_earlier
from studiolo.knowledge.seams import Found
from studiolo.types import Passage


def passage(name: str, *, text: str = "", language: str = "en") -> Passage:
    return Passage(name, "d", "", 1, 1, 0, 1, (), text or name, language, ())


def leg(**scores: float) -> dict[str, tuple[Passage, float]]:
    return {name: (passage(name), score) for name, score in scores.items()}


def fused(keyword=None, meaning=None, exact=None, *, share=0.5, limit=5) -> list[tuple[str, float]]:
    hits = fuse(keyword or {}, meaning or {}, exact or {}, share=lambda _: share, exact_weight=0.5, limit=limit)
    return [(hit.passage.id, round(hit.score, 6)) for hit in hits]


def test_fusion_is_the_weighted_mean_of_keywords_and_meaning():
    assert fused(leg(a=1.0, b=0.5), leg(b=1.0, c=0.2)) == [("b", 0.75), ("a", 0.5), ("c", 0.1)]
    assert fused(leg(a=1.0, b=0.5), leg(b=1.0, c=0.2), share=0.0)[0] == ("b", 1.0)


def test_a_leg_that_found_nothing_has_no_say():
    assert fused(leg(a=0.2, b=0.9)) == [("b", 0.9), ("a", 0.2)]
    assert fused(None, leg(a=0.2, b=0.9)) == [("b", 0.9), ("a", 0.2)]
    assert fused() == []


def test_exact_terms_settle_ties():
    keyword = leg(a=1.0, b=0.9)
    assert fused(keyword, None, leg(b=1.0)) == [("b", 0.933333), ("a", 0.666667)]


def test_fusion_gives_a_text_once_and_at_most_the_limit():
    twins = {name: (passage(name, text="same"), score) for name, score in (("a", 0.9), ("b", 0.8))}
    assert [name for name, _ in fused(twins | leg(c=0.5, d=0.4), limit=2)] == ["a", "c"]


def test_keywords_count_less_between_two_languages():
    """A chance word in common must not outweigh the meaning of a passage that is in another language."""
    chance, meant = passage("zh1", language="zh"), passage("en1")
    store = type("Store", (), {})()
    store.keyword = lambda *_, **__: [Found(chance, 3.0)]
    store.nearest = lambda *_, **__: [Found(meant, 0.9), Found(chance, 0.85), Found(passage("zh2", language="zh"), 0.8)]
    store.containing = lambda *_, **__: []
    embedder = HashEmbedder()
    hits = Retrieval(store).search("可以在这里养狗吗", library_id="l", embedder=embedder, limit=3)
    assert hits[0].passage.id == "en1"


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
