"""HTTP over connections that somebody else makes: for a process that can make none itself. See `porter.py`.

httpx takes no connection from outside, but the pool below it does (`httpcore.NetworkBackend`, public). Threads: any.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import httpcore
import httpx

Dial = Callable[[], socket.socket]


class _Stream(httpcore.NetworkStream):
    """A connected socket as httpcore wants it."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to so many bytes."""
        with translated(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(timeout)
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of them."""
        with translated(httpcore.WriteTimeout, httpcore.WriteError):
            self._socket.settimeout(timeout)
            self._socket.sendall(buffer)

    def close(self) -> None:
        """Let go."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same, encrypted."""
        with translated(httpcore.ConnectTimeout, httpcore.ConnectError):
            self._socket.settimeout(timeout)
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore and `end_socket` ask for."""
        if info == "socket":
            return self._socket
        if info == "isreadable":
            return readable(self._socket)
        return None


class _Backend(httpcore.NetworkBackend):
    """Gets every connection from `dial`, whatever address is asked for: there is only one."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - httpcore's signature
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """A connection."""
        with translated(httpcore.ConnectTimeout, httpcore.ConnectError):
            connected = self._dial()
            with suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Stream(connected)


class translated:  # noqa: N801 - used like a function
    """OSError as httpcore's own errors, which httpx then makes its own of."""

    def __init__(self, late: type[Exception], failed: type[Exception]) -> None:
        self._late, self._failed = late, failed

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            raise self._late from None
        if isinstance(error, OSError):
            raise self._failed from None


def transport(dial: Dial, *, limits: httpx.Limits) -> httpx.HTTPTransport:
    """An httpx transport over it."""
    made = httpx.HTTPTransport(trust_env=False, limits=limits)
    made._pool.close()  # noqa: SLF001 - httpx has no public way to hand a pool its connections
    made._pool = httpcore.ConnectionPool(  # noqa: SLF001
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
        network_backend=_Backend(dial),
    )
    return made


def readable(connected: socket.socket) -> bool:
    """Whether something, or the end, has come: then a kept connection cannot be used again."""
    import select

    if connected.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(connected, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([connected], [], [], 0)[0])
