"""`make soak [SCENARIO=name]`: plays scenarios very many times, resumably; `--quick` for a few seconds each.

State, logs and what the scenarios keep are under `.soak/` (`--folder`). The seed is fixed, so a run can be repeated;
a failed round is played again alone with `--from N --rounds 1`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.soak.api import Api
from tests.soak.jobs import Jobs
from tests.soak.kills import Kills, LightKills
from tests.soak.pseudonyms import Pseudonyms, RoundTrip
from tests.soak.readings import Readings
from tests.soak.removals import Removals
from tests.soak.requests import Requests
from tests.soak.restarts import Restarts
from tests.soak.runner import run
from tests.soak.scenario import Scenario
from tests.soak.streams import Streams

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = 20260101


def scenarios() -> dict[str, Scenario]:
    """All scenarios by name, in the order they are played."""
    played = (
        Jobs(),
        Kills(),
        LightKills(),
        Removals(),
        Streams(),
        Pseudonyms(),
        RoundTrip(),
        Readings(),
        Requests(),
        Restarts(),
        Api(),
    )
    return {scenario.name: scenario for scenario in played}


class Both:
    """Writes the log to the file and to the terminal."""

    def __init__(self, *targets) -> None:
        self._targets = targets

    def write(self, text: str) -> int:
        for target in self._targets:
            target.write(text)
        return len(text)

    def flush(self) -> None:
        for target in self._targets:
            target.flush()


def main(arguments: list[str]) -> int:
    known = scenarios()
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.partition("\n")[0])
    parser.add_argument("scenario", nargs="?", help=f"one of: {', '.join(known)}; none plays them all")
    parser.add_argument("--quick", action="store_true", help="a few seconds each, from the first round on")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--from", dest="first", type=int, help="start at this round, and keep no state")
    parser.add_argument("--rounds", type=int, help="so many rounds instead of the scenario's own number")
    parser.add_argument("--folder", type=Path, default=ROOT / ".soak")
    options = parser.parse_args(arguments)
    if options.scenario is not None and options.scenario not in known:
        print(f"soak: no scenario {options.scenario!r}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for scenario in [known[options.scenario]] if options.scenario else known.values():
        with (options.folder / f"{scenario.name}.log").open("a", encoding="utf-8") as log:
            state = run(
                scenario,
                folder=options.folder / scenario.name,
                seed=options.seed,
                quick=options.quick,
                first=options.first,
                rounds=options.rounds,
                log=Both(log, sys.stdout),
            )
        failed += [f"{scenario.name} (round {number})" for number in state.failures]
    if failed:
        print(f"soak: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
