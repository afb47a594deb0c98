"""`studiolo serve`: bind, lock, seal, answer, open the home, serve, and leave nothing behind.

The listeners are bound before anything is opened: always one on loopback, which our own programs attach to, and where
TLS is asked for another one; then the process seals itself, and says where it is. The first line on stdout is the
handshake; after it stdout stays quiet. From then on `/healthz` answers, and the home is opened (`opening`): what takes
long to import is imported only then. A server started for a parent (`parent_pid`) ends when the parent does: its
standard input closes, or its pid is gone. Threads: the loop runs on the caller's thread, which must be the main one for
signals; the home is opened on one of its own.
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
from typing import TYPE_CHECKING, TextIO

import uvicorn

from studiolo.errors import StudioloError, unexpected
from studiolo.handshake import Handshake, announce, error_line, make_token, withdraw
from studiolo.home_format import prepare_home
from studiolo.home_lock import HomeLock
from studiolo.isolation.kernel import no_core_dumps
from studiolo.isolation.seal import SealState, seal, self_test
from studiolo.paths import Home
from studiolo.server.connections import PatientProtocol
from studiolo.server.listening import Public, Tls, bind, bind_public, checked_origin, public, url_of
from studiolo.server.logs import close_log, open_log
from studiolo.server.opening import Opening

if TYPE_CHECKING:  # imported when the home is opened, after the first answers
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from studiolo.engine import Engine
    from studiolo.server.security import Rules

LOCK_PATIENCE_S = 1.0  # somebody who only asks whether the home is free holds it for a moment
GRACE_S = 5  # how long running answers may take to end after they were cancelled
OPENED_S = 60.0  # how long a server that is stopped waits for a home that is just being opened
TOLD_S = 10.0  # how long a parent has to ask why the home could not be opened
FIRST_S = 0.5  # in which those who waited for the home are answered before models are loaded
PARENT_CHECK_S = 1.0
HANDSHAKE_S = 10  # of TLS

OpenEngine = Callable[[Home, Mapping[str, str]], "Engine"]

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
    open_engine: OpenEngine | None = None,
    not_sealed: Callable[[SealState], None] = lambda _state: None,
) -> None:
    """Serve the home until a signal, or the parent's end; `not_sealed` is called where the seal's own test fails.

    With `tls` host and port are those of the TLS listener, and loopback takes any free port. `origins`: of web pages
    that may call. `open_engine` in place of the real one, without a seal. Raises UserError(bad_request) on an address
    that is not loopback without `tls`; EnvironmentFault: port_busy, home_busy and whatever opening the home raises. A
    parent reads it: as the first line of `out`, or, where the handshake was that, as the answer to any request.
    """
    written = out or sys.stdout
    told = False

    def tell(line: str) -> None:
        nonlocal told
        told = True
        with contextlib.suppress(OSError):  # the parent may be gone already; the watch notices
            print(line, file=written, flush=True)

    try:
        named = frozenset(checked_origin(origin) for origin in origins)
        with contextlib.ExitStack() as stack:
            listener = bind(host, port) if tls is None else bind("127.0.0.1", 0)
            stack.enter_context(contextlib.closing(listener))
            other = None if tls is None else stack.enter_context(contextlib.closing(bind_public(host, port)))
            stack.enter_context(HomeLock(home, pid=os.getpid(), patience_s=LOCK_PATIENCE_S))
            prepare_home(home)
            known = None if tls is None or other is None else public(tls, other, home=home)
            stack.callback(close_log, open_log(home))
            stack.callback(withdraw, home, pid=os.getpid())
            no_core_dumps()
            opens = open_engine or stack.enter_context(_sealed(environ))
            sealed = self_test()
            if not sealed.sealed:
                log.warning("not sealed: %s %s", sealed.reason, " ".join(sealed.open_ways))
                not_sealed(sealed)
            token = make_token(home)
            handshake = Handshake(url_of(listener), os.getpid(), str(home.token_file), sealed.sealed)
            if known is not None:
                handshake = replace(handshake, public=known.url, fingerprint=known.certificate.fingerprint)

            def up() -> None:
                announce(home, handshake)
                tell(handshake.line())

            _serve_home(
                _Opener(lambda: opens(home, environ), home, listener, token=token, other=known, origins=named),
                listener,
                on_up=up,
                other=known,
                parent_pid=parent_pid,
            )
    except StudioloError as error:
        if parent_pid is not None and not told:  # whoever started us reads the first line, and puts it into words
            tell(error_line(error))
        raise


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
    app = _application(engine, home, rules or _rules(listener, token=token, other=other, origins=origins))
    return Server(_config(app), on_up=on_up, on_stop=app.state.service.stop_work, public=other)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
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


def _rules(listener: socket.socket, *, token: str, other: Public | None, origins: frozenset[str]) -> Rules:
    from studiolo.server.security import Rules

    hosts = frozenset() if other is None else other.hosts
    return Rules(token=token, port=listener.getsockname()[1], public_hosts=hosts, origins=origins)


def _application(engine: Engine, home: Home, rules: Rules) -> FastAPI:
    from studiolo.server.app import create_app

    return create_app(engine, rules=rules, home=home, pid=os.getpid())


class _Opener:
    """Opens the home on a thread of its own, and hands the application to `front`."""

    def __init__(
        self,
        open_engine: Callable[[], Engine],
        home: Home,
        listener: socket.socket,
        *,
        token: str,
        other: Public | None,
        origins: frozenset[str],
    ) -> None:
        self.front = Opening(token=token, port=listener.getsockname()[1], pid=os.getpid())
        self.error: StudioloError | None = None
        self._open_engine = open_engine
        self._home = home
        self._make_rules: Callable[[], Rules] = lambda: _rules(listener, token=token, other=other, origins=origins)
        self._engine: Engine | None = None
        self._failed: Callable[[], None] = lambda: None
        self._opened = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-opening", daemon=True)
        self._warming = threading.Thread(target=self._settle, name="warm-up", daemon=True)

    def start(self, *, failed: Callable[[], None]) -> None:
        """Begin; the server must be up. `failed` is called where the home cannot be opened."""
        self._failed = failed
        self._thread.start()

    def close(self) -> None:
        """Wait for what is just being opened, and close it."""
        self._closing.set()
        self._opened.set()
        if self._thread.ident is not None:
            self._thread.join(OPENED_S)
        if self._warming.ident is not None:
            self._warming.join(GRACE_S)
        if self._engine is not None:
            self._engine.close()

    def _run(self) -> None:
        try:
            self._engine = self._open_engine()
            app = _application(self._engine, self._home, self._make_rules())
            self._warming.start()
        except Exception as error:
            self.error = unexpected(error)
            if not isinstance(error, StudioloError):
                log.exception("not opened")
            self.front.fail(self.error)
            self._failed()
            return
        self.front.open(app, stop_work=app.state.service.stop_work)
        self._opened.set()
        log.info("serving")

    def _settle(self) -> None:
        assert self._engine is not None
        _warm(getattr(self._engine, "warm_words", None))
        self._opened.wait()  # the models would take the processor from what requests wait for
        if not self._closing.wait(FIRST_S):
            _settle(self._engine)


def _serve_home(
    opener: _Opener,
    listener: socket.socket,
    *,
    on_up: Callable[[], None],
    other: Public | None,
    parent_pid: int | None,
) -> None:
    """Answer, open the home and serve it. Raises what opening it raised."""
    over = threading.Event()

    def up() -> None:
        on_up()
        opener.start(failed=failed)

    def failed() -> None:
        if parent_pid is not None:  # it has read the handshake, and comes to ask
            over.wait(TOLD_S)
        server.should_exit = True

    server = Server(_config(opener.front), on_up=up, on_stop=opener.front.stop, public=other)
    if parent_pid is not None:
        _end_with_parent(server, parent_pid)
    try:
        server.run(sockets=[listener])
    finally:
        over.set()
        opener.close()
    log.info("stopped")
    if opener.error is not None:
        raise opener.error


@contextlib.contextmanager
def _sealed(environ: Mapping[str, str]) -> Iterator[OpenEngine]:
    """Seal this process for good; what opens a home in it.

    The keyring is a D-Bus service, which a sealed process cannot reach: a process of its own, started before, asks it.
    """
    from studiolo.privacy.keyring_door import KeyringDoor

    door = KeyringDoor.start(environ)
    try:
        seal()

        def open_home(home: Home, environ: Mapping[str, str]) -> Engine:
            from studiolo.bootstrap import open_local

            return open_local(home, environ=environ, find_keyring=door.keyring if door else None)

        yield open_home
    finally:
        if door is not None:
            door.close()


def _settle(engine: Engine) -> None:
    # an in-process engine has these; the protocol does not ask for them
    _warm(getattr(engine, "warm_up", None))
    _go_on(engine)


def _warm(load: Callable[[], None] | None) -> None:
    """Load now, so that the first question need not wait for it. What fails shows when it is asked for."""
    if load is None:
        return
    try:
        load()
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
        while _is_there(parent_pid):
            time.sleep(PARENT_CHECK_S)
        stop()

    for watch in (until_stdin_closes, until_parent_is_gone):
        threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _is_there(parent_pid: int) -> bool:
    if os.name == "posix":  # who has lost their parent gets another
        return os.getppid() == parent_pid
    import psutil

    return psutil.pid_exists(parent_pid)
