"""Memory, power and load: the machine's own figures, and what is made of others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from studiolo.control_groups import MemoryLimit
from studiolo.hardware import memory, power
from studiolo.hardware.bandwidth import memory_bandwidth
from studiolo.hardware.idle import IdleMachine
from studiolo.hardware.load import LoadMeter, Sample, load, take_sample
from studiolo.hardware.memory import available_memory_bytes
from studiolo.hardware.power import on_mains_power


def test_this_machines_memory_is_sane() -> None:
    seen = memory.memory()
    assert 0 < seen.available <= seen.total
    assert seen.swap >= 0


def test_a_containers_limit_is_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_limits", lambda: [MemoryLimit(3 << 20, 1 << 20), MemoryLimit(2 << 20, 2 << 20)])
    seen = memory.memory()
    assert (seen.total, seen.available, seen.limited) == (2 << 20, 1 << 20, True)


def test_a_limit_on_the_address_space_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 20, resource.RLIM_INFINITY))
    assert available_memory_bytes() == 0


MAINS_ON, MAINS_OFF = {"type": "Mains", "online": "1"}, {"type": "Mains", "online": "0"}
MOUSE = {"type": "Battery", "scope": "Device", "status": "Discharging"}


def battery(status: str, **more: str) -> dict[str, str]:
    return {"type": "Battery", "status": status, "present": "1", **more}


@pytest.mark.parametrize(
    ("supplies", "mains"),
    [
        ([], True),  # no battery at all
        ([MOUSE], True),
        ([{"type": "USB", "online": "0"}], True),  # a desktop's empty port
        ([MAINS_ON, battery("Charging")], True),
        ([MAINS_ON, battery("Discharging")], True),  # a charger too weak is a charger
        ([MAINS_OFF, battery("Discharging")], False),
        ([MAINS_OFF, battery("Unknown")], False),
        ([MAINS_OFF, {"type": "USB", "online": "1"}, battery("Not charging")], True),
        ([battery("Discharging")], False),
        ([battery("Full"), battery("Not charging")], True),
        ([battery("Full"), battery("Discharging")], False),
        ([battery("Unknown")], None),
        ([battery("Unknown", present="0")], True),  # an empty bay
        ([battery("Discharging"), MOUSE], False),
    ],
)
def test_power_as_linux_tells_it(tmp_path: Path, supplies: list[dict[str, str]], mains: bool | None) -> None:
    for number, files in enumerate(supplies):
        folder = tmp_path / f"supply{number}"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text + "\n")
    assert on_mains_power(tmp_path) is mains
    assert on_mains_power(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("answer", "mains"),
    [(None, True), (SimpleNamespace(power_plugged=False), False), (SimpleNamespace(power_plugged=None), None)],
)
def test_power_as_other_systems_tell_it(
    monkeypatch: pytest.MonkeyPatch, answer: SimpleNamespace | None, mains: bool | None
) -> None:
    monkeypatch.setattr(power.platform, "system", lambda: "Darwin")
    monkeypatch.setattr("psutil.sensors_battery", lambda: answer, raising=False)
    assert on_mains_power() is mains
    monkeypatch.delattr("psutil.sensors_battery")
    assert on_mains_power() is None


def test_load_is_what_others_use() -> None:
    samples = iter(
        [Sample(0, 0, 0), Sample(4, 3, 1), Sample(8, 4, 2), Sample(8, 4, 2), Sample(12, 9, 2), Sample(16, 9, 5)]
    )
    meter = LoadMeter(lambda: next(samples))
    assert [meter.load() for _ in range(5)] == [0.5, 0.0, 0.0, 1.0, 0.0]


def test_this_machines_load_is_a_share() -> None:
    sample = take_sample()
    assert 0 < sample.busy_s <= sample.all_s
    assert sample.own_s > 0
    assert 0.0 <= load(0.05) <= 1.0


def test_memory_moves() -> None:
    assert memory_bandwidth(2) > 0


@pytest.mark.parametrize(
    ("mains", "busy", "idle"), [(True, 0.2, True), (None, 0.2, True), (False, 0.0, False), (True, 0.3, False)]
)
def test_a_machine_is_idle_on_mains_and_at_rest(mains: bool | None, busy: float, idle: bool) -> None:
    now = [0.0]
    machine = IdleMachine(
        mains=lambda: mains,
        meter=LoadMeter(lambda: Sample(now[0], now[0] * busy, 0)),
        monotonic=lambda: now[0],
    )
    assert machine() is False  # nothing is known yet
    now[0] = 1.9
    assert machine() is False
    now[0] = 2.0
    assert machine() is idle


def test_an_idle_machine_is_asked_only_now_and_then() -> None:
    now, asked = [0.0], []
    meter = LoadMeter(lambda: Sample(now[0], 0, 0))
    machine = IdleMachine(mains=lambda: bool(asked.append(now[0])) or True, meter=meter, monotonic=lambda: now[0])
    for tenth in range(50):
        now[0] = tenth / 10
        machine()
    assert asked == [2.0, 4.0]
