"""`studiolo doctor --prove`: every way refused from inside the seal and open outside it; without the seal it fails."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.served import child_environ

from studiolo.cli import doctor_prove
from studiolo.cli.doctor_prove import WAYS as WORDS
from studiolo.cli.main import run
from studiolo.cli.terminal import Terminal
from studiolo.isolation import kernel, proof
from studiolo.isolation.proof import OPEN, prove
from studiolo.isolation.ways import WAYS
from studiolo.paths import Home

linux = pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64")

ALSO_OPEN_ELSEWHERE = {"tcp", "udp", "accepted_again", "listener_again", "child_process", "earlier_thread", "dbus"}


@linux
def test_every_way_out_is_refused_and_was_open_without_the_seal() -> None:
    found = prove()
    assert found.sealed
    assert found.holds
    assert {way.way for way in found.ways} == set(WAYS)
    assert [way for way in found.ways if not way.refused or way.sealed != "EPERM"] == []
    control = {way.way: way.control for way in found.ways}
    assert {control[name] for name in ALSO_OPEN_ELSEWHERE} == {OPEN}
    assert found.arrived_sealed == 0
    assert found.arrived_control >= len(ALSO_OPEN_ELSEWHERE) - 1


@linux
def test_without_the_seal_the_proof_fails() -> None:
    found = prove(without_seal=True)
    assert not found.sealed
    assert not found.holds
    assert {way.sealed for way in found.ways if way.way in ALSO_OPEN_ELSEWHERE} == {OPEN}
    assert found.arrived_sealed > 0


@linux
def test_a_seal_that_leaves_one_way_open_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The filter without `connect`: a descriptor that was accepted gets out."""
    opened = "from studiolo.isolation import seccomp; whole = seccomp.program\n"
    opened += "seccomp.program = lambda processor, **_: whole(processor, connect=True)\n"
    opened += "from studiolo.isolation import landlock; landlock.no_tcp = lambda: False\n"
    opened += "import sys; from studiolo.isolation.ways import main; main(sys.argv[1:])"
    real = subprocess.Popen

    def weakened(command, **options):
        at = command.index("studiolo.isolation.ways")
        return real([*command[: at - 1], "-c", opened, *command[at + 1 :]], **options)

    monkeypatch.setattr(proof.subprocess, "Popen", weakened)
    found = prove()
    open_ways = {way.way for way in found.ways if not way.refused}
    assert open_ways == {"accepted_again", "listener_again"}
    assert not found.sealed  # its own test noticed, too
    assert not found.holds


@linux
@pytest.mark.parametrize("chinese", [False, True])
def test_the_table(chinese: bool, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal({"STUDIOLO_HOME": str(home.root), "LANG": "zh_CN.UTF-8" if chinese else "C"})
    assert run(["doctor", "--prove"], terminal=terminal) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert len(lines) == len(WAYS) + 1
    for name in WAYS:
        assert any(line.startswith(WORDS[name][chinese]) for line in lines)
    assert ("隔离有效" if chinese else "The seal holds") in told.err
    assert not home.root.exists()  # it opens nothing


@linux
def test_the_command_as_json_and_its_exit_code(home: Home, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "studiolo.cli", "doctor", "--prove", "--json"],
        env=child_environ(home),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["holds"] is True
    monkeypatch.setattr(doctor_prove, "prove", lambda: prove(without_seal=True))
    assert run(["doctor", "--prove"], terminal=Terminal({"LANG": "C"})) == 1
    told = capsys.readouterr()
    assert "NOT REFUSED (open)" in told.out
    assert "does NOT hold" in told.err


def test_where_there_is_no_seal_there_is_nothing_to_prove(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor_prove, "possible", lambda: False)
    assert run(["doctor", "--prove", "--json"], terminal=Terminal({"LANG": "C"})) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["holds"] is False
    assert "Linux" in told.err


def test_every_way_has_words() -> None:
    assert set(WAYS) <= set(WORDS)
    assert all(english and chinese for english, chinese in WORDS.values())
