"""An old processor is told in words, before a library dies of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from studiolo.cpu import _control_group_rooms, available_memory_bytes, require_avx2, worker_threads
from studiolo.errors import Code, EnvironmentFault


def test_a_processor_without_avx2_is_refused() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        require_avx2(frozenset({"sse4_2", "avx"}), machine="x86_64")
    assert caught.value.code is Code.UNSUPPORTED_CPU


@pytest.mark.parametrize(("flags", "machine"), [({"avx", "avx2"}, "x86_64"), ({"asimd"}, "aarch64"), (set(), "AMD64")])
def test_others_pass(flags: set[str], machine: str) -> None:
    require_avx2(frozenset(flags), machine=machine)


def test_threads_and_memory_are_sane() -> None:
    assert worker_threads(3) == 3
    assert worker_threads() >= 1
    assert available_memory_bytes() > 0


def test_a_control_group_leaves_what_its_limit_and_its_caches_say(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/outer/inner\n")
    for name, limit, used, cached in (("outer", "1000", 900, 200), ("outer/inner", "max", 100, 0)):
        group = tmp_path / "cgroup" / name
        group.mkdir(parents=True)
        (group / "memory.max").write_text(limit + "\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")
    assert _control_group_rooms(tmp_path / "cgroup", own) == [300]
    assert _control_group_rooms(tmp_path / "cgroup", tmp_path / "none") == []


def test_a_limit_on_the_address_space_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 20, resource.RLIM_INFINITY))
    assert available_memory_bytes() == 0
