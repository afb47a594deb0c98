"""The command as a process: help is light, output is UTF-8 on any locale, a closed pipe is no traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.served import child_environ

from studiolo.cli.main import COMMANDS, cli
from studiolo.paths import Home

HEAVY = (
    "torch", "llama_cpp", "lancedb", "spacy", "PySide6", "fastapi", "httpx", "uvicorn", "numpy", "rich",
    "presidio_analyzer", "sentence_transformers", "transformers", "onnxruntime", "pypdfium2",
)  # fmt: skip


def run(home: Home, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "studiolo.cli", *arguments],
        env=child_environ(home, **more),
        capture_output=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["ask", "--help"], ["serve", "--help"], ["models", "pull", "--help"], ["--version"]]
)
def test_help_loads_nothing_heavy(home: Home, arguments: list[str]) -> None:
    script = (
        "import sys, json, contextlib, io\n"
        "from studiolo.cli.main import run\nfrom studiolo.cli.terminal import Terminal\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = run({arguments!r}, terminal=Terminal())\n"
        "print(json.dumps([code, sorted({name.partition('.')[0] for name in sys.modules})]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], env=child_environ(home), capture_output=True, timeout=60, check=True
    )
    code, loaded = json.loads(ran.stdout)
    assert code == 0
    assert not set(HEAVY) & set(loaded)
    assert not home.root.exists()


def test_help_names_every_command(home: Home) -> None:
    ran = run(home, "--help")
    assert ran.returncode == 0
    assert ran.stderr == b""
    for name, (_, line) in COMMANDS.items():
        assert f"{name} " in ran.stdout.decode()
        assert line in " ".join(ran.stdout.decode().split())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_line_in_help_is_the_commands_own(name: str) -> None:
    import click

    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (command.help or "").strip().splitlines()[0] == COMMANDS[name][1]


def test_the_contracts_commands_are_there() -> None:
    promised = {"add", "search", "ask", "chat", "documents", "libraries", "conversations", "models", "redact", "serve"}
    assert promised | {"doctor"} <= COMMANDS.keys()


def test_utf8_on_any_locale(home: Home) -> None:
    for locale in ("C", "zh_CN.GB18030", "POSIX"):
        ran = run(
            home, "redact", "没有这个文件.txt", LANG=locale, LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
        )
        assert ran.returncode == 1
        assert "没有这个文件.txt" in ran.stderr.decode("utf-8")
        assert ran.stdout == b""


def test_a_closed_pipe_is_no_traceback(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0)"], stdin=subprocess.PIPE) as reader:
        reader.wait()
        ran = subprocess.run(
            [sys.executable, "-m", "studiolo.cli", "--help"],
            env=child_environ(home),
            stdout=reader.stdin,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr == b""


def test_a_busy_port_is_said_in_words(home: Home) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run(home, "serve", "--port", str(port))
    assert ran.returncode == 1
    assert ran.stdout == b""
    assert ran.stderr.decode() == (
        f"studiolo: The port {port} on 127.0.0.1 is taken. Choose another with --port, or 0 for any free one.\n"
    )
    assert not (home.root / "history.db").exists()


def test_an_open_address_is_refused(home: Home) -> None:
    ran = run(home, "serve", "--host", "0.0.0.0")
    assert ran.returncode == 1
    assert b"loopback" in ran.stderr
