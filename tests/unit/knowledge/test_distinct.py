"""Results as places of their own."""

from __future__ import annotations

from studiolo.knowledge.distinct import follows, joined, places
from studiolo.types import Passage, Span


def passage(name: str, start: int, text: str, *, document: str = "d", page: int = 1, spans=()) -> Passage:
    return Passage(name, document, "", page, page, start, start + len(text), (), text, "en", tuple(spans))


A = passage("a", 0, "One rent.", spans=[Span("X", 0, 3, 1.0)])
B = passage("b", 11, "Two rents.", spans=[Span("X", 4, 9, 1.0)])
C = passage("c", 500, "Elsewhere.")
D = passage("d", 21, "On the next page.", page=2)
E = passage("e", 0, "Other file.", document="other")
ALL = {one.id: one for one in (A, B, C, D, E)}


def found(scores: dict[str, float], *, limit: int = 5, crowding: float = 0.0) -> list[tuple[str, str]]:
    return [(one.id, one.text) for one, _ in places(scores, ALL, limit=limit, crowding=crowding)]


def test_neighbours_are_one_place_with_the_text_of_both():
    assert found({"b": 0.9, "a": 0.8, "c": 0.5}) == [("b", "One rent.\n\nTwo rents."), ("c", "Elsewhere.")]


def test_a_weak_neighbour_is_left_out():
    assert found({"b": 0.9, "a": 0.3, "c": 0.2}) == [("b", "Two rents."), ("c", "Elsewhere.")]


def test_a_place_never_crosses_a_page():
    assert not follows(B, D)
    assert [name for name, _ in found({"b": 0.9, "d": 0.9})] == ["b", "d"]


def test_joining_keeps_page_identity_and_moves_spans():
    whole = joined(B, A)
    assert (whole.id, whole.page, whole.start, whole.end) == ("b", 1, 0, 21)
    assert [whole.text[span.start : span.end] for span in whole.spans or ()] == ["One", "rents"]
    assert joined(A, passage("u", 11, "Two")).spans is not None


def test_the_same_text_is_given_once():
    twin = {"a": A, "z": passage("z", 0, A.text, document="copy")}
    assert [one.id for one, _ in places({"a": 0.5, "z": 0.4}, twin, limit=5, crowding=0.0)] == ["a"]


def test_a_document_does_not_crowd_out_the_others():
    scores = {"a": 0.9, "c": 0.8, "e": 0.78}
    assert [name for name, _ in found(scores)] == ["a", "c", "e"]
    assert [name for name, _ in found(scores, crowding=0.05)] == ["a", "e", "c"]


def test_at_most_the_limit():
    assert len(found({"a": 0.9, "c": 0.8, "e": 0.7}, limit=2)) == 2
