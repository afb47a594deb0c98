"""Whether the machine runs on mains power, for work that nobody waits for. Reads only; any thread.

Source: https://docs.kernel.org/power/power_supply_class.html. Linux is read here, because a mouse's or a
headset's battery is listed beside the machine's own; elsewhere psutil asks the system (not tried on such a machine).
"""

from __future__ import annotations

import platform
from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")


def on_mains_power(supplies: Path | None = None) -> bool | None:
    """True on mains or where there is no battery, False on battery, None where the system does not say."""
    if supplies is not None or platform.system() == "Linux":
        return _linux(supplies or SUPPLIES)
    import psutil

    ask = getattr(psutil, "sensors_battery", None)
    if ask is None:
        return None
    battery = ask()
    if battery is None:
        return True
    return None if battery.power_plugged is None else bool(battery.power_plugged)


def _linux(folder: Path) -> bool | None:
    try:
        supplies = sorted(folder.iterdir())
    except OSError:
        return None
    mains, batteries = [], []
    for supply in supplies:
        if _line(supply / "scope") == "Device":  # a mouse, a keyboard
            continue
        if _line(supply / "type") == "Battery":
            if _line(supply / "present") != "0":
                batteries.append(_line(supply / "status"))
        else:
            mains.append(_line(supply / "online"))
    if not batteries or any(online not in ("", "0") for online in mains):
        return True
    if "Discharging" in batteries or "0" in mains:
        return False
    return True if all(status in ("Charging", "Full", "Not charging") for status in batteries) else None


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
