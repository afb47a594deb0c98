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
    """Memory that can be had without swapping: the system's figure, or what limits on this process leave, if less."""
    import psutil

    return max(0, min([int(psutil.virtual_memory().available), *_control_group_rooms(), *_address_space_room()]))


def _control_group_rooms(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> list[int]:
    """What each control group (version 2) around this process leaves. Cached files count as free: they can go."""
    try:
        names = [line.partition("::")[2].strip("/\n") for line in own.read_text().splitlines() if line[:3] == "0::"]
    except OSError:
        return []
    rooms = []
    folder = root.joinpath(*names[:1])
    for group in (folder, *folder.parents):
        if not group.is_relative_to(root):
            break
        try:
            limit = (group / "memory.max").read_text(encoding="ascii").strip()
            used = int((group / "memory.current").read_text(encoding="ascii"))
            stat = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
            if limit != "max":
                rooms.append(int(limit) - used + int(stat.get("inactive_file", 0)))
        except (OSError, ValueError):
            continue
    return rooms


def _address_space_room() -> list[int]:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    import psutil

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return [] if limit == resource.RLIM_INFINITY else [limit - int(psutil.Process().memory_info().vms)]
