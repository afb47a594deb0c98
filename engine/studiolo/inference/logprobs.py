"""How likely a token was, from the model's scores for its place. Threads: any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studiolo.types import Alternative, TokenLogprob

LEAST = -9999.0  # stands for a probability of zero: infinities are no JSON
MOST_ALTERNATIVES = 20


def token_logprob(scores: Any, token: int, *, top: int, piece: Callable[[int], bytes]) -> TokenLogprob:
    """The chosen token and the `top` likeliest for its place, likeliest first (of equals, the lower id).

    `scores`: float array (vocabulary,), unnormalised log-probabilities as the model gives them; not changed.
    `piece(token)` is what a token writes.
    """
    import numpy as np

    wide = np.asarray(scores, dtype=np.float64)
    most = float(wide.max())
    logs = wide - (most + float(np.log(np.exp(wide - most).sum())))
    count = min(top, MOST_ALTERNATIVES, len(logs))
    ordered: list[int] = []
    if count:
        border = np.partition(logs, len(logs) - count)[len(logs) - count]
        ordered = sorted(np.flatnonzero(logs >= border).tolist(), key=lambda one: (-logs[one], one))[:count]
    alternatives = tuple(Alternative(*_shown(piece(one)), _finite(float(logs[one]))) for one in ordered)
    return TokenLogprob(*_shown(piece(token)), _finite(float(logs[token])), alternatives)


def _shown(piece: bytes) -> tuple[str, tuple[int, ...]]:
    return piece.decode("utf-8", "replace"), tuple(piece)


def _finite(value: float) -> float:
    return max(value, LEAST) if value == value else LEAST  # noqa: PLR0124 - only NaN differs from itself
