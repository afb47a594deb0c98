"""The seal as it is now, in sight in every state, and its proof, run for real and shown."""

from __future__ import annotations

import subprocess
import threading

import pytest
from tests.window.scripted import ScriptedEngine

from studiolo.client.proof import Proof, Tried, proof_process
from studiolo.errors import Code, EnvironmentFault
from studiolo.isolation import kernel
from studiolo.isolation.ways import WAYS
from studiolo.jobs import CancelToken
from studiolo_desktop.i18n import LANGUAGES, Translator
from studiolo_desktop.ui.privacy.dialog import PrivacyDialog

linux = pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64")
TRIED = (
    Tried("tcp", True, "EPERM", "open", True, "kernel"),
    Tried("io_uring", True, "EPERM", "EPERM", False, "kernel"),
    Tried("netlink", True, "EPERM", "EAFNOSUPPORT", True, "kernel"),
)
HOLDS = Proof(True, TRIED, 0, 9)
BROKEN = Proof(False, (Tried("tcp", False, "open", "open", True, "kernel"), *TRIED[1:]), 3, 9)


def page_of(desktop):
    desktop.window.sidebar.state.click()
    return desktop.window.findChild(PrivacyDialog).pages["seal"]


def test_the_seal_is_what_the_engine_says_of_itself_just_now(qtbot, open_window):
    desktop, connector = open_window()
    state = desktop.window.sidebar.state
    page = page_of(desktop)
    assert state.accessibleName() == "Sealed: 0 connections possible"
    assert page.state.text() == "Sealed: 0 connections possible for the engine."  # nobody tried the window's
    assert state.text().strip() in ("Sealed: 0 connections possible", "Sealed: 0 connections")
    connector.engine.sealed = False
    qtbot.waitUntil(lambda: state.accessibleName() == "Ready · Not sealed")
    assert page.state.text() == "Not sealed."
    connector.refuse = EnvironmentFault(Code.DISK_FULL, path="/h")
    connector.engine.crash()
    qtbot.waitUntil(lambda: state.accessibleName() == "Not running")
    assert page.state.text().startswith("The engine is not running")
    assert "0 connections" not in state.accessibleName()


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (True, "Sealed: 0 connections possible, neither for the engine nor for this window."),
        (False, "The engine is sealed: 0 connections possible. This window is not."),
    ],
)
def test_the_window_is_called_sealed_only_where_it_is(qtbot, open_window, window, words):
    desktop, _ = open_window(window_sealed=window)
    assert page_of(desktop).state.text() == words


def test_the_proof_is_a_table_of_ways(qtbot, open_window):
    go = threading.Event()

    def prove(cancel: CancelToken) -> Proof:
        go.wait(20)
        return HOLDS

    desktop, _ = open_window(prove=prove)
    page = page_of(desktop)
    assert not page.table.isVisible()
    page.prove_button.click()
    assert page.stop_button.isVisible()
    assert page.bar.isVisible()
    assert not page.prove_button.isVisible()
    go.set()
    qtbot.waitUntil(page.table.isVisible)
    assert page.result.text().startswith(
        "The seal holds: 3 of 3 ways refused. 0 messages got out of the sealed process"
    )
    cells = [[page.table.item(row, column).text() for column in range(3)] for row in range(3)]
    assert cells == [
        ["TCP connection", "refused", "got out"],
        ["io_uring", "refused", "refused to everybody here (EPERM)"],
        ["The kernel's network settings (netlink)", "refused", "reached the kernel (EAFNOSUPPORT)"],
    ]
    desktop.look.choose_language("zh")
    assert page.table.item(0, 1).text() == "已拒绝"
    assert page.prove_button.text() == "再次证明"


def test_a_seal_that_does_not_hold_is_said_plainly(qtbot, open_window):
    desktop, _ = open_window(prove=lambda _cancel: BROKEN)
    page = page_of(desktop)
    page.prove_button.click()
    qtbot.waitUntil(page.table.isVisible)
    assert "does NOT hold: 2 of 3" in page.result.text()
    assert page.result.property("role") == "danger"
    assert page.table.item(0, 1).text() == "NOT REFUSED (open)"


def test_a_proof_can_be_stopped_and_may_fail(qtbot, open_window):
    def prove(cancel: CancelToken) -> Proof | None:
        stopped = threading.Event()
        cancel.on_cancel(stopped.set)
        assert stopped.wait(20)
        return None

    desktop, _ = open_window(prove=prove)
    page = page_of(desktop)
    page.prove_button.click()
    page.stop_button.click()
    qtbot.waitUntil(page.prove_button.isVisible)
    assert not page.table.isVisible()

    def fail(_cancel: CancelToken) -> Proof:
        raise EnvironmentFault(Code.ENGINE_START, exit_code=0)

    desktop.privacy.seal._prove = fail
    page.prove_button.click()
    qtbot.waitUntil(lambda: page.result.property("role") == "danger")
    assert page.prove_button.isVisible()


def test_where_there_is_no_seal_there_is_nothing_to_prove(qtbot, open_window):
    engine = ScriptedEngine()
    engine.sealed = False
    desktop, _ = open_window(engine, prove=None)
    page = page_of(desktop)
    assert not page.prove_button.isVisible()
    assert "no seal that we could prove" in page.explained.text()


def test_every_way_has_words_in_both_languages():
    for language in LANGUAGES:
        assert all(Translator(language)(f"way.{name}") for name in WAYS)


@linux
def test_the_proof_is_a_real_run(qtbot, open_window):
    """The very processes that `studiolo doctor --prove` starts."""
    desktop, _ = open_window(prove=proof_process)
    page = page_of(desktop)
    page.prove_button.click()
    qtbot.waitUntil(lambda: desktop.privacy.seal.proof is not None, timeout=180_000)
    proof = desktop.privacy.seal.proof
    assert proof.holds
    assert {way.way for way in proof.ways} == set(WAYS)
    assert page.table.rowCount() == len(WAYS)
    assert page.result.text().startswith(f"The seal holds: {len(WAYS)} of {len(WAYS)}")


def test_a_proof_that_tells_nothing_is_none(monkeypatch):
    from studiolo.errors import EngineBug

    def silent() -> subprocess.Popen[bytes]:
        return subprocess.Popen(["/bin/true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    with pytest.raises(EngineBug):
        proof_process(CancelToken(), start=silent)

    def missing() -> subprocess.Popen[bytes]:
        raise FileNotFoundError

    with pytest.raises(EnvironmentFault) as raised:
        proof_process(CancelToken(), start=missing)
    assert raised.value.code is Code.ENGINE_START
