"""RemoteEngine: every call comes back as it went in, streams end with one last event, a dead engine is said so."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scripted_engine import (
    ANSWER_EVENTS,
    CONVERSATION,
    DOCUMENT,
    FIT,
    HIT,
    INTEGRITY,
    LIBRARY,
    MODELS,
    PARTIAL,
    POLICY,
    TALLY,
    TIMINGS,
    TURN,
    USAGE,
    ScriptedEngine,
)
from tests.served import TOKEN, Served, served

from studiolo.client.remote import RemoteEngine
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError, error_for
from studiolo.events import Delta, Failed, FileDone, Finished, Progress, Started
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.types import AdapterUse, Chat, Embedded, Message, Question, Reader, Sampling, Watched


@pytest.fixture(scope="module")
def one_engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def site(one_engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("home")
    with served(one_engine, Home(folder)) as found:
        list(found.engine.add([folder / "nothing"]))  # the server's job thread begins here, not in a test
        yield found


@pytest.fixture
def engine(one_engine: ScriptedEngine) -> ScriptedEngine:
    one_engine.calls.clear()
    return one_engine


@pytest.fixture
def remote(site: Served) -> RemoteEngine:
    return site.engine


def test_plain_calls_give_the_same_values(remote: RemoteEngine, engine: ScriptedEngine, tmp_path: Path) -> None:
    assert remote.status() == engine.status()
    assert remote.doctor() == engine.doctor()
    assert remote.libraries() == [LIBRARY]
    assert remote.create_library("合同 2026").name == "合同 2026"
    assert remote.documents() == engine.documents()
    assert DOCUMENT in remote.documents()
    assert remote.search("租期", limit=1, document="租约") == [HIT]
    assert remote.search("x") == engine.search("x")
    assert remote.embed(["a", "b"]) == engine.embed(["a", "b"])
    assert remote.embed([]) == Embedded()
    assert remote.conversations() == [CONVERSATION]
    assert remote.turns("c1") == [TURN]
    assert remote.model_saw("t1") == "<PERSON_1> 租约"
    assert remote.seen("t1") == engine.seen("t1")
    assert remote.reveal("t1", "<PERSON_1>") == engine.reveal("t1", "<PERSON_1>")
    assert remote.screening("t1") == engine.screening("t1")
    assert remote.screening("t1", prompt=True) == engine.screening("t1", prompt=True) != engine.screening("t1")
    assert remote.ahead() == engine.ahead()
    assert remote.set_ahead(on=False, budget_mb=12) == engine.set_ahead(on=False, budget_mb=12)
    assert engine.calls[-2:] == [("set_ahead", False, 12)] * 2
    draft = ("", {"allow": {"words": ["好"]}}, "Call Ada. 好")
    assert remote.preview_policy(*draft, direction="tool") == engine.preview_policy(*draft, direction="tool")
    assert engine.calls[-2] == engine.calls[-1]
    assert remote.audit() == engine.audit()
    assert remote.audit(limit=1, before=3) == engine.audit(limit=1, before=3)
    assert remote.audit(limit=2, after=0) == engine.audit(limit=2, after=0)
    assert remote.verify_audit() == engine.verify_audit()
    assert remote.redact("Ada") == engine.redact("Ada")
    assert remote.redact("Ada", profile="strict") == engine.redact("Ada", profile="strict")
    assert remote.redact_many(["Ada", "好"]) == engine.redact_many(["Ada", "好"])
    assert remote.redact_file(tmp_path, passwords=["密"]) == engine.redact_file(tmp_path, passwords=["密"])
    assert remote.models() == list(MODELS)
    assert remote.import_model(tmp_path) == MODELS[0]
    remote.remove_model("tiny")
    remote.remove_conversation("c1")
    assert remote.document("d2") == PARTIAL
    assert remote.document_passages("d1") == engine.document_passages("d1")
    assert remote.document_report("d1", library="合同") == engine.document_report("d1", library="合同")
    assert remote.policy() == POLICY
    assert remote.policy("合同 & 2026").library == "合同 & 2026"
    section = {"profile": "strict", "custom": {"PROJECT": {"words": ["青鸟计划"]}}, "keep_last": {"IBAN": 4}}
    assert remote.set_policy("合同", section).section == section
    assert engine.calls[-1] == ("set_policy", "合同", section)
    assert remote.load_policy() == POLICY
    assert remote.quoting(["d1"]) == [CONVERSATION]
    assert remote.quoting([]) == []
    assert remote.statistics("contracts") == engine.statistics("contracts")
    assert remote.check() == INTEGRITY
    remote.watch("contracts", tmp_path)
    assert remote.watched("contracts") == [Watched(str(tmp_path), polling=False, state="paused")]
    remote.unwatch("contracts", tmp_path)
    assert remote.watched("contracts") == []
    remote.remove_document("d1")
    remote.remove_documents(["d1", "d2"], conversations="remove")
    assert engine.calls[-1] == ("remove_documents", ("d1", "d2"), "default", "remove")
    assert remote.pseudonyms("contracts") == engine.pseudonyms("contracts")
    assert remote.pseudonyms("contracts", reveal=True) == engine.pseudonyms("contracts", reveal=True)
    assert remote.forget_person("contracts", "王 小明") == 2
    assert engine.calls[-1] == ("forget_person", "contracts", "王 小明")
    assert (remote.forget_pseudonyms("contracts"), remote.forget_pseudonyms()) == (3, 3)
    assert engine.calls[-2:] == [("forget_pseudonyms", "contracts"), ("forget_pseudonyms", None)]
    remote.protect_pseudonyms("passphrase", passphrase="虎")
    assert engine.calls[-1] == ("protect_pseudonyms", "passphrase", "虎")
    assert remote.settings() == engine.settings()
    assert remote.change_settings({"answer_tokens": 700, "theme": "dark"}) == engine.settings()
    assert ("change_settings", {"answer_tokens": 700, "theme": "dark"}) in engine.calls
    assert remote.model_fits() == [FIT]
    remote.remove_library("contracts")


def test_long_pieces_of_work_are_streams(remote: RemoteEngine, engine: ScriptedEngine, tmp_path: Path) -> None:
    assert list(remote.change_embedder("contracts", "minilm")) == [Progress("embed", 1, 2), Finished()]
    assert list(remote.import_library(tmp_path, name="合同")) == [Progress("write", 1, 2), Finished()]
    assert list(remote.export_library("contracts", tmp_path, paths=True)) == [Progress("write", 1, 2), Finished()]
    assert engine.calls == [
        ("change_embedder", "contracts", "minilm"),
        ("import_library", tmp_path, "合同"),
        ("export_library", "contracts", tmp_path, True),
    ]
    ended = CancelToken()
    ended.cancel()
    assert list(remote.change_embedder("contracts", "minilm", cancel=ended)) == [Finished("cancelled")]
    assert len(engine.calls) == 3


def test_passwords_travel(remote: RemoteEngine, engine: ScriptedEngine, tmp_path: Path) -> None:
    events = list(remote.add([tmp_path / "锁.pdf"], passwords=["Tr0ub4dor", "密码"]))
    assert engine.calls == [("add", (tmp_path / "锁.pdf",), "default", "Tr0ub4dor", "密码")]
    assert events[0] == TALLY


def test_errors_keep_their_kind_code_and_values(remote: RemoteEngine, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        remote.search("x", library="没有")
    assert (caught.value.code, caught.value.values) == (Code.UNKNOWN_LIBRARY, {"library": "没有"})
    with pytest.raises(UserError) as caught:
        remote.import_model(tmp_path / "gone.gguf")
    assert caught.value.values == {"path": str(tmp_path / "gone.gguf")}
    for call, code in (
        (lambda: remote.turns("../c1"), Code.UNKNOWN_CONVERSATION),
        (lambda: remote.model_saw("t2"), Code.BAD_REQUEST),
        (lambda: remote.seen("t2"), Code.BAD_REQUEST),
        (lambda: remote.reveal("t1", "<PERSON_2>"), Code.BAD_REQUEST),
        (lambda: remote.remove_document("?#%20"), Code.UNKNOWN_DOCUMENT),
        (lambda: list(remote.ask(Question("q", library="none"))), Code.UNKNOWN_LIBRARY),
    ):
        with pytest.raises(StudioloError) as any_caught:
            call()
        assert any_caught.value.code in (code, Code.BAD_REQUEST)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_crosses(code: Code, remote: RemoteEngine, one_engine: ScriptedEngine) -> None:
    error = error_for(code.value, {"path": "/家/a.pdf", "limit_s": 2.5, "pid": 3})
    one_engine.error = error
    try:
        for call in (remote.libraries, lambda: remote.embed(["x"]), lambda: list(remote.ask(Question("q")))):
            with pytest.raises(type(error)) as caught:
                call()
            assert (caught.value.code, caught.value.values) == (error.code, error.values)
    finally:
        one_engine.error = None


def test_an_answer_is_the_same_events(remote: RemoteEngine, engine: ScriptedEngine) -> None:
    question = Question(
        "多久?",
        library="contracts",
        document="租约",
        model="tiny",
        conversation_id="c1",
        reader=Reader.MASKED,
        sampling=Sampling(0.5, 0.8, 0.1, 3, 64, ("。", "\n"), 40, 1.1, -0.5, 0.25, 0.8, 1.5, 3),
        limit=7,
        adapters=(AdapterUse("合同", 0.5), AdapterUse("b")),
    )
    assert tuple(remote.ask(question)) == ANSWER_EVENTS
    assert engine.calls == [("ask", question)]


def test_a_question_without_a_library(remote: RemoteEngine, engine: ScriptedEngine) -> None:
    list(remote.ask(Question("q", library=None)))
    assert engine.calls == [("ask", Question("q", library=None))]


def test_a_chat_is_the_same_events(remote: RemoteEngine, engine: ScriptedEngine) -> None:
    chat = Chat(
        (Message("system", "s"), Message("user", "问")),
        model="tiny",
        reader=Reader.MASKED,
        sampling=Sampling(json_schema="{}"),
        adapters=(AdapterUse("合同", -2.0),),
    )
    assert tuple(remote.chat(chat)) == ANSWER_EVENTS
    assert engine.calls == [("chat", chat)]


def test_adding_gives_each_file_and_an_end(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "租约.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    with served(ScriptedEngine(), home) as site:
        events = list(site.engine.add([Path("租约.txt"), Path("gone.txt")], library="合同"))
    done = [event.result for event in events if isinstance(event, FileDone)]
    assert [(item.path, item.status) for item in done] == [
        (str(tmp_path / "租约.txt"), "added"),
        (str(tmp_path / "gone.txt"), "failed"),
    ]
    assert done[1].values == {"path": str(tmp_path / "gone.txt")}
    assert events[-1] == Finished()
    assert [event.item for event in events if isinstance(event, Progress)] == [item.path for item in done]


def test_a_file_name_that_is_no_text(home: Home, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.txt"))
    with served(ScriptedEngine(), home) as site:
        events = list(site.engine.add([path]))
    assert isinstance(events[-1], Finished)
    assert [event.result.path for event in events if isinstance(event, FileDone)] == [str(path)]


def test_cancelling_an_answer_ends_it_with_what_it_came_to(home: Home) -> None:
    engine, cancel = ScriptedEngine(hold=True), CancelToken()
    with served(engine, home) as site:
        threading.Thread(target=lambda: (engine.holding.wait(10), cancel.cancel())).start()
        began = time.monotonic()
        events = list(site.engine.ask(Question("q"), cancel=cancel))
        assert time.monotonic() - began < 10
        assert engine.cancelled.is_set()
    assert events[-1] == Finished("cancelled", TIMINGS, USAGE)
    assert events[0] == ANSWER_EVENTS[0]


def test_a_token_that_is_set_before_the_question(home: Home) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with served(ScriptedEngine(hold=True), home) as site:
        events = list(site.engine.ask(Question("q"), cancel=cancel))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "cancelled"


def test_cancelling_an_ingestion(home: Home, tmp_path: Path) -> None:
    engine, cancel = ScriptedEngine(hold=True), CancelToken()
    with served(engine, home) as site:
        threading.Thread(target=lambda: (engine.holding.wait(10), cancel.cancel())).start()
        events = list(site.engine.add([tmp_path], cancel=cancel))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "cancelled"


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("way", ["ask", "add"])
def test_leaving_early_cancels(home: Home, tmp_path: Path, way: str, read: bool) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        stream = site.engine.ask(Question("q")) if way == "ask" else site.engine.add([tmp_path])
        if read:
            assert next(stream) is not None
        assert engine.holding.wait(10)
        stream.close()
        assert engine.cancelled.wait(10)


def test_two_questions_at_once(remote: RemoteEngine, engine: ScriptedEngine) -> None:
    first, second = remote.ask(Question("a")), remote.ask(Question("b"))
    pairs = list(zip(first, second, strict=True))
    assert [one for one, _ in pairs] == [other for _, other in pairs] == list(ANSWER_EVENTS)


def test_an_engine_that_is_not_there(home: Home) -> None:
    with served(ScriptedEngine(), home) as site:
        url = site.url
    remote = RemoteEngine(url, TOKEN)
    for call in (
        remote.status,
        remote.models,
        lambda: remote.remove_model("x"),
        lambda: remote.ask(Question("q")),
        lambda: remote.add([Path("/x")]),
    ):
        with pytest.raises(EnvironmentFault) as caught:
            call()
        assert caught.value.code is Code.ENGINE_GONE
    assert remote.alive() == 0
    remote.close()
    with pytest.raises(EnvironmentFault):
        remote.status()


def test_a_wrong_token(site: Served) -> None:
    remote = RemoteEngine(site.url, "wrong")
    with pytest.raises(UserError) as caught:
        remote.status()
    assert caught.value.code is Code.UNAUTHORISED
    remote.close()


def test_proxies_of_the_environment_are_not_used(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    remote = RemoteEngine(site.url, TOKEN)
    assert remote.status().model == "tiny"
    remote.close()


class Breaking:
    """A bare server that breaks off in the middle of an answer."""

    def __init__(self, body: bytes) -> None:
        import socket

        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._body = body
        self._thread = threading.Thread(target=self._serve, name="engine-breaking")
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + f"{len(self._body):x}\r\n".encode() + self._body + b"\r\n")
        connection.close()
        self._listener.close()

    def join(self) -> None:
        self._thread.join(10)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'event: started\ndata: {"kind":"started"}\n\nevent: delta\ndata: {"kind":"del', "engine_gone"),
        (b'event: started\ndata: {"kind":"started"}\n\ndata: nonsense\n\n', "internal"),
    ],
)
def test_a_stream_that_breaks_ends_with_one_failure(body: bytes, code: str) -> None:
    server = Breaking(body)
    remote = RemoteEngine(server.url, TOKEN)
    events = list(remote.ask(Question("q")))
    server.join()
    remote.close()
    assert isinstance(events[0], Started)
    assert events[1:] == [Failed(code, events[-1].values)]


def test_the_last_event_is_only_one(home: Home) -> None:
    twice = ScriptedEngine(answer=(Delta("a"), Finished(), Delta("b"), Failed("internal")))
    with served(twice, home) as site:
        assert list(site.engine.ask(Question("q"))) == [Delta("a"), Finished()]
