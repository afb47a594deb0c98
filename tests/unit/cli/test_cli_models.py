"""`studiolo models`: listed, imported, removed, pulled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

from studiolo.errors import Code, EnvironmentFault
from studiolo.events import Finished
from studiolo.paths import Home

Command = Callable[..., Any]


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
