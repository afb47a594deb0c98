"""Every text is there in both languages, every error code has its sentence, numbers agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import studiolo_desktop
from studiolo.errors import Code
from studiolo.types import Redaction
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineState
from studiolo_desktop.errors import SENTENCES, sentence_for
from studiolo_desktop.i18n import LANGUAGES, Translator, language_for, size_text
from studiolo_desktop.texts import ENTITY_WORDS, TEXTS

SOURCES = sorted(Path(studiolo_desktop.__file__).parent.rglob("*.py"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAME_IN_BOTH = {"app.name", "way.io_uring", "settings.language_en", "settings.language_zh"}
VALUES_ALONE = {
    "docs.gap",
    "models.progress_name",
    "settings.percent",
    "settings.unit_gb",
    "settings.unit_percent",
    "settings.value",
    "setup.choice",
    "sources.labelled",
}  # fmt: skip - with the language's signs between them


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def strings_in_code() -> set[str]:
    found: set[str] = set()
    for path in SOURCES:
        if path.name.startswith("texts"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [v.value if isinstance(v, ast.Constant) else "*" for v in node.values]
                found.add("".join(parts))
    return found


def asked_for() -> set[str]:
    """Keys that the code calls a translator with, as literals."""
    keys: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = ast.unparse(node.func)
            if re.search(r"(^|\.)tr$", name):
                keys.add(node.args[0].value)
            elif re.search(r"(^|\.)tr\.count$", name):
                keys |= {f"{node.args[0].value}.one", f"{node.args[0].value}.many"}
    return keys


def test_every_key_asked_for_exists():
    asked = asked_for()
    assert len(asked) > 80
    assert asked <= TEXTS.keys()


def test_every_key_is_asked_for():
    used = strings_in_code()
    patterns = [re.escape(s).replace(r"\*", r"[\w-]+") for s in used if re.fullmatch(r"[\w*]+\.[\w*.]+", s)]
    pattern = re.compile("|".join(patterns))
    unused = [key for key in TEXTS if not pattern.fullmatch(key) and not pattern.fullmatch(key.rsplit(".", 1)[0])]
    assert unused == []


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_the_same(key):
    english, chinese = TEXTS[key]
    assert english.strip()
    assert chinese.strip()
    assert braces(english) == braces(chinese)
    if key not in SAME_IN_BOTH | VALUES_ALONE:
        assert CHINESE.search(chinese)


def test_states_of_the_engine_all_have_words():
    assert all(f"engine.{state.value}" in TEXTS for state in EngineState)


@pytest.mark.parametrize("code", Code)
def test_every_error_code_has_a_sentence_in_both_languages(code):
    (what, todo), (what_zh, todo_zh) = SENTENCES[code]
    assert what.endswith(".")
    assert CHINESE.search(what_zh)
    assert bool(todo) == bool(todo_zh)
    assert braces(what + todo) == braces(what_zh + todo_zh)
    for language in LANGUAGES:
        assert "{" not in sentence_for(Problem(code), language).what  # values that did not come leave a gap


def test_a_sentence_shows_the_files_name_and_sizes_for_people():
    problem = Problem(Code.FILE_TOO_LARGE, {"path": "/home/me/big.pdf", "limit_bytes": 200_000_000})
    assert sentence_for(problem, "en").what == "“big.pdf” is larger than 200 MB."
    memory = Problem(Code.NOT_ENOUGH_MEMORY, {"model": "m", "needed_bytes": 5_200_000_000, "available_bytes": 9})
    assert sentence_for(memory, "zh").what == "“m”需要 5.2 GB 内存，当前可用 9 B。"
    assert sentence_for(memory, "en").todo.endswith("smaller model.")
    named = Problem(Code.NOT_ENOUGH_MEMORY, {**memory.values, "smaller": "tiny"})
    assert sentence_for(named, "en").todo.endswith("smaller model. “tiny” would fit.")
    assert sentence_for(named, "zh").todo.endswith("“tiny”可以装入。")


def test_a_file_name_full_of_braces_stays_as_it_is():
    problem = Problem(Code.DAMAGED_FILE, {"path": "/x/{name}{0}.pdf"})
    assert sentence_for(problem, "en").what == "“{name}{0}.pdf” is damaged."


@pytest.mark.parametrize(
    ("redactions", "english", "chinese"),
    [
        ((Redaction("PERSON", 3), Redaction("PHONE_NUMBER", 1)),
         "3 names and 1 phone number", "3 个姓名、1 个电话号码"),
        ((Redaction("CN_ID", 1), Redaction("HK_ID", 1)), "2 identity numbers", "2 个身份证号"),
        ((Redaction("NEW_KIND", 1),), "1 personal detail", "1 项个人信息"),
        ((Redaction("PERSON", 1), Redaction("URL", 2), Redaction("SECRET", 1)),
         "2 web addresses, 1 name and 1 secret", "2 个网址、1 个姓名、1 个密钥"),
        ((), "", ""),
    ],
)  # fmt: skip
def test_hidden_values_in_words(redactions, english, chinese):
    assert Translator("en").hidden(redactions) == english
    assert Translator("zh").hidden(redactions) == chinese


def test_every_type_the_filter_knows_has_a_word():
    assert all(len(words) == 3 and all(words) for words in ENTITY_WORDS.values())


def test_plural_and_sizes():
    assert Translator("en").count("docs.pages", 1) == "1 page"
    assert Translator("en").count("docs.pages", 1200) == "1,200 pages"
    assert [size_text(n) for n in (0, 999, 491_400_064, 1_117_320_768)] == ["0 B", "999 B", "491 MB", "1.1 GB"]


def test_the_language_follows_the_wish_then_the_system():
    assert language_for("", system="zh_CN") == "zh"
    assert language_for("", system="de_DE") == "en"
    assert language_for("en", system="zh_CN") == "en"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_value_can_change_what_there_is_to_say(language):
    unknown = Problem(Code.NOT_ENOUGH_MEMORY, {"model": "m", "needed_bytes": 0, "available_bytes": 0})
    assert "0" not in sentence_for(unknown, language).what
    settings = Problem(Code.DAMAGED_STORE, {"store": "settings"})
    assert "settings.json" in sentence_for(settings, language).todo
    assert "settings.json" not in sentence_for(Problem(Code.DAMAGED_STORE, {"store": "history"}), language).todo
