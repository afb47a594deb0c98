"""Plays a scenario's rounds, and remembers in `<folder>/state.json` how far it is, so that a run can be gone on with.

The state is written after every round that took long and at least once a second, and at every end; what is played
again after a kill is at most that second. Threads: the caller's.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from tests.soak.scenario import Reporting, Scenario, round_of

SAVE_EVERY_S = 1.0


@dataclass(slots=True)
class State:
    """How far a scenario is. `failures` are the numbers of rounds that raised."""

    seed: int
    done: int = 0
    seconds: float = 0.0
    failures: tuple[int, ...] = ()


def load_state(path: Path, *, seed: int) -> State:
    """The state kept in `path`; a new one where there is none or it is of another seed."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        state = State(raw["seed"], raw["done"], raw["seconds"], tuple(raw["failures"]))
    except (OSError, ValueError, KeyError, TypeError):
        return State(seed)
    return state if state.seed == seed else State(seed)


def save_state(path: Path, state: State) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
    partial.replace(path)


def run(
    scenario: Scenario,
    *,
    folder: Path,
    seed: int,
    quick: bool,
    log: TextIO,
    first: int | None = None,
    rounds: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> State:
    """Play rounds until the scenario's number is reached or, if `quick`, its time is over. Stops at a failure.

    A full run goes on where the state stands. A quick run, and one with `first`, starts where it is told (0) and
    leaves the state alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / "state.json"
    resumable = not quick and first is None
    state = load_state(state_file, seed=seed) if resumable else State(seed, done=first or 0)
    state.failures = ()
    end = state.done + rounds if rounds is not None else scenario.rounds
    began = saved = clock()
    before = state.seconds
    log.write(f"{scenario.name}: seed {seed}, rounds {state.done} to {end}{', quick' if quick else ''}\n")
    scenario.start(folder)
    try:
        while state.done < end and not state.failures:
            if quick and clock() - began >= scenario.quick_s:
                break
            try:
                scenario.play(round_of(scenario.name, seed=seed, number=state.done, folder=folder))
            except Exception:
                state.failures = (state.done,)
                log.write(f"{scenario.name}: round {state.done} failed\n{traceback.format_exc()}")
            else:
                state.done += 1
            state.seconds = before + clock() - began
            if resumable and clock() - saved >= SAVE_EVERY_S:
                save_state(state_file, state)
                saved = clock()
    finally:
        if resumable:
            save_state(state_file, state)
        scenario.stop()
        if isinstance(scenario, Reporting):
            log.write(scenario.report())
        log.write(f"{scenario.name}: {state.done} rounds done, {state.seconds:.1f} s\n")
        log.flush()
    return state
