"""The window over a real engine in a process of its own, with real models: nothing here is scripted.

The only thing each wait has is an end, a generous one: nothing is said about how quick the machine is.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.real.conftest import SMALL, link_models
from tests.window.rows import words

from studiolo.home_format import prepare_home
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings
from studiolo_desktop.bootstrap import Desktop, desktop
from studiolo_desktop.bridge.supervisor import EngineState
from studiolo_desktop.models.chat import ChatTurn
from studiolo_desktop.ui.main_window import MainWindow

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(600)]
SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"
LEASE = SAMPLES / "lease-alder-wharf.pdf"
NOTE = SAMPLES / "meeting-note-2026-04-14.md"
LONG_MS = 180_000


class House:
    """A home with models, the window over it, and the command line beside it."""

    def __init__(self, home: Home, app: QApplication, qtbot: QtBot) -> None:
        self.home = home
        self.environ = {**os.environ, "STUDIOLO_HOME": str(home.root), "LANG": "C.UTF-8"}
        self._app = app
        self._qtbot = qtbot
        self._open: list[Desktop] = []
        self._servers: list[subprocess.Popen[str]] = []

    def open_window(self) -> Desktop:
        """The window as `python -m studiolo_desktop` makes it, with its engine ready."""
        made = desktop(self._app, environ=self.environ)
        made.look.choose_language("en")
        self._open.append(made)
        made.start()
        self.until(lambda: made.supervisor.state is EngineState.READY)
        self.until(lambda: made.models.known and made.library.known)
        return made

    def until(self, done: Callable[[], bool]) -> None:
        """Let the window work until `done`."""
        self._qtbot.waitUntil(done, timeout=LONG_MS)

    def answered(self, made: Desktop, question: str) -> ChatTurn:
        """Ask as a person does, and wait for the end of the answer."""
        composer = made.window.composer
        composer.field.setPlainText(question)
        composer.send_button.click()
        self.until(lambda: not made.chat.busy)
        turn = made.chat.turns[-1]
        assert (turn.question, turn.state, turn.problem) == (question, "complete", None)
        return turn

    def studiolo(self, *arguments: str) -> list[Any]:
        """A command in a process of its own; its lines of JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "studiolo.cli", *arguments, "--json"],
            capture_output=True, text=True, encoding="utf-8", env=self.environ, timeout=LONG_MS / 1000, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def serve(self) -> int:
        """An engine that somebody else started; its pid."""
        server = subprocess.Popen(
            [sys.executable, "-m", "studiolo.cli", "serve"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=self.environ,
        )  # fmt: skip
        self._servers.append(server)
        assert server.stdout is not None
        return int(json.loads(server.stdout.readline())["pid"])

    def close(self) -> None:
        for made in self._open:
            made.window.close()
            made.close()
            made.window.deleteLater()
            made.deleteLater()
        for server in self._servers:
            server.terminate()
            server.wait(60)
            assert server.stdout is not None
            server.stdout.close()
        self._app.processEvents()


@pytest.fixture
def house(home: Home, models_home: Home, qapp: QApplication, qtbot: QtBot) -> Iterator[House]:
    prepare_home(home)
    link_models(home, models_home)
    # One thread: two that wait for each other take many times as long where the machine has other work.
    settings = Settings(chat_model=SMALL, answer_tokens=64, threads=1)  # type: ignore[call-arg]
    save_settings(home.settings_file, settings)
    made = House(home, qapp, qtbot)
    yield made
    made.close()


def drop(window: MainWindow, path: Path) -> None:
    """Let a file go over the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(400, 300), action, data, button, key))


def test_a_dropped_lease_a_killed_engine_and_commands_beside_the_window(house: House) -> None:
    desk = house.open_window()
    window = desk.window
    first_pid = desk.supervisor.status.pid
    states: list[str] = []
    desk.library.file_changed.connect(lambda row: states.append(row.stage if row.state == "working" else row.state))

    drop(window, LEASE)
    (row,) = desk.library.files
    assert (row.name, row.state) == (LEASE.name, "queued")
    house.until(lambda: not desk.library.busy)
    assert states[-1] == "added"
    assert {"screen", "embed"} & set(states)
    house.until(lambda: bool(desk.library.documents))
    (read,) = desk.library.documents
    house.until(lambda: f"{read.pages} pages  ·  {read.passages} passages" in words(window.pane.documents)[LEASE.name])
    assert read.pages > 1

    # killed while it writes
    shown: list[str] = []
    said: list[str] = []

    def kill(turn: ChatTurn) -> None:
        if turn.state == "writing" and not shown:
            shown.append(turn.answer)
            os.kill(first_pid, signal.SIGKILL)

    desk.notices.changed.connect(lambda: said.append(window.notice_bar.what.text()))
    desk.chat.turn_changed.connect(kill)
    question = "Tell everything that the lease says about the deposit."
    desk.chat.ask(question)
    house.until(lambda: desk.supervisor.state is EngineState.READY and desk.supervisor.status.pid != first_pid)
    house.until(lambda: not desk.chat.busy and desk.chat.turns[0].id != "")
    assert "The engine stopped and is being started again. Your conversation is kept." in said
    house.until(lambda: "The engine is back. Nothing that was stored is lost." in said)
    (turn,) = desk.chat.turns
    assert (turn.question, turn.state) == (question, "interrupted")
    assert turn.answer.startswith(shown[0])
    assert window.transcript.view(turn).status.text() == "The engine stopped while it was writing this."
    house.until(lambda: [c.id for c in desk.conversations.items] == [desk.chat.conversation_id])

    # the next answer, in the same conversation, with where it comes from
    again = house.answered(desk, "How long is the term of the lease?")
    assert again.answer
    assert [t.question for t in desk.chat.turns] == [question, again.question]
    assert {hit.passage.document for hit in again.sources} == {LEASE.name}
    assert all(1 <= hit.passage.page <= read.pages for hit in again.sources)
    card = window.pane.sources.cards[1]
    assert card.title.accessibleName() == LEASE.name
    assert card.page.text().startswith("page")

    # the page of the first source, drawn by the engine, with what is marked on it
    window.show_source(again, 1)
    house.until(lambda: desk.study.viewer.shown is not None)
    shown = desk.study.viewer.shown
    assert shown.picture is not None
    assert shown.view.page == again.sources[0].passage.page
    assert shown.view.boxes
    assert shown.marked != "nothing"
    house.until(lambda: desk.study.viewer.report is not None)
    window.pane.leave_page()
    desk.study.map.show()
    house.until(lambda: desk.study.map.map is not None)
    assert len(desk.study.map.map.points) == read.passages
    desk.study.map.close()

    # commands use the engine of the window
    with ThreadPoolExecutor(3) as pool:
        adding = pool.submit(house.studiolo, "add", str(NOTE))
        searching = pool.submit(house.studiolo, "search", "deposit")
        asking = pool.submit(house.studiolo, "ask", "How long is the term of the lease?")
        house.until(lambda: all(future.done() for future in (adding, searching, asking)))
    assert adding.result()[0]["status"] == "added"
    assert searching.result()[0]["hits"][0]["document"] == LEASE.name
    assert asking.result()[0]["answer"]
    assert desk.supervisor.state is EngineState.READY
    window._look_again()  # what coming back to the window does
    house.until(lambda: {document.name for document in desk.library.documents} == {LEASE.name, NOTE.name})
    house.until(lambda: len(desk.conversations.items) == 2)

    last_pid = desk.supervisor.status.pid
    window.close()
    assert not psutil.pid_exists(last_pid)
    assert not house.home.engine_file.exists()


def test_a_window_beside_a_served_engine_attaches_and_lets_it_run(house: House) -> None:
    pid = house.serve()
    desk = house.open_window()
    assert desk.supervisor.status.pid == pid
    turn = house.answered(desk, "What is a lease?")
    assert turn.model == SMALL
    desk.window.close()
    assert psutil.pid_exists(pid)
    (conversations,) = house.studiolo("conversations", "list")
    listed = conversations["conversations"] if isinstance(conversations, dict) else conversations
    assert [row["id"] for row in listed] == [desk.chat.conversation_id]
