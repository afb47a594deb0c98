"""A home's policies: read at the start, changed whole or not at all; a broken file lets nothing out and nothing in."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from tests.unit.privacy.support import ListedNames

from studiolo.errors import Code, UserError
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policies import Policies
from studiolo.privacy.policy import Action
from studiolo.privacy.policy_comments import with_comments
from studiolo.types import Reader


def bad(action) -> UserError:
    with pytest.raises(UserError) as caught:
        action()
    assert caught.value.code is Code.BAD_POLICY
    return caught.value


def test_no_file_is_the_shipped_default(tmp_path: Path) -> None:
    policies = Policies(tmp_path / "privacy.toml")
    assert policies.of("any").profile == "balanced"
    assert policies.section() == {}
    assert not (tmp_path / "privacy.toml").exists()  # nothing is written that nobody asked for


def test_what_is_set_counts_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "privacy.toml"
    policies = Policies(path)
    policies.set("", {"types": {"LOCATION": "mask"}, "allow": {"words": ["北风公司"]}})
    policies.set("合同", {"profile": "strict", "refuse": ["SECRET"]})
    for one in (policies, Policies(path)):
        assert one.of("").policy.action("LOCATION", "question") is Action.MASK
        assert one.of("合同").policy.refuse == {"SECRET"}
        assert one.section("合同") == {"profile": "strict", "refuse": ["SECRET"]}
        assert one.section() == {"types": {"LOCATION": "mask"}, "allow": {"words": ["北风公司"]}}
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["privacy.toml"]
    policies.set("", {})
    assert policies.section("合同") == {"profile": "strict", "refuse": ["SECRET"]}
    policies.forget("合同")
    policies.forget("never there")
    assert Policies(path).of("合同").profile == "balanced"


def test_a_change_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "privacy.toml"
    policies = Policies(path)
    policies.set("", {"profile": "strict"})
    before = path.read_bytes()
    error = bad(lambda: policies.set("a", {"types": {"PERSON": "hide"}}))
    assert error.values["key"] == "libraries.a.types.PERSON"
    assert error.values["line"] == 5
    with pytest.raises(UserError) as caught:
        policies.set("", {"profile": None})
    assert caught.value.code is Code.BAD_REQUEST
    assert path.read_bytes() == before
    assert policies.of("a").profile == "strict"


NOTED = """# 我们的规定
format = 1
profile = "balanced"  # as agreed

# maps are sold # really
[types]
LOCATION = "pseudonymise"  # 地图
# for the press
ORGANIZATION = "mask"

[custom.PROJECT]  # ours
words = [
    "a # b",  # a bird
    "青鸟计划",
]  # both
# of the lease
[libraries.lease]
refuse = ["SECRET"]  # no keys
# the end
"""


def test_a_change_keeps_what_was_noted_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "privacy.toml"
    path.write_text(NOTED, encoding="utf-8")
    policies = Policies(path)
    section = policies.section()
    section["types"] = {"LOCATION": "mask", "PERSON": "mask"}
    policies.set("", section)
    assert (
        path.read_text(encoding="utf-8")
        == """# 我们的规定
format = 1
profile = "balanced"  # as agreed

# maps are sold # really
# for the press
[types]
LOCATION = "mask"  # 地图
PERSON = "mask"

[custom.PROJECT]  # ours
# a bird
words = [
    "a # b",
    "青鸟计划",
]  # both

# of the lease
[libraries.lease]
refuse = [
    "SECRET",
]  # no keys
# the end
"""
    )
    before = path.read_text(encoding="utf-8")
    policies.set("", policies.section())
    assert path.read_text(encoding="utf-8") == before
    policies.forget("lease")
    assert "lease" not in path.read_text(encoding="utf-8")
    assert "no keys" not in path.read_text(encoding="utf-8")
    policies.set("", {})
    assert Policies(path).section() == {}
    assert "# 我们的规定" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    ["x = 'it' # a", 'x = "\\"# no" # a', 'x = """\n# no\n""" # a', "x = '''# no\n''' # a", "x = {a = '#'} # a"],
)
def test_a_sign_inside_a_string_begins_no_comment(line: str) -> None:
    assert with_comments("x = 1\n", of=f"{line}\n") == "x = 1  # a\n"


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b'[types]\nPERSON = "hide"\n', 2, "unknown_action"),
        (b"[types]\n# \xff\n", 2, "not_utf8"),
        (None, 1, "unreadable"),
    ],
)
def test_a_broken_file_lets_nothing_out(tmp_path: Path, content: bytes | None, line: int, problem: str) -> None:
    path = tmp_path / "privacy.toml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    policies = Policies(path)
    screener = PrivacyFilter(Analyzer.of(names=ListedNames()), path=tmp_path / "p.db", policies=policies.of)
    for action in (
        lambda: policies.of("a"),
        policies.view,
        lambda: policies.set("", {}),
        lambda: screener.spans("王小明"),
        lambda: screener.spans_batch(["王小明"]),
        lambda: screener.screen("hello", library_id="a"),
        lambda: screener.screen("hello", library_id="a", spans=()),
        lambda: screener.refine("hello", (), library_id="a"),
        lambda: screener.redact("hello"),
        lambda: screener.stream(library_id="a", reader=Reader.OWNER),
        lambda: screener.restore("hello", library_id="a", reader=Reader.OWNER),
    ):
        error = bad(action)
        assert (error.values["file"], error.values["line"], error.values["problem"]) == ("privacy.toml", line, problem)
    if content is None:
        path.rmdir()
    path.write_text('profile = "open"\n', encoding="utf-8")
    policies.load()
    assert policies.fault is None
    assert screener.screen("王小明", library_id="a").text == "王小明"
    screener.close()


def test_a_file_that_was_broken_meanwhile_leaves_in_force_what_was(tmp_path: Path) -> None:
    path = tmp_path / "privacy.toml"
    path.write_text('profile = "strict"\n', encoding="utf-8")
    policies = Policies(path)
    path.write_text("profile = \n", encoding="utf-8")
    assert policies.of("").profile == "strict"  # it is not watched
    assert bad(policies.load).values["line"] == 1
    assert policies.of("").profile == "strict"


def test_the_view(tmp_path: Path) -> None:
    path = tmp_path / "privacy.toml"
    path.write_text(
        '[readers.press]\nlike = "masked"\nPERSON = "pseudonymise"\n[readers.press.tool]\nSECRET = "block"\n'
        '[libraries.a]\nrefuse = ["SECRET", "CREDIT_CARD"]\n[libraries.a.custom.TEAM]\nwords = ["甲组"]\n',
        encoding="utf-8",
    )
    view = Policies(path).view("a")
    assert (view.library, view.profile, view.custom, view.refuse) == (
        "a",
        "balanced",
        ("TEAM",),
        ("CREDIT_CARD", "SECRET"),
    )
    assert view.types["default"] == "pseudonymise"
    assert view.types["LOCATION"] == "flag"
    assert view.readers["press"] == {"like": "masked", "PERSON": "pseudonymise", "tool.SECRET": "block"}
    assert view.section == {"refuse": ["SECRET", "CREDIT_CARD"], "custom": {"TEAM": {"words": ["甲组"]}}}
    assert "甲组" not in repr(view)
