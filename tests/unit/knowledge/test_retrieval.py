"""The order of a search: legs, languages, named documents, follow-ups, the reranker's place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.unit.knowledge.conftest import HashEmbedder

from studiolo.knowledge.language import fold
from studiolo.knowledge.retrieval import Retrieval, Weights, exact_terms, knows
from studiolo.knowledge.seams import Found, Shelved
from studiolo.knowledge.wording import content_words
from studiolo.types import Passage


def passage(name: str, text: str, *, document: str = "d", language: str = "en", start: int = 0) -> Passage:
    return Passage(name, document, "", 1, 1, start, start + len(text), (), text, language, ())


class Shelf:
    """A small real store in memory: shared words as keywords, a real embedder's vectors as meaning."""

    def __init__(self, passages: Sequence[Passage], embedder: HashEmbedder) -> None:
        self.passages = list(passages)
        self.vectors = {one.id: embedder.embed_passages([one.text])[0] for one in passages}

    def keyword(self, library_id, query, *, limit, documents=None):
        words = set(content_words(query))
        scored = [Found(one, float(len(words & set(content_words(one.text))))) for one in self._of(documents)]
        return self._best([entry for entry in scored if entry.score], limit)

    def nearest(self, library_id, vector, *, limit, documents=None, languages=()):
        among = [one for one in self._of(documents) if not languages or one.language in languages]
        return self._best(
            [Found(one, float(vector @ self.vectors[one.id]), self.vectors[one.id]) for one in among], limit
        )

    def containing(self, library_id, term, *, limit, documents=None):
        return [Found(one, 1.0) for one in self._of(documents) if fold(term) in fold(one.text)][:limit]

    def _of(self, documents):
        return [one for one in self.passages if documents is None or one.document_id in documents]

    @staticmethod
    def _best(found, limit):
        return sorted(found, key=lambda entry: -entry.score)[:limit]


LEASE = [
    passage("rent-a", "The rent is 2,380 pounds a month.", document="harrow"),
    passage("deposit-a", "The deposit is 7,140 pounds a lease.", document="harrow", start=900),
    passage("rent-b", "The rent is 865 pounds a month.", document="quayside"),
    passage("deposit-b", "The deposit is 995 pounds a lease.", document="quayside", start=900),
]
NAMES = (Shelved("harrow", "lease-harrow-mill.pdf"), Shelved("quayside", "lease-quayside-court.pdf"))


def ids(passages, query, *, limit=5, weights=None, reranker=None, embedder=None, **options) -> list[str]:
    embedder = embedder or HashEmbedder()
    retrieval = Retrieval(Shelf(passages, embedder), weights=weights, reranker=reranker)
    hits = retrieval.search(query, library_id="l", embedder=embedder, limit=limit, **options)
    return [hit.passage.id for hit in hits]


def test_a_question_that_names_a_document_goes_to_it():
    assert ids(LEASE, "What is the rent at Harrow Mill?", shelved=NAMES)[0] == "rent-a"
    assert ids(LEASE, "What is the rent at Quayside Court?", shelved=lambda: NAMES)[0] == "rent-b"
    assert ids(LEASE, "What is the deposit at Quayside Court?", shelved=NAMES)[:2] == ["deposit-b", "rent-b"]


def test_a_follow_up_stays_in_the_document_that_was_named_before():
    context = ("What is the rent at Quayside Court?",)
    assert set(ids(LEASE, "And the deposit?", context=context, shelved=NAMES)[:2]) == {"deposit-b", "rent-b"}
    there = ids(LEASE, "And the deposit at Harrow Mill?", context=context, shelved=NAMES)
    assert set(there[:2]) == {"deposit-a", "rent-a"}, "a document that it names itself comes before"


def test_a_named_document_outside_of_those_asked_for_is_not_searched():
    found = ids(LEASE, "What is the rent at Harrow Mill?", documents=["quayside"], shelved=NAMES)
    assert set(found) == {"rent-b", "deposit-b"}


def test_names_are_indexed_once_for_one_list(monkeypatch):
    made = []
    from studiolo.knowledge import retrieval as module

    original = module.NameIndex
    monkeypatch.setattr(module, "NameIndex", lambda documents: made.append(1) or original(documents))
    embedder = HashEmbedder()
    searching = Retrieval(Shelf(LEASE, embedder))
    for names in (NAMES, NAMES, tuple(reversed(NAMES))):
        searching.search("rent", library_id="l", embedder=embedder, limit=2, shelved=names)
    assert len(made) == 2


def test_keywords_count_less_between_two_languages():
    """A chance word in common must not outweigh the meaning of a passage that is in another language."""
    chance, meant = passage("zh1", "狗", language="zh"), passage("en1", "Dogs are allowed.")
    store = type("Store", (), {})()
    vectors = [np.ones(64, dtype=np.float32)] * 3

    def nearest(*_, languages=(), **__):
        if "zh" in languages:
            return [Found(chance, 0.85, vectors[0]), Found(passage("zh2", "猫", language="zh"), 0.8, vectors[1])]
        return [Found(meant, 0.9, vectors[2])]

    store.keyword = lambda *_, **__: [Found(chance, 3.0)]
    store.nearest = nearest
    store.containing = lambda *_, **__: []
    hits = Retrieval(store).search("Can dogs live here", library_id="l", embedder=HashEmbedder(), limit=3)
    assert hits[0].passage.id == "en1"


def test_a_language_that_the_embedder_does_not_know_is_searched_by_words():
    passages = [passage("zh", "租期为三年。", language="zh"), passage("en", "The term is three years.")]
    assert ids(passages, "租期多长", embedder=HashEmbedder(languages=("en",))) == ["zh"]


def test_an_identifier_is_found_letter_by_letter():
    parts = [
        passage("b", "Part PN-4471-B holds the door."),
        passage("c", "Part PN-4471-C holds the lid.", document="e"),
    ]
    assert ids(parts, "Where is PN-4471-C used?")[0] == "c"
    assert ids([passage("zh", "本仓库租期三年。", language="zh")], "租") == ["zh"]


class Contrary:
    """A reranker that likes the longest text best and notes what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, tuple[str, ...]]] = []

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        self.given.append((query, tuple(texts)))
        return [float(len(text)) for text in texts]


def test_a_reranker_orders_the_likeliest_and_no_others():
    reranker = Contrary()
    found = ids(LEASE, "What is the rent?", reranker=reranker, weights=Weights(reranked=2))
    assert len(reranker.given) == 1
    query, texts = reranker.given[0]
    assert query == "What is the rent?"
    assert len(texts) == 2
    assert found[0] == max((one for one in LEASE if one.text in texts), key=lambda one: len(one.text)).id


def test_scores_fall_from_the_best_and_stay_within_0_and_1():
    embedder = HashEmbedder()
    hits = Retrieval(Shelf(LEASE, embedder)).search("rent a month", library_id="l", embedder=embedder, limit=4)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)


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
        ("the 10-K for FY2022", []),
    ],
)
def test_exact_terms(query, terms):
    assert exact_terms(query) == terms
