"""What every suite prints with: timings, Markdown tables with a ratio to the baseline, and what machine it ran on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measure:
    """One variant's figure. `smaller_is_better` for seconds and bytes, not for accuracies and rates."""

    name: str
    value: float
    unit: str
    smaller_is_better: bool = True


def seconds(work: Callable[[], object], *, repeat: int = 5, warm_up: int = 1) -> float:
    """The median time of `repeat` calls, after `warm_up` calls that do not count."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def ratio(measure: Measure, *, baseline: Measure) -> float:
    """How many times better than the baseline; below 1 it is worse."""
    if measure.unit != baseline.unit:
        raise ValueError(f"{measure.unit} against {baseline.unit}")
    over, under = (baseline.value, measure.value) if measure.smaller_is_better else (measure.value, baseline.value)
    return over / under if under else float("inf")


def table(title: str, measures: Sequence[Measure], *, baseline: Measure) -> str:
    """A Markdown table: the baseline first, then each measure with its ratio (greater is better)."""
    lines = [f"### {title}", "", "| variant | value | times better |", "|---|---:|---:|"]
    lines.append(f"| {baseline.name} (baseline) | {figure(baseline)} | 1.00 |")
    lines += [f"| {one.name} | {figure(one)} | {ratio(one, baseline=baseline):.2f} |" for one in measures]
    return "\n".join(lines) + "\n"


def figure(measure: Measure) -> str:
    """Value and unit, to three significant digits."""
    value = measure.value
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {measure.unit}".strip()


def machine_line() -> str:
    """Processor, cores and how busy the machine is: without it a figure means little."""
    model = platform.processor() or platform.machine()
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    return f"{model}, {cores} cores, load {load}, Python {platform.python_version()}\n"
