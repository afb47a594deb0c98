"""Every place where text leaves the engine, walked with planted values: none is raw where the policy forbids it.

Real are the filter, the stores, the server and its log; the names are found by a list and the model follows a script:
it repeats every pseudonym that it was given, and makes up a value of its own.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.served import Served, served
from tests.support import ScriptedRuntime
from tests.unit.knowledge.conftest import HashEmbedder
from tests.unit.models.gguf_files import gguf
from tests.unit.privacy.support import ListedNames

from studiolo import wire
from studiolo.bootstrap import Replacements, open_local
from studiolo.cli.main import run
from studiolo.cli.terminal import Terminal
from studiolo.client import session
from studiolo.events import Delta, Event, Failed, Finished, Started
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.server.logs import close_log, open_log
from studiolo.types import Chat, Message, Question, Reader

MADE_UP = "13912345678"  # in no document and no question: the model invents it
ENGLISH = {
    "name": "Margaret Holloway",
    "phone": "+44 20 7946 0321",
    "card": "4111 1111 1111 1111",
    "id": "536-90-4399",
    "email": "m.holloway@example.org",
    "secret": "sk-proj-Zx81kQpLm2Vt7RbN4yWc9HfJ3sDg6AeU",
}
CHINESE = {
    "name": "王小明",
    "phone": "13800138000",
    "card": "5500005555555559",
    "id": "11010519491231002X",
    "email": "xiaoming@example.cn",
    "secret": "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
}
DOCUMENTS = {
    f"{ENGLISH['name']} lease.md": (
        f"# Lease of {ENGLISH['name']}\n\nThe tenant is {ENGLISH['name']}, phone {ENGLISH['phone']}, e-mail "
        f"{ENGLISH['email']}. SSN {ENGLISH['id']}. The card is {ENGLISH['card']}. api_key = {ENGLISH['secret']}\n"
    ),
    f"{CHINESE['name']} 租约.md": (
        f"# {CHINESE['name']}的租约\n\n承租人{CHINESE['name']}，手机号{CHINESE['phone']}，邮箱{CHINESE['email']}，"
        f"身份证号{CHINESE['id']}，银行卡号{CHINESE['card']}。token: {CHINESE['secret']}\n"
    ),
}
QUESTIONS = {
    "en": "Does {name} ({phone}, {email}, {id}) pay the rent by card {card}? key: {secret}".format(**ENGLISH),
    "zh": "{name}（{phone}，{email}，身份证号{id}）用银行卡{card}付租金吗？密钥：{secret}".format(**CHINESE),
}
NEVER = ("card", "secret")  # masked in an answer for the owner too
_TOKEN = re.compile(r"<[A-Z]+_\d+[A-Z]*>")


def variants(value: str) -> set[str]:
    """A value as it might stand somewhere: as it is, without separators, in JSON's escapes, its last name alone."""
    found = {value, re.sub(r"[ \-]", "", value), json.dumps(value)[1:-1]}
    return found | ({value.rsplit(maxsplit=1)[-1]} if value.startswith("Margaret") else set())


ALL = {text for values in (ENGLISH, CHINESE) for value in values.values() for text in variants(value)} | {MADE_UP}
HARD = {text for values in (ENGLISH, CHINESE) for kind in NEVER for text in variants(values[kind])}


def raw(text: object, *, values: set[str] = ALL) -> list[str]:
    """The planted values that stand in a text."""
    whole = text if isinstance(text, str) else repr(text)
    return sorted(value for value in values if value.casefold() in whole.casefold())


def repeat(prompt: str) -> str:
    """Everything the model could betray: all its pseudonyms, in the order met, and a number of its own."""
    tokens = list(dict.fromkeys(_TOKEN.findall(prompt)))
    return f"It says {', '.join(tokens)}. 见{'、'.join(tokens)}。 Call {MADE_UP}。"


@dataclass
class House:
    local: LocalEngine
    site: Served
    home: Home
    runtimes: list[ScriptedRuntime]

    @property
    def prompts(self) -> str:
        return "\n".join(prompt for runtime in self.runtimes for prompt in runtime.prompts)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("leaks")
    home, files, runtimes = Home(root / "home"), root / "files", []
    files.mkdir()
    for name, text in DOCUMENTS.items():
        (files / name).write_text(text, "utf-8")
    (root / "tiny.gguf").write_bytes(gguf())

    def load(_model_id: str) -> ScriptedRuntime:
        runtimes.append(ScriptedRuntime(repeat))
        return runtimes[-1]

    names = ListedNames(("Margaret Holloway", "Holloway", "王小明"))
    replaced = Replacements(
        load_runtime=load, embedder_for=lambda _model_id: HashEmbedder(), analyzer=Analyzer.of(names=names)
    )
    local = open_local(home, environ=os.environ, replacements=replaced)
    faults = open_log(home)
    local.import_model(root / "tiny.gguf")
    try:
        with served(local, home) as site:
            list(site.engine.add([root / "nothing"]))  # the server's job thread begins here, not in a test
            events = list(local.add([files]))
            assert isinstance(events[-1], Finished)
            yield House(local, site, home, runtimes)
    finally:
        local.close()
        close_log(faults)


