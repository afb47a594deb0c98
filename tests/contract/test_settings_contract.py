"""Settings and what is told of models on this machine, asked in this process and over HTTP."""

from __future__ import annotations

import pytest
from tests.contract.asked import failure, read, until
from tests.contract.conftest import House

from studiolo.engine import Engine
from studiolo.errors import Code
from studiolo.inference import expected
from studiolo.settings import load_settings
from studiolo.types import Question


def value(engine: Engine, name: str) -> object:
    return next(setting.value for setting in engine.settings() if setting.name == name)


def test_a_setting_counts_at_once(filled: House, engine: Engine) -> None:
    read(engine.ask(Question("How long is the term of the lease? 租期多长？")))
    before = len(filled.runtimes)
    listed = engine.change_settings({"passages": 1, "answer_tokens": 40, "unload_minutes": 7.5})
    assert {s.name: s.value for s in listed}["passages"] == 1
    assert value(engine, "unload_minutes") == 7.5
    assert load_settings(filled.home.settings_file).answer_tokens == 40
    events = read(engine.ask(Question("How long is the term of the lease? 租期多长？")))
    assert [len(event.hits) for event in events if event.kind == "retrieved"] == [1]
    assert len(filled.runtimes) == before  # the model stayed where it was
    engine.change_settings({"context_tokens": 2048})
    until(lambda: not filled.local._parts.scheduler.loaded)
    read(engine.ask(Question("租期多长？")))
    assert len(filled.runtimes) == before + 1  # and was loaded anew
    engine.change_settings({"passages": 5, "answer_tokens": 512, "unload_minutes": 30, "context_tokens": 8192})


def test_the_budget_of_readings_and_reading_ahead_follow(house: House, engine: Engine) -> None:
    engine.change_settings({"readings_mb": 12, "read_ahead": False})
    assert house.local._parts.readings.statistics().budget_bytes == 12 << 20
    assert {check.name: check.values.get("on") for check in engine.doctor()}["readings"] is False
    engine.change_settings({"readings_mb": 4096, "read_ahead": True})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"passages": 0}, Code.BAD_REQUEST),
        ({"passages": 1.5}, Code.BAD_REQUEST),
        ({"语言": "中文"}, Code.BAD_REQUEST),
        ({"chat_model": "none"}, Code.UNKNOWN_MODEL),
        ({"chat_model": "lac"}, Code.MODEL_KIND),
        ({"embedder": "lac", "passages": 2}, Code.MODEL_KIND),
    ],
)
def test_what_does_not_fit_is_refused_whole(engine: Engine, changes: dict, code: Code) -> None:
    before = engine.settings()
    assert failure(lambda: engine.change_settings(changes)).code is code
    assert engine.settings() == before


def test_the_embedder_of_new_libraries(house: House, engine: Engine) -> None:
    engine.change_settings({"embedder": "all-minilm-l6-v2"})
    assert engine.create_library("新的").embedder == "all-minilm-l6-v2"
    engine.change_settings({"embedder": "multilingual-e5-small"})
    engine.remove_library("新的")


def test_every_chat_model_is_told_what_it_needs(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "_bandwidth", lambda threads: 20e9)
    fits = {fit.model: fit for fit in engine.model_fits()}
    chat = {model.id: model for model in engine.models() if model.kind == "chat"}
    assert fits.keys() == chat.keys()
    for fit in fits.values():
        assert fit.needed_bytes > 0
        assert fit.fits is (fit.needed_bytes <= fit.free_bytes)
        assert 0 < fit.write_tokens_s <= expected.MOST_TOKENS_S
        assert not fit.measured
    small, large = (fits[f"qwen2.5-coder-{size}"] for size in ("0.5b", "1.5b"))
    assert small.write_tokens_s > large.write_tokens_s


def test_what_cannot_be_calibrated(engine: Engine) -> None:
    assert failure(lambda: engine.calibrate_model("none")).code is Code.UNKNOWN_MODEL
    assert failure(lambda: engine.calibrate_model("lac")).code is Code.MODEL_KIND
    assert failure(lambda: engine.calibrate_model("qwen2.5-7b")).code is Code.MODEL_MISSING
