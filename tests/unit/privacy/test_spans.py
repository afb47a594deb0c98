"""Overlaps: proven beats secret beats longer beats higher score, whatever the order in which the matches come."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.spans import resolve

TEXT = "abcdefghij klmnopqrst uvwxyz0123"


@st.composite
def matches(draw: st.DrawFn, types: tuple[str, ...]) -> Match:
    start = draw(st.integers(0, len(TEXT) - 2))
    end = draw(st.integers(start + 1, len(TEXT)))
    score = draw(st.sampled_from((0.4, 0.6, 0.9)))
    return Match(draw(st.sampled_from(types)), start, end, score, draw(st.booleans()))


some = st.lists(matches(("PERSON", "SECRET", "CARD", "PHONE", "LOCATION")), max_size=8)
plain = st.lists(matches(("CARD", "PHONE", "IBAN")), max_size=8)


def _strength(match: Match) -> tuple[bool, bool, int, float]:
    return match.proven, match.type == "SECRET", match.end - match.start, match.score


def _overlap(one: Match, other: Match) -> bool:
    return one.start < other.end and other.start < one.end


@given(some)
def test_none_overlaps_another_and_they_stand_in_order(found: list[Match]) -> None:
    kept = resolve(TEXT, found)
    assert all(one.end <= other.start for one, other in pairwise(kept))


@given(some)
def test_no_span_covers_more_than_one_match_did(found: list[Match]) -> None:
    for kept in resolve(TEXT, found):
        assert any(m.type == kept.type and m.start <= kept.start and kept.end <= m.end for m in found)


@given(plain)
def test_whoever_falls_was_beaten_by_a_stronger_one_that_stands(found: list[Match]) -> None:
    kept = resolve(TEXT, found)
    for match in set(found) - set(kept):
        assert any(_overlap(match, winner) and _strength(winner) >= _strength(match) for winner in kept)


@given(plain)
def test_a_proven_match_falls_only_to_another_proven_one(found: list[Match]) -> None:
    kept = resolve(TEXT, found)
    for match in found:
        if match.proven and match not in kept:
            assert any(_overlap(match, winner) and winner.proven for winner in kept)


@given(some)
def test_no_letter_of_a_secret_is_exposed(found: list[Match]) -> None:
    covered = {i for match in resolve(TEXT, found) for i in range(match.start, match.end)}
    for match in found:
        if match.type == "SECRET":
            assert all(i in covered or not TEXT[i].isalnum() for i in range(match.start, match.end))


@given(some, st.integers(0, 1000))
def test_the_order_of_the_matches_does_not_matter(found: list[Match], seed: int) -> None:
    shuffled = random.Random(seed).sample(found, len(found))
    assert resolve(TEXT, shuffled) == resolve(TEXT, found)


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        (Match("CARD", 5, 8, 0.4, proven=True), Match("SECRET", 0, 9, 0.9)),
        (Match("SECRET", 5, 8, 0.4), Match("PHONE", 0, 9, 0.9)),
        (Match("PHONE", 0, 9, 0.4), Match("IBAN", 0, 8, 0.9)),
        (Match("PHONE", 0, 9, 0.9), Match("IBAN", 0, 9, 0.4)),
    ],
)
def test_the_order_of_strength(stronger: Match, weaker: Match) -> None:
    kept = resolve(TEXT, [weaker, stronger])
    assert stronger in kept
    assert weaker not in kept


def test_what_a_beaten_secret_has_left_stays_covered() -> None:
    card = Match("CARD", 3, 6, 0.9, proven=True)
    kept = resolve(TEXT, [Match("SECRET", 0, 9, 0.9), card])
    assert kept == [Match("SECRET", 0, 3, 0.9), card, Match("SECRET", 6, 9, 0.9)]


def test_a_name_that_runs_into_a_number_does_not_uncover_it() -> None:
    passport = Match("PASSPORT", 4, 9, 0.6)
    assert resolve(TEXT, [Match("ORGANIZATION", 0, 10, 0.85), passport]) == [passport]
    assert passport in resolve(TEXT, [Match("PERSON", 0, 10, 0.85), passport])


def test_two_neighbours_stay_two() -> None:
    assert len(resolve(TEXT, [Match("PHONE", 0, 3, 0.9), Match("PHONE", 3, 6, 0.9)])) == 2
