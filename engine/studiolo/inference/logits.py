"""One short-lived llama_context that gives the scores of many tokens at once: for measuring, never for answering.

The engine's own context (`context.py`) keeps the scores of a batch's last token alone. Threads: one owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studiolo.errors import Code, EngineBug, UserError
from studiolo.inference.model import LlamaModel
from studiolo.inference.native import new_context, put


class ScoringContext:
    """Keys and values of `sequences` sequences; `batch_tokens` are read at a time and may all be scored."""

    def __init__(self, model: LlamaModel, *, tokens: int, batch_tokens: int, threads: int, sequences: int = 1) -> None:
        """`tokens` for each sequence. Raises EnvironmentFault(not_enough_memory)."""
        self.model = model
        self._lib: Any = model.lib
        params = self._lib.llama_context_default_params()
        params.n_ctx = tokens * sequences
        params.n_seq_max = sequences
        params.n_batch = params.n_ubatch = batch_tokens
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        self.handle: Any = new_context(model, params)
        self.batch_tokens = batch_tokens
        self._batch = self._lib.llama_batch_init(batch_tokens, 0, 1)

    def read(self, tokens: Sequence[int], *, start: int, first: int) -> NDArray[np.float32]:
        """Read a batch of sequence 0 from position `start` on; the scores after tokens[first:], one row a token.

        Shape (len(tokens) - first, vocabulary), in llama.cpp's memory: valid until the next call. Without a token to
        be scored (first >= len(tokens)) there are no rows. Raises UserError(damaged_model), EngineBug.
        """
        rows = max(0, len(tokens) - first)
        for at, token in enumerate(tokens):
            # with nothing to be scored the last token still is: not every architecture reads without a score
            put(self._batch, at, token, position=start + at, sequence=0, scored=at >= first or at == len(tokens) - 1)
        self._decode(len(tokens))
        return self._scores(max(rows, 1))[:rows]

    def step(self, tokens: Sequence[int], *, position: int) -> NDArray[np.float32]:
        """One more token for each of the first sequences, all at `position`: shape (len(tokens), vocabulary)."""
        for sequence, token in enumerate(tokens):
            put(self._batch, sequence, token, position=position, sequence=sequence, scored=True)
        self._decode(len(tokens))
        return self._scores(len(tokens))

    def clear(self) -> None:
        """Forget what all sequences hold."""
        self._lib.llama_memory_clear(self._lib.llama_get_memory(self.handle), True)

    def close(self) -> None:
        """Free the context; the model must still be there."""
        if self.handle:
            self._lib.llama_batch_free(self._batch)
            self._lib.llama_free(self.handle)
            self.handle = None

    def _decode(self, count: int) -> None:
        self._batch.n_tokens = count
        result = int(self._lib.llama_decode(self.handle, self._batch))
        if result:
            raise EngineBug(Code.INTERNAL, where=f"llama_decode {result}")

    def _scores(self, rows: int) -> NDArray[np.float32]:
        """The rows that were asked for stand one after another, in the order of the batch (llama.h)."""
        pointer = self._lib.llama_get_logits(self.handle)
        scores = np.ctypeslib.as_array(pointer, (rows, self.model.vocabulary_size)) if pointer else None
        if scores is None or not np.isfinite(scores[-1]).any():  # flipped bits in the weights load without complaint
            raise UserError(Code.DAMAGED_MODEL, model=self.model.id)
        return scores
