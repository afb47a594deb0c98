"""A setting is changed only where it wins clearly, each time; judged on speeds as a model would have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from studiolo.errors import Code, EnvironmentFault
from studiolo.inference import calibration
from studiolo.inference.calibration import Cancelled, Trial, calibrate
from studiolo.inference.tuning import Calibration, Speed, Tuning
from studiolo.jobs import CancelToken

DEFAULT = Tuning(4, 4)
Rule = Callable[[Tuning], tuple[float, float]]


class Measured:
    """In a probe's place: speeds by a rule."""

    rule: Rule
    together = 1.5  # times as fast as one after another
    closed = 0

    def __init__(self, *_: object, **__: object) -> None: ...

    def measure(self, tuning: Tuning, *, read: int = 256, write: int = 16) -> Speed:
        speed = Speed(*type(self).rule(tuning))
        return Speed(speed.read if read else 0.0, speed.write if write else 0.0)

    def check(self, tuning: Tuning) -> float:
        return type(self).rule(tuning)[1] * type(self).together

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Calibration | None]:
    """Calibrate by a rule."""
    monkeypatch.setattr(calibration, "Probe", Measured)
    monkeypatch.setattr(calibration, "memory_bandwidth", lambda _: 1e10)
    monkeypatch.setattr(calibration, "default_tuning", lambda threads: Tuning(threads, threads) if threads else DEFAULT)
    monkeypatch.setattr(calibration, "thread_candidates", lambda _, writing: [8, 3, 2] if writing else [8, 3])

    def run(rule: Rule, **options: object) -> Calibration | None:
        Measured.rule = staticmethod(rule)
        closed = Measured.closed
        result = calibrate(None, cancel=CancelToken(), **options)  # type: ignore[arg-type]
        assert Measured.closed == closed + 1
        return result

    return run


def test_where_nothing_differs_the_defaults_stay(found: Callable[..., Calibration]) -> None:
    kept = found(lambda _: (100.0, 20.0))
    assert kept.tuning == kept.default == DEFAULT
    assert kept.speed == replace(kept.default_speed, check=30.0) == Speed(100.0, 20.0, 30.0)


def test_a_gain_within_the_margin_is_no_gain(found: Callable[..., Calibration]) -> None:
    assert found(lambda tuning: (104.0 if tuning.threads_read == 8 else 100.0, 20.0)).tuning == DEFAULT


def test_reading_and_writing_are_chosen_apart(found: Callable[..., Calibration]) -> None:
    kept = found(
        lambda tuning: (200.0 if tuning.threads_read == 8 else 100.0, 30.0 if tuning.threads_write == 2 else 20.0)
    )
    assert kept.tuning == replace(DEFAULT, threads_read=8, threads_write=2)
    assert (kept.speed, kept.default_speed) == (Speed(200.0, 30.0, 45.0), Speed(100.0, 20.0))


def test_drafts_are_made_only_where_checking_them_is_faster(
    found: Callable[..., Calibration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measured, "together", 1.2)
    kept = found(lambda _: (100.0, 20.0))
    assert (kept.tuning, kept.speed.check) == (replace(DEFAULT, draft=0), 0.0)
    monkeypatch.setattr(Measured, "together", 1.3)
    assert found(lambda _: (100.0, 20.0)).tuning.draft == DEFAULT.draft > 0


def test_every_setting_can_win(found: Callable[..., Calibration]) -> None:
    assert found(lambda tuning: (100.0 if tuning.flash_attention else 150.0, 20.0)).tuning.flash_attention is False
    assert found(lambda tuning: (150.0 if tuning.ubatch == 128 else 100.0, 20.0)).tuning.batch == 128
    kept = found(lambda tuning: (100.0, 30.0 if tuning.kv_type == "q8_0" else 20.0)).tuning
    assert (kept.kv_type, kept.flash_attention) == ("q8_0", True)


def test_what_wins_by_chance_once_does_not_win(found: Callable[..., Calibration]) -> None:
    tries = count()
    assert found(lambda tuning: (100.0 if tuning == DEFAULT or next(tries) % 2 else 200.0, 20.0)).tuning == DEFAULT


def test_what_wins_alone_but_not_together_is_dropped(found: Callable[..., Calibration]) -> None:
    gains = iter([200.0, 200.0])
    rule = lambda tuning: (next(gains, 10.0) if tuning.threads_read == 8 else 100.0, 20.0)
    assert found(rule).tuning == DEFAULT


def test_a_setting_that_llama_cpp_refuses_is_passed_over(found: Callable[..., Calibration]) -> None:
    def rule(tuning: Tuning) -> tuple[float, float]:
        if tuning.kv_type == "q8_0":
            raise EnvironmentFault(Code.NOT_ENOUGH_MEMORY)
        return (100.0, 20.0)

    assert found(rule).tuning == DEFAULT


def test_a_fast_machine_tells_larger_batches_apart(found: Callable[..., Calibration]) -> None:
    tried: list[Trial] = []
    found(lambda _: (1000.0, 90.0), on_trial=tried.append)
    assert {trial.tuning.ubatch for trial in tried} == {128, 256, 512}
    tried.clear()
    found(lambda _: (50.0, 9.0), on_trial=tried.append)
    assert {trial.tuning.ubatch for trial in tried} == {128, 512}


def test_given_threads_are_not_changed(found: Callable[..., Calibration]) -> None:
    tried: list[Trial] = []
    kept = found(lambda _: (100.0, 20.0), threads=2, on_trial=tried.append)
    assert {trial.tuning.threads_read for trial in tried} == {2} == {kept.tuning.threads_write}


def test_no_time_left_means_the_defaults(found: Callable[..., Calibration]) -> None:
    tried: list[Trial] = []
    assert found(lambda _: (100.0, 20.0), budget_s=-1.0, on_trial=tried.append).tuning == DEFAULT
    assert len(tried) == 1


def test_cancelling_gives_nothing(found: Callable[..., Calibration | None]) -> None:
    def rule(tuning: Tuning) -> tuple[float, float]:
        if not tuning.flash_attention:
            raise Cancelled
        return (100.0, 20.0)

    assert found(rule) is None
