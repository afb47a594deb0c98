"""`studiolo serve`: bind, lock, open the home, serve, and leave nothing behind.

The listener is bound before anything is opened, on a loopback address only; then the process seals itself. The first
line on stdout is the handshake; after it stdout stays quiet. A server started for a parent (`parent_pid`) ends when the
parent does: its standard input closes, or its pid is gone. Threads: the loop runs on the caller's thread, which must be
the main one for signals.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TextIO

import uvicorn

from studiolo.engine import Engine
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.handshake import Handshake, announce, make_token, withdraw
from studiolo.home_lock import HomeLock
from studiolo.isolation.kernel import no_core_dumps
from studiolo.isolation.seal import SealState, self_test
from studiolo.paths import Home
from studiolo.server.app import create_app
from studiolo.server.logs import close_log, open_log
from studiolo.server.security import Rules

LOCK_PATIENCE_S = 1.0  # somebody who only asks whether the home is free holds it for a moment
GRACE_S = 5  # how long running answers may take to end after they were cancelled
PARENT_CHECK_S = 1.0
BACKLOG = 128

log = logging.getLogger(__name__)


def serve(
    home: Home,
    *,
    environ: Mapping[str, str],
    host: str = "127.0.0.1",
    port: int = 0,
    parent_pid: int | None = None,
    out: TextIO | None = None,
    open_engine: Callable[[Home, Mapping[str, str]], Engine] | None = None,
    not_sealed: Callable[[SealState], None] = lambda _state: None,
) -> None:
    """Serve the home until a signal, or the parent's end; `not_sealed` is called where the seal's own test fails.

    Raises UserError(bad_request) on an address that is not loopback; EnvironmentFault: port_busy, home_busy and
    whatever opening the home raises.
    """
    listener = bind(host, port)
    with contextlib.closing(listener), HomeLock(home, pid=os.getpid(), patience_s=LOCK_PATIENCE_S):
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
                    engine, home, listener, sealed=sealed.sealed, parent_pid=parent_pid, out=out or sys.stdout
                )
            finally:
                engine.close()
        finally:
            withdraw(home, pid=os.getpid())
            close_log(faults)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address. Raises UserError(bad_request), EnvironmentFault(port_busy)."""
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UserError(Code.BAD_REQUEST, field="host", problem="not a loopback address")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError):
        listener.close()
        raise EnvironmentFault(Code.PORT_BUSY, host=address, port=port) from None
    return listener


class Server(uvicorn.Server):
    """uvicorn, that says when it is up, cancels running work when it stops, and ends with exit code 0 on a signal."""

    def __init__(self, config: uvicorn.Config, *, on_up: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_up = on_up
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_up()

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
    engine: Engine, home: Home, listener: socket.socket, *, token: str, on_up: Callable[[], None] = lambda: None
) -> Server:
    """A server for an engine on a bound listener; run it with `run(sockets=[listener])`."""
    app = create_app(engine, rules=Rules(token=token, port=listener.getsockname()[1]), home=home, pid=os.getpid())
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return Server(config, on_up=on_up, on_stop=app.state.service.stop_work)


def url_of(listener: socket.socket) -> str:
    """The address of a bound listener."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def _serve_engine(
    engine: Engine, home: Home, listener: socket.socket, *, sealed: bool, parent_pid: int | None, out: TextIO
) -> None:
    token = make_token(home)
    handshake = Handshake(url_of(listener), os.getpid(), str(home.token_file), sealed)

    def up() -> None:
        announce(home, handshake)
        with contextlib.suppress(OSError):  # the parent may be gone already; the watch notices
            print(handshake.line(), file=out, flush=True)

    server = make_server(engine, home, listener, token=token, on_up=up)
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
