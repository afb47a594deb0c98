"""Connections of clients that are slow, or many: each has a time for its headers, its body and to take its answer.

Where there are too many, the one that has waited longest without a request makes room: two hundred that send nothing
keep nobody out. Built on uvicorn's protocol over h11, whose own limits are on the size of headers and on idle
connections. Threads: the loop's.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S: Final = 15.0  # from the connection, or the last answer, to the end of a request's headers
BODY_S: Final = 20.0  # for a body of no size; each second more it has to bring `BODY_BYTES_PER_S`
BODY_BYTES_PER_S: Final = 16 * 1024
ANSWER_S: Final = 60.0  # that a client may take none of what it is sent
MOST: Final = 256  # connections at a time
MOST_OF_ONE: Final = 64  # of them from one address that is not this machine's own
_LOOK_S: Final = 1.0


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, that has patience, but not without end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._phase: Any = h11.IDLE
        self._since = self.loop.time()
        self._received = 0  # bytes in this phase
        self._unsent, self._stuck_s = 0, 0.0
        self._look_again: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A client is there; where there are too many, one has to go."""
        super().connection_made(transport)
        self._look_again = self.loop.call_later(_LOOK_S, self._look)
        all_of_them = [one for one in self.connections if isinstance(one, PatientProtocol)]
        same = [one for one in all_of_them if one.peer == self.peer]
        if len(all_of_them) > MOST:
            _make_room(all_of_them)
        elif len(same) > MOST_OF_ONE and not _is_loopback(self.peer):
            _make_room(same)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        if self._look_again is not None:
            self._look_again.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        super().data_received(data)
        self._note()
        self._received += len(data)

    def on_response_complete(self) -> None:
        """An answer is complete; the next request may come."""
        super().on_response_complete()
        self._note()

    @property
    def peer(self) -> str:
        """The client's address."""
        return self.client[0] if self.client else ""

    @property
    def waiting_since(self) -> float | None:
        """Since when no whole request has been here (the loop's time), None where one is."""
        return self._since if self._phase is h11.IDLE else None

    def drop(self) -> None:
        """End it at once."""
        if self.transport is not None:
            self.transport.abort()

    def _note(self) -> None:
        if self.conn.their_state is not self._phase:
            self._phase, self._since, self._received = self.conn.their_state, self.loop.time(), 0

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        self._note()
        if self.flow.read_paused:  # it is we who do not read
            self._since += _LOOK_S
        if self._too_slow() or self._takes_nothing():
            self.drop()
            return
        self._look_again = self.loop.call_later(_LOOK_S, self._look)

    def _too_slow(self) -> bool:
        passed_s = self.loop.time() - self._since
        if self._phase is h11.IDLE:
            return passed_s > HEADERS_S
        return self._phase is h11.SEND_BODY and passed_s > BODY_S + self._received / BODY_BYTES_PER_S

    def _takes_nothing(self) -> bool:
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        still = self.flow.write_paused and before and self._unsent >= before
        self._stuck_s = self._stuck_s + _LOOK_S if still else 0.0
        return self._stuck_s > ANSWER_S


def _make_room(among: list[PatientProtocol]) -> None:
    waiting = [(since, number) for number, one in enumerate(among) if (since := one.waiting_since) is not None]
    if waiting:
        among[min(waiting)[1]].drop()


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
