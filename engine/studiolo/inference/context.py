"""One llama_context: what its sequences hold, and running the model over more of several of them at once.

All sequences share one pool of cells, a cell being the keys and values of one token. A sequence is a list of marks, a
mark telling what a cell holds: for a token that was read behind everything before it, its id. Two sequences that begin
with the same marks hold the same there, so one can take the cells of the other.

Must not know how a token is chosen or what text it writes. Threads: one owner; `abort` may be called from any.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from studiolo.errors import Code, EngineBug, UserError
from studiolo.inference.model import LlamaModel
from studiolo.inference.native import AbortFlag, new_context, put
from studiolo.inference.tuning import Tuning
from studiolo.models.memory import SCORE_ROWS

BATCH_TOKENS = 512
MOST_SCORES = SCORE_ROWS  # of one batch: the need of memory is told from it before a context is made
_ABORTED = 2  # llama.h, llama_decode: 2 - aborted


@dataclass(frozen=True, slots=True)
class Run:
    """More tokens of one sequence. Scores are kept for the last `scores` of them."""

    sequence: int
    tokens: Sequence[int] = field(repr=False)
    scores: int = 0
    marks: Sequence[int] | None = field(default=None, repr=False)  # where they are not the tokens


class LlamaContext:
    """Keys and values for some sequences, numbered from 0, which share `cells`."""

    def __init__(self, model: LlamaModel, *, cells: int, tuning: Tuning, sequences: int = 1) -> None:
        """Raises EnvironmentFault(not_enough_memory)."""
        self._lib = model.lib
        self._model = model
        self.tuning = tuning  # stored states depend on it
        self._abort = AbortFlag()
        params = self._lib.llama_context_default_params()
        params.n_ctx = min(cells, model.trained_tokens)
        params.n_seq_max = sequences + 1
        params.kv_unified = True
        tuning.apply(params, self._lib)
        params.n_batch = BATCH_TOKENS
        params.n_outputs_max = MOST_SCORES
        params.n_outputs_max_per_seq = 0  # as many as there are
        params.no_perf = True
        self._abort.install(params)
        self.handle: Any = new_context(model, params)
        self.cells = int(self._lib.llama_n_ctx_seq(self.handle))
        self._memory = self._lib.llama_get_memory(self.handle)
        self.can_shift = bool(self._lib.llama_memory_can_shift(self._memory))
        # memory that is one state for all tokens (recurrent models) lets go of none of them alone
        lib, handle = self._lib, model.handle
        self.can_cut = not (lib.llama_model_is_recurrent(handle) or lib.llama_model_is_hybrid(handle))
        self._batch = self._lib.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._held: list[list[int]] = [[] for _ in range(sequences)]
        self._scratch = sequences  # one more, for cells on their way from or to somewhere
        # Sequence -> where cells begin that llama.cpp has yet to turn to their new place, at the next decode's start.
        self._turning: dict[int, int] = {}

    @property
    def sequences(self) -> int:
        """How many there are."""
        return len(self._held)

    @property
    def free(self) -> int:
        """Cells that no sequence holds, at least: what two share is counted twice."""
        return self.cells - sum(map(len, self._held))

    def length(self, sequence: int) -> int:
        """Tokens that the sequence holds."""
        return len(self._held[sequence])

    def common(self, sequence: int, marks: Sequence[int]) -> int:
        """How many of `marks`, from the first on, the sequence holds."""
        same = 0
        for old, new in zip(self._held[sequence], marks, strict=False):
            if old != new:
                break
            same += 1
        return same

    def cut(self, sequence: int, length: int) -> int:
        """Drop what the sequence holds beyond `length`; how much it holds then."""
        if length >= len(self._held[sequence]):
            return len(self._held[sequence])
        if not self._lib.llama_memory_seq_rm(self._memory, sequence, length, -1):
            # memory that cannot be cut in the middle (recurrent models) can always let go of a whole sequence
            self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            length = 0
        del self._held[sequence][length:]
        return length

    def share(self, source: int, sequence: int, length: int) -> int:
        """Let an empty sequence begin with the first `length` of `source`, in the same cells; how much it holds then.

        0 where the memory of the model cannot be shared in part.
        """
        if not self.can_shift or length <= 0:
            return 0
        self._lib.llama_memory_seq_cp(self._memory, source, sequence, 0, length)
        self._held[sequence] = self._held[source][:length]
        return length

    def decode(self, runs: Sequence[Run]) -> list[int] | None:
        """Run the model over at most BATCH_TOKENS tokens; the row of the first score of each run, in order.

        None when aborted, with every sequence as it was before, but for what was loaded since the last one: that may
        be turned to its new place in some layers only, and goes. Raises EngineBug where llama.cpp fails.
        """
        batch, rows, at = self._batch, [], 0
        for run in runs:
            start, last = len(self._held[run.sequence]), at + len(run.tokens)
            rows.append(last - run.scores)
            for offset, token in enumerate(run.tokens):
                scored = last - at <= run.scores
                put(batch, at, token, position=start + offset, sequence=run.sequence, scored=scored)
                at += 1
        batch.n_tokens = at
        result = int(self._lib.llama_decode(self.handle, batch))
        if result == 0:
            self._turning.clear()
            for run in runs:
                self._held[run.sequence].extend(run.tokens if run.marks is None else run.marks)
            return rows
        for run in runs:
            self._undo(run.sequence)
        for sequence, length in self._turning.items():
            self.cut(sequence, length)
        self._turning.clear()
        if result == _ABORTED:
            return None
        raise EngineBug(Code.INTERNAL, where=f"llama_decode {result}")

    def refuse_nonsense(self, row: int) -> None:
        """Flipped bits in the weights load without complaint and show as scores that are no numbers.

        Raises UserError(damaged_model).
        """
        import numpy as np

        scores = self._lib.llama_get_logits_ith(self.handle, row)
        size = self._model.vocabulary_size
        if not scores or not np.isfinite(np.ctypeslib.as_array(scores, (size,))).any():
            raise UserError(Code.DAMAGED_MODEL, model=self._model.id)

    def save(self, sequence: int, start: int, end: int) -> memoryview:
        """The keys and values of a stretch of a sequence. Shiftable memory only."""
        memory, lib, scratch = self._memory, self._lib, self._scratch
        lib.llama_memory_seq_cp(memory, sequence, scratch, start, end)
        try:
            size = int(lib.llama_state_seq_get_size(self.handle, scratch))
            state = ctypes.create_string_buffer(size)
            data = ctypes.cast(state, ctypes.POINTER(ctypes.c_uint8))
            if int(lib.llama_state_seq_get_data(self.handle, data, size, scratch)) != size:
                raise EngineBug(Code.INTERNAL, where="llama_state_seq_get_data")
            return memoryview(state)
        finally:
            lib.llama_memory_seq_rm(memory, scratch, -1, -1)

    def load(self, state: memoryview, marks: Sequence[int], *, saved_at: int, sequence: int) -> bool:
        """Put a saved stretch, which began at `saved_at`, at the end of a sequence, moved to its new place.

        False where llama.cpp refuses it: no cells are free, or it is another context's.
        """
        import numpy as np

        memory, lib, scratch = self._memory, self._lib, self._scratch
        start = len(self._held[sequence])
        raw = np.frombuffer(state, np.uint8)  # the memory of a read-only view too
        data = ctypes.cast(raw.ctypes.data, ctypes.POINTER(ctypes.c_uint8))
        taken = int(lib.llama_state_seq_set_data(self.handle, data, len(raw), scratch)) == len(raw)
        if taken:
            if start != saved_at:
                lib.llama_memory_seq_add(memory, scratch, saved_at, saved_at + len(marks), start - saved_at)
                self._turning[sequence] = min(start, self._turning.get(sequence, start))
            lib.llama_memory_seq_cp(memory, scratch, sequence, start, start + len(marks))
            self._held[sequence].extend(marks)
        lib.llama_memory_seq_rm(memory, scratch, -1, -1)
        return taken

    def abort(self) -> None:
        """Make the running `decode` and those after it end early, until `resume`."""
        self._abort.set()

    def resume(self) -> None:
        """Let `decode` run again."""
        self._abort.clear()

    def close(self) -> None:
        """Free the context; the object is then unusable."""
        if self.handle:
            self._lib.llama_batch_free(self._batch)
            self._lib.llama_free(self.handle)
            self.handle = None

    def _undo(self, sequence: int) -> None:
        """Drop what an aborted batch has left of itself beyond what the sequence held."""
        held = self._held[sequence]
        if not self._lib.llama_memory_seq_rm(self._memory, sequence, len(held), -1):
            self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            held.clear()
