"""What the contract tests ask of streams, and of engines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.contract.conftest import House

from studiolo.errors import StudioloError, error_for
from studiolo.events import (
    Delta,
    Event,
    Failed,
    FileDone,
    Finished,
)

PHONE = "13800138000"


def read(stream: Iterator[Event]) -> list[Event]:
    """All events; the last is the only last one."""
    events = list(stream)
    assert [isinstance(event, Finished | Failed) for event in events] == [False] * (len(events) - 1) + [True]
    return events


def failure(call: Callable[[], Any]) -> StudioloError:
    """The error of a call or of the stream it gives: raised, or as its last event."""
    try:
        result = call()
        events = list(result) if isinstance(result, Iterator) else []
    except StudioloError as error:
        return error
    assert events, "no error"
    assert isinstance(events[-1], Failed), "no error"
    return error_for(events[-1].code, events[-1].values)


def results(events: list[Event]) -> dict[str, str]:
    """Status (or reason) by file name."""
    done = [event.result for event in events if isinstance(event, FileDone)]
    return {Path(result.path).name: result.reason or result.status for result in done}


def until(reached: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def lost(house: House, library: str, name: str) -> None:
    """Let the passages of a document vanish from LanceDB behind the program's back."""
    knowledge = house.local._parts.knowledge
    row = knowledge._library(library)
    document = knowledge.document(library, name)
    knowledge._store.delete(
        row.id, [number for number, _ in knowledge._places.of_document(document.id, library_id=row.id)]
    )


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))
