"""What a container leaves, in both versions of control groups, told from trees of files as Linux shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from studiolo.control_groups import MemoryLimit, memory_limits, processor_quota


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def belongs(tmp_path: Path, *lines: str) -> Path:
    own = tmp_path / "own"
    own.write_text("\n".join(lines) + "\n")
    return own


def group(folder: Path, **files: str | int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".", 1)).write_text(f"{text}\n")


def two(folder: Path, limit: str | int, used: int, cached: int) -> None:
    group(folder, memory__max=limit, memory__current=used, memory__stat=f"anon 1\ninactive_file {cached}")


def one(folder: Path, limit: int, used: int, cached: int) -> None:
    stat = f"inactive_file 5\ntotal_inactive_file {cached}"
    group(folder, memory__limit_in_bytes=limit, memory__usage_in_bytes=used, memory__stat=stat)


def test_version_2_counts_every_group_around_us(tmp_path: Path, mount: Path) -> None:
    own = belongs(tmp_path, "0::/outer/inner")
    two(mount / "outer", 1000, 900, 200)
    two(mount / "outer/inner", "max", 100, 0)
    assert memory_limits(mount, own) == [MemoryLimit(1000, 300)]
    two(mount / "outer/inner", 500, 100, 10)
    assert memory_limits(mount, own) == [MemoryLimit(500, 410), MemoryLimit(1000, 300)]


def test_version_1_has_a_folder_for_memory(tmp_path: Path, mount: Path) -> None:
    own = belongs(tmp_path, "5:cpu,cpuacct:/job", "4:memory:/job/step", "1:name=systemd:/", "0::/")
    one(mount / "memory/job", 2000, 1500, 100)
    one(mount / "memory/job/step", 9223372036854771712, 1, 0)  # the largest number of pages: no limit
    assert memory_limits(mount, own) == [MemoryLimit(2000, 600)]


def test_in_a_container_the_mount_is_the_group_itself(tmp_path: Path, mount: Path) -> None:
    one(mount / "memory", 4000, 1000, 0)
    host_path = belongs(tmp_path, "4:memory:/docker/0123abcd")
    assert memory_limits(mount, host_path) == [MemoryLimit(4000, 3000)]
    outside = belongs(tmp_path, "4:memory:/../../docker/0123abcd")  # as seen from a namespace of its own
    assert memory_limits(mount, outside) == [MemoryLimit(4000, 3000)]


def test_both_versions_beside_one_another(tmp_path: Path, mount: Path) -> None:
    own = belongs(tmp_path, "4:memory:/a", "0::/a")
    one(mount / "memory/a", 4000, 1000, 0)
    two(mount / "unified/a", 3000, 1000, 0)
    (mount / "unified").mkdir(exist_ok=True)
    assert MemoryLimit(4000, 3000) in memory_limits(mount, own)


def test_what_cannot_be_read_limits_nothing(tmp_path: Path, mount: Path) -> None:
    assert memory_limits(mount, tmp_path / "none") == []
    assert processor_quota(mount, tmp_path / "none") is None
    own = belongs(tmp_path, "0::/a", "no colons", "", "x:memory")
    assert memory_limits(mount, own) == []
    group(mount / "a", memory__max="lots", memory__current="few", cpu__max="wide")
    assert memory_limits(mount, own) == []
    assert processor_quota(mount, own) is None


@pytest.mark.parametrize(
    ("outer", "inner", "quota"),
    [("max 100000", "max 100000", None), ("400000 100000", "max 100000", 4.0), ("400000 100000", "150000 100000", 1.5)],
)
def test_the_strictest_quota_of_version_2(
    tmp_path: Path, mount: Path, outer: str, inner: str, quota: float | None
) -> None:
    own = belongs(tmp_path, "0::/outer/inner")
    group(mount / "outer", cpu__max=outer)
    group(mount / "outer/inner", cpu__max=inner)
    assert processor_quota(mount, own) == quota


@pytest.mark.parametrize(("us", "quota"), [(-1, None), (250000, 2.5)])
def test_the_quota_of_version_1(tmp_path: Path, mount: Path, us: int, quota: float | None) -> None:
    own = belongs(tmp_path, "3:cpu,cpuacct:/job")
    group(mount / "cpu,cpuacct/job", cpu__cfs_quota_us=us, cpu__cfs_period_us=100000)
    assert processor_quota(mount, own) == quota
