"""`studiolo libraries` and `conversations`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.scripted_engine import ScriptedEngine

Command = Callable[..., Any]


def test_statistics(studiolo: Command, engine: ScriptedEngine) -> None:
    assert studiolo("libraries", "statistics", "--json").json["languages"] == {"en": 5, "zh": 4}
    facts = dict(line.split("\t", 1) for line in studiolo("libraries", "statistics", "contracts").out.splitlines())
    assert (facts["documents"], facts["on disk"]) == ("read in part 1, ready 1", "2.4 MiB")
    assert facts["embedder"] == "e5 -> minilm"
    assert facts["watched"] == "/家/文档"
    assert "检索模型\te5" in studiolo("libraries", "statistics", LANG="zh_CN.UTF-8").out
    assert studiolo("libraries", "statistics", "none").code == 1


def test_checking_waits_until_what_was_lost_is_read(studiolo: Command, engine: ScriptedEngine) -> None:
    engine.reading = 2
    for words in (("libraries", "check", "contracts"), ("documents", "check", "-l", "contracts")):
        ran = studiolo(*words)
        assert ran.code == 0
        assert ran.out.startswith("Of 9 passages: 1 were missing, 0 damaged")
        assert ("check", "contracts") in engine.calls
    assert engine.reading == 0
    found = studiolo("libraries", "check", "--json").json
    assert (found["library"], found["missing"], found["documents"], found["sound"]) == ("default", 1, ["d1"], False)
    assert studiolo("libraries", "check", "none").code == 1


def test_changing_the_embedder(studiolo: Command, engine: ScriptedEngine) -> None:
    ran = studiolo("libraries", "embedder", "contracts", "minilm")
    assert (ran.code, ran.out, ran.err) == (0, "", "contracts is now searched by minilm.\n")
    assert engine.calls == [("change_embedder", "contracts", "minilm")]
    assert studiolo("libraries", "create", "合同", "--embedder", "minilm").code == 0
    assert engine.calls[-1] == ("create_library", "合同", "minilm")


def test_moving_and_watching_libraries(studiolo: Command, engine: ScriptedEngine, tmp_path: Path) -> None:
    file, folder = tmp_path / "合同.studiolo", tmp_path / "文档"
    assert studiolo("libraries", "export", "contracts", str(file)).out == f"{file}\n"
    assert engine.calls[-1] == ("export_library", "contracts", file, False)
    assert studiolo("libraries", "export", "contracts", str(file), "--paths").code == 0
    assert engine.calls[-1] == ("export_library", "contracts", file, True)
    assert studiolo("libraries", "import", str(file), "--name", "again").code == 0
    assert engine.calls[-1] == ("import_library", file, "again")
    assert studiolo("libraries", "watch", "contracts", str(folder), "--polling").code == 0
    assert engine.calls[-1] == ("watch", "contracts", folder, True)
    assert studiolo("libraries", "watched", "contracts").out == f"{folder}\tpaused: nobody watches now\n"
    assert "已暂停" in studiolo("libraries", "watched", "contracts", LANG="zh_CN.UTF-8").out
    (listed,) = studiolo("libraries", "watched", "contracts", "--json").json["folders"]
    assert listed == {"folder": str(folder), "polling": True, "state": "paused"}
    assert studiolo("libraries", "unwatch", "contracts", str(folder)).code == 0
    assert studiolo("libraries", "watched", "contracts").out == ""


def test_libraries(studiolo: Command, engine: ScriptedEngine) -> None:
    assert studiolo("libraries", "--json").json == studiolo("libraries", "list", "--json").json
    assert studiolo("libraries").out.startswith("default\t1 documents\t9 passages")
    assert studiolo("libraries", "create", "合同").out == "合同\n"
    assert studiolo("libraries", "remove", "contracts", "--yes").code == 0
    assert engine.calls[-1] == ("remove_library", "contracts")
    assert studiolo("libraries", "remove", "none", "--yes").code == 1


def test_conversations(studiolo: Command) -> None:
    assert studiolo("conversations", "--json").json["conversations"][0]["id"] == "c1"
    assert "How long? 多久" in studiolo("conversations").out
    assert studiolo("conversations", "show", "c1").out.startswith("> How long?\nTwelve months [1].")
    assert studiolo("conversations", "show", "c1", "--json").json["turns"][0]["id"] == "t1"
    assert "(t1)" in studiolo("conversations", "show", "c1").out
    assert studiolo("conversations", "seen", "t1").out == "<PERSON_1> 租约\n"
    assert studiolo("conversations", "seen", "t1", "--json").json["parts"][1] == {"kind": "text", "text": "租约"}
    assert studiolo("conversations", "reveal", "t1", "PERSON_1").out == "Ada 爱达\n"
    revealed = studiolo("conversations", "reveal", "t1", "<PERSON_1>", "--json")
    assert revealed.json == {"token": "PERSON_1", "type": "PERSON", "value": "Ada 爱达"}
    unknown = studiolo("conversations", "reveal", "t1", "PERSON_2")
    assert (unknown.code, unknown.out) == (1, "")
    assert "neither the prompt nor the answer" in unknown.err
    assert studiolo("conversations", "search", "twelve").out == "c1\tt1\t…Twelve months 十二个月\n"
    assert studiolo("conversations", "search", "十二", "--json").json["found"][0]["turn_id"] == "t1"
    assert studiolo("conversations", "rename", "c1", "租约 lease").out == "租约 lease\n"
    assert studiolo("conversations", "pin", "c1").code == 0
    assert studiolo("conversations", "pin", "c1", "--off").code == 0
    assert "> How long?" in studiolo("conversations", "export", "c1").out
    assert studiolo("conversations", "export", "c1", "--json").json["turns"][1]["shown"] is False
    assert studiolo("conversations", "show-turn", "t1").code == 0
    assert studiolo("conversations", "show-turn", "t9").code == 1
    assert studiolo("conversations", "remove", "c1").code == 0
    assert studiolo("conversations", "show", "none").code == 1
