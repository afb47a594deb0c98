"""`studiolo mcp` as clients run it: the SDK's own client over stdio and over HTTP, a real model behind it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import psutil
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.real.conftest import SMALL, link_models

from studiolo.client import Client as ScriptClient
from studiolo.client.reach import read_token
from studiolo.handshake import announced
from studiolo.home_format import prepare_home
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(600)]

ENGLISH = "The term of the lease is twelve months. The tenant is Margaret Holloway, phone 13800138000.\n"
CHINESE = "租期为二十四个月。租客王小明的电话是 13911112222。\n"
COMMAND = ["-P", "-m", "studiolo.cli", "mcp"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, models_home: Home) -> Home:
    made = Home(tmp_path_factory.mktemp("mcp") / "home")
    prepare_home(made)
    link_models(made, models_home)
    save_settings(made.settings_file, Settings(chat_model=SMALL, answer_tokens=400))  # type: ignore[call-arg]
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "lease.txt").write_text(ENGLISH, encoding="utf-8")
    (folder / "租约.txt").write_text(CHINESE, encoding="utf-8")
    return [str(path) for path in sorted(folder.iterdir())]


def environ(home: Home, **more: str) -> dict[str, str]:
    return {**os.environ, "STUDIOLO_HOME": str(home.root), "LANG": "C.UTF-8", **more}


@pytest.fixture(scope="module")
def engine(home: Home) -> Iterator[ScriptClient]:
    """The engine that is running already."""
    with ScriptClient.attach(home, environ=environ(home)) as client:
        yield client


@asynccontextmanager
async def over_stdio(home: Home, **more: str) -> AsyncIterator[Client]:
    server = StdioServerParameters(command=sys.executable, args=COMMAND, env=environ(home, **more))
    async with Client(server, read_timeout_seconds=300) as client:
        yield client


@pytest.fixture(scope="module")
def served(home: Home, engine: ScriptClient) -> Iterator[dict[str, Any]]:
    """`studiolo mcp --http`: its first line."""
    process = subprocess.Popen(
        [sys.executable, *COMMAND, "--http"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environ(home),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield dict(json.loads(process.stdout.readline()))
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("", "", 0)


@asynccontextmanager
async def over_http(served: dict[str, Any]) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {read_token(Path(served['token_file']))}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=300, trust_env=False) as http,
        Client(streamable_http_client(served["url"], http_client=http), read_timeout_seconds=300) as client,
    ):
        yield client


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


@pytest.mark.parametrize("way", ["stdio", "http"])
def test_an_assistant_uses_all_the_tools(
    way: str, home: Home, engine: ScriptClient, files: list[str], request: pytest.FixtureRequest
) -> None:
    library = f"lib-{way}"
    heard: list[float] = []

    async def hear(done: float, _total: float | None, _what: str | None) -> None:
        heard.append(done)

    async def main() -> None:
        opened = over_stdio(home) if way == "stdio" else over_http(request.getfixturevalue("served"))
        async with opened as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "ask", "add", "redact"]
            added = await client.call_tool("add", {"paths": files, "library": library}, progress_callback=hear)
            assert added.structured_content["summary"]["added"] == 2
            assert heard
            for query, document, said in (
                ("How long is the term of the lease?", "lease.txt", "twelve months"),
                ("租期多久？", "租约.txt", "二十四个月"),
            ):
                found = await client.call_tool("search", {"query": query, "library": library, "limit": 1})
                (hit,) = found.structured_content["hits"]
                assert hit["document"] == document
                assert said in hit["text"]
                answer = await client.call_tool(
                    "ask", {"question": query, "library": library, "max_tokens": 24}, progress_callback=hear
                )
                assert not answer.is_error
                told = answer.structured_content
                assert told["usage"]["completion_tokens"] > 0
                assert {one["type"] for one in told["redactions"]} >= {"PERSON", "PHONE_NUMBER"}
                saw = engine.engine.model_saw(engine.engine.turns(told["conversation_id"])[0].id)
                assert said in saw
                for value in ("Holloway", "13800138000", "王小明", "13911112222"):
                    assert value not in saw
            for text, number in (("Call 13800138000 now", "13800138000"), ("请拨 13911112222 联系", "13911112222")):
                masked = await client.call_tool("redact", {"text": text})
                assert masked.structured_content["text"] == text.replace(number, "<PHONE_NUMBER>")
            refused = await client.call_tool("search", {"query": "x", "library": "没有"})
            assert refused.is_error
            assert "没有" in refused.content[0].text  # type: ignore[union-attr]

    run(main)


@pytest.mark.parametrize("way", ["stdio", "http"])
@pytest.mark.parametrize("question", ["Write a long story about the lease.", "请写一个关于租约的长故事。"])
def test_a_question_that_is_given_up_ends_in_the_engine(
    way: str, question: str, home: Home, engine: ScriptClient, request: pytest.FixtureRequest
) -> None:
    async def main() -> None:
        opened = over_stdio(home) if way == "stdio" else over_http(request.getfixturevalue("served"))
        begun = anyio.Event()

        async def hear(_done: float, _total: float | None, _what: str | None) -> None:
            begun.set()

        async with opened as client:
            async with anyio.create_task_group() as group:

                async def ask() -> None:
                    await client.call_tool("ask", {"question": question}, progress_callback=hear)

                group.start_soon(ask)
                await begun.wait()
                group.cancel_scope.cancel()
            deadline = time.monotonic() + 60
            while engine.status().busy:
                assert time.monotonic() < deadline, "the engine goes on"
                await anyio.sleep(0.05)
            found = await client.call_tool("search", {"query": question})  # and the connection with it
            assert not found.is_error
        turn = engine.engine.turns(engine.engine.conversations()[0].id)[0]
        assert (turn.question, turn.state) == (question, "cancelled")

    run(main)


def test_http_lets_in_whoever_knows_the_token_and_no_web_page(served: dict[str, Any]) -> None:
    token = read_token(Path(served["token_file"]))
    url, body = served["url"], {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"Accept": "application/json, text/event-stream"}
    with httpx2.Client(trust_env=False) as client:
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Basic {token}"},
            {"Authorization": "Bearer wrong one"},
        ):
            refused = client.post(url, json=body, headers={**accept, **headers})
            assert refused.status_code == 401
            assert refused.json()["error"]["code"] == "unauthorised"
        known = {**accept, "Authorization": f"Bearer {token}"}
        assert client.post(url, json=body, headers={**known, "Host": "evil.example"}).status_code == 421
        assert client.post(url, json=body, headers={**known, "Origin": "https://evil.example"}).status_code == 403
        large = json.dumps({**body, "params": {"x": "y" * (17 << 20)}})
        answer = client.post(url, content=large, headers={**known, "Content-Type": "application/json"})
        assert answer.status_code == 413


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_an_engine_one_is_started_and_stdout_is_the_protocols_alone(
    tmp_path: Path, models_home: Home, language: str
) -> None:
    home = Home(tmp_path / "home")
    prepare_home(home)
    link_models(home, models_home)
    process = subprocess.Popen(
        [sys.executable, *COMMAND],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=environ(home, LANG="zh_CN.UTF-8" if language == "zh" else "C.UTF-8"),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    lines: list[dict[str, Any]] = []

    def ask(number: int, method: str, **params: Any) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        process.stdin.write(json.dumps(message, ensure_ascii=False) + "\n")
        process.stdin.flush()
        while True:
            lines.append(json.loads(process.stdout.readline()))
            if lines[-1].get("id") == number:
                return lines[-1]

    hello = ask(
        1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"}
    )
    assert hello["result"]["serverInfo"]["name"] == "studiolo"
    process.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    found = ask(2, "tools/call", name="search", arguments={"query": "x", "library": "没有 Ada"})
    assert found["result"]["isError"] is True
    told = found["result"]["content"][0]["text"]
    assert told.startswith("没有资料库" if language == "zh" else "There is no library")
    masked = ask(3, "tools/call", name="redact", arguments={"text": "请拨 13911112222"})
    assert masked["result"]["structuredContent"]["text"] == "请拨 <PHONE_NUMBER>"
    running = announced(home)
    assert running is not None
    assert psutil.pid_exists(running.pid)
    out, err = process.communicate(timeout=60)  # closes stdin
    assert (out, err, process.returncode) == ("", "", 0)
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(running.pid):
        assert time.monotonic() < deadline, "the engine that was started for it goes on"
        time.sleep(0.05)
