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
from itertools import accumulate

from studiolo.inference.adapters import AdapterSet, adapter_set
from studiolo.inference.context import LlamaContext
from studiolo.inference.library import build
from studiolo.inference.readings import ReadingStore
from studiolo.inference.readings_key import ReadingKey, model_group
from studiolo.inference.request import Request, StoredPart
from studiolo.inference.steps import Prompt

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

    def contains(self, prefix: Sequence[int], part: Sequence[int], adapters: AdapterSet = ()) -> bool:
        """Whether `part`, read behind `prefix` with these adapters, is stored or on its way there."""
        key = self._key(prefix, part, adapters)
        return key.digest in self._writing or self._store.contains(key)

    def holds(self, prompt: Prompt) -> bool:
        """Whether all of a prompt that may come from stored readings is there, and something may. Any thread."""
        wanted = [(prefix, prompt.parts[number]) for number, prefix in prompt.behind.items()]
        if prompt.exact:
            wanted.append(((), tuple(token for part in prompt.parts[: prompt.exact] for token in part)))
        adapters = adapter_set(prompt.adapters)
        return bool(wanted) and all(self.contains(prefix, part, adapters) for prefix, part in wanted)

    def note(self, request: Request, prompt: Prompt) -> None:
        """Find out what of a prompt is stored, and what of it is to be."""
        ends = list(accumulate(map(len, prompt.parts)))
        for number, prefix in sorted(prompt.behind.items()):
            part = StoredPart(ends[number] - len(prompt.parts[number]), ends[number], prefix)
            if prompt.keep and number == len(ends) - 1:
                request.keep = part
            elif part.end < len(request.tokens) and self.contains(prefix, prompt.parts[number], request.adapters):
                request.stored.append(part)
                request.marks[part.start : part.end] = self._marks(prefix, prompt.parts[number], request.adapters)
        if prompt.exact and not request.stored:
            request.exact = ends[prompt.exact - 1]

    def take_up(self, request: Request) -> None:
        """Load what is stored from where the request's sequence ends, as far as one part follows another."""
        context, sequence, exact = self._context, request.sequence, request.exact
        held = context.length(sequence)
        wanted = held < exact < len(request.tokens) and not request.unloadable
        if wanted and self._store.contains(self._key((), request.tokens[:exact], request.adapters)):
            context.cut(sequence, 0)
            if self._load(request, (), request.tokens[:exact]):
                request.reused, request.loaded = 0, exact
            else:  # once: what is read from here on must not be thrown away for another try
                request.reused, request.unloadable = 0, True
        while request.stored:
            part, held = request.stored[0], context.length(sequence)
            if held < part.start:
                return
            request.stored.pop(0)
            if held >= part.end:
                request.taken.append(part)
                continue
            context.cut(sequence, part.start)  # a part is there whole or not at all
            tokens = request.tokens[part.start : part.end]
            if self._load(request, part.prefix, tokens):
                request.taken.append(part)
                request.loaded += len(tokens)
            else:  # damaged, or just evicted: it is read where it stands
                request.marks[part.start : part.end] = tokens

    def put_back(self, request: Request) -> None:
        """What the request's sequence has lost of what was taken up is to be taken up again."""
        held = self._context.length(request.sequence)
        while request.taken and request.taken[-1].end > held:
            part = request.taken.pop()
            request.stored.insert(0, part)
            if part.start < request.reused:
                request.reused = part.start
            else:
                request.loaded -= part.end - part.start

    def keep(self, request: Request) -> None:
        """Store what a request has just read, where it is to be."""
        held = self._context.length(request.sequence)
        if request.exact and held == request.exact:
            self._save(request, (), request.tokens[:held])
        if request.keep is not None and held == request.keep.end:
            self._save(request, request.keep.prefix, request.tokens[request.keep.start : held])

    def close(self) -> None:
        """Finish what is being written."""
        self._writer.shutdown(wait=True)

    def _marks(self, prefix: Sequence[int], part: Sequence[int], adapters: AdapterSet) -> list[int]:
        """The marks of its cells: those of no token and of no other part. An exact reading has its tokens."""
        if not prefix:
            return list(part)
        number = self._numbers.setdefault(self._key(prefix, part, adapters).digest, len(self._numbers) + 1)
        return [-((number << _MARK_BITS) + at) for at in range(len(part))]

    def _load(self, request: Request, prefix: Sequence[int], part: Sequence[int]) -> bool:
        """Put it at the end of the request's sequence; False where there is none after all, or no room."""
        reading = self._store.get(self._key(prefix, part, request.adapters))
        if reading is None:
            return False
        with reading:
            marks = self._marks(prefix, part, request.adapters)
            return reading.tokens == len(part) and self._context.load(
                reading.data, marks, saved_at=len(prefix), sequence=request.sequence
            )

    def _save(self, request: Request, prefix: Sequence[int], part: Sequence[int]) -> None:
        """Keep the cells of `part`, which stand in the request's sequence right behind `prefix`; written in the
        background.
        """
        key = self._key(prefix, part, request.adapters)
        if len(self._writing) >= _WAITING or self.contains(prefix, part, request.adapters):
            return
        groups = (*request.groups, *map(model_group, (self._model, *(digest for digest, _ in request.adapters))))
        state = self._context.save(request.sequence, len(prefix), len(prefix) + len(part))
        self._writing.add(key.digest)

        def write() -> None:
            try:
                if not self._store.put(key, state, tokens=len(part), groups=groups):
                    log.info("a reading of %d bytes was not kept", len(state))
            finally:
                self._writing.discard(key.digest)

        self._writer.submit(write)

    def _key(self, prefix: Sequence[int], part: Sequence[int], adapters: AdapterSet = ()) -> ReadingKey:
        tuning = self._context.tuning
        return ReadingKey(
            model=self._model,
            build=self._build,
            prefix=tuple(prefix),
            part=tuple(part),
            key_type=tuning.kv_type,
            value_type=tuning.kv_type,
            flash_attention=tuning.flash_attention,
            adapters=adapters,
        )
