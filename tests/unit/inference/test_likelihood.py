"""Which tokens are scored in which window, and what scores come to, against plain sums in 64 bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.inference.likelihood import Nearness, Tally, log_probabilities, surprise_of, windows

RNG = np.random.default_rng(7)


@given(count=st.integers(0, 400), stride=st.integers(1, 40), more=st.integers(1, 40), first=st.integers(0, 1))
def test_every_token_is_scored_once_after_enough_others(count: int, stride: int, more: int, first: int) -> None:
    size = stride + more
    plan = windows(count, size=size, stride=stride, first=first)
    assert [token for window in plan for token in range(window.first, window.end)] == list(range(first, count))
    for window in plan:
        assert 0 <= window.start <= window.first < window.end <= window.start + size
    for window in plan[1:]:
        assert window.first - window.start == size - stride


def test_log_probabilities_are_those_of_64_bits() -> None:
    scores = (RNG.standard_normal((5, 1000)) * 8).astype(np.float32)
    exact = scores.astype(np.float64)
    exact -= np.log(np.exp(exact).sum(axis=1, keepdims=True))
    assert np.allclose(log_probabilities(scores), exact, atol=1e-5)


def test_tokens_that_a_model_rules_out_stay_finite() -> None:
    scores = np.zeros((1, 4), np.float32)
    scores[0, 3] = -np.inf
    logs = log_probabilities(scores)
    near = Nearness()
    near.add(logs, logs, np.zeros(1))
    assert near.kl_divergence == 0.0
    assert math.isfinite(surprise_of(logs, [3])[0])


def test_scores_that_are_no_numbers_are_refused() -> None:
    scores = np.full((1, 4), np.nan, np.float32)
    with pytest.raises(ValueError, match="scores"):
        surprise_of(log_probabilities(scores), [0])


def test_perplexity_and_bits() -> None:
    tally = Tally()
    tally.add(2, 5, 2 * math.log(8))
    tally.add(2, 3, 2 * math.log(2))
    assert tally.perplexity == pytest.approx(4.0)
    assert tally.bits_per_byte == pytest.approx(8 / 8)


def test_nearness_is_that_of_the_definitions() -> None:
    scores = (RNG.standard_normal((6, 50)) * 3).astype(np.float32)
    others = (scores + RNG.standard_normal((6, 50)) * 1.5).astype(np.float32)
    came = [1, 4, 9, 16, 25, 36]
    logs, of_other = log_probabilities(scores), log_probabilities(others)
    differences = surprise_of(of_other, came) - surprise_of(logs, came)
    near = Nearness()
    near.add(logs[:2], of_other[:2], differences[:2])
    near.add(logs[2:], of_other[2:], differences[2:])
    p, q = (np.exp(rows.astype(np.float64)) for rows in (logs, of_other))
    assert near.kl_divergence == pytest.approx(float((p * np.log(p / q)).sum(axis=1).mean()), rel=1e-5)
    assert near.agreement == float((p.argmax(axis=1) == q.argmax(axis=1)).mean())
    assert near.ratio == pytest.approx(math.exp(differences.mean()))
    assert near.ratio_error == pytest.approx(near.ratio * differences.std(ddof=1) / math.sqrt(6))


def test_a_model_is_nearest_to_itself() -> None:
    logs = log_probabilities(RNG.standard_normal((3, 20)).astype(np.float32))
    near = Nearness()
    near.add(logs, logs, np.zeros(3))
    assert (near.agreement, near.kl_divergence, near.ratio, near.ratio_error) == (1.0, 0.0, 1.0, 0.0)
