"""Every event and noun comes back from the wire as it went in, Chinese and names that are no text included."""

from __future__ import annotations

import json
import typing
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scripted_engine import (
    ANSWER_EVENTS,
    CONVERSATION,
    DOCUMENT,
    HIT,
    INTEGRITY,
    LIBRARY,
    MODELS,
    PARTIAL,
    STATISTICS,
    TURN,
)

from studiolo import types, wire
from studiolo.errors import EngineBug
from studiolo.events import Delta, Event, Failed, FileDone, Finished, Progress

# Any code point, lone surrogates too: a file name on Linux may hold bytes that are no text.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(float, FLOATS)


def events() -> st.SearchStrategy[Event]:
    """Any event with any values in it."""
    return st.one_of(*(st.from_type(kind) for kind in typing.get_args(Event)))


def same(one: object, other: object) -> bool:
    """Equal, and of equal types all the way down (1 == 1.0 would hide a lost type)."""
    if is_dataclass(one) and type(one) is type(other):
        return all(same(getattr(one, item.name), getattr(other, item.name)) for item in fields(one))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events(), min_size=1, max_size=3))
def test_any_event_survives_a_stream(sent: list[Event]) -> None:
    text = wire.HEARTBEAT + wire.HEARTBEAT.join(wire.sse(event) for event in sent)
    text.encode("ascii")
    received = list(wire.read_sse(text.split("\n")))
    assert len(received) == len(sent)
    assert all(map(same, sent, received))


@pytest.mark.parametrize("event", ANSWER_EVENTS, ids=lambda event: event.kind)
def test_an_event_names_its_kind(event: Event) -> None:
    first, second, *rest = wire.sse(event).split("\n")
    assert first == f"event: {event.kind}"
    assert json.loads(second.removeprefix("data: "))["kind"] == event.kind
    assert rest == ["", ""]


@pytest.mark.parametrize(
    "noun",
    [DOCUMENT, PARTIAL, LIBRARY, STATISTICS, INTEGRITY, TURN, CONVERSATION, *MODELS],
    ids=lambda noun: type(noun).__name__,
)
def test_a_noun_survives(noun: object) -> None:
    assert same(wire.parse(type(noun), json.loads(wire.dumps(wire.plain(noun)))), noun)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.from_type(types.Hit))
def test_any_hit_survives(hit: types.Hit) -> None:
    assert same(wire.hit_from(json.loads(wire.dumps(wire.hit_plain(hit)))), hit)


def test_a_hit_begins_with_the_fields_of_the_contract() -> None:
    assert list(wire.hit_plain(HIT))[:5] == ["document", "page", "passage_id", "text", "score"]


@pytest.mark.parametrize("broken", ["data: {\n\n", 'data: {"kind":"unheard"}\n\n', "data: 3\n\n"])
def test_what_is_no_event_is_a_bug(broken: str) -> None:
    with pytest.raises(EngineBug):
        list(wire.read_sse(broken.split("\n")))


def test_a_stream_that_breaks_off_gives_what_was_whole() -> None:
    text = wire.sse(Delta("一")) + wire.sse(Delta("二"))[:-2]
    assert list(wire.read_sse(text.split("\n"))) == [Delta("一")]


def test_infinity_does_not_travel() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        wire.dumps({"score": float("inf")})


def test_last_events() -> None:
    assert wire.is_last(Finished())
    assert wire.is_last(Failed("internal"))
    assert not wire.is_last(Progress("read", 0, 0))


def test_hypothesis_reaches_every_kind_of_event() -> None:
    kinds = {kind.__name__ for kind in typing.get_args(Event)}
    assert {"Started", "Delta", FileDone.__name__, "Failed"} <= kinds
