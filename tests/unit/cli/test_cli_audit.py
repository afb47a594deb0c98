"""`studiolo audit`: records listed, exported and verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

Command = Callable[..., Any]


def test_audit_records(studiolo: Command, tmp_path: Path) -> None:
    listed = studiolo("audit", "list")
    assert [line.split("\t")[0] for line in listed.out.splitlines()] == ["1", "2", "3"]
    assert "1 PHONE_NUMBER (contact)" in listed.out
    assert studiolo("audit").out == listed.out
    assert [one["number"] for one in studiolo("audit", "list", "-n", "2", "--json").json["records"]] == [2, 3]
    exported = studiolo("audit", "export")
    assert [record["number"] for record in exported.lines] == [1, 2, 3]
    assert exported.lines[0] == {
        "number": 1,
        "time": 1_700_000_001.5,
        "event": "screened",
        "direction": "question",
        "reader": "",
        "library": "library:0123456789abcdef",
        "count": 1,
        "found": [{"type": "PHONE_NUMBER", "rule": "contact", "count": 1, "length": 11}],
        "previous": "0" * 64,
        "hash": f"{1:064x}",
    }
    assert studiolo("audit", "export", str(tmp_path / "审计.jsonl")).code == 0
    assert (tmp_path / "审计.jsonl").read_text("utf-8") == exported.out
    assert [path.name for path in tmp_path.glob("审计*")] == ["审计.jsonl"]
    assert studiolo("audit", "export", str(tmp_path / "none" / "a.jsonl")).code == 1


@pytest.mark.parametrize(
    ("problem", "words", "chinese"),
    [
        ("changed_record", "Record 2 was changed", "记录 2 在写入后被改动"),
        ("removed_records", "from 2 on are missing in the middle", "中间缺少从 2 开始"),
        ("cut_tail", "end was cut off: records from 2 on", "末尾被截断：从 2 开始"),
        ("anchor_mismatch", "is not the one that was anchored", "锚定值不符"),
        ("anchor_missing", "anchors that stood outside", "锚定值已丢失"),
    ],
)
def test_audit_verified(studiolo: Command, engine: ScriptedEngine, problem: Any, words: str, chinese: str) -> None:
    sound = studiolo("audit", "verify")
    assert (sound.code, sound.err) == (0, "")
    assert f"1 to 3 are as they were written. Last hash: {3:064x}" in sound.out
    assert studiolo("audit", "verify", "--json").json["sound"] is True
    engine.audit_report = replace(engine.audit_report, problem=problem, record=2)
    bad = studiolo("audit", "verify")
    assert bad.code == 1
    assert words in bad.out
    assert chinese in studiolo("audit", "verify", LANG="zh_CN.UTF-8").out
    told = studiolo("audit", "verify", "--json")
    assert (told.code, told.json["problem"], told.json["record"], told.json["sound"]) == (1, problem, 2, False)
