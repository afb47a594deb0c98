"""Every code has a sentence in each language, and says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from studiolo import errors
from studiolo.cli.sentences import CHINESE, ENGLISH, NOTICES, is_chinese, sentence, sentence_of
from studiolo.errors import Code, error_for

FIELD = re.compile(r"{(\w+)}")


def promised(code: Code) -> set[str]:
    """The values that errors.py promises with a code, from the comment beside it."""
    line = re.search(rf"^    {code.name} = .*$", Path(errors.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    assert line
    comment = line[0].rpartition(" - " if "noqa" in line[0] else "# ")[2] if "#" in line[0] else ""
    comment = re.sub(r"\(.*?\)", "", comment).partition(":")[0]
    return {name.strip() for name in comment.split(",") if name.strip()}


@pytest.mark.parametrize("table", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_sentence(table: dict[Code, str], code: Code) -> None:
    template = table[code]
    assert len(table) == len(Code)
    assert template.rstrip("} smaler{").endswith((".", "。"))
    assert set(FIELD.findall(template)) <= promised(code)
    assert sum(template.count(stop) for stop in (". ", "。", "; ")) + 1 >= 2 or template.count(".") >= 2


@pytest.mark.parametrize("code", list(Code))
def test_both_languages_use_the_same_values(code: Code) -> None:
    assert set(FIELD.findall(ENGLISH[code])) == set(FIELD.findall(CHINESE[code]))


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("code", list(Code))
def test_a_sentence_is_one_line_even_without_values(code: Code, chinese: bool) -> None:
    for values in ({}, {"path": "a\nb", "model": "{x}"}):
        said = sentence(error_for(code.value, values), chinese=chinese)
        assert len(said.splitlines()) == 1
        assert re.search("[\u4e00-\u9fff]", said) is not None or not chinese


def test_a_smaller_model_is_named_only_if_there_is_one() -> None:
    values = {"model": "big", "needed_bytes": 2, "available_bytes": 1}
    assert sentence_of(Code.NOT_ENOUGH_MEMORY, {**values, "smaller": "tiny"}, chinese=False).endswith("tiny would fit.")
    assert sentence_of(Code.NOT_ENOUGH_MEMORY, {**values, "smaller": ""}, chinese=False).endswith("smaller model.")


@pytest.mark.parametrize("chinese", [False, True])
def test_what_is_the_owners_alone_names_no_scope_to_be_had(chinese: bool) -> None:
    told = {scope: sentence_of(Code.MISSING_SCOPE, {"scope": scope}, chinese=chinese) for scope in ("owner", "ingest")}
    assert "studiolo tokens create" not in told["owner"]
    assert "ingest" in told["ingest"]


def test_a_shorter_context_is_named_where_it_would_fit() -> None:
    values = {"model": "big", "needed_bytes": 2, "available_bytes": 1, "smaller": "tiny", "context_tokens": 1024}
    assert sentence_of(Code.NOT_ENOUGH_MEMORY, values, chinese=False).endswith(
        "tiny would fit. big itself would fit with context_tokens set to 1024 in settings.json."
    )
    assert sentence_of(Code.NOT_ENOUGH_MEMORY, values, chinese=True).endswith(
        "例如 tiny。或在 settings.json 中将 context_tokens 设为 1024，big 也可装入。"
    )


@pytest.mark.parametrize("name", sorted(NOTICES))
def test_notices_are_in_both_languages(name: str) -> None:
    english, chinese = NOTICES[name]
    fields = re.compile(r"{(\w+)[^}]*}")
    assert set(fields.findall(english)) == set(fields.findall(chinese))
    assert re.search("[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize(
    ("environ", "chinese"),
    [
        ({}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, False),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "C"}, True),
    ],
)
def test_which_language(environ: dict[str, str], chinese: bool) -> None:
    assert is_chinese(environ) is chinese
