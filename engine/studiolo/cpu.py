"""What this machine's processor can do and how much memory is free. Reads only; starts nothing.

Native libraries built for AVX2 die of an illegal instruction on an older processor, which takes the process with
them: so it is asked first, and said in words.
"""

from __future__ import annotations

import functools
import os
import platform
import sys
from pathlib import Path

from studiolo.errors import Code, EnvironmentFault


@functools.cache
def cpu_flags() -> frozenset[str]:
    """Feature flags of the first processor, as Linux names them; empty where they cannot be read."""
    if not sys.platform.startswith("linux"):
        return frozenset()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in ("flags", "features"):
            return frozenset(value.split())
    return frozenset()


def require_avx2(flags: frozenset[str] | None = None, *, machine: str | None = None) -> None:
    """Raise EnvironmentFault(unsupported_cpu) on an x86-64 processor known to lack AVX2."""
    found = cpu_flags() if flags is None else flags
    if (machine or platform.machine()).lower() in ("x86_64", "amd64") and found and "avx2" not in found:
        raise EnvironmentFault(Code.UNSUPPORTED_CPU, missing="AVX2")


def worker_threads(wanted: int = 0) -> int:
    """Threads for numeric work: `wanted`, or one for each physical core this process may run on."""
    if wanted > 0:
        return wanted
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def available_memory_bytes() -> int:
    """Memory that can be had without swapping: the system's figure, or the control group's limit if smaller."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
    except OSError:
        return free
    return free if limit == "max" else min(free, int(limit) - int(used))
