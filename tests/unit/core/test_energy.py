"""Energy counters of the kernel, and what is made of others' and of none."""

from __future__ import annotations

from pathlib import Path

import pytest

from studiolo.hardware.energy import EnergyMeter


def zone(folder: Path, name: str, called: str, used_uj: int, most_uj: int = 262_143_328_850) -> Path:
    made = folder / name
    made.mkdir(exist_ok=True)
    for file, value in (("name", called), ("energy_uj", used_uj), ("max_energy_range_uj", most_uj)):
        (made / file).write_text(f"{value}\n", encoding="ascii")
    return made


def test_packages_alone_are_counted_and_each_once(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl").mkdir()  # the control type itself has no counter

    def let(package_0: int, package_1: int, other: int) -> None:
        zone(tmp_path, "intel-rapl:0", "package-0", package_0)
        zone(tmp_path, "intel-rapl:1", "package-1", package_1)
        zone(tmp_path, "intel-rapl:0:0", "core", other)
        zone(tmp_path, "intel-rapl:0:1", "dram", other)
        zone(tmp_path, "intel-rapl:2", "psys", other)
        zone(tmp_path, "intel-rapl-mmio:0", "package-0", package_0 + other)

    let(1_000_000, 5_000_000, 0)
    meter = EnergyMeter(tmp_path)
    let(3_500_000, 6_000_000, 9_000_000)
    assert meter.joules() == pytest.approx(3.5)
    let(4_500_000, 6_000_000, 9_000_000)
    assert meter.joules() == pytest.approx(4.5)  # since it was made


def test_a_counter_that_comes_round(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 9_000_000, most_uj=9_999_999)
    meter = EnergyMeter(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 500_000, most_uj=9_999_999)
    assert meter.joules() == pytest.approx(1.5)


def test_what_the_system_does_not_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EnergyMeter(tmp_path / "none").joules() is None
    assert EnergyMeter(tmp_path).joules() is None
    package = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = EnergyMeter(tmp_path)
    assert meter.joules() == 0
    zone(tmp_path, "intel-rapl:1", "package-1", 7)  # a processor that came meanwhile
    assert meter.joules() is None
    (package / "energy_uj").write_text("?", encoding="ascii")
    assert EnergyMeter(tmp_path).joules() is None

    def for_root_alone(path: Path, **_: object) -> str:
        raise PermissionError(path.name)

    monkeypatch.setattr(Path, "read_text", for_root_alone)
    assert meter.joules() is None
    assert EnergyMeter(tmp_path).joules() is None


def test_this_machine_says_it_or_not() -> None:
    used = EnergyMeter().joules()
    assert used is None or used >= 0
