"""Which engine a command talks to: the one that runs, or its own for as long as the command lasts.

Never two on one home: without a running engine a command takes the home's lock, and while another command has it,
waits. Threads: the command's own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from studiolo.cli.terminal import Terminal
from studiolo.engine import Engine
from studiolo.errors import Code, StudioloError
from studiolo.home_lock import HomeLock
from studiolo.paths import Home

WAIT_S = 600.0
NOTE_AFTER_S = 2.0
RETRY_S = 0.25


@contextmanager
def open_engine(terminal: Terminal, *, wait_s: float = WAIT_S) -> Iterator[Engine]:
    """The engine to ask, closed (and the home given back) at the end of the block.

    Raises EnvironmentFault(home_busy) where another command keeps the home longer than `wait_s`.
    """
    home = terminal.home
    found = _running_or_lock(home, terminal, wait_s)
    if isinstance(found, HomeLock):
        with found, _own_engine(home, terminal) as engine:
            yield engine
        return
    try:
        yield found
    finally:
        found.close()


def _running_or_lock(home: Home, terminal: Terminal, wait_s: float) -> Engine | HomeLock:
    began = time.monotonic()
    noted = False
    while True:
        running = _running(home)
        if running is not None:
            return running
        try:
            return HomeLock(home, pid=os.getpid())
        except StudioloError as error:
            waited = time.monotonic() - began
            if error.code is not Code.HOME_BUSY or waited > wait_s:
                raise
            if not noted and waited >= NOTE_AFTER_S:
                noted = True
                terminal.say("waiting", pid=error.values.get("pid", 0) or "?")
        time.sleep(RETRY_S)


def _running(home: Home) -> Engine | None:
    if not home.engine_file.exists():  # the usual case, and it spares the import of an HTTP client
        return None
    from studiolo.client.attach import find_running

    return find_running(home)


@contextmanager
def _own_engine(home: Home, terminal: Terminal) -> Iterator[Engine]:
    from studiolo.bootstrap import open_local

    engine = open_local(home, environ=terminal.environ)
    try:
        yield engine
    finally:
        engine.close()
