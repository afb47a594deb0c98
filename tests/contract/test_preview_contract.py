"""Trying a policy on a text before it counts, and what is shown of pseudonyms and reading ahead."""

from __future__ import annotations

import pytest
from tests.contract.asked import PHONE, failure
from tests.contract.conftest import House

from studiolo.engine import Engine
from studiolo.errors import Code
from studiolo.settings import load_settings

EN = f"Call {PHONE} or {PHONE}, not +44 20 7946 0958. Project Falcon, PRJ-1234."
ZH = f"请拨打{PHONE}，项目青鸟计划，编号PRJ-1234。"


@pytest.mark.parametrize("text", [EN, ZH])
def test_a_policy_is_tried_on_a_text_and_changes_nothing(house: House, engine: Engine, text: str) -> None:
    last, before = engine.audit(limit=1), engine.policy()
    section = {
        "types": {"PHONE_NUMBER": "mask"},
        "custom": {"PROJECT": {"words": ["Falcon", "青鸟计划"], "patterns": ["PRJ-[0-9]{4}"]}},
    }
    found = engine.preview_policy("", section, text)
    assert PHONE not in found.text
    assert "<PHONE_NUMBER>" in found.text
    assert "<VALUE_1>" in found.text
    assert "<VALUE_2>" in found.text
    values = {text[one.start : one.end]: (one.type, one.action) for one in found.found}
    assert values[PHONE] == ("PHONE_NUMBER", "mask")
    assert values["PRJ-1234"] == ("PROJECT", "pseudonymise")
    assert engine.policy() == before
    assert engine.audit(limit=1) == last
    assert engine.pseudonyms() == house.local.pseudonyms()


def test_one_value_has_one_pseudonym_in_a_preview(engine: Engine) -> None:
    found = engine.preview_policy("", {}, EN)
    assert found.text.count("<PHONE_1>") == 2
    assert found.text.count("<PHONE_2>") == 1


def test_a_preview_of_what_is_allowed_and_blocked(engine: Engine) -> None:
    allowed = engine.preview_policy("", {"allow": {"words": [PHONE]}}, ZH)
    assert PHONE in allowed.text
    assert [one for one in allowed.found if one.type == "PHONE_NUMBER"] == []
    section = {"directions": {"tool": {"PHONE_NUMBER": "block"}}}
    assert engine.preview_policy("", section, ZH).blocked == ()
    blocked = engine.preview_policy("", section, ZH, direction="tool")
    assert blocked.blocked == ("PHONE_NUMBER",)
    assert [one.action for one in blocked.found if one.type == "PHONE_NUMBER"] == ["block"]


def test_a_preview_for_a_library(house: House, engine: Engine) -> None:
    engine.create_library("合同 preview")
    engine.set_policy("", {"profile": "open"})
    assert PHONE in engine.preview_policy("合同 preview", {}, ZH).text
    assert PHONE not in engine.preview_policy("合同 preview", {"profile": "strict"}, ZH).text
    engine.set_policy("", {})
    engine.remove_library("合同 preview")
    assert failure(lambda: engine.preview_policy("never made", {}, "")).code is Code.UNKNOWN_LIBRARY


def test_a_preview_says_where_a_policy_is_wrong(house: House, engine: Engine) -> None:
    section = {"custom": {"PROJECT": {"words": ["Falcon"], "patterns": ["(a+)+"]}}}
    error = failure(lambda: engine.preview_policy("", section, EN))
    assert (error.code, error.values["problem"], error.values["key"]) == (
        Code.BAD_POLICY,
        "slow_pattern",
        "custom.PROJECT.patterns",
    )
    assert error.values["line"] > 1
    assert failure(lambda: engine.preview_policy("", {}, EN, direction="answer")).code is Code.BAD_REQUEST
    assert failure(lambda: engine.preview_policy("", {"types": None}, EN)).code in (Code.BAD_REQUEST, Code.BAD_POLICY)


def test_looking_at_the_values_of_pseudonyms_is_recorded(filled: House, engine: Engine) -> None:
    before = engine.audit(limit=1)[0].number
    engine.pseudonyms("default")
    assert engine.audit(limit=1)[0].number == before
    shown = engine.pseudonyms("default", reveal=True)
    (record,) = engine.audit(after=before)
    assert (record.event, record.reader) == ("revealed", "owner")
    assert sum(found.count for found in record.found) == len(shown)
    assert PHONE not in repr(record)


def test_reading_ahead_is_paused_and_goes_on(house: House, engine: Engine) -> None:
    before = engine.ahead()
    assert before.on
    assert before.budget_bytes == 4096 << 20
    assert engine.set_ahead(on=False).on is False
    assert engine.set_ahead(budget_mb=64).budget_bytes == 64 << 20
    kept = load_settings(house.home.settings_file)
    assert (kept.read_ahead, kept.readings_mb) == (False, 64)
    (check,) = [check for check in engine.doctor() if check.name == "readings"]
    assert check.values["on"] is False
    assert engine.set_ahead(on=True, budget_mb=0).on is False  # nowhere to keep it
    assert engine.set_ahead(budget_mb=4096) == before
    assert failure(lambda: engine.set_ahead(budget_mb=-1)).code is Code.BAD_REQUEST
    assert engine.ahead() == before
