"""The leg that searches by meaning: one order over passages of two languages."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.knowledge.conftest import HashEmbedder

from studiolo.knowledge import meaning
from studiolo.knowledge.background import Background
from studiolo.knowledge.seams import Found
from studiolo.types import Passage

QUESTION = "什么时候交租金？"


class English:
    """A store in which every passage is English; what it finds are the nearest to the vector it is given."""

    def __init__(self, vectors: np.ndarray, *, chinese: int = 0) -> None:
        self.vectors = vectors
        self.chinese = chinese

    def nearest(self, library_id, vector, *, limit, documents=None, languages=()):
        wanted = range(self.chinese) if "zh" in languages else range(self.chinese, len(self.vectors))
        found = [Found(_passage(at), float(vector @ self.vectors[at]), self.vectors[at]) for at in wanted]
        return sorted(found, key=lambda one: -one.score)[:limit]


def _passage(at: int) -> Passage:
    return Passage(str(at), "d", "", 1, 1, at * 10, at * 10 + 5, (), f"text {at}", "en", ())


@pytest.mark.parametrize("chinese", [0, 3])
def test_what_every_question_finds_stays_behind_where_a_library_is_of_another_language(chinese):
    """Also where nothing, or too little, is in the question's own language to compare with."""
    embedder = HashEmbedder()
    background = Background()
    common = background.mean(embedder, "zh")
    vector = embedder.embed_query(QUESTION)
    rows = np.random.default_rng(3).standard_normal((40, embedder.dimension)).astype(np.float32)
    rows[chinese:20] += 4 * common  # near to any question
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = meaning.nearest(
        English(rows, chinese=chinese), "l", vector, query=QUESTION, embedder=embedder, background=background,
        limit=40, documents=None,
    )  # fmt: skip
    across = [one for one in found if int(one.passage.id) >= chinese]
    shifted = meaning.unit(vector - meaning.ACROSS * common)
    ordered = sorted(across, key=lambda one: -one.score)
    assert [one.passage.id for one in ordered] == [
        one.passage.id for one in sorted(across, key=lambda one: -float(shifted @ one.vector))
    ]
    plain = [float(vector @ one.vector) for one in across]
    assert np.mean([one.score for one in across]) == pytest.approx(np.mean(plain), abs=1e-4)
    assert np.std([one.score for one in across]) == pytest.approx(np.std(plain), abs=1e-4)


def test_an_embedder_of_one_language_is_asked_for_that_one():
    embedder = HashEmbedder(languages=("en",))
    rows = np.eye(3, embedder.dimension, dtype=np.float32)
    found = meaning.nearest(
        English(rows), "l", rows[1], query="When?", embedder=embedder, background=Background(), limit=2, documents=None
    )
    assert found[0].passage.id == "1"
