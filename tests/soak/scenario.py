"""What a soak scenario is: numbered rounds, each reproducible from the seed and its number, stopped between any two.

A round that finds something wrong raises; its number and seed are in the log, and `--from N --rounds 1` plays it again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Round:
    """One round: its number from 0, a random generator of its own, and the scenario's folder, which stays."""

    number: int
    random: random.Random
    folder: Path


class Scenario(Protocol):
    """Something done very many times. `name` is what `make soak SCENARIO=` takes."""

    name: str
    rounds: int  # of a full run
    quick_s: float  # a quick run stops after so many seconds

    def start(self, folder: Path) -> None:
        """Make ready; called once a run, also when an earlier run is gone on with."""
        ...

    def play(self, this: Round) -> None:
        """One round. Raises where something is wrong."""
        ...

    def stop(self) -> None:
        """Let go of everything; called at the end, also after a failure."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """A scenario that measures besides: what it has to say stands in the log at the end of a run."""

    def report(self) -> str:
        """Whole lines, or "" for nothing."""
        ...


def round_of(scenario: str, *, seed: int, number: int, folder: Path) -> Round:
    """The round of that number: the same generator whenever and wherever it is played."""
    return Round(number=number, random=random.Random(f"{scenario}/{seed}/{number}"), folder=folder)
