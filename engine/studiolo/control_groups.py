"""What Linux control groups (containers, service managers, job queues) leave this process of memory and processors.

Both versions are read: a machine may carry version 1, version 2, or both beside one another. Where nothing can be
read nothing is limited. Reads only; any thread.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html, sched-bwc.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
_UNLIMITED = 1 << 60  # version 1 writes "no limit" as the largest number of pages


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """One group's limit, and what is left of it: cached files count as free, because they can go."""

    limit_bytes: int
    room_bytes: int


def memory_limits(mount: Path = MOUNT, own: Path = OWN) -> list[MemoryLimit]:
    """The limit of each group around this process that has one."""
    found = []
    for group in _groups(mount, own, "memory"):
        first = group / "memory.max"
        if first.exists():
            names = ("memory.max", "memory.current", "inactive_file")
        else:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        limit, used = _number(group / names[0]), _number(group / names[1])
        if limit is not None and used is not None and limit < _UNLIMITED:
            cached = _counter(group / "memory.stat", names[2])
            found.append(MemoryLimit(limit, limit - used + cached))
    return found


def processor_quota(mount: Path = MOUNT, own: Path = OWN) -> float | None:
    """How many processors' time the strictest group around this process allows, None where none limits it."""
    quotas = []
    for group in _groups(mount, own, "cpu"):
        try:
            if (group / "cpu.max").exists():
                quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
            else:
                quota = (group / "cpu.cfs_quota_us").read_text(encoding="ascii")
                period = (group / "cpu.cfs_period_us").read_text(encoding="ascii")
            if quota != "max" and int(quota) > 0:
                quotas.append(int(quota) / int(period))
        except (OSError, ValueError, ZeroDivisionError):
            continue
    return min(quotas, default=None)


def _groups(mount: Path, own: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups around this process, from the inmost out, that `controller` may be read in."""
    try:
        lines = own.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if number == "0" and not controllers:
            roots = (mount, mount / "unified")
        elif controller in controllers.split(","):
            roots = (mount / controllers, mount / controller)
        else:
            continue
        parts = [part for part in name.split("/") if part]
        if ".." in parts:  # the group lies outside what this process's namespace shows: only the mount's top is ours
            parts = []
        root = next((folder for folder in roots if folder.is_dir()), None)
        if root is None:
            continue
        folder = root.joinpath(*parts)
        yield from (group for group in (folder, *folder.parents) if group.is_relative_to(root))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" too
        return None


def _counter(path: Path, name: str) -> int:
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    except (OSError, ValueError):
        pass
    return 0
