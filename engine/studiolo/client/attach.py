"""Finding the engine that runs on a home. Files can be stale: only one that answers under its own pid counts."""

from __future__ import annotations

import functools

from studiolo.client.porter import Porter
from studiolo.client.remote import RemoteEngine
from studiolo.handshake import Handshake, announced
from studiolo.paths import Home

ANSWER_S = 3.0


def find_running(home: Home, *, porter: Porter | None = None) -> RemoteEngine | None:
    """The running engine of a home, None where there is none (or none that answers).

    `porter` makes the connections of a process that has sealed itself.
    """
    found = announced(home)
    return None if found is None else connect(found, porter=porter)


def connect(handshake: Handshake, *, timeout_s: float = ANSWER_S, porter: Porter | None = None) -> RemoteEngine | None:
    """The engine of a handshake, None where it is dead, silent or another program."""
    import psutil

    token = handshake.token()
    if token is None or not psutil.pid_exists(handshake.pid):
        return None
    dial = None if porter is None else functools.partial(porter.dial, handshake.url)
    engine = RemoteEngine(handshake.url, token, dial=dial)
    if engine.alive(timeout_s=timeout_s) == handshake.pid:
        return engine
    engine.close()
    return None
