"""How well a model foretells texts, how near another comes to it, and what both cost: measured side by side.

Both models read each window one after the other and no scores are kept, so memory does not grow with the text. Runs in
the process of `compare.py`, beside which nobody waits for an answer. The arithmetic stands in `likelihood.py`.
One thread.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from studiolo.errors import Code, UserError
from studiolo.inference.likelihood import Nearness, Rows, Tally, Window, log_probabilities, surprise_of, windows
from studiolo.inference.logits import ScoringContext
from studiolo.inference.model import LlamaModel
from studiolo.types import Comparison, ModelQuality, TextQuality

WINDOW_TOKENS = 512
STRIDE_TOKENS = 256
SCORED_BATCH = 128  # 128 rows of a vocabulary of 150,000 are 77 MB
ROWS = 16  # worked on at once
MEMORY_TOKENS = 4096  # of context, for the memory measured: the engine's default
READ_TOKENS, WRITTEN_TOKENS, ROUNDS = 256, 16, 3
WRITING_S = 5.0  # of a round: on a busy machine two threads that wait for one another write a token a second


@dataclass(slots=True)
class Candidate:
    """A model under comparison, with its figures. `memory_bytes`: to begin with, what loading it took."""

    model: LlamaModel
    size_bytes: int
    memory_bytes: int
    reading: list[float] = field(default_factory=list)  # tokens a second, one a round
    writing: list[float] = field(default_factory=list)
    whole: Tally = field(default_factory=Tally)
    texts: list[TextQuality] = field(default_factory=list)

    def plan(self, tokens: Sequence[int]) -> list[Window]:
        """How a text is read; without a token that stands before every text, its first one cannot be foretold."""
        first = 0 if self.model.start_tokens() else 1
        return windows(len(tokens), size=WINDOW_TOKENS, stride=STRIDE_TOKENS, first=first)

    def take(self, tally: Tally, logs: Rows, came: Sequence[int]) -> NDArray[np.float64]:
        """Count tokens that came, and how surprising each was. Raises UserError(damaged_model)."""
        try:
            surprise = surprise_of(logs, came)
        except ValueError:
            raise UserError(Code.DAMAGED_MODEL, model=self.model.id) from None
        tally.add(len(came), sum(len(self.model.piece(token)) for token in came), float(surprise.sum()))
        return surprise

    def note(self, name: str, tally: Tally) -> None:
        """A text has been read."""
        self.whole.add(tally.tokens, tally.size_bytes, tally.surprise)
        self.texts.append(TextQuality(name, tally.tokens, tally.size_bytes, tally.perplexity, tally.bits_per_byte))

    def quality(self) -> ModelQuality:
        """All of it, as it is told."""
        return ModelQuality(
            id=self.model.id,
            size_bytes=self.size_bytes,
            memory_bytes=self.memory_bytes,
            read_tokens_per_s=statistics.median(self.reading),
            write_tokens_per_s=statistics.median(self.writing),
            spread=max(max(rates) / min(rates) for rates in (self.reading, self.writing)),
            tokens=self.whole.tokens,
            perplexity=self.whole.perplexity,
            bits_per_byte=self.whole.bits_per_byte,
            texts=tuple(self.texts),
        )


@dataclass(frozen=True, slots=True)
class _Text:
    name: str
    tokens: tuple[list[int], list[int]] = field(repr=False)  # each model's


class Measuring:
    """Two loaded models on some texts. `total_tokens` is what reading it all comes to."""

    def __init__(
        self, pair: tuple[Candidate, Candidate], texts: Sequence[tuple[str, str]], *, limit: int, threads: int
    ) -> None:
        """`texts`: (name, text); of each the first `limit` tokens of the first model are taken.

        Raises UserError(bad_request) where not one token could be scored.
        """
        self._pair = pair
        self._threads = threads
        self.same_vocabulary = same_vocabulary(pair[0].model, pair[1].model)
        cut = (self._cut(name, text, limit) for name, text in texts)
        self._texts = [text for text in cut if all(self._plans(text))]
        if not self._texts:
            raise UserError(Code.BAD_REQUEST, field="text", problem="too_short")
        scored = sum(w.end - w.start for text in self._texts for plan in self._plans(text) for w in plan)
        self.total_tokens = scored + (ROUNDS + 1) * len(pair) * (READ_TOKENS + WRITTEN_TOKENS)

    def run(self, said: Callable[[int], None]) -> Comparison:
        """Measure; `said` is told how many tokens more were read. Raises UserError(damaged_model)."""
        self._measure_costs(said)
        nearness = Nearness()
        for text in self._texts:
            if self.same_vocabulary:
                self._score_both(text, nearness, said)
                continue
            for candidate, tokens in zip(self._pair, text.tokens, strict=True):
                self._score_alone(candidate, text.name, tokens, said)
        near = nearness if self.same_vocabulary else None
        return Comparison(
            model=self._pair[0].quality(),
            other=self._pair[1].quality(),
            window_tokens=WINDOW_TOKENS,
            stride_tokens=STRIDE_TOKENS,
            memory_tokens=MEMORY_TOKENS,
            same_vocabulary=self.same_vocabulary,
            perplexity_ratio=None if near is None else near.ratio,
            perplexity_ratio_error=None if near is None else near.ratio_error,
            agreement=None if near is None else near.agreement,
            kl_divergence=None if near is None else near.kl_divergence,
        )

    def _cut(self, name: str, text: str, limit: int) -> _Text:
        first, second = (candidate.model for candidate in self._pair)
        tokens = first.tokenize(text, control=False)
        if len(tokens) > limit:  # cut as text, so that both models read the same
            text = b"".join(first.piece(token) for token in tokens[:limit]).decode("utf-8", "ignore")
            tokens = first.tokenize(text, control=False)
        return _Text(name, (tokens, tokens if self.same_vocabulary else second.tokenize(text, control=False)))

    def _plans(self, text: _Text) -> list[list[Window]]:
        return [candidate.plan(tokens) for candidate, tokens in zip(self._pair, text.tokens, strict=True)]

    def _score_both(self, text: _Text, nearness: Nearness, said: Callable[[int], None]) -> None:
        one, other = self._pair
        tokens = text.tokens[0]
        tally, of_other = Tally(), Tally()
        contexts = [self._scoring(candidate) for candidate in self._pair]
        try:
            readings = (scored_rows(context, tokens, one.plan(tokens)) for context in contexts)
            for (first, rows), (_, rows_of_other) in zip(*readings, strict=True):
                for at in range(0, len(rows), ROWS):
                    logs, logs_of_other = (log_probabilities(r[at : at + ROWS]) for r in (rows, rows_of_other))
                    came = tokens[first + at : first + at + len(logs)]
                    surprise, surprise_of_other = (
                        one.take(tally, logs, came),
                        other.take(of_other, logs_of_other, came),
                    )
                    nearness.add(logs, logs_of_other, surprise_of_other - surprise)
                said(2 * SCORED_BATCH)
        finally:
            for context in contexts:
                context.close()
        one.note(text.name, tally)
        other.note(text.name, of_other)

    def _score_alone(self, candidate: Candidate, name: str, tokens: list[int], said: Callable[[int], None]) -> None:
        tally = Tally()
        context = self._scoring(candidate)
        try:
            for first, rows in scored_rows(context, tokens, candidate.plan(tokens)):
                for at in range(0, len(rows), ROWS):
                    logs = log_probabilities(rows[at : at + ROWS])
                    candidate.take(tally, logs, tokens[first + at : first + at + len(logs)])
                said(SCORED_BATCH)
        finally:
            context.close()
        candidate.note(name, tally)

    def _scoring(self, candidate: Candidate) -> ScoringContext:
        tokens = WINDOW_TOKENS + len(candidate.model.start_tokens())
        return ScoringContext(candidate.model, tokens=tokens, batch_tokens=SCORED_BATCH, threads=self._threads)

    def _measure_costs(self, said: Callable[[int], None]) -> None:
        """Read and write in turns, so that a busy moment meets both; the first round only warms up."""
        contexts: list[ScoringContext] = []
        try:
            for number in range(ROUNDS + 1):
                for index, candidate in enumerate(self._pair):
                    before = resident_bytes()
                    if number == 0:
                        tokens = max(READ_TOKENS + WRITTEN_TOKENS, min(MEMORY_TOKENS, candidate.model.trained_tokens))
                        contexts.append(
                            ScoringContext(
                                candidate.model, tokens=tokens, batch_tokens=READ_TOKENS, threads=self._threads
                            )
                        )
                    reading, writing = read_and_write(
                        contexts[index], self._texts[0].tokens[index], read=READ_TOKENS, written=WRITTEN_TOKENS
                    )
                    if number == 0:
                        candidate.memory_bytes += resident_bytes() - before
                    else:
                        candidate.reading.append(reading)
                        candidate.writing.append(writing)
                    said(READ_TOKENS + WRITTEN_TOKENS)
        finally:
            for context in contexts:
                context.close()


def scored_rows(context: ScoringContext, tokens: Sequence[int], plan: Sequence[Window]) -> Iterator[tuple[int, Rows]]:
    """Read the windows; after each batch the number of the first token scored, and the scores, one row a token.

    A batch of which nothing is scored has no rows. Rows are valid until the next one.
    """
    before = context.model.start_tokens()
    for window in plan:
        context.clear()
        read = [*before, *tokens[window.start : window.end - 1]]  # the last one foretells nothing that is scored
        shift = window.start - len(before)  # read[i] is tokens[i + shift], and foretells the one after
        for at in range(0, len(read), context.batch_tokens):
            batch = read[at : at + context.batch_tokens]
            first = min(max(0, window.first - 1 - shift - at), len(batch))
            yield at + first + shift + 1, context.read(batch, start=at, first=first)


def read_and_write(context: ScoringContext, text: Sequence[int], *, read: int, written: int) -> tuple[float, float]:
    """Tokens a second, reading `read` tokens of a text (again from its start where it is shorter) and writing on.

    Writing ends after `written` tokens or WRITING_S.
    """
    tokens = (list(text) * (read // len(text) + 1))[:read]
    context.clear()
    began = time.perf_counter()
    rows = context.read(tokens, start=0, first=read - 1)
    reading_s = time.perf_counter() - began
    writing_s, number = 0.0, 0
    while number < written and writing_s < WRITING_S:
        rows = context.step([int(rows[0].argmax())], position=read + number)
        writing_s, number = time.perf_counter() - began - reading_s, number + 1
    return read / reading_s, number / writing_s


def same_vocabulary(model: LlamaModel, other: LlamaModel) -> bool:
    """Whether a token's number stands for the same text in both."""
    if model.vocabulary_size != other.vocabulary_size or model.start_tokens() != other.start_tokens():
        return False
    text = model.lib.llama_vocab_get_text
    return all(text(model.vocabulary, token) == text(other.vocabulary, token) for token in range(model.vocabulary_size))


def resident_bytes() -> int:
    """Memory of this process that is not swapped out, mapped files with it."""
    import psutil

    return int(psutil.Process().memory_info().rss)
