"""`studiolo search`, `ask` and `chat`: shapes of the contract, sources, answers that fail or are cut."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.scripted_engine import ANSWER_EVENTS, CITATION, HIT, ScriptedEngine

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Cited, Delta, Failed, Finished, Retrieved, Started
from studiolo.paths import Home
from studiolo.types import AdapterUse, Question

Command = Callable[..., Any]


def test_search(studiolo: Command, engine: ScriptedEngine) -> None:
    ran = studiolo("search", "租期", "-k", "1", "--library", "contracts", "--document", "d", "--json")
    assert ran.code == 0
    assert list(ran.json) == ["query", "hits", "seconds", "by"]
    (hit,) = ran.json["hits"]
    assert hit == {
        "document": "租约 lease.pdf",
        "page": 3,
        "passage_id": "p1",
        "text": "The term of the lease is twelve months. 租期为十二个月。",
        "score": 0.75,
    }
    assert engine.calls == [("search", "租期", "contracts", 1, "d")]
    assert "租约 lease.pdf, iii (p. 3)" in studiolo("search", "x").out
    assert "iii（第 3 页）" in studiolo("search", "x", LANG="zh_CN.UTF-8").out


def test_ask_in_json(studiolo: Command, engine: ScriptedEngine) -> None:
    ran = studiolo("ask", "多久?", "--library", "contracts", "--document", "lease", "--model", "tiny", "--json")
    assert ran.code == 0
    assert ran.err == ""
    assert list(ran.json) == ["answer", "citations", "timings", "usage", "redactions"]
    assert ran.json["answer"] == "Twelve months 十二个月 [1]."
    assert ran.json["citations"] == [
        {"document": CITATION.document, "page": 3, "quote": CITATION.quote, "verified": True}
    ]
    assert ran.json["timings"] == {
        "retrieve_s": 0.01,
        "first_token_s": 0.2,
        "total_s": 0.9,
        "read_tokens_per_s": 400.0,
        "write_tokens_per_s": 10.0,
        "energy_j": 31.5,
    }
    assert ran.json["usage"] == {"prompt_tokens": 120, "reused_tokens": 40, "completion_tokens": 7}
    assert ran.json["redactions"] == [{"type": "PHONE", "count": 1}]
    assert engine.calls == [("ask", Question("多久?", library="contracts", document="lease", model="tiny"))]


def test_ask_in_text(studiolo: Command) -> None:
    ran = studiolo("ask", "How long?")
    assert ran.out == (
        "Twelve months 十二个月 [1].\n\n"
        "Sources\n[1] 租约 lease.pdf, iii (p. 3): “The term of the lease is twelve months.”\n"
    )
    assert "Left out for lack of room: 2 passages, 1 earlier turns." in ran.err
    assert "Screened: 1 PHONE." in ran.err
    chinese = studiolo("ask", "多久?", LC_ALL="zh_CN.UTF-8")
    assert "来源" in chinese.out
    assert "Tokens: 80 read, 400 a second; 40 reused; 7 written, 10.0 a second." in ran.err
    assert "词元：读取 80，每秒 400；沿用 40；生成 7，每秒 10.0。" in chinese.err
    assert "The processors used 32 J meanwhile." in ran.err
    assert "期间处理器耗能 32 焦耳。" in chinese.err


def test_energy_that_the_system_does_not_tell_is_not_spoken_of(studiolo: Command, engine: ScriptedEngine) -> None:
    engine.answer = (Started("c", "t", "m"), Delta("a"), Finished("stop"))
    err = studiolo("ask", "q").err
    assert " J " not in err
    assert "Tokens" not in err  # none was counted
    assert studiolo("ask", "q", "--json").json["timings"]["energy_j"] is None


def test_answering_with_adapters(studiolo: Command, engine: ScriptedEngine) -> None:
    assert studiolo("ask", "多久?", "--adapter", "合同", "-a", "b:-0.5").code == 0
    assert engine.calls[-1][1].adapters == (AdapterUse("合同"), AdapterUse("b", -0.5))
    assert engine.calls[-1][1].model is None


@pytest.mark.parametrize("named", ["a:", "a:strong", "a:1:2"])
def test_a_scale_that_is_no_number(studiolo: Command, engine: ScriptedEngine, named: str) -> None:
    for command in ("ask", "chat"):
        arguments = (command, "q", "-a", named) if command == "ask" else (command, "-a", named)
        ran = studiolo(*arguments)
        said = "--adapter: NAME or NAME:SCALE is needed, with a number from -10 to 10. Correct it and try again."
        assert (ran.code, ran.err) == (1, f"studiolo: {said}\n")
        assert "应为 NAME 或 NAME:SCALE" in studiolo(*arguments, LANG="zh_CN.UTF-8").err
    assert engine.calls == []


def test_sources_that_give_orders(studiolo: Command, engine: ScriptedEngine) -> None:
    engine.answer = tuple(
        Retrieved((replace(HIT, suspicious=True),))
        if isinstance(event, Retrieved)
        else Cited(replace(CITATION, suspicious=True))
        if isinstance(event, Cited)
        else event
        for event in ANSWER_EVENTS
    )
    ran = studiolo("ask", "How long?")
    assert "(tries to give orders to the assistant)" in ran.out
    assert "Careful: 1 of the passages try to give orders to the assistant (租约 lease.pdf, iii (p. 3))." in ran.err
    assert "试图向助手下达指令" in studiolo("ask", "多久?", LANG="zh_CN.UTF-8").err
    ran = studiolo("ask", "How long?", "--json")
    assert ran.json["citations"][0]["suspicious"] is True
    assert "Careful" in ran.err


@pytest.mark.parametrize("arguments", [("ask", "q"), ("ask", "q", "--json")])
def test_an_answer_that_fails(studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...]) -> None:
    engine.answer = (Started("c", "t", "m"), Failed("model_missing", {"model": "big"}))
    ran = studiolo(*arguments)
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err == ("studiolo: The model big is not on this machine yet. Get it with `studiolo models pull big`.\n")


def test_an_answer_cut_at_the_limit(studiolo: Command, engine: ScriptedEngine) -> None:
    engine.answer = (Started("c", "t", "m"), Delta("a"), Finished("length"))
    ran = studiolo("ask", "q")
    assert ran.code == 0
    assert "token limit" in ran.err


def test_chat(
    engine: ScriptedEngine, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from studiolo.cli.chat import talk
    from studiolo.cli.terminal import Terminal

    lines = [
        "",
        "/sources",
        "How long?",
        "And then? 然后",
        "/sources",
        "/new",
        "Again",
        "/what",
        "/quit",
        "never asked",
    ]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines) + "\n"))
    talk(engine, Question("", library="contracts", model="tiny"), Terminal({"LANG": "C"}))
    asked = [call[1] for call in engine.calls]
    assert [(item.text, item.conversation_id) for item in asked] == [
        ("How long?", None),
        ("And then? 然后", "c1"),
        ("Again", None),
    ]
    assert all((item.library, item.model) == ("contracts", "tiny") for item in asked)
    captured = capsys.readouterr()
    assert captured.out.count("Twelve months") == 3
    assert captured.out.count("1. 租约 lease.pdf, iii (p. 3)") == 1
    assert captured.err.count("/quit ends") == 2


def test_chat_goes_on_after_an_error(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from studiolo.cli.chat import talk
    from studiolo.cli.terminal import Terminal

    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo\n"))
    engine.error = UserError(Code.PROMPT_TOO_LONG, tokens=9, limit=5)
    talk(engine, Question(""), Terminal({"LANG": "C"}))
    assert len(engine.calls) == 2
    assert capsys.readouterr().err.count("9 tokens long") == 2
    engine.error = EnvironmentFault(Code.ENGINE_GONE)
    monkeypatch.setattr(sys, "stdin", io.StringIO("three\nfour\n"))
    with pytest.raises(EnvironmentFault):
        talk(engine, Question(""), Terminal({"LANG": "C"}))
