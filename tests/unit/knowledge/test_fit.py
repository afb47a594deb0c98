"""Whether a best score says that something fits."""

from __future__ import annotations

import pytest

from studiolo.knowledge.fit import chance, graded, nearness
from studiolo.knowledge.seams import Found
from studiolo.types import FITS, Passage


def passage(name: str, text: str, language: str = "en") -> Passage:
    return Passage(name, name, "", 1, 1, 0, len(text), (), text, language, ())


ENGLISH = [
    passage("rent", "The monthly rent is 865 pounds. It is due on the 15th."),
    passage("pets", "Dogs are not allowed in the studio."),
    passage("keys", "Keys lost by the tenant are replaced by the agent."),
]
CHINESE = [
    passage("租金", "租金为每平方米每月二十六元，按季度支付。", "zh"),
    passage("押金", "押金不计利息，租期届满后退还。", "zh"),
    passage("大门", "仓库大门每日二十二时关闭。", "zh"),
]


@pytest.mark.parametrize(
    ("question", "passages", "fits"),
    [
        ("How much is the monthly rent?", ENGLISH, True),
        ("Who won the election in Peru?", ENGLISH, False),
        ("租金按季度支付吗？", CHINESE, True),
        ("世界最高的山峰叫什么名字？", CHINESE, False),
    ],
)
def test_words_alone_tell_what_fits(question, passages, fits):
    assert (chance(question, passages, {}) >= FITS) is fits


def test_what_stands_out_in_meaning_fits_better():
    question = "What does it cost to live there?"
    assert chance(question, ENGLISH, {"rent": 0.7}) > chance(question, ENGLISH, {"rent": 0.2})


def test_nearness_is_measured_from_the_later_half():
    found = [Found(ENGLISH[0], 0.9)] + [Found(passage(str(n), "x"), 0.8) for n in range(29)]
    assert nearness(found)["rent"] == pytest.approx(0.5)
    assert nearness(found)["3"] == pytest.approx(0.0)
    assert nearness(found[:5]) == {}, "five passages have no background"


def test_scores_follow_the_order():
    hits = graded("monthly rent", [(ENGLISH[0], 1.6), (ENGLISH[1], 0.8)], {})
    assert 0.0 <= hits[1].score <= hits[0].score <= 1.0
    assert hits[1].score == pytest.approx(hits[0].score / 2)
    assert graded("rent", [], {}) == []
