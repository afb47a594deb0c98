"""Running commands in this process on a scripted engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

from studiolo.cli.main import run
from studiolo.cli.terminal import Terminal
from studiolo.client import session
from studiolo.paths import Home


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON line."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Ran]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def studiolo(
    engine: ScriptedEngine, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `studiolo ARGS` in this process, on `engine` in place of one that opens the home."""

    @contextmanager
    def own(*_: object) -> Iterator[ScriptedEngine]:
        try:
            yield engine
        finally:
            engine.close()

    monkeypatch.setattr(session, "_own_engine", own)

    def command(*arguments: str, **environ: str) -> Ran:
        terminal = Terminal({"STUDIOLO_HOME": str(home.root), "LANG": "C", **environ})
        code = run(arguments, terminal=terminal)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return command
