"""`studiolo add`: shapes of the contract, paths, passwords, files that are read in part."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

from studiolo.events import FileDone, Finished
from studiolo.home_lock import holder_pid
from studiolo.paths import Home
from studiolo.types import AddResult

Command = Callable[..., Any]


def test_add_in_json(studiolo: Command, engine: ScriptedEngine, tmp_path: Path, home: Home) -> None:
    (tmp_path / "租约.txt").write_text("x")
    ran = studiolo("add", str(tmp_path / "租约.txt"), str(tmp_path / "gone.txt"), "--library", "合同", "--json")
    first, second, last = ran.lines
    assert first == {
        "path": str(tmp_path / "租约.txt"),
        "status": "added",
        "reason": "",
        "pages": 2,
        "passages": 5,
        "seconds": 0.5,
    }
    assert list(second) == ["path", "status", "reason", "pages", "passages", "seconds"]
    assert (second["status"], second["reason"]) == ("failed", "file_missing")
    assert list(last) == ["summary"]
    assert last["summary"].items() >= {"added": 1, "failed": 1, "updated": 0, "unchanged": 0, "pages": 2}.items()
    assert "租约" in ran.out
    assert ran.code == 1
    assert ran.err == ""
    assert engine.calls[0][2] == "合同"
    assert engine.closed
    assert holder_pid(home) == 0


def test_add_in_text(studiolo: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert studiolo("add", str(tmp_path / "a.txt")).code == 0
    ran = studiolo("add", str(tmp_path / "a.txt"), str(tmp_path / "gone.txt"))
    assert ran.code == 1
    assert ran.out.startswith("added\t")
    assert ran.err.splitlines() == [
        f"studiolo: There is no file {tmp_path / 'gone.txt'}. Check the path.",
        "1 of 2 files could not be added.",
    ]


def test_relative_paths_are_of_this_folder(
    studiolo: Command, engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    studiolo("add", "a.txt")
    assert engine.calls[0][1] == (tmp_path / "a.txt",)


def test_passwords_are_typed_and_not_shown(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_text("x")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Tr0ub4dor\n密码 2026\n\nnot read"))
    ran = studiolo("add", str(tmp_path / "a.pdf"), "--ask-password")
    assert engine.calls[0][3:] == ("Tr0ub4dor", "密码 2026")
    assert "Tr0ub4dor" not in ran.out + ran.err
    assert studiolo("add", str(tmp_path / "a.pdf")).code == 0
    assert engine.calls[-1][3:] == ()


def test_a_file_read_in_part_says_so(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = AddResult("/x/卷.zip", "added", "needs_password", 2, 5, 0.1, "d2")
    monkeypatch.setattr(engine, "add", lambda *_, **__: iter([FileDone(result), Finished()]))
    assert studiolo("add", "x").out == "added\t/x/卷.zip\t2 p\t5 passages\tread in part: password needed\n"
    assert studiolo("add", "x", LANG="zh_CN.UTF-8").out.endswith("\t部分已读取：需要密码\n")
    assert studiolo("add", "x", "--json").lines[0]["reason"] == "needs_password"
