"""`studiolo mcp`, used wrongly: one line that says so, before anything is served. The rest is in tests/real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.served import child_environ
from tests.unit.cli.conftest import Command

from studiolo.paths import Home


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


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(("language", "told"), [("C.UTF-8", "Cancelled."), ("zh_CN.UTF-8", "已取消。")])
def test_ctrl_c_ends_it_while_it_waits_for_a_message(home: Home, language: str, told: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "studiolo.cli", "mcp"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=child_environ(home, LANG=language),
    )  # fmt: skip
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
