"""Start-up: processor time of `import studiolo` and `studiolo --help`, against a Python that does nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.table import Measure, table

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = {
    "import studiolo": ["-c", "import studiolo"],
    "studiolo --help": ["-m", "studiolo.cli.main", "--help"],
}


def run(data: Path, *, home: Path) -> None:
    """Print the table. No data set is needed and no home is opened."""
    baseline = Measure("python -c pass", cpu_seconds(["-c", "pass"]), "s of CPU")
    measures = [Measure(name, cpu_seconds(command), "s of CPU") for name, command in COMMANDS.items()]
    print(table("Start-up", measures, baseline=baseline))


def cpu_seconds(arguments: list[str], *, repeat: int = 5) -> float:
    """Median user and system time of a Python child, after one call that fills the caches."""
    times = []
    for _ in range(repeat + 1):
        before = os.times()
        subprocess.run([sys.executable, *arguments], cwd=ROOT / "engine", check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        used = after.children_user - before.children_user + after.children_system - before.children_system
        times.append(used)
    return statistics.median(times[1:])
