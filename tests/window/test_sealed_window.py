"""The window as its command opens it, in a process of its own: it seals itself, and everything still works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.real.conftest import SMALL, link_models
from tests.served import ROOT, child_environ

from studiolo.client.sealed import WindowSeal
from studiolo.home_format import prepare_home
from studiolo.isolation import kernel
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings

linux = pytest.mark.skipif(kernel.here() is None, reason="the window is sealed on Linux on x86-64 and aarch64 only")

DRIVEN = """
import json, os, signal, socket, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from studiolo_desktop import __main__ as program, bootstrap
from studiolo_desktop.bridge.supervisor import EngineState
from studiolo.isolation.seal import Level, self_test

document, question = Path(sys.argv[1]), sys.argv[2]
told, made_windows = {}, []
real = bootstrap.desktop

def steps(desk):
    ready = lambda: desk.supervisor.state is EngineState.READY and desk.models.known and desk.library.known
    while not ready(): yield
    told["state"] = desk.window.sidebar.state.accessibleName()
    told["window"] = self_test(Level.WINDOW).sealed
    try:
        socket.socket(socket.AF_INET)
    except PermissionError:
        told["socket"] = "refused"
    desk.privacy.seal.prove()  # by the porter: what this process starts is sealed, too
    while desk.privacy.seal.proving: yield
    told["proof"] = desk.privacy.seal.proof is not None and desk.privacy.seal.proof.holds
    desk.window.add_paths([document])
    while desk.library.busy or not desk.library.documents: yield
    composer = desk.window.composer
    composer.field.setPlainText(question)
    composer.send_button.click()
    while desk.chat.busy or not desk.chat.turns: yield
    told["turn"] = desk.chat.turns[-1].state
    first = desk.supervisor._link.pid
    os.kill(first, signal.SIGKILL)  # who is sealed may still send signals
    while desk.supervisor.state is EngineState.READY: yield
    while not ready() or desk.supervisor.status is None or desk.supervisor.status.pid == first: yield
    told["again"] = desk.window.sidebar.state.accessibleName()
    told["engines"] = [first, desk.supervisor.status.pid]
    desk.window.close()

def desktop(app, **options):
    made = real(app, **options)
    made.look.choose_language("en")
    plan = steps(made)
    timer = QTimer(made)

    def go_on():
        try:
            next(plan)
        except StopIteration:
            timer.stop()
            app.quit()
    timer.timeout.connect(go_on)
    timer.start(50)
    made_windows.append(made)
    return made

bootstrap.desktop = desktop
code = program.main()
print(json.dumps(told), flush=True)
os._exit(code)
"""


def drive(home: Home, models_home: Home, document: Path, question: str, *, under: tuple[str, ...] = ()) -> dict:
    """What the window told of itself."""
    prepare_home(home)
    link_models(home, models_home)
    settings = Settings(chat_model=SMALL, answer_tokens=32, threads=1)  # type: ignore[call-arg]
    save_settings(home.settings_file, settings)
    environ = child_environ(home, QT_QPA_PLATFORM="offscreen", PYTHONUTF8="1")
    environ["PYTHONPATH"] += os.pathsep + str(ROOT / "app")
    ran = subprocess.run(
        [*under, sys.executable, "-c", DRIVEN, str(document), question],
        env=environ,
        capture_output=True,
        check=False,
        timeout=540,
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@linux
@pytest.mark.real_model
@pytest.mark.timeout(600)
def test_a_sealed_window_adds_answers_and_starts_its_engine_again(
    home: Home, models_home: Home, tmp_path: Path
) -> None:
    note = tmp_path / "说明.txt"
    note.write_text("The lease of studio 12 ends on 31 March 2027. 押金为三个月租金。", "utf-8")
    told = drive(home, models_home, note, "When does the lease of studio 12 end?")
    assert told["window"] is True
    assert told["socket"] == "refused"
    assert told["state"] == told["again"] == "Sealed: 0 connections possible"
    assert told["proof"] is True
    assert told["turn"] == "complete"
    assert told["engines"][0] != told["engines"][1]


@pytest.mark.parametrize(
    ("environ", "early"),
    [
        ({}, True),
        ({"DISPLAY": ":0"}, True),
        ({"DISPLAY": "unix:1.0"}, True),
        ({"DISPLAY": "localhost:10.0"}, False),  # X11 over SSH is a TCP connection
        ({"DISPLAY": "localhost:10.0", "WAYLAND_DISPLAY": "wayland-0"}, True),
    ],
)
def test_a_display_that_is_reached_by_tcp_is_reached_first(environ: dict[str, str], early: bool) -> None:
    sealed: list[str] = []
    seal = WindowSeal(environ, wanted=True)
    seal._seal = lambda: sealed.append("sealed")
    seal.before_display()
    assert bool(sealed) is early
    seal.with_display()
    assert sealed == ["sealed"]
