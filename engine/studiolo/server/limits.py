"""How much a named token may ask: so many requests a minute, so many at a time. Threads: the loop's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from studiolo.errors import Code, UserError
from studiolo.tokens import NamedToken

MINUTE_S = 60.0
MOST_AT_A_TIME = 64  # requests of a token that has no limit of its own: the server's threads are for all
MOST_JOBS = 32  # of a token that have not ended: those of a lane run one after the other, whoever they are of
BUSY_S = 1  # after which to try again where too many run at a time
_MOST_KNOWN = 1000  # tokens whose use is remembered


@dataclass(slots=True)
class _Use:
    left: float  # requests that may come at once: a bucket that fills up again within a minute
    at: float
    running: int = 0


class Limits:
    """What each token has used of its limits."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._uses: dict[str, _Use] = {}

    def begin(self, token: NamedToken) -> None:
        """A request of the token's begins; `end` has to follow. Raises UserError(too_many_requests), and then not."""
        now, rate = self._clock(), token.rate_per_minute
        use = self._uses.get(token.digest)
        if use is None:
            self._forget()
            use = self._uses[token.digest] = _Use(float(rate or 0), now)
        most = MOST_AT_A_TIME if token.concurrent is None else token.concurrent
        if use.running >= most:
            raise too_many("concurrent", most, BUSY_S)
        if rate is not None:
            use.left = min(float(rate), use.left + (now - use.at) * rate / MINUTE_S)
            use.at = now
            if use.left < 1:
                raise too_many("rate", rate, math.ceil((1 - use.left) * MINUTE_S / rate))
            use.left -= 1
        use.running += 1

    def end(self, token: NamedToken) -> None:
        """A request that had begun has ended."""
        use = self._uses.get(token.digest)
        if use is not None:
            use.running = max(0, use.running - 1)

    def _forget(self) -> None:
        while len(self._uses) >= _MOST_KNOWN:
            idle = next((digest for digest, use in self._uses.items() if not use.running), None)
            if idle is None:
                return
            del self._uses[idle]


def too_many(limit: str, most: int, retry_after_s: int) -> UserError:
    """What is said where a limit is reached."""
    return UserError(Code.TOO_MANY_REQUESTS, limit=limit, most=most, retry_after_s=max(1, retry_after_s))
