"""Every type, direction and reader has an action, whatever the policy; the shipped profiles say what they should."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.privacy.policy import (
    ANSWER,
    BALANCED,
    DIRECTIONS,
    LITERAL,
    OPEN,
    PROFILE_NAMES,
    READERS,
    STRICT,
    TO_MODEL,
    WRITTEN_OUT,
    Action,
    Policy,
    ReaderRules,
    Sight,
    Table,
)
from studiolo.privacy.policy_file import profile
from studiolo.privacy.tokens import LABELS
from studiolo.types import Reader

KINDS = [*LABELS, "DATE_TIME", "AGE", "NRP", "TITLE", "ZIP_CODE", "DOMAIN_NAME", "NEVER_HEARD_OF"]
actions = st.sampled_from(Action)
kinds = st.sampled_from(["PERSON", "SECRET", "CREDIT_CARD", "LOCATION", LITERAL]) | st.from_regex(
    r"[A-Z][A-Z_]{1,9}", fullmatch=True
)
tables = st.builds(Table, st.dictionaries(kinds, actions, max_size=4), st.none() | actions)
names = st.sampled_from([*READERS, "press", "archive"])
policies = st.builds(
    Policy,
    st.just("any"),
    types=tables,
    directions=st.dictionaries(st.sampled_from(DIRECTIONS), tables, max_size=4),
    readers=st.dictionaries(
        names,
        st.builds(ReaderRules, tables, st.just("") | names, st.dictionaries(st.sampled_from(TO_MODEL), tables)),
        max_size=5,
    ),
    keep_last=st.dictionaries(kinds, st.integers(0, 8), max_size=3),
)


@given(policies, kinds, st.sampled_from(DIRECTIONS), names | st.text(max_size=5))
def test_any_policy_is_total(policy: Policy, kind: str, direction: str, reader: str) -> None:
    action = policy.decide(kind, direction, reader)
    assert isinstance(action, Action)
    assert isinstance(policy.sight(kind, reader), Sight)
    if direction in WRITTEN_OUT:
        assert action is not Action.PSEUDONYMISE  # nobody could ever restore it
    if direction == ANSWER and action is Action.BLOCK:
        assert policy.withholds(reader)


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_every_profile_is_total(name: str) -> None:
    policy = profile(name)
    for kind, direction, reader in itertools.product(KINDS, DIRECTIONS, [*READERS, "press"]):
        assert policy.decide(kind, direction, reader) in Action
        if direction in ("log", "audit") and kind != LITERAL:
            assert policy.decide(kind, direction, reader) is Action.MASK


@pytest.mark.parametrize("direction", TO_MODEL)
def test_what_the_model_reads(direction: str) -> None:
    flagged = {"LOCATION", "ORGANIZATION", "DATE_TIME", "AGE", "NRP", "TITLE", "ZIP_CODE", "DOMAIN_NAME"}
    for kind in KINDS:
        assert BALANCED.action(kind, direction) is (Action.FLAG if kind in flagged else Action.PSEUDONYMISE)
        strict = Action.BLOCK if kind == "SECRET" and direction in ("question", "tool") else Action.PSEUDONYMISE
        assert STRICT.action(kind, direction) is strict
        hidden = kind in ("SECRET", "CREDIT_CARD", LITERAL)
        assert OPEN.action(kind, direction) is (Action.PSEUDONYMISE if hidden else Action.FLAG)


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_what_a_reader_sees(name: str) -> None:
    policy = profile(name)
    for kind in KINDS:
        always = kind in ("SECRET", "CREDIT_CARD")
        guarded = policy.guarded(kind) and kind != LITERAL
        for reader in (Reader.OWNER, Reader.RESTORE):
            assert policy.sight(kind, reader) is (Sight.MASK if always else Sight.SHOW)
        assert policy.sight(kind, Reader.MASKED) is (Sight.MASK if always or guarded else Sight.SHOW)
        assert policy.sight(kind, Reader.BLOCKED) is (Sight.WITHHOLD if always or guarded else Sight.SHOW)
        assert policy.sight(kind, "nobody-knows-them") is policy.sight(kind, Reader.MASKED)
    assert [reader for reader in READERS if policy.withholds(reader)] == ["blocked"]


def test_a_reader_of_ones_own() -> None:
    press = ReaderRules(
        answer=Table({"LOCATION": Action.BLOCK, "PERSON": Action.PSEUDONYMISE}),
        like="masked",
        inward={"question": Table({"SECRET": Action.BLOCK})},
    )
    policy = Policy("x", BALANCED.types, readers={**BALANCED.readers, "press": press})
    assert policy.sight("LOCATION", "press") is Sight.WITHHOLD
    assert policy.sight("PERSON", "press") is Sight.TOKEN
    assert policy.sight("PHONE_NUMBER", "press") is Sight.MASK
    assert policy.sight("ORGANIZATION", "press") is Sight.SHOW
    assert policy.withholds("press")
    assert policy.action("SECRET", "question", reader="press") is Action.BLOCK
    assert policy.action("SECRET", "question") is Action.PSEUDONYMISE


def test_masks() -> None:
    assert BALANCED.mask("CREDIT_CARD", "4111 1111 1111 1111") == "**** 1111"
    assert STRICT.mask("CREDIT_CARD", "4111 1111 1111 1111") == "<CREDIT_CARD>"
    assert BALANCED.mask("CREDIT_CARD", "41111111") == "<CREDIT_CARD>"  # half of it would be seen
    assert BALANCED.mask("PERSON", "王小明") == "<PERSON>"


def test_there_is_no_other_profile() -> None:
    from studiolo.privacy import policy

    with pytest.raises(AttributeError):
        policy.LENIENT  # noqa: B018
