"""A home's policy file: what counts for whom, and an error that names the line for whatever does not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.cli.sentences import POLICY_PROBLEMS, sentence
from studiolo.errors import Code, StudioloError, UserError
from studiolo.privacy.policy import Action, Sight
from studiolo.privacy.policy_file import in_force, read_policy
from studiolo.types import Reader

WHOLE = """\
format = 1
profile = "balanced"          # 默认
refuse = ["SECRET"]

[types]
LOCATION = "pseudonymise"
[directions.tool]
default = "block"
[readers.press]
like = "masked"
ORGANIZATION = "mask"
[readers.press.question]
SECRET = "block"
[keep_last]
PHONE_NUMBER = 4
[custom.PROJECT]
words = ["Falcon", "青鸟计划"]
patterns = ["PRJ-[0-9]{4}"]
[custom.BADGE]
patterns = ["工号[A-Z]{2}[0-9]{3}"]
action = "mask"
[allow]
words = ["Northwind Ltd", "北风公司"]
[allow.EMAIL_ADDRESS]
patterns = ["info@[a-z.]+"]

[libraries."合同 contracts"]
profile = "strict"
refuse = []
[libraries."合同 contracts".custom.CASE]
patterns = ["案号[0-9]{6}"]
[libraries.notes.types]
PERSON = "allow"
"""


def refused(text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        read_policy(text, file="privacy.toml")
    assert caught.value.code is Code.BAD_POLICY
    return caught.value


def test_the_home() -> None:
    rules = in_force(read_policy(WHOLE, file="x"), "")
    policy = rules.policy
    assert rules.profile == "balanced"
    assert policy.action("LOCATION", "question") is Action.PSEUDONYMISE
    assert policy.action("ORGANIZATION", "question") is Action.FLAG
    assert policy.action("ORGANIZATION", "tool") is Action.BLOCK
    assert policy.sight("ORGANIZATION", "press") is Sight.MASK
    assert policy.sight("DATE_TIME", "press") is Sight.SHOW
    assert policy.action("SECRET", "question", reader="press") is Action.BLOCK
    assert policy.mask("PHONE_NUMBER", "13800138000") == "**** 8000"
    assert policy.refuse == {"SECRET"}
    assert rules.own.types == ("PROJECT", "BADGE")
    assert policy.action("PROJECT", "question") is Action.PSEUDONYMISE
    assert policy.action("BADGE", "passage") is Action.MASK


def test_a_library_with_a_profile_starts_anew() -> None:
    rules = in_force(read_policy(WHOLE, file="x"), "合同 contracts")
    assert rules.profile == "strict"
    assert rules.policy.action("SECRET", "question") is Action.BLOCK
    assert rules.policy.mask("PHONE_NUMBER", "13800138000") == "<PHONE_NUMBER>"
    assert rules.policy.refuse == frozenset()
    assert rules.own.types == ("PROJECT", "BADGE", "CASE")  # these are added
    assert rules.policy.sight("ORGANIZATION", "press") is Sight.MASK  # and API profiles are known everywhere


def test_a_library_without_one_is_laid_over_the_home() -> None:
    rules = in_force(read_policy(WHOLE, file="x"), "notes")
    assert rules.policy.action("PERSON", "passage") is Action.ALLOW
    assert rules.policy.sight("PERSON", Reader.MASKED) is Sight.SHOW
    assert rules.policy.action("LOCATION", "question") is Action.PSEUDONYMISE
    assert rules.policy.refuse == {"SECRET"}
    assert in_force(read_policy(WHOLE, file="x"), "unnamed").policy == in_force(read_policy(WHOLE, file="x"), "").policy


def test_an_entity_of_ones_own_is_hidden_in_every_profile() -> None:
    for name in ("open", "balanced", "strict"):
        text = f'profile = "{name}"\n[custom.PROJECT]\nwords = ["青鸟计划"]\n'
        assert in_force(read_policy(text, file="x"), "").policy.action("PROJECT", "passage") is Action.PSEUDONYMISE
    known = '[custom.ORGANIZATION]\nwords = ["Falcon"]\n'  # a type that the profile has an action for keeps it
    assert in_force(read_policy(known, file="x"), "").policy.action("ORGANIZATION", "passage") is Action.FLAG


def test_no_file_is_the_default() -> None:
    assert in_force(read_policy("", file="x"), "").profile == "balanced"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("format = 1\n[types\n", 2, "syntax"),
        ('profile = "balanced"\nprofile = "open"\n', 2, "syntax"),
        ("[types]\nPERSON = \n", 2, "syntax"),
        ("\n\nformat = 2\n", 3, "newer_format"),
        ("format = true\n", 1, "newer_format"),
        ("# 注释\nprofil = 1\n", 2, "unknown_key"),
        ('profile = "lenient"\n', 1, "unknown_profile"),
        ("profile = 3\n", 1, "unknown_profile"),
        ('[types]\n\nPERSON = "hide"\n', 3, "unknown_action"),
        ("[types]\nPERSON = { action = 1 }\n", 2, "unknown_action"),
        ('types = "mask"\n', 1, "no_table"),
        ('[types]\nperson = "mask"\n', 2, "bad_type"),
        ('[types]\n姓名 = "mask"\n', 2, "syntax"),
        ('[types]\n"姓名" = "mask"\n', 2, "bad_type"),
        ('[types]\nLITERAL = "mask"\n', 2, "reserved_type"),
        ('[directions.answer]\nPERSON = "mask"\n', 1, "unknown_direction"),
        ('[directions]\n[directions.mail]\nPERSON = "mask"\n', 2, "unknown_direction"),
        ('[readers.press]\nlike = "nobody"\n', 2, "unknown_reader"),
        ('[readers.a]\nlike = "b"\n[readers.b]\nlike = "a"\n', 2, "circular_reader"),
        ('[readers."The Press"]\nPERSON = "mask"\n', 1, "bad_reader"),
        ('[readers.press.mail]\nPERSON = "mask"\n', 1, "unknown_direction"),
        ("[keep_last]\nPHONE_NUMBER = 12\n", 2, "bad_number"),
        ("[keep_last]\nPHONE_NUMBER = true\n", 2, "bad_number"),
        ('refuse = "SECRET"\n', 1, "no_list"),
        ('refuse = [\n  "SECRET",\n  "card",\n]\n', 3, "bad_type"),
        ('[custom.PROJECT]\naction = "mask"\n', 1, "empty_list"),
        ('[custom.PROJECT]\nword = ["Falcon"]\n', 2, "unknown_key"),
        ('[custom.PROJECT]\nwords = [\n  "Falcon",\n  "ab",\n]\n', 4, "short_word"),
        ('[custom.PROJECT]\nwords = ["青"]\n', 2, "short_word"),
        ("[custom.PROJECT]\npatterns = ['PRJ-[0-9']\n", 2, "bad_pattern"),
        ("[custom.PROJECT]\npatterns = ['[0-9]*']\n", 2, "empty_match"),
        ("[custom.PROJECT]\npatterns = [\n'PRJ',\n'PRJ-([0-9]+)+x',\n]\n", 4, "slow_pattern"),
        ("[custom.PROJECT]\npatterns = ['(a|aa)+$']\n", 2, "slow_pattern"),
        ("[allow]\nwords = ['北']\n", 2, "short_word"),
        ("[allow.SECRET]\nwords = ['12345']\n", 2, "short_word"),
        ('[libraries."甲 库"]\nprofile = "strict"\n[libraries."甲 库".types]\nPERSON = "hid"\n', 4, "unknown_action"),
        ("[libraries.a]\nformat = 1\n", 2, "unknown_key"),
        ("libraries.a.libraries = 1\n", 1, "unknown_key"),
    ],
)
def test_an_error_names_the_line(text: str, line: int, problem: str) -> None:
    error = refused(text)
    assert (error.values["file"], error.values["line"], error.values["problem"]) == ("privacy.toml", line, problem)
    for chinese in (False, True):  # and says what to do
        said = sentence(error, chinese=chinese)
        assert str(line) in said
        assert POLICY_PROBLEMS[problem][chinese] in said
    assert "Falcon" not in f"{error!r}{error}"


@given(st.text(max_size=60) | st.text("[]{}=\"'.#\n abTYPES", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    error = None
    try:
        read_policy(text, file="x")
    except StudioloError as found:
        error = found
    if error is not None:
        assert error.code is Code.BAD_POLICY
        assert 1 <= int(error.values["line"]) <= text.count("\n") + 2


def test_a_sentence_for_every_problem() -> None:
    for english, chinese in POLICY_PROBLEMS.values():
        assert english.isascii()
        assert any("一" <= c <= "鿿" for c in chinese)
