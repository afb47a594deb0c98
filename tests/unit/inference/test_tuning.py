"""What a calibration found is kept for one model, processor and build, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from studiolo.cpu import Topology
from studiolo.inference import tuning
from studiolo.inference.tuning import (
    Calibration,
    Speed,
    Tuning,
    default_tuning,
    keep_calibration,
    read_calibration,
    thread_candidates,
    tuning_for,
)

DIGEST = "ab" * 32
FOUND = Calibration(
    tuning=Tuning(3, 2, batch=128, ubatch=128, flash_attention=False, draft=0),
    speed=Speed(120.5, 31.25, 47.5),
    default=Tuning(4, 4),
    default_speed=Speed(100.0, 30.0),
    bandwidth=1.5e10,
    seconds=31.0,
    load=0.1,
)


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    assert read_calibration(DIGEST, cache=tmp_path) is None
    keep_calibration(DIGEST, FOUND, cache=tmp_path)
    assert read_calibration(DIGEST, cache=tmp_path) == FOUND
    assert read_calibration("cd" * 32, cache=tmp_path) is None
    assert [path.suffix for path in (tmp_path / "tuning").iterdir()] == [".json"]


def test_without_one_the_defaults_hold(tmp_path: Path) -> None:
    assert tuning_for(DIGEST, cache=tmp_path) == default_tuning()
    keep_calibration(DIGEST, FOUND, cache=tmp_path)
    assert tuning_for(DIGEST, cache=tmp_path) == FOUND.tuning


def test_a_persons_own_threads_go_before_both(tmp_path: Path) -> None:
    assert tuning_for(DIGEST, cache=tmp_path, threads=5) == Tuning(5, 5)
    keep_calibration(DIGEST, FOUND, cache=tmp_path)
    expected = replace(FOUND.tuning, threads_read=5, threads_write=5)
    assert tuning_for(DIGEST, cache=tmp_path, threads=5) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cpu_name", lambda: "another processor"),
        ("cpu_flags", lambda: frozenset({"avx2"})),
        ("topology", lambda: Topology(64, 32, 32, 2, 1.0)),
        ("llama_build", lambda: "another build"),
        ("FORMAT", 99),
    ],
)
def test_another_machine_or_build_measures_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    keep_calibration(DIGEST, FOUND, cache=tmp_path)
    monkeypatch.setattr(tuning, name, value)
    assert read_calibration(DIGEST, cache=tmp_path) is None
    assert tuning_for(DIGEST, cache=tmp_path) == tuning.default_tuning()


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["calibration"]["tuning"].update(kv_type="q1"),
        lambda raw: raw["calibration"]["tuning"].update(threads_read=0),
        lambda raw: raw["calibration"]["tuning"].update(draft=-1),
        lambda raw: raw["calibration"].pop("speed"),
        lambda raw: raw.pop("key"),
        lambda raw: raw.update(calibration=[]),
    ],
)
def test_a_damaged_record_is_as_none(tmp_path: Path, change: object) -> None:
    keep_calibration(DIGEST, FOUND, cache=tmp_path)
    (path,) = (tmp_path / "tuning").iterdir()
    raw = json.loads(path.read_text())
    change(raw)  # type: ignore[operator]
    path.write_text(json.dumps(raw))
    assert read_calibration(DIGEST, cache=tmp_path) is None
    path.write_text("{")
    assert read_calibration(DIGEST, cache=tmp_path) is None


@pytest.mark.parametrize(
    ("seen", "default", "reading", "writing"),
    [
        (Topology(8, 4, 4, 1, None), 4, [8, 3], [8, 3, 2]),
        (Topology(2, 2, 2, 1, None), 2, [1], [1]),
        (Topology(1, 1, 1, 1, None), 1, [], []),
        (Topology(12, 10, 2, 1, None), 2, [12, 10, 1], [12, 10, 1]),
        (Topology(64, 32, 32, 2, 2.5), 3, [2], [2]),
    ],
)
def test_which_threads_are_tried(
    monkeypatch: pytest.MonkeyPatch, seen: Topology, default: int, reading: list[int], writing: list[int]
) -> None:
    monkeypatch.setattr(tuning, "topology", lambda: seen)
    monkeypatch.setattr("studiolo.cpu.topology", lambda: seen)
    assert default_tuning().threads_read == default
    assert thread_candidates(default, writing=False) == reading
    assert thread_candidates(default, writing=True) == writing
