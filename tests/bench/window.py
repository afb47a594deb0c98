"""The window: time until one can type into it, and the memory of its process after 200 messages.

No data set is needed. Started as its command starts it, over a new home: usable is when it has been painted and takes
what is typed; its engine starts behind it. The baseline is an empty Qt window in the same Python. Memory: a
conversation of 100 questions and answers, English and Chinese, opened and looked through.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from studiolo.paths import Home
from tests.bench._footprint_child import KINDS
from tests.bench.footprint import NAMES
from tests.bench.table import Measure, table
from tests.served import ROOT, child_environ

REPEAT = 10
TURNS = 100  # a question and an answer each


def run(data: Path, *, home: Path) -> None:
    """Print the tables."""
    empty = [usable_s("empty") for _ in range(REPEAT + 1)][1:]
    window = [usable_s("window") for _ in range(REPEAT + 1)][1:]
    measures = [
        Measure("the window, usable: median", statistics.median(window), "s"),
        Measure("the window, usable: slowest", max(window), "s"),
    ]
    title = f"From the process's beginning, {REPEAT} starts after one that fills the caches"
    print(table(title, measures, baseline=Measure("an empty window, painted: median", statistics.median(empty), "s")))
    print(memory())


def usable_s(what: str) -> float:
    """Seconds from the process's beginning until it says so."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with child(what, Home(Path(folder) / "home")) as running:
            assert running.stdout is not None
            line = running.stdout.readline()
            elapsed_s = time.perf_counter() - began
            running.communicate()
    if json.loads(line) != {"usable": True}:
        raise ValueError(line)
    return elapsed_s


def memory() -> str:
    """A Markdown table, in MB."""
    with tempfile.TemporaryDirectory() as folder, child("memory", Home(Path(folder) / "home")) as running:
        assert running.stdout is not None
        before, after = (json.loads(running.stdout.readline()) for _ in range(2))
        running.communicate()
    lines = [f"### Memory of the window's process, {2 * TURNS} messages on screen", ""]
    lines += ["| memory | empty, MB | with the messages, MB |", "|---|---:|---:|"]
    for kind in (kind for kind in KINDS if kind in before):
        lines.append(f"| {NAMES[kind]} | {before[kind] / 2**20:.0f} | {after[kind] / 2**20:.0f} |")
    return "\n".join(lines) + "\n"


def child(what: str, home: Home) -> subprocess.Popen[bytes]:
    """The process that is measured."""
    environ = child_environ(home, QT_QPA_PLATFORM="offscreen", PYTHONUTF8="1")
    environ["PYTHONPATH"] = f"{environ['PYTHONPATH']}:{ROOT / 'app'}:{ROOT}"
    command = [sys.executable, "-m", "tests.bench._window_child", what, str(TURNS)]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
