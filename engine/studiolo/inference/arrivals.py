"""Who is on the way to the model: questions that are being searched for and screened.

From its arrival on, and not only once the model reads it, a request counts as one that somebody waits for: those of a
later class leave it the processors. That lasts `MOST_S` at most, so that nobody stands still for one that does not
come, and only while its own model is the loaded one: for another's, those who use this one have to come to their end.
Threads: its user's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studiolo.inference.steps import Service

MOST_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A request on its way."""

    service: Service
    model_id: str
    until: float


class Arrivals:
    """All that are on the way."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._open: list[Arrival] = []

    def enter(self, service: Service, model_id: str) -> Arrival:
        """One sets out; `leave` has to follow."""
        arrival = Arrival(service, model_id, self._clock() + MOST_S)
        self._open.append(arrival)
        return arrival

    def leave(self, arrival: Arrival) -> None:
        """It has come to the model and its end, or to nothing."""
        self._open.remove(arrival)

    def before(self, service: Service, model_id: str | None = None) -> bool:
        """Whether one of an earlier class than `service` is on the way (to this model)."""
        now = self._clock()
        return any(one.service < service and now < one.until and model_id in (None, one.model_id) for one in self._open)
