"""`studiolo mcp`, used wrongly: one line that says so, before anything is served. The rest is in tests/real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import HIT, ScriptedEngine
from tests.served import TOKEN, child_environ, served
from tests.unit.cli.conftest import Command

from studiolo.handshake import Handshake, announce, write_private
from studiolo.isolation import kernel
from studiolo.paths import Home


def started(home: Home, language: str = "C.UTF-8") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "studiolo.cli", "mcp"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=child_environ(home, LANG=language),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--token-file", "没有.token"], 1, "没有.token"),
        (["--token-file", ""], 1, '""'),
        (["--port", "1"], 2, "--http"),
        (["--http", "--host", "192.0.2.1"], 1, "loopback"),
    ],
)
def test_wrong_use_is_one_line(studiolo: Command, arguments: list[str], code: int, said: str) -> None:
    ran = studiolo("mcp", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert code == 2 or ran.err.count("\n") == 1


def test_a_token_file_that_holds_none(studiolo: Command, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("two words", encoding="utf-8")
    ran = studiolo("mcp", "--token-file", str(path))
    assert ran.code == 1
    assert "two words" not in ran.err


@pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64")
@pytest.mark.parametrize("query", ["term of the lease", "租期"])
def test_it_is_sealed_and_reaches_the_engine(home: Home, query: str) -> None:
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": query}}},
    ]
    with served(ScriptedEngine(), home) as site:
        write_private(home.token_file, TOKEN + "\n")
        announce(home, Handshake(site.url, os.getpid(), str(home.token_file)))
        process = started(home)
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
            if "id" in message:
                answers.append(json.loads(process.stdout.readline()))
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        assert "\nSeccomp:\t2\n" in status
        assert answers[1]["result"]["structuredContent"]["hits"][0]["document"] == HIT.passage.document
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(("language", "told"), [("C.UTF-8", "Cancelled."), ("zh_CN.UTF-8", "已取消。")])
def test_ctrl_c_ends_it_while_it_waits_for_a_message(home: Home, language: str, told: str) -> None:
    process = started(home, language)
    assert process.stdin is not None
    assert process.stdout is not None
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    out, err = process.communicate()
    assert (out, err.strip()) == ("", told)
