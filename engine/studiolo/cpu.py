"""What this machine's processor is: instructions, cores, and how many threads numeric work should get. Starts nothing.

Native libraries built for AVX2 die of an illegal instruction on an older processor, which takes the process with
them: so it is asked first, and said in words. The ways for macOS and Windows have not been tried on such a machine.
Reads only; any thread.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import platform
import sys
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studiolo.control_groups import processor_quota
from studiolo.errors import Code, EnvironmentFault

CPUINFO = Path("/proc/cpuinfo")
DEVICES = Path("/sys/devices")
_WINDOWS_FEATURES = {40: "avx2", 41: "avx512f"}  # winnt.h, PF_AVX2_INSTRUCTIONS_AVAILABLE and its neighbour

# shown name -> the flags by which Linux calls it (x86, then ARM), from the narrowest to the widest
_LEVELS = (("AVX", "avx"), ("AVX2", "avx2"), ("AVX-512", "avx512f"), ("NEON", "asimd"), ("SVE", "sve"))
_EXTENSIONS = (
    ("VNNI", ("avx512_vnni", "avx_vnni")),
    ("BF16", ("avx512_bf16", "bf16")),
    ("FP16", ("avx512_fp16", "asimdhp")),
    ("AMX", ("amx_tile",)),
    ("DOTPROD", ("asimddp",)),
    ("I8MM", ("i8mm",)),
)


@dataclass(frozen=True, slots=True)
class Topology:
    """The processors this process may run on. `performance` counts the cores that are not the slower kind."""

    logical: int
    physical: int
    performance: int
    numa_nodes: int
    quota: float | None  # processors' worth of time that a control group allows

    @property
    def smt(self) -> bool:
        """Whether some of the processors are two threads of one core."""
        return self.logical > self.physical


@functools.cache
def cpu_flags() -> frozenset[str]:
    """Feature flags of the first processor, as Linux names them; empty where they cannot be read."""
    if sys.platform == "win32":
        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        found = frozenset(name for number, name in _WINDOWS_FEATURES.items() if present(number))
        return found if "avx2" in found else frozenset()  # an older Windows answers no to what it does not know
    fields = _cpuinfo(CPUINFO)
    return frozenset((fields.get("flags") or fields.get("features") or "").split())


@functools.cache
def cpu_name() -> str:
    """What the maker calls the processor; the architecture where that cannot be read."""
    if sys.platform == "darwin":
        return _sysctl("machdep.cpu.brand_string") or platform.machine()
    if sys.platform == "win32":
        return _windows_name() or platform.processor() or platform.machine()
    return _cpuinfo(CPUINFO).get("model name", "") or platform.processor() or platform.machine()


def instruction_set(flags: AbstractSet[str]) -> str:
    """The widest instructions for numbers and what they have beside, such as "AVX-512 VNNI BF16"; "" if unknown."""
    levels = [name for name, flag in _LEVELS if flag in flags]
    extensions = [name for name, any_of in _EXTENSIONS if not flags.isdisjoint(any_of)]
    return " ".join([*levels[-1:], *extensions])


def require_avx2(flags: frozenset[str] | None = None, *, machine: str | None = None) -> None:
    """Raise EnvironmentFault(unsupported_cpu) on an x86-64 processor known to lack AVX2."""
    found = cpu_flags() if flags is None else flags
    if (machine or platform.machine()).lower() in ("x86_64", "amd64") and found and "avx2" not in found:
        raise EnvironmentFault(Code.UNSUPPORTED_CPU, missing="AVX2")


def topology(devices: Path = DEVICES, *, allowed: frozenset[int] | None = None) -> Topology:
    """Cores, threads and memory nodes. `allowed`: the processors' numbers; None = those this process may run on."""
    known = _allowed() if allowed is None else allowed
    cores = _cores(devices, known)
    if cores is None:  # no topology to read: macOS, Windows, some containers
        import psutil

        logical = len(known) or os.cpu_count() or 1
        physical = max(1, min(psutil.cpu_count(logical=False) or logical, logical))
        fast = int(_sysctl_number("hw.perflevel0.physicalcpu") or physical) if sys.platform == "darwin" else physical
        return Topology(logical, physical, min(fast, physical), 1, processor_quota())
    fast = len({core for core in cores if not core.isdisjoint(_performance(devices, known))})
    return Topology(len(known), len(cores), fast or len(cores), _numa_nodes(devices, known), processor_quota())


def worker_threads(wanted: int = 0) -> int:
    """Threads for numeric work: `wanted`, or one a physical core this process may use, within a container's share."""
    if wanted > 0:
        return wanted
    seen = topology()
    return max(1, min(seen.physical, math.ceil(seen.quota) if seen.quota else seen.physical))


def _allowed() -> frozenset[int]:
    if sys.platform == "win32" or not hasattr(os, "sched_getaffinity"):
        return frozenset(range(os.cpu_count() or 1))
    return frozenset(os.sched_getaffinity(0))


@functools.cache
def _cores(devices: Path, allowed: frozenset[int]) -> frozenset[frozenset[int]] | None:
    """The allowed processors, those of one core together; None where nothing says so."""
    cores = set()
    for number in allowed:
        folder = devices / f"system/cpu/cpu{number}/topology"
        siblings = _numbers(folder / "core_cpus_list") or _numbers(folder / "thread_siblings_list")
        if number not in siblings:
            return None
        cores.add(siblings & allowed)
    return frozenset(cores) or None


def _performance(devices: Path, allowed: frozenset[int]) -> frozenset[int]:
    """The allowed processors of the faster kind, where a chip has two; all of them where it has one."""
    named = _numbers(devices / "cpu_core/cpus") & allowed  # Intel's hybrid chips
    if named:
        return named
    capacities = {
        number: int(capacity)
        for number in allowed
        if (capacity := _line(devices / f"system/cpu/cpu{number}/cpu_capacity")).isdigit()
    }
    largest = max(capacities.values(), default=0)
    return frozenset(number for number in allowed if capacities.get(number, largest) == largest)


def _numa_nodes(devices: Path, allowed: frozenset[int]) -> int:
    nodes = _numbers(devices / "system/node/online")
    own = [node for node in nodes if not allowed.isdisjoint(_numbers(devices / f"system/node/node{node}/cpulist"))]
    return max(1, len(own))


def _numbers(path: Path) -> frozenset[int]:
    """A kernel list such as "0-3,8"; empty where there is none."""
    found: set[int] = set()
    try:
        for part in filter(None, _line(path).split(",")):
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    except ValueError:
        return frozenset()
    return frozenset(found)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _cpuinfo(path: Path) -> dict[str, str]:
    """The fields of the first processor, names in small letters; empty where there is no such file."""
    fields: dict[str, str] = {}
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return fields
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    return fields


def _sysctl(name: str) -> str:
    """A text of macOS's sysctl, "" where there is none."""
    size = ctypes.c_size_t(256)
    buffer = ctypes.create_string_buffer(size.value)
    failed = ctypes.CDLL(None).sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0))
    return "" if failed else buffer.value.decode("utf-8", "replace")


def _sysctl_number(name: str) -> int:
    """A number of macOS's sysctl, 0 where there is none."""
    value = ctypes.c_int32(0)
    size = ctypes.c_size_t(ctypes.sizeof(value))
    library = ctypes.CDLL(None)
    failed = library.sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    return 0 if failed else value.value


def _windows_name() -> str:
    if sys.platform == "win32":
        import winreg

        with (
            suppress(OSError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key,
        ):
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
    return ""
