"""A window over a scripted engine, for each test its own, ended before the test is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.window.scripted import Connector, ScriptedEngine, scripted_pull

from studiolo.paths import Home
from studiolo_desktop.bootstrap import Desktop
from studiolo_desktop.bridge.supervisor import EngineState, Patience

Open = Callable[..., tuple[Desktop, Connector]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.window)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication, home: Home) -> Iterator[Open]:
    """Opens a window; by default over an engine that is ready before the test goes on."""
    opened: list[tuple[Desktop, Connector]] = []

    def open_(
        engine: ScriptedEngine | None = None, *, ready: bool = True, **values: object
    ) -> tuple[Desktop, Connector]:
        connector = Connector(engine or ScriptedEngine())
        values.setdefault("pull", scripted_pull(lambda: connector.engine))
        values.setdefault("patience", Patience(check_every_s=0.05, back_off_s=0.05))
        desktop = Desktop(qapp, home=home, connect=connector, **values)  # type: ignore[arg-type]
        desktop.look.choose_theme("light")
        desktop.look.choose_language("en")
        opened.append((desktop, connector))
        if ready:
            desktop.start()
            qtbot.waitUntil(lambda: desktop.supervisor.state is EngineState.READY)
            qtbot.waitUntil(lambda: desktop.models.known and desktop.library.known)
        return desktop, connector

    yield open_
    for desktop, connector in opened:
        connector.engine.gate.set()
        desktop.window.close()
        desktop.close()
        desktop.window.deleteLater()
        desktop.deleteLater()
    qapp.processEvents()
