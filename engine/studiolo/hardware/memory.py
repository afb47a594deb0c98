"""How much memory there is and how much can be had, within what a container or a limit on this process leaves.

Reads only; any thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from studiolo.control_groups import memory_limits


@dataclass(frozen=True, slots=True)
class Memory:
    """All in bytes. `limited`: a control group allows less than the machine has."""

    total: int
    available: int
    swap: int
    limited: bool


def memory() -> Memory:
    """The machine's figures, or a control group's where they are less."""
    import psutil

    total = total_memory_bytes()
    limited = total < int(psutil.virtual_memory().total)
    return Memory(total, available_memory_bytes(), int(psutil.swap_memory().total), limited)


def total_memory_bytes() -> int:
    """What the machine has, or what a control group allows, if less."""
    import psutil

    return min([int(psutil.virtual_memory().total), *(one.limit_bytes for one in memory_limits())])


def available_memory_bytes() -> int:
    """Memory that can be had without swapping: the system's figure, or what limits on this process leave, if less."""
    import psutil

    rooms = [one.room_bytes for one in memory_limits()]
    return max(0, min([int(psutil.virtual_memory().available), *rooms, *_address_space_room()]))


def _address_space_room() -> list[int]:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    import psutil

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return [] if limit == resource.RLIM_INFINITY else [limit - int(psutil.Process().memory_info().vms)]
