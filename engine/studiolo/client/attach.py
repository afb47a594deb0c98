"""Finding the engine that runs on a home. Files can be stale: only one that answers under its own pid counts."""

from __future__ import annotations

from studiolo.client.remote import RemoteEngine
from studiolo.handshake import Handshake, announced
from studiolo.paths import Home

ANSWER_S = 3.0


def find_running(home: Home) -> RemoteEngine | None:
    """The running engine of a home, None where there is none (or none that answers)."""
    found = announced(home)
    return None if found is None else connect(found)


def connect(handshake: Handshake, *, timeout_s: float = ANSWER_S) -> RemoteEngine | None:
    """The engine of a handshake, None where it is dead, silent or another program."""
    import psutil

    token = handshake.token()
    if token is None or not psutil.pid_exists(handshake.pid):
        return None
    engine = RemoteEngine(handshake.url, token)
    if engine.alive(timeout_s=timeout_s) == handshake.pid:
        return engine
    engine.close()
    return None
