"""Readings of one loaded model: cells of its context that go to the store on disk and come back from it.

A part that was read behind some prefix can stand behind anything else later, moved to its new place: what it says of
itself is there, what it would have made of what now stands before it is not. Read from the very start (with an empty
prefix) it is exact. Such cells carry marks of their own, so that nobody takes a part that was loaded for one that was
read in place.

Threads: the context's owner; `contains` may be called from any. Writing to the disk happens on a thread of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from studiolo.inference.context import LlamaContext
from studiolo.inference.library import build
from studiolo.inference.readings import ReadingStore
from studiolo.inference.readings_key import ReadingKey

_MARK_BITS = 20  # tokens of a part, at most
_WAITING = 4  # readings on their way to the disk, at most; more are dropped: they are in memory all that time

log = logging.getLogger(__name__)


class StoredReadings:
    """The readings that a context can take up."""

    def __init__(self, store: ReadingStore, context: LlamaContext, *, model_digest: str) -> None:
        """`model_digest`: SHA-256 of the model file, hex."""
        self._store = store
        self._context = context
        self._model = model_digest
        self._build = build()
        self._numbers: dict[str, int] = {}  # a key's digest -> what its marks are made of
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="readings")
        self._writing: set[str] = set()

    def contains(self, prefix: Sequence[int], part: Sequence[int]) -> bool:
        """Whether `part`, read behind `prefix`, is stored or on its way there."""
        key = self._key(prefix, part)
        return key.digest in self._writing or self._store.contains(key)

    def marks(self, prefix: Sequence[int], part: Sequence[int]) -> list[int]:
        """The marks of its cells: those of no token and of no other part. An exact reading has its tokens."""
        if not prefix:
            return list(part)
        number = self._numbers.setdefault(self._key(prefix, part).digest, len(self._numbers) + 1)
        return [-((number << _MARK_BITS) + at) for at in range(len(part))]

    def load(self, sequence: int, prefix: Sequence[int], part: Sequence[int]) -> bool:
        """Put it at the end of a sequence; False where there is none after all, or no room."""
        reading = self._store.get(self._key(prefix, part))
        if reading is None:
            return False
        with reading:
            marks = self.marks(prefix, part)
            return reading.tokens == len(part) and self._context.load(
                reading.data, marks, saved_at=len(prefix), sequence=sequence
            )

    def save(self, sequence: int, prefix: Sequence[int], part: Sequence[int], groups: Sequence[str]) -> None:
        """Keep the cells of `part`, which stand in a sequence right behind `prefix`; written in the background."""
        key = self._key(prefix, part)
        if len(self._writing) >= _WAITING or self.contains(prefix, part):
            return
        state = self._context.save(sequence, len(prefix), len(prefix) + len(part))
        self._writing.add(key.digest)

        def write() -> None:
            try:
                if not self._store.put(key, state, tokens=len(part), groups=groups):
                    log.info("a reading of %d bytes was not kept", len(state))
            finally:
                self._writing.discard(key.digest)

        self._writer.submit(write)

    def close(self) -> None:
        """Finish what is being written."""
        self._writer.shutdown(wait=True)

    def _key(self, prefix: Sequence[int], part: Sequence[int]) -> ReadingKey:
        return ReadingKey(
            model=self._model,
            build=self._build,
            prefix=tuple(prefix),
            part=tuple(part),
            key_type="f16",
            value_type="f16",
            flash_attention=True,
        )
