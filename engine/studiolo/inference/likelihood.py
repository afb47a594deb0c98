"""The arithmetic of how well a text was foretold: which tokens are scored in which window, and what scores come to.

Perplexity as in llama.cpp's `perplexity` tool, which scores the second half of each window; here windows overlap by
that half, so that every token is scored once. Agreement and divergence as in its `--kl-divergence`. Pure; any thread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = -1e4  # stands for the logarithm of 0, so that sums stay finite
MOST = 700.0  # math.exp of more is no number
Rows = NDArray[np.float32]  # one row a token, one column for each of the vocabulary


@dataclass(frozen=True, slots=True)
class Window:
    """tokens[start:end] are read, tokens[first:end] scored."""

    start: int
    end: int
    first: int


def windows(count: int, *, size: int, stride: int, first: int) -> list[Window]:
    """How `count` tokens are read so that each from `first` on is scored once, after at least size - stride others.

    Those of the first window have only what stands before them.
    """
    found: list[Window] = []
    start = end = 0
    while end < count and first < count:
        end = min(start + size, count)
        found.append(Window(start, end, first))
        start, first = start + stride, end
    return found


@dataclass(slots=True)
class Tally:
    """What a model came to on the tokens of a text. `surprise`: negative log-likelihood in nats."""

    tokens: int = 0
    size_bytes: int = 0
    surprise: float = 0.0

    def add(self, tokens: int, size_bytes: int, surprise: float) -> None:
        """Take in more tokens."""
        self.tokens += tokens
        self.size_bytes += size_bytes
        self.surprise += surprise

    @property
    def perplexity(self) -> float:
        """A token's."""
        return math.exp(min(self.surprise / self.tokens, MOST))

    @property
    def bits_per_byte(self) -> float:
        """Bits that foretelling a byte of the text takes; comparable between vocabularies."""
        return self.surprise / math.log(2) / max(1, self.size_bytes)


@dataclass(slots=True)
class Nearness:
    """How near one model's distributions come to another's, over all tokens scored."""

    tokens: int = 0
    same: int = 0
    divergence: float = 0.0
    difference: float = 0.0  # of the surprise, other - model
    squares: float = 0.0

    def add(self, logs: Rows, of_other: Rows, differences: NDArray[np.float64]) -> None:
        """Take in rows of log-probabilities, and by how much more surprised the other was by each token that came."""
        self.tokens += len(logs)
        self.same += int(np.count_nonzero(logs.argmax(axis=1) == of_other.argmax(axis=1)))
        self.divergence += float(np.sum(np.exp(logs) * (logs - of_other), dtype=np.float64))
        self.difference += float(differences.sum())
        self.squares += float(np.square(differences).sum())

    @property
    def agreement(self) -> float:
        """Share of tokens for which both find the same one most likely."""
        return self.same / self.tokens

    @property
    def kl_divergence(self) -> float:
        """Mean Kullback-Leibler divergence of the other's distribution from the model's, in nats."""
        return max(0.0, self.divergence / self.tokens)  # below 0 is rounding

    @property
    def ratio(self) -> float:
        """The other's perplexity over the model's."""
        return math.exp(min(self.difference / self.tokens, MOST))

    @property
    def ratio_error(self) -> float:
        """Its standard error, the tokens taken as independent."""
        mean = self.difference / self.tokens
        variance = max(0.0, self.squares / self.tokens - mean * mean)
        return self.ratio * math.sqrt(variance / max(1, self.tokens - 1))


def log_probabilities(scores: Rows) -> Rows:
    """Log-softmax of each row, nothing below LEAST."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True, dtype=np.float64)
    logs: Rows = np.maximum(shifted - np.log(total).astype(np.float32), np.float32(LEAST))
    return logs


def surprise_of(logs: Rows, came: Sequence[int]) -> NDArray[np.float64]:
    """Negative log-likelihood of the tokens that came, one a row. Raises ValueError where a score is no number."""
    found = -logs[np.arange(len(logs)), np.asarray(came, dtype=np.intp)].astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError("scores")
    return found
