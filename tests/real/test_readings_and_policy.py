"""What a model made of a text under one policy is not used under a stricter one, and leaves the disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.real.conftest import open_study

from studiolo.paths import Home
from studiolo.shapes import Answer
from studiolo.types import Question

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(600)]

OPEN = {"types": {"PHONE_NUMBER": "allow", "PERSON": "allow"}}


@pytest.mark.parametrize(
    ("text", "question", "number"),
    [
        ("The tenant's telephone number is 13800138000. The rent is due in May.\n", "When is it due?", "13800138000"),
        ("租客的电话是 13911112222。租金五月到期。\n", "何时到期？", "13911112222"),
    ],
)
def test_a_stricter_policy_uses_no_reading_of_the_text_as_it_was(
    tmp_path: Path, models_home: Home, text: str, question: str, number: str
) -> None:
    study = open_study(Home(tmp_path / "home"), models_home, ahead=True)
    engine, folder = study.engine, study.home.readings

    def ask() -> Answer:
        answer = Answer()
        for event in engine.ask(Question(question, document="lease.txt", whole=True)):
            answer.take(event)
        assert answer.failure is None
        return answer

    def until(kept: int) -> None:
        deadline = time.monotonic() + 120
        while engine._parts.readings.statistics().entries != kept:
            assert time.monotonic() < deadline, sorted(folder.iterdir())
            time.sleep(0.05)

    try:
        path = tmp_path / "lease.txt"
        path.write_text(text, encoding="utf-8")
        engine.set_policy("", OPEN)
        list(engine.add([path]))
        first = ask()
        assert number in engine.model_saw(first.turn_id)
        until(1)
        (old,) = [one.name for one in folder.iterdir()]
        again = ask()
        assert again.usage.reused_tokens >= first.usage.prompt_tokens - 40
        engine.set_policy("", {})
        until(0)  # evicted in the background
        strict = ask()
        assert number not in engine.model_saw(strict.turn_id)
        until(1)  # of the text as it is screened now
        (new,) = [one.name for one in folder.iterdir()]
        assert new != old
    finally:
        engine.close()
