"""`studiolo serve`: bind, lock, open the home, serve, and leave nothing behind.

The listeners are bound before anything is opened: always one on loopback, which our own programs attach to, and where
TLS is asked for another one; then the process seals itself. The first line on stdout is the handshake; after it stdout
stays quiet. A server started for a parent (`parent_pid`) ends when the parent does: its standard input closes, or its
pid is gone. Threads: the loop runs on the caller's thread, which must be the main one for signals.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import TextIO

import uvicorn

from studiolo.engine import Engine
from studiolo.errors import StudioloError
from studiolo.handshake import Handshake, announce, make_token, withdraw
from studiolo.home_lock import HomeLock
from studiolo.isolation.kernel import no_core_dumps
from studiolo.isolation.seal import SealState, self_test
from studiolo.paths import Home
from studiolo.server.app import create_app
from studiolo.server.connections import PatientProtocol
from studiolo.server.listening import Public, Tls, bind, bind_public, checked_origin, public, url_of
from studiolo.server.logs import close_log, open_log
from studiolo.server.security import Rules

LOCK_PATIENCE_S = 1.0  # somebody who only asks whether the home is free holds it for a moment
GRACE_S = 5  # how long running answers may take to end after they were cancelled
PARENT_CHECK_S = 1.0
HANDSHAKE_S = 10  # of TLS

log = logging.getLogger(__name__)


def serve(
    home: Home,
    *,
    environ: Mapping[str, str],
    host: str = "127.0.0.1",
    port: int = 0,
    tls: Tls | None = None,
    origins: Sequence[str] = (),
    parent_pid: int | None = None,
    out: TextIO | None = None,
    open_engine: Callable[[Home, Mapping[str, str]], Engine] | None = None,
    not_sealed: Callable[[SealState], None] = lambda _state: None,
) -> None:
    """Serve the home until a signal, or the parent's end; `not_sealed` is called where the seal's own test fails.

    With `tls` host and port are those of the TLS listener, and loopback takes any free port. `origins`: of web pages
    that may call. Raises UserError(bad_request) on an address that is not loopback without `tls`; EnvironmentFault:
    port_busy, home_busy and whatever opening the home raises.
    """
    named = frozenset(checked_origin(origin) for origin in origins)
    with contextlib.ExitStack() as stack:
        listener = bind(host, port) if tls is None else bind("127.0.0.1", 0)
        stack.enter_context(contextlib.closing(listener))
        other = None if tls is None else stack.enter_context(contextlib.closing(bind_public(host, port)))
        stack.enter_context(HomeLock(home, pid=os.getpid(), patience_s=LOCK_PATIENCE_S))
        known = None if tls is None or other is None else public(tls, other, home=home)
        faults = open_log(home)
        try:
            no_core_dumps()
            engine = (open_engine or _open_sealed)(home, environ)
            sealed = self_test()
            if not sealed.sealed:
                log.warning("not sealed: %s %s", sealed.reason, " ".join(sealed.open_ways))
                not_sealed(sealed)
            try:
                _serve_engine(
                    engine,
                    home,
                    listener,
                    other=known,
                    origins=named,
                    sealed=sealed.sealed,
                    parent_pid=parent_pid,
                    out=out or sys.stdout,
                )
            finally:
                engine.close()
        finally:
            withdraw(home, pid=os.getpid())
            close_log(faults)


class Server(uvicorn.Server):
    """uvicorn, that says when it is up, cancels running work when it stops, and ends with exit code 0 on a signal."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        on_up: Callable[[], None],
        on_stop: Callable[[], None],
        public: Public | None = None,
    ) -> None:
        super().__init__(config)
        self._on_up = on_up
        self._on_stop = on_stop
        self._public = public

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if not self.started:
            return
        if self._public is not None:
            self.servers.append(
                await asyncio.get_running_loop().create_server(
                    self._protocol,
                    sock=self._public.listener,
                    ssl=self._public.certificate.context,
                    ssl_handshake_timeout=HANDSHAKE_S,
                )
            )
        self._on_up()

    def _protocol(self) -> asyncio.Protocol:
        return PatientProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=None
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cancel what runs, so that open streams end by themselves, then stop."""
        self._on_stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals stop the server; unlike the original they are not raised again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kinds = [signal.SIGINT, signal.SIGTERM]
        before = {kind: signal.signal(kind, self._asked_to_stop) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _asked_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True  # asked twice: do not wait
        self.should_exit = True


def make_server(
    engine: Engine,
    home: Home,
    listener: socket.socket,
    *,
    token: str,
    on_up: Callable[[], None] = lambda: None,
    other: Public | None = None,
    origins: frozenset[str] = frozenset(),
    rules: Rules | None = None,
) -> Server:
    """A server for an engine on a bound listener, and a TLS one; run it with `run(sockets=[listener])`.

    `rules` in place of those that listeners and origins make.
    """
    hosts = frozenset() if other is None else other.hosts
    made = Rules(token=token, port=listener.getsockname()[1], public_hosts=hosts, origins=origins)
    app = create_app(engine, rules=rules or made, home=home, pid=os.getpid())
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,  # what a client says of itself counts for nothing
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return Server(config, on_up=on_up, on_stop=app.state.service.stop_work, public=other)


def _serve_engine(
    engine: Engine,
    home: Home,
    listener: socket.socket,
    *,
    other: Public | None,
    origins: frozenset[str],
    sealed: bool,
    parent_pid: int | None,
    out: TextIO,
) -> None:
    token = make_token(home)
    handshake = Handshake(url_of(listener), os.getpid(), str(home.token_file), sealed)
    if other is not None:
        handshake = replace(handshake, public=other.url, fingerprint=other.certificate.fingerprint)

    def up() -> None:
        announce(home, handshake)
        with contextlib.suppress(OSError):  # the parent may be gone already; the watch notices
            print(handshake.line(), file=out, flush=True)

    server = make_server(engine, home, listener, token=token, on_up=up, other=other, origins=origins)
    if parent_pid is not None:
        _end_with_parent(server, parent_pid)
    warming = threading.Thread(target=_settle, args=(engine,), name="warm-up", daemon=True)
    warming.start()
    log.info("serving")
    server.run(sockets=[listener])
    warming.join(GRACE_S)
    log.info("stopped")


def _settle(engine: Engine) -> None:
    _warm(engine)
    _go_on(engine)


def _warm(engine: Engine) -> None:
    """Load models now, so that the first question need not wait for them. What fails shows when it is asked for."""
    warm_up = getattr(engine, "warm_up", None)  # an in-process engine has it; the protocol does not ask for it
    if warm_up is None:
        return
    try:
        warm_up()
    except StudioloError as error:
        log.warning("not warmed up: %s", error.code.value)
    except Exception:
        log.exception("not warmed up")


def _go_on(engine: Engine) -> None:
    """Take up what a kill interrupted, after the models that a question needs."""
    start_background = getattr(engine, "start_background", None)  # as above
    if start_background is not None:
        start_background()


def _end_with_parent(server: Server, parent_pid: int) -> None:
    def stop() -> None:
        server.should_exit = True

    def until_stdin_closes() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 4096):
                pass
        stop()

    def until_parent_is_gone() -> None:
        import psutil

        while psutil.pid_exists(parent_pid) and (os.name != "posix" or os.getppid() == parent_pid):
            time.sleep(PARENT_CHECK_S)
        stop()

    for watch in (until_stdin_closes, until_parent_is_gone):
        threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _open_sealed(home: Home, environ: Mapping[str, str]) -> Engine:
    from studiolo.bootstrap import open_sealed

    return open_sealed(home, environ=environ)
