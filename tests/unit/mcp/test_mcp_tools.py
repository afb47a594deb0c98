"""The tools over the SDK's own client: what they give back, what they refuse in words, that a call can be stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, TextContent
from tests.scripted_engine import ANSWER_EVENTS, ScriptedEngine
from tests.served import TOKEN, served

from studiolo.cli.sentences import ENGLISH, sentence
from studiolo.errors import Code, UserError, error_for
from studiolo.events import Failed, Progress
from studiolo.handshake import Handshake, announce, write_private
from studiolo.mcp.arguments import Ask, checked
from studiolo.mcp.link import Link
from studiolo.mcp.server import _result, make_server
from studiolo.mcp.tools import TOOLS
from studiolo.mcp.words import ARGUMENTS, DESCRIPTIONS, TITLES
from studiolo.paths import Home
from studiolo.server.errors import STATUS


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def site(engine: ScriptedEngine, home: Home) -> Iterator[Home]:
    """A home whose engine can be found."""
    with served(engine, home) as found:
        write_private(home.token_file, TOKEN + "\n")
        pid = found.engine.alive()
        announce(home, Handshake(found.url, pid, str(home.token_file)))
        yield home


@asynccontextmanager
async def connected(home: Home, *, chinese: bool = False, token_file: Path | None = None) -> AsyncIterator[Client]:
    link = Link(home, environ={}, token_file=token_file)
    server = make_server(link, sentence=lambda error: sentence(error, chinese=chinese), chinese=chinese)
    async with Client(server) as client:
        yield client


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize("chinese", [False, True])
def test_the_tools_are_listed_with_words(site: Home, chinese: bool) -> None:
    async def main() -> None:
        async with connected(site, chinese=chinese) as client:
            listed = (await client.list_tools()).tools
            assert [tool.name for tool in listed] == ["search", "ask", "add", "redact"]
            for tool in listed:
                assert tool.title == TITLES[tool.name][chinese]
                assert tool.description == DESCRIPTIONS[tool.name][chinese]
                assert tool.input_schema["additionalProperties"] is False
                for name, one in tool.input_schema["properties"].items():
                    assert one["description"] == ARGUMENTS[name][chinese]
                assert tool.annotations is not None
                assert tool.annotations.read_only_hint is (tool.name in ("search", "redact"))
            assert client.server_info.name == "studiolo"
            assert client.instructions

    run(main)


def test_every_word_is_there_in_both_languages() -> None:
    assert set(TITLES) == set(DESCRIPTIONS) == set(TOOLS)
    assert set(ARGUMENTS) == {name for tool in TOOLS.values() for name in tool.arguments.model_fields}
    for words in (*TITLES.values(), *DESCRIPTIONS.values(), *ARGUMENTS.values()):
        english, chinese = words
        assert english.isascii()
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


@pytest.mark.parametrize("words", ["term of the lease", "租期"])
def test_search_and_redact(site: Home, engine: ScriptedEngine, words: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(site) as client:
            found = await client.call_tool("search", {"query": words, "library": "contracts", "limit": 1})
            assert not found.is_error
            assert json.loads(text_of(found)) == found.structured_content
            (hit,) = found.structured_content["hits"]
            assert (hit["document"], hit["page"]) == ("租约 lease.pdf", 3)
            assert engine.calls[-1] == ("search", words, "contracts", 1, None)
            redacted = await client.call_tool("redact", {"text": f"Ada {words}", "profile": "strict"})
            assert redacted.structured_content["text"] == f"<PERSON> {words}"
            assert engine.calls[-1] == ("redact", f"Ada {words}", "strict")
            of_file = await client.call_tool("redact", {"path": str(tmp_path)})
            assert of_file.structured_content["text"] == f"read of {tmp_path.name}: <PERSON> "

    run(main)


@pytest.mark.parametrize("question", ["How long is the term?", "租期多久？"])
def test_ask_gives_the_answer_with_its_sources(site: Home, engine: ScriptedEngine, question: str) -> None:
    engine.answer = (*ANSWER_EVENTS[:5], Progress("read", 0, 90), Progress("read", 90, 90), *ANSWER_EVENTS[5:])
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, what: str | None) -> None:
        heard.append((done, total, what))

    async def main() -> None:
        async with connected(site) as client:
            asked = {"question": question, "conversation_id": "c1", "max_tokens": 9}
            answer = await client.call_tool("ask", asked, progress_callback=hear)
            found = answer.structured_content
            assert found["answer"] == "Twelve months 十二个月 [1]."
            assert found["citations"][0]["quote"] == "The term of the lease is twelve months."
            assert (found["conversation_id"], found["reason"]) == ("c1", "stop")
            assert found["redactions"] == [{"type": "PHONE", "count": 1}]
            (call,) = [call for call in engine.calls if call[0] == "ask"]
            assert (call[1].text, call[1].sampling.max_tokens) == (question, 9)  # type: ignore[attr-defined]

    run(main)
    assert heard == [(90, 90, "read")]


def test_add_tells_how_far_it_is_and_names_what_failed(site: Home, tmp_path: Path) -> None:
    (tmp_path / "租约.txt").write_text("x", encoding="utf-8")
    heard: list[float] = []

    async def hear(done: float, total: float | None, what: str | None) -> None:
        heard.append(done)

    async def main() -> None:
        async with connected(site) as client:
            paths = [str(tmp_path / "租约.txt"), str(tmp_path / "gone.txt")]
            found = await client.call_tool("add", {"paths": paths, "library": "合同"}, progress_callback=hear)
            files = found.structured_content["files"]
            assert [(one["status"], one["reason"]) for one in files] == [("added", ""), ("failed", "file_missing")]
            assert found.structured_content["summary"]["added"] == 1

    run(main)
    assert heard == [1]


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("search", {}, "query"),
        ("search", {"query": ""}, "query"),
        ("search", {"query": "Margaret Holloway", "limit": 1000}, "limit"),
        ("ask", {"question": "王小明", "colour": "red"}, "colour"),
        ("ask", None, "question"),
        ("add", {"paths": []}, "paths"),
        ("add", {"paths": ["Margaret Holloway.txt"]}, "paths"),
        ("redact", {}, "text"),
        ("redact", {"text": "王小明", "path": "/x"}, "text"),
        ("redact", {"text": "王小明", "profile": "Margaret"}, "profile"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(
    site: Home, tool: str, arguments: dict[str, Any] | None, field: str, chinese: bool
) -> None:
    async def main() -> None:
        async with connected(site, chinese=chinese) as client:
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            told = text_of(result)
            assert told.startswith(field)
            assert told.endswith("请更正后重试。" if chinese else "Correct it and try again.")
            assert "Margaret" not in told
            assert "王小明" not in told

    run(main)


@pytest.mark.parametrize("chinese", [False, True])
def test_every_error_of_the_engine_is_a_sentence(site: Home, engine: ScriptedEngine, chinese: bool) -> None:
    assert set(STATUS) == set(ENGLISH)

    async def main() -> None:
        async with connected(site, chinese=chinese) as client:
            for code in Code:
                engine.error = error_for(code.value, {"path": "/家/a.pdf", "library": "合同"})
                for tool, arguments in (("search", {"query": "x"}), ("ask", {"question": "x"})):
                    result = await client.call_tool(tool, arguments)
                    assert result.is_error
                    assert text_of(result) == sentence(engine.error, chinese=chinese)
            engine.error = None
            engine.answer = (*ANSWER_EVENTS[:6], Failed(Code.DISK_FULL.value, {"path": "/家"}))
            failed = await client.call_tool("ask", {"question": "x"})
            assert failed.is_error
            assert "/家" in text_of(failed)

    run(main)


def test_a_tool_that_is_not_there(site: Home) -> None:
    async def main() -> None:
        async with connected(site) as client:
            with pytest.raises(MCPError, match="no tool of that name"):
                await client.call_tool("rm", {})

    run(main)


@pytest.mark.parametrize("tool", ["ask", "add"])
def test_a_call_that_is_cancelled_stops_the_engine(site: Home, engine: ScriptedEngine, tool: str) -> None:
    engine.hold = True
    arguments = {"question": "x"} if tool == "ask" else {"paths": [str(site.root)]}

    async def main() -> None:
        async with connected(site) as client, anyio.create_task_group() as group:
            group.start_soon(client.call_tool, tool, arguments)
            await asyncio.to_thread(engine.holding.wait, 10)
            group.cancel_scope.cancel()
        assert await asyncio.to_thread(engine.cancelled.wait, 10)

    run(main)


@pytest.mark.parametrize("token", ["wrong", "口令"])
def test_a_token_without_rights_is_told_so(site: Home, tmp_path: Path, token: str) -> None:
    path = tmp_path / "token"
    path.write_text(token, encoding="utf-8")

    async def main() -> None:
        async with connected(site, token_file=path) as client:
            result = await client.call_tool("search", {"query": "x"})
            assert result.is_error
            assert "token" in text_of(result)

    run(main)


def test_an_engine_that_was_started_anew_is_found(home: Home) -> None:
    async def main() -> None:
        async with connected(home) as client:
            for token in ("first-token", "second-token"):
                engine = ScriptedEngine()
                with served(engine, home) as found:
                    write_private(home.token_file, TOKEN + "\n")
                    announce(home, Handshake(found.url, found.engine.alive(), str(home.token_file)))
                    result = await client.call_tool("search", {"query": token})
                    assert not result.is_error, text_of(result)
                    assert engine.calls[-1][1] == token

    run(main)


def test_a_name_that_is_no_text_does_not_break_the_protocol() -> None:
    result = _result({"path": "/家/\udcff.txt"})
    assert result.structured_content == {"path": "/家/?.txt"}
    assert "/家/?.txt" in result.model_dump_json()


def test_no_record_of_a_call_leaves_the_server(site: Home) -> None:
    server = make_server(Link(site, environ={}, token_file=None), sentence=str, chinese=False)
    assert [type(one).__name__ for one in server.middleware] == []


def test_arguments_are_not_in_the_error_of_what_does_not_fit() -> None:
    with pytest.raises(UserError) as caught:
        checked(Ask, {"question": 7, "library": "Margaret Holloway" * 99})
    assert "Margaret" not in repr((caught.value, caught.value.values, caught.value.__cause__))
