"""What holds of every command: exit codes, errors in one line, Ctrl+C, a home that is busy, an engine that runs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.home_lock import HomeLock
from studiolo.paths import Home

Command = Callable[..., Any]


@pytest.mark.parametrize("arguments", [("ask", "q"), ("ask", "q", "--json"), ("add", "x")])
def test_ctrl_c_cancels_cleanly(studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...]) -> None:
    engine.hold = True
    before = signal.getsignal(signal.SIGINT)
    presser = threading.Thread(target=lambda: (engine.holding.wait(10), os.kill(os.getpid(), signal.SIGINT)))
    presser.start()
    ran = studiolo(*arguments)
    presser.join()
    assert ran.code == 130
    assert ran.err.endswith("Cancelled.\n")
    assert engine.cancelled.is_set()
    assert engine.closed
    assert signal.getsignal(signal.SIGINT) is before


def test_doctor(studiolo: Command, engine: ScriptedEngine) -> None:
    assert studiolo("doctor", "--json").json["checks"][0] == {
        "name": "cpu",
        "state": "ok",
        "detail": "AVX2",
        "values": {},
    }
    assert studiolo("doctor").code == 0
    engine.error = EnvironmentFault(Code.DAMAGED_STORE, store="history")
    ran = studiolo("doctor")
    assert ran.code == 1
    assert ran.out.startswith("FAILED")
    assert "history" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--model", "tiny"), 2, "--calibrate"),
        (("--calibrate",), 1, "not on this machine yet"),
        (("--calibrate", "--model", "nobody"), 1, "no model nobody"),
        (("--calibrate", "--model", "lac"), 1, "is of the kind names"),
    ],
)
def test_a_calibration_that_cannot_be(studiolo: Command, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = studiolo("doctor", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_an_unexpected_error_is_one_line_without_its_message(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("Ada's number is 5")

    monkeypatch.setattr(engine, "search", broken)
    ran = studiolo("search", "x")
    assert ran.code == 1
    assert "Ada" not in ran.err
    assert "ValueError test_cli_commands.py:" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_error_has_one_line_whatever_its_values(studiolo: Command, engine: ScriptedEngine) -> None:
    engine.error = UserError(Code.FILE_MISSING, path="two\nlines\r{x}")
    ran = studiolo("search", "x")
    assert ran.err == "studiolo: There is no file two lines {x}. Check the path.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("add",),
        ("ask",),
        ("search", "q", "-k", "0"),
        ("search", "q", "-k", "x"),
        ("models",),
        ("serve", "x"),
    ],
)
def test_wrong_use_is_two(studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...]) -> None:
    ran = studiolo(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Usage:" in ran.err
    assert engine.calls == []


def test_a_busy_home_is_waited_for(
    studiolo: Command, home: Home, monkeypatch: pytest.MonkeyPatch, engine: ScriptedEngine
) -> None:
    from studiolo.client import session

    monkeypatch.setattr(session, "NOTE_AFTER_S", 0.0)
    monkeypatch.setattr(session, "RETRY_S", 0.02)
    lock = HomeLock(home, pid=4242)
    threading.Timer(0.3, lock.release).start()
    ran = studiolo("libraries")
    assert ran.code == 0
    assert ran.err == "Another command (pid 4242) has the home open; waiting for it. Ctrl+C stops waiting.\n"


def test_a_home_that_stays_busy(home: Home) -> None:
    from studiolo.cli.session import open_engine
    from studiolo.cli.terminal import Terminal

    with HomeLock(home, pid=4242), pytest.raises(EnvironmentFault) as caught:  # noqa: SIM117
        with open_engine(Terminal({"STUDIOLO_HOME": str(home.root)}), wait_s=0.1):
            pass
    assert caught.value.code is Code.HOME_BUSY
    assert caught.value.values["pid"] == 4242


def test_a_running_engine_is_asked(studiolo: Command, engine: ScriptedEngine, home: Home) -> None:
    import os

    from tests.served import TOKEN, served

    from studiolo.handshake import Handshake, announce, write_private

    running = ScriptedEngine()
    with served(running, home) as site, HomeLock(home, pid=os.getpid()):
        write_private(home.token_file, TOKEN)
        announce(home, Handshake(site.url, os.getpid(), str(home.token_file)))
        assert studiolo("libraries").code == 0
        assert studiolo("ask", "q", "--json").json["answer"] == "Twelve months 十二个月 [1]."
    assert [call[0] for call in running.calls] == ["libraries", "ask"]
    assert engine.calls == []
