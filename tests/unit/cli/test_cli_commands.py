"""Each command on a scripted engine: shapes of the contract, text on stdout, all else on stderr, exit codes."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ANSWER_EVENTS, CITATION, HIT, ScriptedEngine

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Cited, Delta, Failed, FileDone, Finished, Retrieved, Started
from studiolo.home_lock import HomeLock, holder_pid
from studiolo.paths import Home
from studiolo.types import DEFAULT_LIBRARY, AddResult, Question

Command = Callable[..., Any]


def test_add_in_json(studiolo: Command, engine: ScriptedEngine, tmp_path: Path, home: Home) -> None:
    (tmp_path / "租约.txt").write_text("x")
    ran = studiolo("add", str(tmp_path / "租约.txt"), str(tmp_path / "gone.txt"), "--library", "合同", "--json")
    first, second, last = ran.lines
    assert first == {
        "path": str(tmp_path / "租约.txt"),
        "status": "added",
        "reason": "",
        "pages": 2,
        "passages": 5,
        "seconds": 0.5,
    }
    assert list(second) == ["path", "status", "reason", "pages", "passages", "seconds"]
    assert (second["status"], second["reason"]) == ("failed", "file_missing")
    assert list(last) == ["summary"]
    assert last["summary"].items() >= {"added": 1, "failed": 1, "updated": 0, "unchanged": 0, "pages": 2}.items()
    assert "租约" in ran.out
    assert ran.code == 1
    assert ran.err == ""
    assert engine.calls[0][2] == "合同"
    assert engine.closed
    assert holder_pid(home) == 0


def test_add_in_text(studiolo: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert studiolo("add", str(tmp_path / "a.txt")).code == 0
    ran = studiolo("add", str(tmp_path / "a.txt"), str(tmp_path / "gone.txt"))
    assert ran.code == 1
    assert ran.out.startswith("added\t")
    assert ran.err.splitlines() == [
        f"studiolo: There is no file {tmp_path / 'gone.txt'}. Check the path.",
        "1 of 2 files could not be added.",
    ]


def test_relative_paths_are_of_this_folder(
    studiolo: Command, engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    studiolo("add", "a.txt")
    assert engine.calls[0][1] == (tmp_path / "a.txt",)


def test_search(studiolo: Command, engine: ScriptedEngine) -> None:
    ran = studiolo("search", "租期", "-k", "1", "--library", "contracts", "--document", "d", "--json")
    assert ran.code == 0
    assert list(ran.json) == ["query", "hits", "seconds"]
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
    assert ran.json["timings"] == {"retrieve_s": 0.01, "first_token_s": 0.2, "total_s": 0.9}
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
    assert "来源" in studiolo("ask", "多久?", LC_ALL="zh_CN.UTF-8").out


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


@pytest.mark.parametrize("arguments", [("ask", "q"), ("ask", "q", "--json"), ("add", "x")])
def test_ctrl_c_cancels_cleanly(studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...]) -> None:
    engine.hold = True
    before = signal.getsignal(signal.SIGINT)
    presser = threading.Thread(target=lambda: (engine.holding.wait(10), os.kill(os.getpid(), signal.SIGINT)))
    presser.start()
    ran = studiolo(*arguments)
    presser.join()
    assert ran.code == 130
    assert ran.err.endswith("Cancelled.\n")
    assert engine.cancelled.is_set()
    assert engine.closed
    assert signal.getsignal(signal.SIGINT) is before


def test_documents(studiolo: Command, engine: ScriptedEngine) -> None:
    listed = studiolo("documents", "list", "--json").json
    assert listed["library"] == DEFAULT_LIBRARY
    assert listed["documents"][0]["name"] == "租约 lease.pdf"
    assert studiolo("documents", "list").out.startswith("d1\t租约 lease.pdf\t")
    for named in ("d1", "租约 lease.pdf", "/home/ada/租约 lease.pdf"):
        assert studiolo("documents", "remove", named).code == 0
        assert engine.calls[-1] == ("remove_documents", ("d1",), DEFAULT_LIBRARY, "keep")
    assert studiolo("documents", "remove", "d2", "租约 lease.pdf", "d1", "--conversations", "remove").code == 0
    assert engine.calls[-1] == ("remove_documents", ("d2", "d1"), DEFAULT_LIBRARY, "remove")
    assert "quoting" not in [call[0] for call in engine.calls]  # a script is not asked
    gone = studiolo("documents", "remove", "没有.pdf", "--library", "contracts")
    assert (gone.code, gone.out) == (1, "")
    assert "没有.pdf" in gone.err


def test_a_document_says_what_is_missing_of_it(studiolo: Command) -> None:
    (_, line) = studiolo("documents", "list").out.splitlines()
    assert line.endswith("\tread in part: pages 3-5 (password needed), inner.docx (damaged), page 7 (pictures of text)")
    (_, line) = studiolo("documents", "list", LANG="zh_CN.UTF-8").out.splitlines()
    assert line.endswith("\t部分已读取：第 3-5 页（需要密码）；inner.docx（已损坏）；第 7 页（文字为图片）")
    listed = studiolo("documents", "list", "--json").json["documents"][1]
    assert listed["gaps"][0] == {"reason": "needs_password", "first": 3, "last": 5, "name": ""}


def test_showing_a_document(studiolo: Command, engine: ScriptedEngine) -> None:
    facts = dict(line.split("\t", 1) for line in studiolo("documents", "show", "租约 lease.pdf").out.splitlines())
    assert facts["name"] == "租约 lease.pdf"
    assert (facts["pages"], facts["passages"], facts["state"]) == ("4", "9", "ready")
    assert facts["languages"] == "en 1, zh 1"
    assert facts["personal data"] == "3 PERSON"
    assert facts["added"].startswith("2023-11-1")
    assert "状态\t就绪" in studiolo("documents", "show", "d1", LANG="zh_CN.UTF-8").out
    shown = studiolo("documents", "show", "d1", "--json").json
    assert list(shown) == ["library", "document", "languages", "passages_in_order", "report"]
    assert shown["report"]["findings"][1] == {"type": "PERSON", "count": 3, "action": "pseudonymise", "pages": [1, 3]}
    text = studiolo("documents", "show", "d1").out
    assert "found\tPERSON\t3\tpseudonymise\tp. 1, 3\n" in text
    assert "passages not screened\t1\n" in text
    assert [passage["id"] for passage in shown["passages_in_order"]] == ["p1", "p2"]
    assert ("document_passages", "d1", DEFAULT_LIBRARY) in engine.calls
    assert engine.calls[-1] == ("document_report", "d1", DEFAULT_LIBRARY)
    assert studiolo("documents", "show", "none").code == 1


@pytest.mark.parametrize(("typed", "wish"), [("y\n", "remove"), ("n\n", "keep"), ("\n", "keep")])
def test_a_person_is_asked_about_conversations_that_quote(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, typed: str, wish: str
) -> None:
    class Typing(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Typing(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    ran = studiolo("documents", "remove", "d1")
    assert ran.code == 0
    assert "1 conversations quote" in ran.err
    assert engine.calls[-1] == ("remove_documents", ("d1",), DEFAULT_LIBRARY, wish)
    monkeypatch.setattr(sys, "stdin", Typing(""))
    assert "quote" not in studiolo("documents", "remove", "d2").err  # none quotes it: nothing to ask
    assert engine.calls[-1] == ("remove_documents", ("d2",), DEFAULT_LIBRARY, "keep")


def test_passwords_are_typed_and_not_shown(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_text("x")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Tr0ub4dor\n密码 2026\n\nnot read"))
    ran = studiolo("add", str(tmp_path / "a.pdf"), "--ask-password")
    assert engine.calls[0][3:] == ("Tr0ub4dor", "密码 2026")
    assert "Tr0ub4dor" not in ran.out + ran.err
    assert studiolo("add", str(tmp_path / "a.pdf")).code == 0
    assert engine.calls[-1][3:] == ()


def test_a_file_read_in_part_says_so(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = AddResult("/x/卷.zip", "added", "needs_password", 2, 5, 0.1, "d2")
    monkeypatch.setattr(engine, "add", lambda *_, **__: iter([FileDone(result), Finished()]))
    assert studiolo("add", "x").out == "added\t/x/卷.zip\t2 p\t5 passages\tread in part: password needed\n"
    assert studiolo("add", "x", LANG="zh_CN.UTF-8").out.endswith("\t部分已读取：需要密码\n")
    assert studiolo("add", "x", "--json").lines[0]["reason"] == "needs_password"


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
    assert studiolo("conversations", "remove", "c1").code == 0
    assert studiolo("conversations", "show", "none").code == 1


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
    from studiolo.events import Progress

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


def test_doctor(studiolo: Command, engine: ScriptedEngine) -> None:
    assert studiolo("doctor", "--json").json["checks"][0] == {"name": "cpu", "state": "ok", "detail": "AVX2"}
    assert studiolo("doctor").code == 0
    engine.error = EnvironmentFault(Code.DAMAGED_STORE, store="history")
    ran = studiolo("doctor")
    assert ran.code == 1
    assert ran.out.startswith("FAILED")
    assert "history" in ran.out


def test_an_unexpected_error_is_one_line_without_its_message(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("Ada's number is 5")

    monkeypatch.setattr(engine, "search", broken)
    ran = studiolo("search", "x")
    assert ran.code == 1
    assert "Ada" not in ran.err
    assert "ValueError test_cli_commands.py:" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_error_has_one_line_whatever_its_values(studiolo: Command, engine: ScriptedEngine) -> None:
    engine.error = UserError(Code.FILE_MISSING, path="two\nlines\r{x}")
    ran = studiolo("search", "x")
    assert ran.err == "studiolo: There is no file two lines {x}. Check the path.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("add",),
        ("ask",),
        ("search", "q", "-k", "0"),
        ("search", "q", "-k", "x"),
        ("models",),
        ("serve", "x"),
    ],
)
def test_wrong_use_is_two(studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...]) -> None:
    ran = studiolo(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Usage:" in ran.err
    assert engine.calls == []


def test_a_busy_home_is_waited_for(
    studiolo: Command, home: Home, monkeypatch: pytest.MonkeyPatch, engine: ScriptedEngine
) -> None:
    from studiolo.client import session

    monkeypatch.setattr(session, "NOTE_AFTER_S", 0.0)
    monkeypatch.setattr(session, "RETRY_S", 0.02)
    lock = HomeLock(home, pid=4242)
    threading.Timer(0.3, lock.release).start()
    ran = studiolo("libraries")
    assert ran.code == 0
    assert ran.err == "Another command (pid 4242) has the home open; waiting for it. Ctrl+C stops waiting.\n"


def test_a_home_that_stays_busy(home: Home) -> None:
    from studiolo.cli.session import open_engine
    from studiolo.cli.terminal import Terminal

    with HomeLock(home, pid=4242), pytest.raises(EnvironmentFault) as caught:  # noqa: SIM117
        with open_engine(Terminal({"STUDIOLO_HOME": str(home.root)}), wait_s=0.1):
            pass
    assert caught.value.code is Code.HOME_BUSY
    assert caught.value.values["pid"] == 4242


def test_a_running_engine_is_asked(studiolo: Command, engine: ScriptedEngine, home: Home) -> None:
    import os

    from tests.served import TOKEN, served

    from studiolo.handshake import Handshake, announce, write_private

    running = ScriptedEngine()
    with served(running, home) as site, HomeLock(home, pid=os.getpid()):
        write_private(home.token_file, TOKEN)
        announce(home, Handshake(site.url, os.getpid(), str(home.token_file)))
        assert studiolo("libraries").code == 0
        assert studiolo("ask", "q", "--json").json["answer"] == "Twelve months 十二个月 [1]."
    assert [call[0] for call in running.calls] == ["libraries", "ask"]
    assert engine.calls == []


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
