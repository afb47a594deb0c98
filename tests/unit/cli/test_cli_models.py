"""`studiolo models`: listed, imported, removed, pulled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import COMPARISON, ScriptedEngine
from tests.unit.models import gguf_files

from studiolo import wire
from studiolo.cli.models_compare import table
from studiolo.cli.sentences import notice
from studiolo.errors import Code, EnvironmentFault
from studiolo.events import Compared, Finished, Progress
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

Command = Callable[..., Any]


def test_models(studiolo: Command, engine: ScriptedEngine, tmp_path: Path) -> None:
    assert [model["id"] for model in studiolo("models", "list", "--json").json["models"]] == ["tiny", "big", "e5"]
    assert "installed (default)" in studiolo("models", "list").out.splitlines()[0]
    assert studiolo("models", "show", "tiny", "--json").json["sha256"] == "a" * 64
    assert "en, zh" in studiolo("models", "show", "tiny").out
    assert studiolo("models", "show", "none").code == 1
    file = tmp_path / "m.gguf"
    file.write_text("x")
    assert studiolo("models", "import", str(file)).out == "tiny\n"
    assert studiolo("models", "import", str(tmp_path / "gone")).code == 1
    assert studiolo("models", "remove", "tiny").code == 0
    assert engine.calls[-1] == ("remove_model", "tiny")


def test_pulling(studiolo: Command, engine: ScriptedEngine, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from studiolo.client import pull

    pulled: list[object] = []

    def pull_process(model_id, given_home, cancel, *, source=""):
        pulled.append((model_id, given_home, source))
        yield Progress("pull", 1, 2, model_id)
        if model_id == "gone":
            raise EnvironmentFault(Code.SOURCE_UNREACHABLE, model=model_id, tried="packages")
        yield Finished()

    monkeypatch.setattr(pull, "pull_process", pull_process)
    ran = studiolo("models", "pull", "tiny", "e5", "--source", "hub")
    assert (ran.code, ran.out) == (0, "")
    assert pulled == [("tiny", home, "hub"), ("e5", home, "hub")]
    assert engine.calls == []  # the engine has no network and no part in it
    failed = studiolo("models", "pull", "gone")
    assert failed.code == 1
    assert "models import" in failed.err


def words(chinese: bool) -> Callable[..., str]:
    return lambda name, **values: notice(name, values, chinese=chinese)


def test_a_comparison_as_a_table() -> None:
    lines = table(COMPARISON, words(chinese=False))
    rows = {line[:24].strip(): line[24:].split() for line in lines if line}
    assert rows["size on disk"] == ["200", "MB", "100", "MB", "0.500"]
    assert rows["writing, tokens"] == ["30.0/s", "45.0/s", "1.500"]
    assert rows["perplexity"] == ["12.500", "13.125", "1.0500", "±", "0.0040"]
    assert rows["perplexity, Chinese"] == ["14.8", "15.9", "1.074"]
    assert rows["same most likely token"] == ["93.25", "%"]
    assert "700 tokens" in lines[-1]
    assert "different" not in lines[-1]


def test_in_chinese_the_columns_line_up() -> None:
    import unicodedata

    lines = table(COMPARISON, words(chinese=True))
    assert any(line.startswith("困惑度") for line in lines)
    ends = {
        sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
        for line in lines
        if line.endswith(("0.500", "1.500", "1.200", "0.0040", "比值"))
    }
    assert len(ends) == 1


@pytest.mark.parametrize("chinese", [False, True])
def test_with_two_vocabularies_only_bytes_are_compared(chinese: bool) -> None:
    two = replace(
        COMPARISON, same_vocabulary=False, perplexity_ratio=None, perplexity_ratio_error=None, agreement=None,
        kl_divergence=None,
    )  # fmt: skip
    text = "\n".join(table(two, words(chinese=chinese)))
    assert words(chinese=chinese)("cmp_vocabularies") in text
    assert words(chinese=chinese)("cmp_bits") in text
    assert words(chinese=chinese)("cmp_agreement") not in text


@pytest.mark.parametrize("chinese", [False, True])
def test_a_busy_machine_is_said(chinese: bool) -> None:
    busy = replace(COMPARISON, other=replace(COMPARISON.other, spread=4.25))
    said = table(busy, words(chinese=chinese))[-1]
    assert said == words(chinese=chinese)("cmp_busy", times="4.2")


@pytest.fixture
def installed(home: Home, tmp_path: Path) -> list[str]:
    """Two imported models and an adapter."""
    store = ModelStore(home, load_catalogue())
    ids = []
    for name, data in (
        ("大", gguf_files.gguf(seed=1)),
        ("小", gguf_files.gguf(seed=2)),
        ("lora", gguf_files.lora({"blk.0.attn_q.weight": (64, 64)})),
    ):
        (tmp_path / f"{name}.gguf").write_bytes(data)
        ids.append(store.import_file(tmp_path / f"{name}.gguf").id)
    return ids


def test_comparing(studiolo: Command, installed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from studiolo.inference import compare

    asked: list[object] = []

    def scripted(pair, texts, *, cancel, tokens, threads):
        asked.append(([one.model.id for one in pair], texts(), tokens))
        yield Progress("compare", 1, 2)
        yield Compared(COMPARISON)
        yield Finished()

    monkeypatch.setattr(compare, "compare", scripted)
    file = tmp_path / "文.md"
    file.write_text("The term is twelve months.\n\n租期为十二个月。", encoding="utf-8")
    ran = studiolo("models", "compare", "大", "小", "--text", str(file), "--tokens", "99", "--json")
    assert ran.code == 0
    assert ran.json == wire.plain(COMPARISON)
    pair, ((name, text),), tokens = asked[0]  # type: ignore[misc]
    assert (pair, name, tokens) == (["大", "小"], "", 99)
    assert "租期" in text
    shown = studiolo("models", "compare", "大", "小", LANG="zh_CN.UTF-8")
    assert "困惑度" in shown.out
    assert [name for name, _ in asked[1][1]] == ["en", "zh"]  # type: ignore[index]


def test_what_cannot_be_compared_or_made_smaller(studiolo: Command, installed: list[str], home: Home) -> None:
    assert "no model none" in studiolo("models", "compare", "大", "none").err
    assert "is an adapter" in studiolo("models", "compare", "大", "lora").err
    assert "不能单独回答" in studiolo("models", "quantize", "lora", "--to", "q4_0", LANG="zh_CN.UTF-8").err
    assert "no file" in studiolo("models", "compare", "大", "小", "--text", "gone.txt").err
    ModelStore(home, load_catalogue()).path("大").unlink()
    gone = studiolo("models", "quantize", "大", "--to", "q4_0")
    assert gone.code == 1
    assert "大 is damaged" in gone.err
