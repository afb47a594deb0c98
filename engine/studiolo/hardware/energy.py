"""How much energy the processors have used meanwhile, where the system tells. Reads only; any thread.

Linux keeps counters of Intel's and AMD's processors (RAPL). They are of a whole package, whoever it worked for, and
most systems let root alone read them, because they give away what runs. The system's memory and graphics card are not
in them, nor a package's parts a second time. Other systems have nothing that a user may read.

Source: https://docs.kernel.org/power/powercap/powercap.html
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
_PACKAGES = "intel-rapl:*"  # the kernel's name for AMD's too; intel-rapl-mmio: shows the same counters again


@dataclass(frozen=True, slots=True)
class _Counter:
    """Microjoules since some time; behind `most` it begins again at 0."""

    used_uj: int
    most_uj: int


class EnergyMeter:
    """The joules that all processor packages take from when it is made."""

    def __init__(self, folder: Path = POWERCAP) -> None:
        self._folder = folder
        self._before = _counters(folder)

    def joules(self) -> float | None:
        """Since it was made; None where the system does not say.

        A counter that has come round once is counted right; one that did so twice, which takes half an hour at 200 W,
        is not.
        """
        before, now = self._before, _counters(self._folder)
        if not before or before.keys() != now.keys():
            return None
        used = 0
        for name, counter in now.items():
            difference = counter.used_uj - before[name].used_uj
            used += difference if difference >= 0 else difference + counter.most_uj + 1
        return used / 1e6


def _counters(folder: Path) -> dict[str, _Counter]:
    """By package; empty where any cannot be read."""
    found: dict[str, _Counter] = {}
    try:
        for zone in folder.glob(_PACKAGES):
            name = _line(zone / "name")
            if name.startswith("package"):
                found[name] = _Counter(int(_line(zone / "energy_uj")), int(_line(zone / "max_energy_range_uj")))
    except (OSError, ValueError):
        return {}
    return found


def _line(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()
