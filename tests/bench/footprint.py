"""What the filter takes: memory with both languages' name models, and time until it is ready.

Data: the folder of XQuAD (`xquad.en.json`, `xquad.zh.json`). Every figure is of a fresh process that goes through the
stages of an engine (`_footprint_child`). Memory: an engine that loads the filter and screens 200 passages of each
language, held against the same engine without it, once with nothing else loaded (so that what the filter shares with
the embedder, numpy and onnxruntime, is counted as the filter's) and once beside the embedder. Readiness: elapsed from
the process's beginning, after one run that fills the caches; the baseline is the engine when it is open. What a text
costs is told by the suite `screening`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.home_format import prepare_home
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings
from tests.bench._footprint_child import KINDS
from tests.bench.screening import passages
from tests.bench.table import Measure, table
from tests.real.conftest import SMALL, link_models
from tests.served import child_environ

PASSAGES = 200  # of each language
REPEAT = 5
NAMES = {"rss": "resident", "pss": "proportional", "uss": "private"}


@dataclass(frozen=True, slots=True)
class Stage:
    """A process when a stage is done: seconds since its beginning, memory in bytes by kind."""

    elapsed_s: float
    memory: dict[str, int]


def run(data: Path, *, home: Path) -> None:
    texts = [text for name in ("en", "zh") for text in passages(data / f"xquad.{name}.json", count=PASSAGES)]
    with tempfile.TemporaryDirectory() as folder:
        mine = Home(Path(folder) / "home")
        prepare_home(mine)
        link_models(mine, Home(home))
        save_settings(mine.settings_file, Settings(chat_model=SMALL))  # type: ignore[call-arg]
        print(memory(mine, texts))
        print(readiness(mine))


def memory(home: Home, texts: Sequence[str]) -> str:
    """A Markdown table, in MB."""
    title = f"### Memory of the filter, {PASSAGES} English and {PASSAGES} Chinese passages screened"
    lines = [title, "", "| engine | memory | without, MB | ready, MB | used, MB | the filter's, MB |"]
    lines.append("|---|---|---:|---:|---:|---:|")
    for name, before in (("nothing else loaded", ["open"]), ("beside the embedder", ["open", "embedder"])):
        without = stages(home, before, texts)[before[-1]].memory
        loaded = stages(home, [*before, "filter", "screen"], texts)
        for kind in (kind for kind in KINDS if kind in without):
            ready, used = (loaded[stage].memory[kind] for stage in ("filter", "screen"))
            figures = (without[kind], ready, used, used - without[kind])
            lines.append(f"| {name} | {NAMES[kind]} | {' | '.join(f'{value / 2**20:.0f}' for value in figures)} |")
    return "\n".join(lines) + "\n"


def readiness(home: Home) -> str:
    """A Markdown table, in seconds since the process's beginning."""
    alone = [stages(home, ["open", "filter"]) for _ in range(REPEAT + 1)][1:]
    beside = [stages(home, ["open", "load all", "filter"]) for _ in range(REPEAT + 1)][1:]
    measures = [
        _median("the filter ready", alone, "filter"),
        _median("the filter ready, chat model and embedder loading beside it", beside, "filter"),
    ]
    opened = _median("the engine open, nothing loaded", alone, "open")
    return table(f"From the process's beginning, median of {REPEAT}", measures, baseline=opened)


def stages(home: Home, names: Sequence[str], texts: Sequence[str] = ()) -> dict[str, Stage]:
    """A fresh process through the named stages."""
    command = [sys.executable, "-m", "tests.bench._footprint_child", str(home.root), *names]
    found = {}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as given:
        given.write(json.dumps(list(texts)).encode())
        given.seek(0)
        child = subprocess.Popen(command, env=child_environ(home), stdin=given, stdout=subprocess.PIPE)
        with child:
            assert child.stdout is not None
            for line in child.stdout:
                elapsed_s = time.perf_counter() - began
                told = json.loads(line)
                found[told.pop("stage")] = Stage(elapsed_s, told)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return found


def _median(name: str, runs: Sequence[dict[str, Stage]], stage: str) -> Measure:
    return Measure(name, statistics.median(one[stage].elapsed_s for one in runs), "s")
