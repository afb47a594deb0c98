"""How a model runs with the default settings and with calibrated ones; what waiting threads cost on a busy machine.

`MODEL=id` in the environment chooses the model. Both settings are measured in turns in one process, so that a busy
moment meets both; ways of waiting are an OpenMP library's own and need a process each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from studiolo.hardware.load import LoadMeter
from studiolo.inference.calibration import Probe, Trial, calibrate
from studiolo.inference.model import LlamaModel
from studiolo.inference.tuning import Speed, Tuning, default_tuning
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from tests.bench.table import Measure, table

MODEL = "qwen2.5-coder-1.5b"
ROUNDS = 5
READ, WRITE = 256, 16
WAITING = ("default", "GOMP_SPINCOUNT=infinity", "GOMP_SPINCOUNT=0")


def run(data: Path, *, home: Path) -> None:
    """Print the tables. `home` holds the model."""
    model_id = os.environ.get("MODEL", MODEL)
    path = ModelStore(Home(home), load_catalogue()).path(model_id)
    model = LlamaModel(path, model_id=model_id)
    others = LoadMeter()
    try:
        found = calibrate(model, cancel=CancelToken(), on_trial=_show)
        assert found is not None
        print(f"\nCalibrated in {found.seconds:.0f} s, {found.bandwidth / 1e9:.1f} GB/s of memory: {found.tuning}\n")
        rounds = _in_turns(model, [found.default, found.tuning])
    finally:
        model.close()
    for title, name in (("Reading", "read"), ("Writing", "write")):
        default, chosen = (statistics.median(getattr(speed, name) for speed in speeds) for speeds in rounds)
        baseline = Measure("default settings", default, "tokens/s", smaller_is_better=False)
        calibrated = Measure("calibrated", chosen, "tokens/s", smaller_is_better=False)
        print(table(f"{title}, {model_id}", [calibrated], baseline=baseline))
    _waiting(path, model_id)
    print(f"Others used {others.load() * 100:.0f} % of the processors meanwhile.")


def _show(trial: Trial) -> None:
    print(f"{trial.speed.read:8.1f} read {trial.speed.write:8.1f} written  {trial.tuning}", file=sys.stderr)


def _in_turns(model: LlamaModel, tunings: list[Tuning], *, rounds: int = ROUNDS) -> list[list[Speed]]:
    probe = Probe(model, cancel=CancelToken())
    try:
        for tuning in tunings:
            probe.measure(tuning, read=READ, write=2)
        measured = [[probe.measure(tuning, read=READ, write=WRITE) for tuning in tunings] for _ in range(rounds)]
    finally:
        probe.close()
    return [list(speeds) for speeds in zip(*measured, strict=True)]


def _waiting(path: Path, model_id: str) -> None:
    """How threads wait for one another is fixed when the OpenMP library loads: a process each, in turns."""
    found: dict[str, list[Speed]] = {way: [] for way in WAITING}
    for _ in range(2):
        for way in WAITING:
            name, _, value = way.partition("=")
            environ = {**os.environ, **({name: value} if value else {})}
            command = [sys.executable, "-m", "tests.bench.hardware", str(path)]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
            found[way].append(Speed(*map(float, done.stdout.split())))
    for title, name in (("Reading", "read"), ("Writing", "write")):
        measures = [
            Measure(way, statistics.median(getattr(one, name) for one in speeds), "tokens/s", smaller_is_better=False)
            for way, speeds in found.items()
        ]
        print(table(f"{title}, {model_id}, by how threads wait", measures[1:], baseline=measures[0]))


def main(path: str) -> None:
    """The process of one way of waiting: prints tokens a second, read and written."""
    model = LlamaModel(Path(path), model_id="model")
    try:
        ((speed,),) = _in_turns(model, [default_tuning()], rounds=1)
    finally:
        model.close()
    print(speed.read, speed.write)


if __name__ == "__main__":
    main(sys.argv[1])
