"""One llama_context: what its sequences hold, and running the model over more of one of them.

Must not know how a token is chosen or what text it writes. Threads: one owner; `abort` may be called from any.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

from studiolo.errors import Code, EngineBug, EnvironmentFault, UserError
from studiolo.inference.model import LlamaModel

BATCH_TOKENS = 512
_ABORTED = 2  # llama.h, llama_decode: 2 - aborted


class LlamaContext:
    """Keys and values for some sequences, numbered from 0, each with room for `sequence_tokens`."""

    def __init__(self, model: LlamaModel, *, sequence_tokens: int, threads: int, sequences: int = 1) -> None:
        """Raises EnvironmentFault(not_enough_memory)."""
        self._lib = model.lib
        self._model = model
        # strlen() as llama.cpp's abort callback: native, so it never waits for Python's interpreter lock as a
        # Python function would at each of a thousand graph nodes. "" means go on, "x" means stop.
        self._abort_flag = ctypes.create_string_buffer(2)
        params = self._lib.llama_context_default_params()
        params.n_ctx = min(sequence_tokens, model.trained_tokens) * sequences
        params.n_seq_max = sequences
        params.n_batch = BATCH_TOKENS
        params.n_ubatch = BATCH_TOKENS
        params.n_threads = threads
        params.n_threads_batch = threads
        params.no_perf = True
        libc = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("msvcrt")
        params.abort_callback = ctypes.cast(libc.strlen, type(params.abort_callback))
        params.abort_callback_data = ctypes.addressof(self._abort_flag)
        self.handle: Any = self._lib.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise EnvironmentFault(
                Code.NOT_ENOUGH_MEMORY, model=model.id, needed_bytes=0, available_bytes=0, smaller=""
            )
        self.sequence_tokens = int(self._lib.llama_n_ctx_seq(self.handle))
        self._memory = self._lib.llama_get_memory(self.handle)
        self._batch = self._lib.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._held: list[list[int]] = [[] for _ in range(sequences)]

    def length(self, sequence: int) -> int:
        """Tokens that the sequence holds."""
        return len(self._held[sequence])

    def keep_common(self, sequence: int, tokens: Sequence[int]) -> int:
        """Cut the sequence to its common beginning with `tokens`; how many of them need not be read again.

        The last of `tokens` is always to be read: its scores are needed.
        """
        held = self._held[sequence]
        same = 0
        for old, new in zip(held, tokens[:-1], strict=False):
            if old != new:
                break
            same += 1
        return self._cut(sequence, same)

    def decode(self, sequence: int, tokens: Sequence[int]) -> bool:
        """Run the model over at most BATCH_TOKENS more of the sequence; scores are kept for the last of them.

        False when aborted, with the sequence as it was before. Raises EngineBug where llama.cpp fails.
        """
        held = self._held[sequence]
        batch = self._batch
        batch.n_tokens = len(tokens)
        for at, token in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = len(held) + at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = 0
        batch.logits[len(tokens) - 1] = 1
        result = int(self._lib.llama_decode(self.handle, batch))
        if result == 0:
            held.extend(tokens)
            return True
        self._cut(sequence, len(held))
        if result == _ABORTED:
            return False
        raise EngineBug(Code.INTERNAL, where=f"llama_decode {result}")

    def refuse_nonsense(self) -> None:
        """Flipped bits in the weights load without complaint and show as scores that are no numbers.

        Raises UserError(damaged_model).
        """
        import numpy as np

        scores = self._lib.llama_get_logits_ith(self.handle, -1)
        size = self._model.vocabulary_size
        if not scores or not np.isfinite(np.ctypeslib.as_array(scores, (size,))).any():
            raise UserError(Code.DAMAGED_MODEL, model=self._model.id)

    def abort(self) -> None:
        """Make the running `decode` and those after it end early, until `resume`."""
        self._abort_flag.value = b"x"

    def resume(self) -> None:
        """Let `decode` run again."""
        self._abort_flag.value = b""

    def close(self) -> None:
        """Free the context; the object is then unusable."""
        if self.handle:
            self._lib.llama_batch_free(self._batch)
            self._lib.llama_free(self.handle)
            self.handle = None

    def _cut(self, sequence: int, length: int) -> int:
        """Drop what the sequence holds beyond `length`; how much it holds then."""
        if not self._lib.llama_memory_seq_rm(self._memory, sequence, length, -1):
            # memory that cannot be cut in the middle (recurrent models) can always let go of a whole sequence
            self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            length = 0
        del self._held[sequence][length:]
        return length
