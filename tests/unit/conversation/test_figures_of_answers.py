"""How fast an answer was read and written, and what it cost: by the model's clock, not by that of whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support import FixedScreener

from studiolo.conversation.writing import Writing, write
from studiolo.inference.steps import Ended, Piece, Prompt, Reading, Step
from studiolo.jobs import CancelToken
from studiolo.types import Reader, Sampling, Timings


def written(steps: Sequence[Step]) -> Timings:
    """The figures of an answer that came in these steps."""

    def generate(*_: object, **__: object) -> Iterator[Step]:
        yield from steps

    lease: Any = SimpleNamespace(generate=generate)
    writing = Writing()
    stream = FixedScreener({}).stream(library_id="l", reader=Reader.OWNER)
    events = write(
        lease,
        Prompt(()),
        stream=stream,
        sampling=Sampling(),
        cancel=CancelToken(),
        writing=writing,
        elapsed=lambda: 7.0,
    )
    for _ in events:
        pass
    return writing.timings(retrieve_s=0.5, load_s=1.5, total_s=9.0, energy_j=3.25)


def test_speeds_are_of_what_was_read_and_written() -> None:
    made = written(
        [
            Reading(0, 100, 10, 30, at=10.0),
            Reading(100, 100, 10, 30, at=12.0),
            Piece("a", 1, at=12.0),
            Piece("bc", 2, at=13.0),
            Piece("\u732b", 2, at=14.0),
            Piece(" ", 0, at=99.0),  # what was held back for a stop string: nothing more was written
            Ended("stop"),
        ]
    )
    assert made == Timings(0.5, 1.5, 7.0, 9.0, read_tokens_per_s=30.0, write_tokens_per_s=2.0, energy_j=3.25)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [Ended("cancelled")],
        [Reading(0, 9, 0, at=1.0), Ended("cancelled")],
        [Reading(9, 9, 9, at=1.0), Piece("a", 1, at=1.0), Ended("length")],
    ],
    ids=["nothing", "cancelled while it waited", "cancelled while it was read", "one token of what was all there"],
)
def test_what_cannot_be_told_is_0(steps: list[Step]) -> None:
    made = written(steps)
    assert (made.read_tokens_per_s, made.write_tokens_per_s) == (0.0, 0.0)


def test_steps_are_stamped_as_they_are_made_and_compare_without_it() -> None:
    first, second = Piece("a", 1), Piece("a", 1)
    assert first == second
    assert second.at >= first.at > 0
    assert Reading(0, 1, 0, at=1.0) == Reading(0, 1, 0, at=2.0)
