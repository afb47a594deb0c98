"""What every test has: no way out to the network, no thread left behind, a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from studiolo.paths import Home

settings.register_profile("studiolo", deadline=None)  # no test asserts a time
settings.load_profile("studiolo")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # no test may reach a person's own keyring

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in a shell's background; what tests start would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
OUR_THREADS = ("inference", "job", "embedding", "warm", "background", "engine-", "stream", "watch", "audit")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Sockets other than loopback and Unix ones are blocked in every test."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]  # type: ignore[index]
            if host not in ("127.0.0.1", "localhost", "::1"):
                raise AssertionError(f"a test tried to reach {host}")

    def connect(self: socket.socket, address: object) -> None:
        check(self, address)
        real_connect(self, address)  # type: ignore[arg-type]

    def connect_ex(self: socket.socket, address: object) -> int:
        check(self, address)
        return real_connect_ex(self, address)  # type: ignore[arg-type]

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket.socket, "connect_ex", connect_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """A test that starts one of our threads ends it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while left := [
        thread.name
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and thread.name.startswith(OUR_THREADS)
    ]:
        if time.monotonic() > deadline:
            raise AssertionError(f"threads left behind: {left}")
        time.sleep(0.02)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def models_home() -> Home:
    """A home whose models are installed (`make test` pulls them); shared, so never written to."""
    root = Path(os.environ.get("STUDIOLO_TEST_HOME") or ROOT / ".cache" / "home")
    if not (root / "models").is_dir():
        raise AssertionError(f"no models under {root}: run `make test`, which pulls them")
    return Home(root)
