"""An old processor is told in words, before a library dies of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from studiolo import cpu
from studiolo.cpu import Topology, cpu_name, instruction_set, require_avx2, topology, worker_threads
from studiolo.errors import Code, EnvironmentFault


def test_a_processor_without_avx2_is_refused() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        require_avx2(frozenset({"sse4_2", "avx"}), machine="x86_64")
    assert caught.value.code is Code.UNSUPPORTED_CPU


@pytest.mark.parametrize(("flags", "machine"), [({"avx", "avx2"}, "x86_64"), ({"asimd"}, "aarch64"), (set(), "AMD64")])
def test_others_pass(flags: set[str], machine: str) -> None:
    require_avx2(frozenset(flags), machine=machine)


def test_threads_are_sane() -> None:
    assert worker_threads(3) == 3
    assert 1 <= worker_threads() <= topology().logical


def machine(root: Path, siblings: dict[int, str], **files: str) -> Path:
    """A /sys/devices with these processors; `siblings` are the threads of each one's core."""
    for number, listed in siblings.items():
        folder = root / f"system/cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(listed + "\n")
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_two_threads_of_a_core_are_one_core(tmp_path: Path) -> None:
    devices = machine(tmp_path, {0: "0,4", 1: "1,5", 2: "2,6", 3: "3,7", 4: "0,4", 5: "1,5", 6: "2,6", 7: "3,7"})
    seen = topology(devices, allowed=frozenset(range(8)))
    assert (seen.logical, seen.physical, seen.performance, seen.numa_nodes, seen.smt) == (8, 4, 4, 1, True)
    pinned = topology(devices, allowed=frozenset({0, 4, 5}))  # as by taskset
    assert (pinned.logical, pinned.physical) == (3, 2)
    apart = topology(devices, allowed=frozenset({0, 1}))
    assert (apart.logical, apart.physical, apart.smt) == (2, 2, False)


def test_the_faster_cores_of_two_kinds_are_counted(tmp_path: Path) -> None:
    siblings = {0: "0-1", 1: "0-1", 2: "2", 3: "3"}
    intel = machine(tmp_path / "intel", siblings, cpu_core__cpus="0-1", cpu_atom__cpus="2-3")
    assert topology(intel, allowed=frozenset(range(4))).performance == 1
    assert topology(intel, allowed=frozenset({2, 3})).performance == 2  # none of the faster kind is ours
    capacities = {f"system__cpu__cpu{number}__cpu_capacity": text for number, text in enumerate(("446", "446", "1024"))}
    arm = machine(tmp_path / "arm", {0: "0", 1: "1", 2: "2"}, **capacities)
    assert topology(arm, allowed=frozenset(range(3))).performance == 1


def test_memory_nodes_that_hold_our_processors(tmp_path: Path) -> None:
    files = {"system__node__online": "0-1", "system__node__node0__cpulist": "0", "system__node__node1__cpulist": "1"}
    devices = machine(tmp_path, {0: "0", 1: "1"}, **files)
    assert topology(devices, allowed=frozenset({0, 1})).numa_nodes == 2
    assert topology(devices, allowed=frozenset({1})).numa_nodes == 1


def test_a_machine_that_says_nothing_of_its_cores(tmp_path: Path) -> None:
    seen = topology(tmp_path, allowed=frozenset({0, 1, 2}))
    assert seen.logical == 3
    assert 1 <= seen.physical <= 3
    machine(tmp_path / "odd", {0: "0,x", 1: ""})
    assert topology(tmp_path / "odd", allowed=frozenset({0, 1})).logical == 2


@pytest.mark.parametrize(("quota", "threads"), [(None, 4), (2.0, 2), (1.5, 2), (0.5, 1), (64.0, 4)])
def test_a_container_gets_no_more_threads_than_its_share(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, threads: int
) -> None:
    monkeypatch.setattr(cpu, "topology", lambda: Topology(8, 4, 4, 1, quota))
    assert worker_threads() == threads
    assert worker_threads(7) == 7


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"avx", "avx2", "fma"}, "AVX2"),
        ({"avx", "avx2", "avx_vnni"}, "AVX2 VNNI"),
        ({"avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile"}, "AVX-512 VNNI BF16 AMX"),
        ({"asimd", "asimddp", "i8mm"}, "NEON DOTPROD I8MM"),
        (set(), ""),
    ],
)
def test_instructions_have_names(flags: set[str], named: str) -> None:
    assert instruction_set(flags) == named


def test_the_processor_has_a_name() -> None:
    assert cpu_name()
