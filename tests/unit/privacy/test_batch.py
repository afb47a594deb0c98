"""Many texts at once give what each gives alone, and what makes it fast leaves nothing out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.privacy.test_recognizers import NEGATIVE, POSITIVE

from studiolo.errors import Code, PolicyBlock
from studiolo.privacy.analyzer import Analyzer, _portions
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers import rule_families
from studiolo.privacy.recognizers.base import KEY_REACH, Match, Rule, RuleFamily
from studiolo.privacy.recognizers.lac import best_paths

RULES = [
    pytest.param(rule, id=f"{family.name}-{number}-{rule.type}")
    for family in rule_families()
    if isinstance(family, RuleFamily)
    for number, rule in enumerate(family._rules)
    if rule.needs
]
TEXTS = [
    "",
    " \n\t",
    *(text for _, text, _, _ in POSITIVE),
    "Margaret Holloway wrote to 王小明 (wei.chen@example.com). Later Holloway rang +44 20 7946 0018.",
    "王小明的手机号是１３８００１３８０００，密码：Tr0ub4dor&3。",
    *(text for _, text in NEGATIVE),
]


def test_a_batch_gives_what_each_text_gives(screener: PrivacyFilter) -> None:
    one_by_one = [screener.spans(text) for text in TEXTS]
    assert screener.spans_batch(TEXTS) == one_by_one
    assert screener.spans_batch(TEXTS[::-1]) == one_by_one[::-1]
    assert sum(map(bool, one_by_one)) > len(POSITIVE) / 2
    assert screener.spans_batch([]) == []
    assert screener.spans_batch(["", " "]) == [(), ()]


def test_one_failure_stops_the_batch() -> None:
    class Fails:
        def find(self, texts: list[str]) -> list[list[Match]]:
            raise RuntimeError(texts[0])

    with pytest.raises(PolicyBlock) as caught:
        Analyzer.of(names=Fails()).analyze_many(["Margaret Holloway", "王小明"])
    assert caught.value.code is Code.FILTER_FAILED
    assert "Holloway" not in repr(caught.value) + str(caught.value)


def test_portions_keep_order_and_size() -> None:
    texts = ["a" * 5_000, "b" * 2_999, "c", "d", "e" * 20_000, "f"]
    portions = list(_portions(texts))
    assert [text for portion in portions for text in portion] == texts
    assert all(len(portion) == 1 or sum(map(len, portion)) <= 8_000 for portion in portions)
    assert len(portions) == 4


@pytest.mark.parametrize("rule", RULES)
def test_no_match_without_what_the_rule_needs_in_the_table(rule: Rule) -> None:
    for text in TEXTS:
        folded = fold(text).text
        if not all(sign.search(folded) for sign in rule.needs):
            assert not list(rule.find(folded, 0, len(folded)))


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_match_without_what_the_rule_needs(rule: Rule, data: st.DataObject) -> None:
    text = fold(data.draw(st.from_regex(rule.pattern))).text
    if not all(sign.search(text) for sign in rule.needs):
        assert not list(rule.find(text, 0, len(text)))


@pytest.mark.parametrize(
    "text", ["password: Tr0ub4dor&3 ", "The password is Tr0ub4dor&3 ", "x" * KEY_REACH + " 密码：Tr0ub4dor&3 "]
)
def test_what_is_needed_may_stand_left_of_the_text_that_is_looked_at(text: str) -> None:
    folded = fold(text).text
    start = folded.index("Tr0ub4dor")
    for family in rule_families():
        if family.name == "secrets":
            assert {folded[m.start : m.end] for m in family.find(folded, start)} == {"Tr0ub4dor&3"}


def viterbi(scores: np.ndarray, transitions: np.ndarray) -> list[int]:
    """The textbook's way, one step and one sentence at a time."""
    best, back = scores[0], []
    for row in scores[1:]:
        reached = best[:, None] + transitions
        back.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + row
    path = [int(best.argmax())]
    for came_from in reversed(back):
        path.append(int(came_from[path[-1]]))
    return path[::-1]


@pytest.mark.parametrize("seed", range(5))
def test_paths_of_many_sentences_are_those_of_each(seed: int) -> None:
    random = np.random.default_rng(seed)
    transitions = random.normal(size=(7, 7)).astype(np.float32)
    lengths = sorted(random.integers(1, 30, size=12).tolist(), reverse=True)
    # Whole numbers make ties, which must fall the same way.
    scores = [random.integers(-2, 3, size=(length, 7)).astype(np.float32) for length in lengths]
    if seed % 2:
        transitions = np.round(transitions)
    assert best_paths(scores, transitions=transitions) == [viterbi(rows, transitions) for rows in scores]


def test_few_and_many_known_values_are_found_alike() -> None:
    text = "Anna Holloway, annA holloway and 王小明; Holloway again, 王小明明. " * 3
    few, many = KnownValues(), KnownValues()
    for known in (few, many):
        for value in ("Anna Holloway", "王小明", "Holloway"):
            known.add("PERSON", value)
    for number in range(100):
        many.add("PERSON", f"{chr(0x4E00 + 7 * number)}缺{number}")
    assert len(few.find(text)) == 21
    assert few.find(text) == many.find(text)
