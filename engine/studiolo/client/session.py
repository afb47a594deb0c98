"""Which engine to talk to: the one that runs on a home, or an own one for as long as the caller needs it.

Never two on one home: without a running engine the caller takes the home's lock, and while another one has it, waits.
Threads: the caller's own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from studiolo.engine import Engine
from studiolo.errors import Code, EnvironmentFault, StudioloError
from studiolo.home_lock import HomeLock
from studiolo.paths import Home, home_from

WAIT_S = 600.0
NOTE_AFTER_S = 2.0
RETRY_S = 0.25


@contextmanager
def open_engine(
    home: Home | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    wait_s: float = WAIT_S,
    on_wait: Callable[[int], None] | None = None,
    sealed: bool = False,
) -> Iterator[Engine]:
    """The engine to ask, closed (and the home given back) at the end of the block.

    `home` None is the one the environment names. `on_wait(pid)` is called once where another process keeps the home
    longer than two seconds (pid 0 = not known). `sealed`: this process seals itself for good, so that afterwards it
    reaches only that engine, or nothing. Raises EnvironmentFault(home_busy) after `wait_s`.
    """
    environment = os.environ if environ is None else environ
    place = home or home_from(environment)
    found = _running_or_lock(place, wait_s, on_wait)
    if isinstance(found, HomeLock):
        with found, _own_engine(place, environment, sealed) as engine:
            yield engine
        return
    if sealed:
        found.close()
        with sealed_to(place, environment) as engine:
            yield engine
        return
    try:
        yield found
    finally:
        found.close()


@contextmanager
def sealed_to(home: Home, environ: Mapping[str, str]) -> Iterator[Engine]:
    """Seal this process for good, but for the home's running engine. Raises EnvironmentFault(engine_gone)."""
    from studiolo.client.attach import find_running
    from studiolo.client.sealed import sealed_front_end

    with sealed_front_end(home, environ=environ) as porter:
        engine = find_running(home, porter=porter)
        if engine is None:
            raise EnvironmentFault(Code.ENGINE_GONE)
        with closing(engine):
            yield engine


def _running_or_lock(home: Home, wait_s: float, on_wait: Callable[[int], None] | None) -> Engine | HomeLock:
    began = time.monotonic()
    noted = on_wait is None
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
            if not noted and on_wait is not None and waited >= NOTE_AFTER_S:
                noted = True
                on_wait(int(error.values.get("pid", 0)))
        time.sleep(RETRY_S)


def _running(home: Home) -> Engine | None:
    if not home.engine_file.exists():  # the usual case, and it spares the import of an HTTP client
        return None
    from studiolo.client.attach import find_running

    return find_running(home)


@contextmanager
def _own_engine(home: Home, environ: Mapping[str, str], sealed: bool) -> Iterator[Engine]:
    from studiolo.bootstrap import open_local, open_sealed

    engine = (open_sealed if sealed else open_local)(home, environ=environ)
    try:
        yield engine
    finally:
        engine.close()
