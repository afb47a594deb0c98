"""What `dial.py` does, for asyncio: HTTP over connections that somebody else makes. Threads: the loop's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore
import httpx

from studiolo.client.dial import Dial, readable, translated


class _Stream(httpcore.AsyncNetworkStream):
    """A connected socket as httpcore wants it."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        """Up to so many bytes."""
        with translated(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """All of them."""
        with translated(httpcore.WriteTimeout, httpcore.WriteError):
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_sendall(self._socket, buffer)

    async def aclose(self) -> None:
        """Let go."""
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for."""
        if info == "socket":
            return self._socket
        if info == "is_readable":
            return readable(self._socket)
        return None


class _Backend(httpcore.AsyncNetworkBackend):
    """Gets every connection from `dial`, whatever address is asked for: there is only one."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - httpcore's signature
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """A connection; one that comes when nobody waits for it any more is closed."""
        dialled = asyncio.get_running_loop().run_in_executor(None, self._dial)
        with translated(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                async with asyncio.timeout(timeout):
                    connected = await asyncio.shield(dialled)
            except (asyncio.CancelledError, TimeoutError):
                dialled.add_done_callback(_let_go)
                raise
            with suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Stream(connected)


def async_transport(dial: Dial, *, limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
    """An httpx transport over it."""
    made = httpx.AsyncHTTPTransport(trust_env=False, limits=limits)
    made._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001 - httpx has no public way to hand a pool its connections
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
        network_backend=_Backend(dial),
    )
    return made


def _let_go(dialled: asyncio.Future[socket.socket]) -> None:
    if not dialled.cancelled() and dialled.exception() is None:
        dialled.result().close()
