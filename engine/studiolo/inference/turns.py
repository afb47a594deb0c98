"""In which order clients of one class get places: in turn, each client's requests in order of arrival.

Start-time fair queueing with every request of one cost (Goyal, Vin, Cheng, SIGCOMM 1996): a request is tagged with the
turn at which it may begin, one behind the last of the same client that is still open, and never before the turn that is
being served. Clients that have one request at a time are so served in order of arrival. Threads: its user's lock.
"""

from __future__ import annotations

from collections import Counter

from studiolo.inference.steps import Service

_Key = tuple[Service, str]


class Turns:
    """Whose turn it is."""

    def __init__(self) -> None:
        self._serving: Counter[Service] = Counter()  # the turn that was served last, by class
        self._open: Counter[_Key] = Counter()
        self._last: dict[_Key, int] = {}  # turn of the last request, of clients that have one open

    def arrive(self, service: Service, client: str) -> int:
        """The turn of a request that arrives now; `leave` has to follow."""
        key = (service, client)
        turn = self._serving[service]
        if key in self._last:
            turn = max(turn, self._last[key] + 1)
        self._open[key] += 1
        self._last[key] = turn
        return turn

    def serve(self, service: Service, turn: int) -> None:
        """A request of this turn gets a place."""
        self._serving[service] = max(self._serving[service], turn)

    def leave(self, service: Service, client: str) -> None:
        """A request has ended."""
        key = (service, client)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]
            self._last.pop(key, None)
