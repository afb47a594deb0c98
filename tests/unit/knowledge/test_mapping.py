"""The map of a library: what is near in meaning is near in the picture, and the picture stays the same."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.knowledge.conftest import OpenBase

from studiolo.knowledge.mapping import library_map
from studiolo.knowledge.projection import evenly, project

LEASES = "The tenant pays the rent of the flat to the landlord. The lease of the flat and the rent. "
COFFEE = "Descale the espresso machine with water and powder. The espresso machine and its water tank. "
CHINESE = "员工的试用期为三个月。试用期内的工资按月支付。"


def groups(*centres: int, each: int = 20, seed: int = 3) -> np.ndarray:
    """Vectors that lie about some axes of 48 dimensions."""
    chance = np.random.default_rng(seed)
    return np.concatenate(
        [np.eye(48)[centre] + chance.normal(scale=0.05, size=(each, 48)) for centre in centres]
    ).astype(np.float32)


def test_groups_stand_apart_and_keep_together():
    places = project(groups(0, 1, 2))
    middles = [places[start : start + 20].mean(axis=0) for start in (0, 20, 40)]
    spread = max(np.linalg.norm(places[i * 20 : i * 20 + 20] - middles[i], axis=1).max() for i in range(3))
    apart = min(np.linalg.norm(middles[i] - middles[j]) for i in range(3) for j in range(i))
    assert apart > 4 * spread
    assert np.abs(places).max() == 1.0


def test_the_same_vectors_give_the_same_picture_whatever_their_length():
    vectors = groups(0, 1, 2)
    lengths = np.linspace(0.5, 9.0, len(vectors), dtype=np.float32)[:, None]
    assert np.array_equal(project(vectors), project(vectors.copy()))
    assert np.allclose(project(vectors), project(vectors * lengths), atol=1e-4)
    turned = project(vectors[::-1].copy())[::-1]
    assert np.allclose(project(vectors), turned, atol=1e-4)  # the signs do not hang on the order


@pytest.mark.parametrize(("count", "expected"), [(0, (0, 2)), (1, (1, 2)), (5, (5, 2))])
def test_vectors_that_do_not_differ_stand_in_the_middle(count, expected):
    places = project(np.ones((count, 8), dtype=np.float32))
    assert places.shape == expected
    assert not places.any()


def test_two_vectors_make_a_line():
    places = project(np.eye(2, 8, dtype=np.float32))
    assert sorted(places[:, 0].tolist()) == [-1.0, 1.0]
    assert not places[:, 1].any()


def test_a_sample_is_even_and_begins_with_the_first():
    assert evenly(range(5), 9) == [0, 1, 2, 3, 4]
    assert evenly(range(10), 5) == [0, 2, 4, 6, 8]
    assert len(set(evenly(range(7_001), 3_000))) == 3_000


@pytest.fixture
def filled(open_base: OpenBase, tmp_path):
    base = open_base()
    for name, words in (("lease.md", LEASES), ("coffee.md", COFFEE), ("合同.md", CHINESE)):
        text = "\n\n".join(f"# Part {number}\n\n{words * 6}{number}" for number in range(4))
        (tmp_path / name).write_text(text, encoding="utf-8")
    for _ in base.add([tmp_path / "lease.md", tmp_path / "coffee.md", tmp_path / "合同.md"]):
        pass
    return base


def test_documents_about_different_things_lie_apart(filled):
    found = filled.library_map("default")
    by_name = {}
    for point in found.points:
        by_name.setdefault(point.document, []).append((point.x, point.y))
    assert by_name.keys() == {"lease.md", "coffee.md", "合同.md"}
    middles = {name: np.mean(places, axis=0) for name, places in by_name.items()}
    for name, places in by_name.items():
        for place in places:
            assert min(middles, key=lambda other: np.linalg.norm(np.array(place) - middles[other])) == name
    assert found.passages == len(found.points)
    assert found == filled.library_map("default")
    assert "试用期" in next(point.text for point in found.points if point.document == "合同.md")
    assert "tenant" not in repr(found)
    assert "lease" not in repr(found)


def test_a_large_library_is_drawn_by_an_even_sample(filled):
    library = filled._library("default")
    whole = library_map(filled._tools, library)
    some = library_map(filled._tools, library, most=6)
    assert len(some.points) == 6
    assert some.passages == whole.passages
    assert {point.passage for point in some.points} < {point.passage for point in whole.points}
    assert {point.document for point in some.points} == {"lease.md", "coffee.md", "合同.md"}


def test_passages_without_a_vector_are_counted_and_not_drawn(filled):
    library = filled._library("default")
    before = filled.library_map("default")
    number = filled._tools.places.embedded_numbers(library.id)[0]
    filled._tools.store.delete_vectors(library.id, library.embedder, [number])
    filled._tools.places.embedded([number], value=False)
    found = filled.library_map("default")
    assert (found.without_vector, len(found.points)) == (1, len(before.points) - 1)


def test_an_empty_library_has_an_empty_map(open_base: OpenBase):
    found = open_base().library_map("default")
    assert (found.points, found.passages, found.without_vector) == ((), 0, 0)
