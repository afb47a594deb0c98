"""`studiolo privacy`: showing, changing, checking and loading the policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scripted_engine import POLICY, ScriptedEngine
from tests.unit.cli.conftest import Command

from studiolo.paths import Home


def test_showing(studiolo: Command, engine: ScriptedEngine) -> None:
    shown = studiolo("privacy", "show").out.splitlines()
    assert "profile\tbalanced" in shown
    assert "type\tLOCATION\tflag" in shown
    assert "direction\ttool\tSECRET block" in shown
    assert "reader\tpress\tlike masked" in shown
    assert "own entities\tPROJECT" in shown
    assert "refused in files\tSECRET" in shown
    assert engine.calls == [("policy", "")]
    chinese = studiolo("privacy", "show", "--library", "合同", LANG="zh_CN.UTF-8").out
    assert "名称\t合同\n方案\tbalanced\n" in chinese
    assert studiolo("privacy", "show", "--json").json["section"] == POLICY.section


def test_changes_are_made_to_what_there_is(studiolo: Command, engine: ScriptedEngine) -> None:
    ran = studiolo(
        *("privacy", "set", "--library", "合同", "--profile", "strict", "--type", "LOCATION=mask"),
        *("--direction", "tool:default=block", "--reader", "press:PERSON=pseudonymise", "--keep-last", "IBAN=4"),
        *("--refuse", "IBAN", "--accept", "SECRET", "--word", "PROJECT=Falcon", "--word", "PROJECT=青鸟计划"),
        *("--pattern", "CASE=案号=[0-9]{6}", "--allow", "北风公司", "--json"),
    )
    assert ran.code == 0
    assert engine.calls[-1] == (
        "set_policy",
        "合同",
        {
            "profile": "strict",
            "types": {"LOCATION": "mask"},
            "directions": {"tool": {"default": "block"}},
            "readers": {"press": {"PERSON": "pseudonymise"}},
            "keep_last": {"IBAN": 4},
            "refuse": ["IBAN"],
            "custom": {"PROJECT": {"words": ["青鸟计划", "Falcon"]}, "CASE": {"patterns": ["案号=[0-9]{6}"]}},
            "allow": {"words": ["北风公司"]},
        },
    )
    assert POLICY.section == {"custom": {"PROJECT": {"words": ["青鸟计划"]}}, "refuse": ["SECRET"]}  # a copy


def test_a_whole_section_from_a_file(studiolo: Command, engine: ScriptedEngine, tmp_path: Path) -> None:
    file = tmp_path / "合同.toml"
    file.write_text('format = 1\nprofile = "open"\n[allow]\nwords = ["北风公司"]\n', encoding="utf-8")
    assert studiolo("privacy", "set", "-l", "合同", "--file", str(file)).code == 0
    assert engine.calls == [("set_policy", "合同", {"profile": "open", "allow": {"words": ["北风公司"]}})]
    assert studiolo("privacy", "set", "--file", str(tmp_path / "none.toml")).code == 1


@pytest.mark.parametrize("given", [["--type", "PERSON"], ["--reader", "PERSON=mask"], ["--word", "Falcon"]])
def test_wrong_use(studiolo: Command, engine: ScriptedEngine, given: list[str]) -> None:
    assert studiolo("privacy", "set", *given).code == 2
    assert not [call for call in engine.calls if call[0] == "set_policy"]


def test_checking(studiolo: Command, engine: ScriptedEngine, home: Home, tmp_path: Path) -> None:
    assert studiolo("privacy", "check").code == 0  # no file is the default
    home.root.mkdir(parents=True, exist_ok=True)
    home.policy_file.write_text('[types]\n# 注释\nPERSON = "hide"\n', encoding="utf-8")
    ran = studiolo("privacy", "check")
    assert ran.code == 1
    assert "privacy.toml, line 3: an action is allow, flag, mask, pseudonymise or block." in ran.err
    assert "privacy.toml 第 3 行：" in studiolo("privacy", "check", LANG="zh_CN.UTF-8").err
    other = tmp_path / "other.toml"
    other.write_text('profile = "strict"\n', encoding="utf-8")
    ran = studiolo("privacy", "check", str(other))
    assert (ran.code, ran.err) == (0, "The policy file is sound.\n")
    assert studiolo("privacy", "check", str(tmp_path / "none.toml")).code == 1
    assert engine.calls == []  # nothing is asked of an engine


def test_loading(studiolo: Command, engine: ScriptedEngine) -> None:
    assert studiolo("privacy", "load", "--json").json["profile"] == "balanced"
    assert engine.calls == [("load_policy",)]
