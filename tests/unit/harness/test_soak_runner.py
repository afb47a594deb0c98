"""The soak runner: the same rounds from the same seed, gone on with after a stop, stopped by a failure."""

from __future__ import annotations

import io
import json

import pytest
from tests.soak import __main__ as command
from tests.soak.runner import load_state, run
from tests.soak.scenario import round_of


class Recorder:
    """Keeps what each round drew; breaks in round `breaks_at`, interrupts before round `killed_at`."""

    name = "recorder"
    rounds = 10
    quick_s = 3.0

    def __init__(self, *, breaks_at: int = -1, killed_at: int = -1) -> None:
        self.drawn: list[tuple[int, float]] = []
        self.stopped = 0
        self._breaks_at, self._killed_at = breaks_at, killed_at

    def start(self, folder):
        assert folder.is_dir()

    def play(self, this):
        if this.number == self._killed_at:
            raise KeyboardInterrupt
        self.drawn.append((this.number, this.random.random()))
        assert this.number != self._breaks_at

    def stop(self):
        self.stopped += 1


class Telling(Recorder):
    """Says at the end what it measured."""

    def report(self):
        return f"{len(self.drawn)} measured\n"


def play(scenario, folder, **options):
    log = io.StringIO()
    state = run(scenario, folder=folder, log=log, **{"seed": 1, "quick": False, **options})
    return state, log.getvalue()


def test_a_full_run_plays_every_round_once_and_the_next_has_nothing_to_do(tmp_path):
    scenario = Recorder()
    state, _ = play(scenario, tmp_path)
    assert [number for number, _ in scenario.drawn] == list(range(10))
    assert state.done == 10
    again = Recorder()
    play(again, tmp_path)
    assert again.drawn == []


def test_a_run_that_was_interrupted_goes_on_with_the_same_draws(tmp_path):
    whole = Recorder()
    play(whole, tmp_path / "whole")
    first, second = Recorder(killed_at=4), Recorder()
    with pytest.raises(KeyboardInterrupt):
        play(first, tmp_path / "parts")
    play(second, tmp_path / "parts")
    assert first.stopped == 1
    assert first.drawn + second.drawn == whole.drawn


def test_a_failure_stops_the_run_and_names_the_round_which_then_is_played_again(tmp_path):
    state, log = play(Recorder(breaks_at=3), tmp_path)
    assert state.failures == (3,)
    assert "round 3 failed" in log
    assert "AssertionError" in log
    alone = Recorder()
    play(alone, tmp_path, first=3, rounds=1)
    assert [number for number, _ in alone.drawn] == [3]
    repaired = Recorder()
    state, _ = play(repaired, tmp_path)
    assert [number for number, _ in repaired.drawn] == list(range(3, 10))
    assert state.failures == ()


def test_another_seed_starts_anew_and_draws_otherwise(tmp_path):
    one, other = Recorder(), Recorder()
    play(one, tmp_path)
    play(other, tmp_path, seed=2)
    assert len(other.drawn) == 10
    assert one.drawn != other.drawn


def test_a_quick_run_ends_by_the_clock_and_leaves_the_state_alone(tmp_path):
    play(Recorder(), tmp_path, rounds=2)
    before = (tmp_path / "state.json").read_text(encoding="utf-8")
    ticks = iter(float(tick) for tick in range(100))
    scenario = Recorder()
    state, _ = play(scenario, tmp_path, quick=True, clock=lambda: next(ticks))
    assert 0 < state.done < 10
    assert scenario.drawn[0][0] == 0
    assert (tmp_path / "state.json").read_text(encoding="utf-8") == before


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"seed": 1})])
def test_a_damaged_state_is_no_state(tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text, encoding="utf-8")
    assert load_state(path, seed=1).done == 0


def test_a_round_is_the_same_whenever_it_is_drawn(tmp_path):
    draws = [round_of("x", seed=5, number=7, folder=tmp_path).random.random() for _ in range(2)]
    assert draws[0] == draws[1]
    assert draws[0] != round_of("y", seed=5, number=7, folder=tmp_path).random.random()


def test_the_command_plays_a_scenario_and_keeps_its_log(tmp_path, capsys):
    assert command.main(["jobs", "--rounds", "3", "--folder", str(tmp_path)]) == 0
    assert "3 rounds done" in capsys.readouterr().out
    assert "3 rounds done" in (tmp_path / "jobs.log").read_text(encoding="utf-8")


def test_the_command_ends_badly_on_a_failure_and_on_a_wrong_name(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "scenarios", lambda: {"recorder": Recorder(breaks_at=1)})
    assert command.main(["--folder", str(tmp_path)]) == 1
    assert "recorder (round 1)" in capsys.readouterr().err
    assert command.main(["nothing", "--folder", str(tmp_path)]) == 2


def test_every_scenario_answers_to_its_own_name():
    for name, scenario in command.scenarios().items():
        assert name == scenario.name
        assert scenario.rounds > 0
        assert scenario.quick_s >= 0  # 0: too long for a quick run


def test_what_a_scenario_measured_stands_in_the_log_after_a_failure_too(tmp_path):
    assert "10 measured\n" in play(Telling(), tmp_path / "whole")[1]
    assert "4 measured\n" in play(Telling(breaks_at=3), tmp_path / "broken")[1]
