"""Client and AsyncClient: one suite for both, over a served engine. What one can do the other can."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ANSWER_EVENTS, CITATION, HIT, LIBRARY, TALLY, TIMINGS, USAGE, ScriptedEngine
from tests.served import TOKEN, Served, served

from studiolo.client import Answer, AsyncClient, Client
from studiolo.client.remote import RemoteEngine
from studiolo.errors import Code, EngineBug, EnvironmentFault, StudioloError, UserError
from studiolo.events import Delta, Event, Failed, FileDone, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.types import AddResult, Message, Question, Sampling


class Blocking:
    """AsyncClient called as Client is, so that one suite serves both."""

    def __init__(self, url: str, token: str) -> None:
        self._runner = asyncio.Runner()
        self._client = AsyncClient(url, token, timeout_s=20)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **named: Any) -> Any:
            found = method(*args, **named)
            return self._listed(found) if isinstance(found, AsyncIterator) else self._runner.run(found)

        return call

    def _listed(self, events: AsyncIterator[Event]) -> Iterator[Event]:
        async def read() -> list[Event]:
            return [event async for event in events]

        return iter(self._runner.run(read()))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def site(engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("home")
    with served(engine, Home(folder)) as found:
        list(found.engine.add([folder / "nothing"]))  # the server's job thread begins here, not in a test
        yield found


@pytest.fixture(params=[Client, Blocking])
def client(request: pytest.FixtureRequest, site: Served, engine: ScriptedEngine) -> Iterator[Any]:
    engine.calls.clear()
    with closing(request.param(site.url, TOKEN)) as made:
        yield made


def test_plain_calls(client: Any, engine: ScriptedEngine, tmp_path: Path) -> None:
    assert client.status() == engine.status()
    assert client.libraries() == [LIBRARY]
    assert client.create_library("合同 2026").name == "合同 2026"
    assert client.documents() == engine.documents()
    assert client.search("租期", limit=1, document="租约") == [HIT]
    assert client.search("租期", limit=1, reader="masked") == [HIT]
    assert engine.calls[-1] == ("search", "租期", "default", 1, None, "masked")
    assert client.redact("Ada", profile="strict") == engine.redact("Ada", profile="strict")
    assert client.redact_many(["Ada", "好"]) == engine.redact_many(["Ada", "好"])
    assert client.redact_file(str(tmp_path), passwords=["密"]) == engine.redact_file(tmp_path, passwords=["密"])
    client.remove_documents(["d1"])
    assert engine.calls[-1] == ("remove_documents", ("d1",), "default", "keep")


@pytest.mark.parametrize("text", ["How long is the term?", "租期多久？"])
def test_an_answer_and_its_events(client: Any, engine: ScriptedEngine, text: str) -> None:
    answer = client.ask(text, library="contracts", document="租约", limit=3, whole=True, max_tokens=7, model="tiny")
    assert isinstance(answer, Answer)
    assert (answer.text, answer.reason) == ("Twelve months 十二个月 [1].", "stop")
    assert (answer.citations, answer.sources) == ([CITATION], (HIT,))
    assert (answer.timings, answer.usage) == (TIMINGS, USAGE)
    assert (answer.conversation_id, answer.turn_id, answer.model) == ("c1", "t1", "tiny")
    asked = Question(
        text,
        library="contracts",
        document="租约",
        model="tiny",
        limit=3,
        whole=True,
        sampling=Sampling(max_tokens=7),
    )
    assert engine.calls == [("ask", asked)]
    assert tuple(client.ask_events(text, conversation_id="c1")) == ANSWER_EVENTS
    assert engine.calls[-1] == ("ask", Question(text, conversation_id="c1"))
    assert client.ask(asked).text == answer.text
    assert engine.calls[-1] == ("ask", asked)


@pytest.mark.parametrize("text", ["Hello", "你好"])
def test_a_chat(client: Any, engine: ScriptedEngine, text: str) -> None:
    assert client.chat(text).text == "Twelve months 十二个月 [1]."
    first = engine.calls[-1][1]
    assert (first.messages, first.reader) == ((Message("user", text),), "owner")
    said = [{"role": "system", "content": "短"}, Message("assistant", "?"), {"role": "user", "content": text}]
    assert tuple(client.chat_events(said, max_tokens=3)) == ANSWER_EVENTS
    second = engine.calls[-1][1]
    assert second.messages == (Message("system", "短"), Message("assistant", "?"), Message("user", text))
    assert second.sampling.max_tokens == 3


def test_adding_tells_how_far_it_is(client: Any, engine: ScriptedEngine, tmp_path: Path) -> None:
    (tmp_path / "租约.txt").write_text("x", encoding="utf-8")
    heard: list[Event] = []
    found = client.add([tmp_path / "租约.txt", str(tmp_path / "gone.txt")], library="合同", on_event=heard.append)
    assert all(isinstance(one, AddResult) for one in found)
    assert [(Path(one.path).name, one.status) for one in found] == [("租约.txt", "added"), ("gone.txt", "failed")]
    assert heard[0] == TALLY
    assert [type(one) for one in heard[1:]] == [Progress, FileDone, Progress, FileDone, Finished]
    assert engine.calls == [("add", (tmp_path / "租约.txt", tmp_path / "gone.txt"), "合同")]
    assert [one.path for one in client.add(tmp_path / "gone.txt")] == [str(tmp_path / "gone.txt")]
    assert list(client.add_events(str(tmp_path / "gone.txt")))[-1] == Finished()


@pytest.mark.parametrize("library", ["missing", "没有"])
def test_errors_are_raised_with_their_code(client: Any, library: str) -> None:
    for call in (
        lambda: client.search("x", library=library),
        lambda: client.ask("x", library=library),
        lambda: list(client.ask_events("x", library=library)),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert (caught.value.code, caught.value.values) == (Code.UNKNOWN_LIBRARY, {"library": library})
    with pytest.raises(EngineBug):  # a message that is none
        client.chat([{"role": "nobody", "content": "x"}])


@pytest.mark.parametrize("kind", [Client, Blocking])
def test_an_answer_that_fails_on_the_way_is_raised(kind: Any, home: Home) -> None:
    events = (*ANSWER_EVENTS[:6], Failed(Code.DISK_FULL.value, {"path": "/家"}))
    with served(ScriptedEngine(answer=events), home) as site, closing(kind(site.url, TOKEN)) as client:
        with pytest.raises(EnvironmentFault) as caught:
            client.ask("x")
        assert caught.value.values == {"path": "/家"}
        assert list(client.ask_events("x"))[-1] == events[-1]


@pytest.mark.parametrize("kind", [Client, Blocking])
def test_a_wrong_token_and_an_engine_that_is_not_there(kind: Any, home: Home) -> None:
    with served(ScriptedEngine(), home) as site:
        with closing(kind(site.url, "another token")) as client:
            for call in (client.libraries, lambda: client.ask("x"), lambda: client.add("x")):
                with pytest.raises(UserError) as caught:
                    call()
                assert caught.value.code is Code.UNAUTHORISED
        url = site.url
    with closing(kind(url, TOKEN)) as client:
        for call in (client.libraries, lambda: client.ask("x"), lambda: client.add("x")):
            with pytest.raises(EnvironmentFault) as gone:
                call()
            assert gone.value.code is Code.ENGINE_GONE


def test_a_script_that_is_cancelled_or_leaves_stops_the_engine(home: Home, tmp_path: Path) -> None:
    for way in ("ask", "add"):
        engine = ScriptedEngine(hold=True)
        with served(engine, home) as site, Client(site.url, TOKEN) as client:
            events = client.ask_events("x") if way == "ask" else client.add_events(tmp_path)
            next(events)
            engine.holding.wait(10)
            events.close()  # type: ignore[attr-defined]
            assert engine.cancelled.wait(10)
    engine, cancel = ScriptedEngine(hold=True), CancelToken()
    with served(engine, home) as site, Client(site.url, TOKEN) as client:
        threading.Thread(target=lambda: (engine.holding.wait(10), cancel.cancel())).start()
        answer = client.ask("x", cancel=cancel)
    assert (answer.reason, answer.text) == ("cancelled", "Twelve ")


@pytest.mark.parametrize("way", ["ask", "add", "leave"])
def test_a_cancelled_task_stops_the_engine(home: Home, tmp_path: Path, way: str) -> None:
    engine = ScriptedEngine(hold=True)

    async def main(url: str) -> None:
        async with AsyncClient(url, TOKEN) as client:
            if way == "leave":
                async with aclosing(client.ask_events("x")) as events:
                    async for event in events:
                        if isinstance(event, Delta):
                            break
            else:
                work = client.ask("x") if way == "ask" else client.add(tmp_path)
                task = asyncio.create_task(work)  # type: ignore[arg-type]
                await asyncio.to_thread(engine.holding.wait, 10)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert await asyncio.to_thread(engine.cancelled.wait, 10)

    with served(engine, home) as site:
        asyncio.run(main(site.url))


def test_many_questions_at_once(site: Served) -> None:
    async def main() -> list[Answer]:
        async with AsyncClient(site.url, TOKEN) as client:
            return await asyncio.gather(*(client.ask(f"问题 {number}") for number in range(12)))

    assert {answer.text for answer in asyncio.run(main())} == {"Twelve months 十二个月 [1]."}


def test_an_event_may_be_awaited(site: Served, tmp_path: Path) -> None:
    heard: list[str] = []

    async def hear(event: Event) -> None:
        await asyncio.sleep(0)
        heard.append(event.kind)

    async def main() -> None:
        async with AsyncClient(site.url, TOKEN) as client:
            await client.add(tmp_path / "gone", on_event=hear)

    asyncio.run(main())
    assert heard == ["tally", "progress", "file_done", "finished"]


def test_both_clients_have_the_same_methods() -> None:
    def face(kind: type) -> dict[str, list[str]]:
        return {
            name: [one for one in inspect.signature(method).parameters if one != "cancel"]
            for name, method in inspect.getmembers(kind, callable)
            if not name.startswith("_") and name not in ("close", "aclose")
        }

    assert face(Client) == face(AsyncClient)


def test_attaching_without_an_engine_says_so(home: Home) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        Client.attach(home, start=False)
    assert caught.value.code is Code.ENGINE_GONE
    with pytest.raises(UserError) as missing:
        Client.attach(home, start=False, token_file=home.root / "没有.token")
    assert missing.value.code is Code.FILE_MISSING


@pytest.mark.parametrize("text", ["", "two words", "口令", "\n\n"])
def test_a_token_file_without_a_token_is_refused(home: Home, tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        Client.attach(home, start=False, token_file=path)
    assert caught.value.code is Code.FILE_UNREADABLE
    assert "two words" not in repr(caught.value)


def test_nothing_of_a_token_is_in_a_repr() -> None:
    from studiolo.client.reach import Reached

    assert "geheim" not in repr(Reached("http://127.0.0.1:1", "geheim"))
    assert "geheim" not in repr(Client("http://127.0.0.1:1", "geheim"))
    assert "geheim" not in repr(RemoteEngine("http://127.0.0.1:1", "geheim"))


def test_importing_the_clients_loads_nothing_heavy() -> None:
    heavy = ("llama_cpp", "torch", "lancedb", "spacy", "presidio_analyzer", "onnxruntime", "fastapi", "mcp", "numpy")
    code = "import sys\nfrom studiolo.client import AsyncClient, Client\nprint(*[n for n in sys.modules if n in HEAVY])"
    run = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", repr(heavy))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=dict(os.environ),
    )
    assert run.stdout.split() == []


def test_errors_of_the_clients_are_the_engines() -> None:
    import studiolo.client

    assert issubclass(UserError, StudioloError)
    assert list(studiolo.client.__all__) == sorted(studiolo.client.__all__)
    with pytest.raises(AttributeError):
        studiolo.client.Nothing  # noqa: B018
