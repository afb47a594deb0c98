"""Log-probabilities from a row of scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studiolo.inference.logprobs import LEAST, token_logprob
from studiolo.types import Alternative

PIECES = [b"yes", b"no", "是".encode(), "是".encode()[:2], b""]
SCORES = np.array([2.0, 1.0, 3.0, 3.0, -np.inf], dtype=np.float32)


def expected(token: int) -> float:
    total = sum(math.exp(score) for score in (2.0, 1.0, 3.0, 3.0))
    return math.log(math.exp(float(SCORES[token])) / total)


def test_the_chosen_token_and_the_likeliest_for_its_place() -> None:
    told = token_logprob(SCORES, 1, top=3, piece=PIECES.__getitem__)
    assert (told.token, bytes(told.bytes)) == ("no", b"no")
    assert told.logprob == pytest.approx(expected(1))
    assert [(one.token, bytes(one.bytes)) for one in told.top] == [
        ("是", "是".encode()),
        ("\ufffd", "是".encode()[:2]),
        ("yes", b"yes"),
    ]
    assert [one.logprob for one in told.top] == pytest.approx([expected(2), expected(3), expected(0)])


def test_probabilities_add_up_and_nothing_is_infinite() -> None:
    told = token_logprob(SCORES * 100, 4, top=5, piece=PIECES.__getitem__)
    assert sum(math.exp(one.logprob) for one in told.top) == pytest.approx(1)
    assert told.logprob == LEAST
    assert told.top[-1] == Alternative("", (), LEAST)


@pytest.mark.parametrize(("top", "given"), [(0, 0), (1, 1), (20, 20), (50, 20)])
def test_as_many_alternatives_as_asked_for_and_twenty_at_most(top: int, given: int) -> None:
    scores = np.zeros(30, dtype=np.float32)
    before = scores.copy()
    told = token_logprob(scores, 7, top=top, piece=lambda token: bytes([token]))
    assert [one.bytes[0] for one in told.top] == list(range(given)), "of equals the lower id first"
    assert (scores == before).all()
    assert "\\x07" not in repr(told)
