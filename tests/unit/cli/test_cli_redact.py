"""`studiolo redact`: files, documents, standard input, JSON lines."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

Command = Callable[..., Any]


@pytest.mark.parametrize("ending", ["", "\r\n", "\n"])
def test_redact_a_file(studiolo: Command, engine: ScriptedEngine, tmp_path: Path, ending: str) -> None:
    file = tmp_path / "文.txt"
    file.write_bytes(f"电话 Ada\r\n好{ending}".encode())
    ran = studiolo("redact", str(file), "--json")
    assert ran.json == {
        "text": f"电话 <PERSON>\r\n好{ending}",
        "entities": [{"type": "PERSON", "start": 3, "end": 3, "score": 0.5}],
    }
    assert engine.calls == [("redact", f"电话 Ada\r\n好{ending}")]


def test_redact_standard_input(studiolo: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (("redact",), ("redact", "-")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Ada 你好".encode())))
        assert studiolo(*arguments).out == "<PERSON> 你好\n"


def test_redact_a_document(studiolo: Command, engine: ScriptedEngine, tmp_path: Path) -> None:
    letter = tmp_path / "信 letter.pdf"
    letter.write_bytes(b"%PDF-1.7")
    assert studiolo("redact", str(letter)).out == "read of 信 letter.pdf: <PERSON> \n"
    legacy = tmp_path / "旧.txt"
    legacy.write_bytes("电话".encode("gb18030"))
    assert studiolo("redact", str(legacy)).out == "read of 旧.txt: <PERSON> \n"
    assert studiolo("redact", str(tmp_path / "gone.docx")).code == 1


def test_redact_by_a_profile(studiolo: Command, engine: ScriptedEngine, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Ada")
    for option in ("--profile", "--policy"):
        assert studiolo("redact", str(file), option, "strict").code == 0
    assert engine.calls == [("redact", "Ada", "strict")] * 2
    ran = studiolo("redact", str(file), "--profile", "lenient")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no profile of that name" in ran.err
    assert "没有此名称的策略" in studiolo("redact", str(file), "--profile", "x", LANG="zh_CN.UTF-8").err


def test_redact_a_text_in_pieces(
    studiolo: Command, engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studiolo.cli.redact.PIECE", 40)
    file = tmp_path / "long.txt"
    file.write_text("Call Ada.\n" * 9 + "再见 Ada", "utf-8")
    ran = studiolo("redact", str(file), "--json")
    assert ran.json["text"] == "Call <PERSON>.\n" * 9 + "再见 <PERSON>"
    assert len(engine.calls) == 3
    assert [one["start"] for one in ran.json["entities"]] == [5, 45, 85]  # the double finds the first of a piece


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def put(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogatepass"))))

    return put


def test_redact_json_lines(studiolo: Command, lines: Callable[[str], None]) -> None:
    lines(
        '\ufeff{"a": "Ada 好", "n": 12, "in": {"b": ["x", "\\u0041da"], "c": null}}\n'
        '"Ada"\n\n[true, 1234567, 1.5]\n{"a":""}'
    )
    ran = studiolo("redact", "--jsonl")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        '{"a": "<PERSON> 好", "n": 12, "in": {"b": ["x", "<PERSON>"], "c": null}}',
        '"<PERSON>"',
        "",
        "[true, 1234567, 1.5]",
        '{"a": ""}',
    ]


def test_redact_named_fields(studiolo: Command, lines: Callable[[str], None]) -> None:
    lines('{"text": "Ada", "by": {"name": "Ada", "id": "Ada"}}\n')
    ran = studiolo("redact", "--jsonl", "--field", "text", "--field", "by.name")
    assert ran.json == {"text": "<PERSON>", "by": {"name": "<PERSON>", "id": "Ada"}}
    lines("")
    assert studiolo("redact", "--field", "text").code == 2


def test_redact_bad_lines(studiolo: Command, lines: Callable[[str], None]) -> None:
    deep = "[" * 100_000
    text = (
        '{"text": "Ada"}\n{"text": "Ada\n{"text": NaN}\n{"other": "Ada"}\n{"text": 5}\n"Ada"\n'
        + deep
        + '\n{"text": "好"}\n'
    )
    lines(text)
    ran = studiolo("redact", "--jsonl", "--field", "text")
    assert ran.code == 1
    assert len(ran.lines) == 8
    assert ran.lines[0] == {"text": "<PERSON>"}
    assert ran.lines[1:7] == [
        {"error": problem, "line": number}
        for number, problem in enumerate(
            ["not_json", "not_json", "no_field", "no_field", "no_field", "not_json"], start=2
        )
    ]
    assert ran.lines[7] == {"text": "好"}
    assert "Ada" not in ran.out + ran.err
    told = ran.err.splitlines()
    assert told[0] == "studiolo: line 2: it is not JSON. Correct it and try again."
    assert told[-1] == "6 of 8 lines could not be redacted."
    lines(text)
    assert "第 4 行：没有此字段" in studiolo("redact", "--jsonl", "--field", "text", LANG="zh_CN.UTF-8").err


def test_redact_many_lines_keep_their_order(
    studiolo: Command, lines: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studiolo.cli.redact_lines.TOGETHER", 50)
    lines("".join(f'{{"n": {number}, "t": "Ada {number} 号"}}\n' for number in range(2500)))
    ran = studiolo("redact", "--jsonl")
    assert ran.lines == [{"n": number, "t": f"<PERSON> {number} 号"} for number in range(2500)]


def test_redact_what_cannot_be_read(studiolo: Command, tmp_path: Path) -> None:
    binary = tmp_path / "x.bin"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (binary, tmp_path / "gone", tmp_path):
        ran = studiolo("redact", str(path))
        assert (ran.code, ran.out) == (1, "")
        assert str(path) in ran.err
        assert len(ran.err.splitlines()) == 1