def asked(house: House, question: str, reader: Reader, **more: Any) -> list[Event]:
    return list(house.site.engine.ask(Question(question, reader=reader, **more)))


def wired(events: list[Event]) -> str:
    return "\n".join(json.dumps(wire.event_plain(event), ensure_ascii=False) for event in events)


def shown(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def post(house: House, path: str, **body: Any) -> httpx.Response:
    return httpx.post(house.site.url + path, headers=house.site.auth, json=body, trust_env=False, timeout=20)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_model_reads_no_value(house: House, language: str) -> None:
    first = asked(house, QUESTIONS[language], Reader.OWNER)
    started = first[0]
    assert isinstance(started, Started)
    asked(house, "And then? 然后呢？", Reader.OWNER, conversation_id=started.conversation_id)  # with history in view
    assert len(_TOKEN.findall(house.prompts)) > 10
    assert raw(house.prompts.replace(MADE_UP, "")) == []
    seen = house.site.engine.seen(started.turn_id)
    assert raw(seen.text) == raw(str(seen.parts)) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_masked_reader_gets_no_value_in_any_event(house: House, language: str) -> None:
    for library in ("default", None):
        events = asked(house, QUESTIONS[language], Reader.MASKED, library=library)
        assert isinstance(events[-1], Finished)
        assert "<PERSON>" in shown(events)
        assert raw(wired(events)) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_blocked_reader_gets_nothing(house: House, language: str) -> None:
    for library in ("default", None):
        events = asked(house, QUESTIONS[language], Reader.BLOCKED, library=library)
        assert isinstance(events[-1], Failed)
        assert events[-1].code == "blocked_by_policy"
        assert shown(events) == ""
        assert raw(wired(events)) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_owner_gets_values_back_but_for_cards_and_secrets(house: House, language: str) -> None:
    events = asked(house, QUESTIONS[language], Reader.OWNER)
    name = ENGLISH["name"] if language == "en" else CHINESE["name"]
    assert name in shown(events)
    assert raw(shown(events), values=HARD) == []
    answer = post(house, "/api/ask", question=QUESTIONS[language], stream=False).json()["answer"]
    assert name in answer
    assert raw(answer, values=HARD) == []
    started = events[0]
    assert isinstance(started, Started)
    (turn,) = house.site.engine.turns(started.conversation_id)
    assert raw(turn.answer, values=HARD) == []


@pytest.mark.parametrize("reader", [Reader.MASKED, Reader.BLOCKED])
def test_a_chat_that_the_client_keeps(house: House, reader: Reader) -> None:
    for question in QUESTIONS.values():
        messages = (Message("system", question), Message("user", question), Message("assistant", "ok"))
        events = list(house.site.engine.chat(Chat((*messages, Message("user", question)), reader=reader)))
        assert raw(wired(events)) == []
    assert raw(house.prompts.replace(MADE_UP, "")) == []


def test_openai_answers_hold_neither_card_nor_secret(house: House) -> None:
    for question in QUESTIONS.values():
        for more in ({}, {"library": "default"}):
            body = {"messages": [{"role": "user", "content": question}], **more}
            whole = post(house, "/v1/chat/completions", **body).json()["choices"][0]["message"]["content"]
            stream = post(house, "/v1/chat/completions", stream=True, **body).text
            parts = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
            pieces = [part["choices"][0]["delta"].get("content", "") for part in parts if part["choices"]]
            assert raw(whole, values=HARD) == raw("".join(pieces), values=HARD) == []


def test_titles(house: House) -> None:
    for question in QUESTIONS.values():
        asked(house, question, Reader.OWNER)
        asked(house, question, Reader.BLOCKED)
    titles = [conversation.title for conversation in house.site.engine.conversations()]
    assert any("<PERSON>" in title for title in titles)
    assert raw(titles) == []


def test_tool_arguments_titles_exports_and_logs_are_screened_by_the_filter(house: House) -> None:
    screener = house.local._parts.screener
    for text in (*DOCUMENTS.values(), *DOCUMENTS, *QUESTIONS.values()):
        for direction in ("tool", "title", "export", "log", "file_name", "question", "passage", "history"):
            screened = screener.screen(text, library_id="library:default", direction=direction)
            assert raw(screened.text) == [], direction
            assert raw(screened) == []  # its repr
    arguments = json.dumps({"query": QUESTIONS["en"], "to": CHINESE["email"]}, ensure_ascii=False)
    assert raw(screener.screen(arguments, library_id="library:default", direction="tool").text) == []


def test_redacting(house: House) -> None:
    engine = house.site.engine
    for text in (*DOCUMENTS.values(), *QUESTIONS.values()):
        assert raw(engine.redact(text).text) == []
        assert raw(repr(engine.redact(text))) == []
    folder = house.home.root.parent / "files"
    for path in folder.iterdir():
        assert raw(engine.redact_file(path).text) == []


def test_what_the_cli_writes(house: House, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_running_or_lock", lambda *_: house.site.engine)
    monkeypatch.setattr(house.site.engine, "close", lambda: None)
    terminal = Terminal({"STUDIOLO_HOME": str(house.home.root), "LANG": "C"})

    def ran(*arguments: str) -> tuple[str, str]:
        run(arguments, terminal=terminal)
        captured = capfd.readouterr()
        return captured.out, captured.err

    lines = "".join(json.dumps({"text": text, "n": 4111111111111111}) + "\n" for text in DOCUMENTS.values())
    source = house.home.root.parent / "lines.jsonl"
    source.write_text(lines + '{"text": "' + ENGLISH["name"] + "\n", "utf-8")
    for arguments in (
        ("redact", "--jsonl", str(source)),
        ("audit", "list", "-n", "1000"),
        ("audit", "export"),
        ("audit", "verify"),
        ("conversations", "list"),
        ("doctor",),
        ("libraries", "list"),
        ("documents", "list", "--library", "none"),
    ):
        out, err = ran(*arguments)
        assert raw(out + err) == [], arguments
    for question in QUESTIONS.values():
        out, err = ran("ask", question)
        assert raw(err) == []
        assert raw(out.split("Sources")[0], values=HARD) == []
        out, err = ran("ask", question, "--json")
        assert raw(err) == []
        assert raw(json.loads(out)["answer"], values=HARD) == []
        assert raw(ran("ask", question, "--library", "none")) == []


def test_status_doctor_statistics_and_policies(house: House) -> None:
    for path in ("status", "doctor", "libraries", "libraries/default/statistics", "models", "audit", "audit/verify"):
        answer = httpx.get(f"{house.site.url}/api/{path}", headers=house.site.auth, trust_env=False, timeout=20)
        assert answer.status_code == 200
        assert raw(answer.text) == [], path
        assert raw(json.dumps(answer.json(), ensure_ascii=False)) == [], path
    assert house.site.engine.statistics().redactions
    for path in ("healthz", "readyz", "openapi.json", "v1/models"):
        answer = httpx.get(f"{house.site.url}/{path}", headers=house.site.auth, trust_env=False, timeout=20)
        assert raw(answer.text) == [], path


def test_error_bodies(house: House) -> None:
    bodies: list[dict[str, Any]] = []
    for question in QUESTIONS.values():
        bodies += [
            {"question": question, "library": "none"},
            {"question": [question]},
            {"question": "", "sampling": {"temperature": question}},
            {"question": question, "reader": question},
            {"question": question, "conversation_id": "none"},
            {"question": question, "stream": False, "reader": "blocked"},
        ]
    for body in bodies:
        answer = post(house, "/api/ask", **body)
        assert answer.status_code >= 400
        assert raw(answer.text) == raw(answer.content.decode("unicode-escape", "replace")) == []
        broken = json.dumps(body)[:-3].encode()
        headers = {**house.site.auth, "content-type": "application/json"}
        sent = httpx.post(house.site.url + "/api/ask", headers=headers, content=broken, trust_env=False, timeout=20)
        assert sent.status_code == 422
        assert raw(sent.text) == []


def test_a_filter_that_fails_lets_nothing_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError(QUESTIONS["en"] + QUESTIONS["zh"])

    analyzer = house.local._parts.screener._analyzer
    monkeypatch.setattr(analyzer, "_engine_once", broken)
    before = len(house.prompts)
    for question in QUESTIONS.values():
        events = asked(house, f"{question} again", Reader.OWNER)
        assert isinstance(events[-1], Failed)
        assert raw(wired(events[-1:])) == []
        answer = post(house, "/api/redact", text=question)
        assert answer.status_code == 500
        assert raw(answer.text) == []
    assert len(house.prompts) == before
    assert raw([conversation.title for conversation in house.site.engine.conversations()]) == []


def test_an_export_carries_no_pseudonyms(house: House, tmp_path: Path) -> None:
    events = list(house.site.engine.export_library("default", tmp_path / "out.studiolo"))
    assert isinstance(events[-1], Finished)
    with zipfile.ZipFile(tmp_path / "out.studiolo") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
        assert raw(" ".join(archive.namelist())) == []
    assert b"PERSON_1" not in whole
    assert b"pseudonym" not in whole
    assert house.site.engine.audit(limit=1)[0].event == "exported"


def test_what_stands_in_the_home_beside_the_stores(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    """Last: log, audit, anchors, settings and the engine's own files after all of the above."""
    house.local._parts.audit.flush()
    assert house.site.engine.verify_audit().sound
    events = {record.event for record in house.site.engine.audit(limit=10_000)}
    assert events >= {"screened", "answer", "restored", "redacted", "blocked", "failed", "exported"}
    stores = {"history.db", "knowledge.db", "pseudonyms.db"}  # they hold what the owner wrote and added
    looked_at = 0
    for path in house.home.root.rglob("*"):
        if path.is_file() and path.name.split("-")[0] not in stores and not path.is_relative_to(house.home.lance):
            assert raw(path.name) == []
            assert raw(path.read_bytes().decode("utf-8", "replace")) == [], path.name
            looked_at += 1
    assert looked_at >= 5
    assert (house.home.logs / "engine.log").exists()
    captured = capfd.readouterr()
    assert raw(captured.out + captured.err) == []
