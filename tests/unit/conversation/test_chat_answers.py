"""A chat that is answered in JSON."""

from __future__ import annotations

import json
import time

import pytest
from tests.support import FixedScreener, ScriptedRuntime

from studiolo.conversation.chat import answer_chat
from studiolo.errors import Code
from studiolo.events import Delta, Event, Failed, Finished
from studiolo.inference.scheduler import Scheduler
from studiolo.jobs import CancelToken
from studiolo.types import Chat, Message, Reader, Sampling

NAME = 'Ada "Countess" \\ 王小明'


def _answered(runtime: ScriptedRuntime, reader: str, schema: str) -> list[Event]:
    scheduler = Scheduler(lambda _model: runtime)
    chat = Chat((Message("user", f"Who is {NAME}?"),), reader=reader, sampling=Sampling(json_schema=schema))
    try:
        return list(
            answer_chat(
                chat,
                model_id="m",
                screener=FixedScreener({NAME: "<PERSON_1>"}),
                models=scheduler,
                cancel=CancelToken(),
                monotonic=time.monotonic,
            )
        )
    finally:
        scheduler.close()


@pytest.mark.parametrize(("reader", "seen"), [(Reader.OWNER, NAME), (Reader.MASKED, "<PERSON>")])
def test_a_restored_value_does_not_break_the_json(reader: Reader, seen: str) -> None:
    events = _answered(ScriptedRuntime(lambda _prompt: '{"名": "<PERSON_1>", "age": 36}'), reader, '{"type": "object"}')
    assert isinstance(events[-1], Finished)
    said = "".join(event.text for event in events if isinstance(event, Delta))
    assert json.loads(said) == {"名": seen, "age": 36}


def test_a_schema_that_cannot_be_kept_is_refused_before_the_model_is_touched() -> None:
    runtime = ScriptedRuntime(lambda _prompt: "")
    (failed,) = _answered(runtime, Reader.OWNER, '{"type": "integer", "minimum": 1}')
    assert isinstance(failed, Failed)
    assert (failed.code, failed.values["field"]) == (Code.BAD_REQUEST, "response_format")
    assert runtime.prompts == []
