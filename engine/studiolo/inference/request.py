"""One request in a runtime: its tokens, and how far they have been read and written. Data only.

Threads: the runtime's owner.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from studiolo.inference.adapters import AdapterSet
from studiolo.inference.sampling import Sampler
from studiolo.inference.speculation import Drafts
from studiolo.inference.steps import Piece
from studiolo.types import Sampling, TokenLogprob


@dataclass(frozen=True, slots=True)
class StoredPart:
    """tokens[start:end] of a prompt, of which there is a stored reading behind `prefix`."""

    start: int
    end: int
    prefix: tuple[int, ...] = field(repr=False)


@dataclass(slots=True, eq=False)
class Request:
    """`tokens` are the prompt's and those written; what the sequence does not hold of them is to be run yet."""

    tokens: list[int] = field(repr=False)
    marks: list[int] = field(repr=False)  # what the cells of the tokens will be marked with
    prompt_size: int
    sampling: Sampling
    most: int  # tokens it may come to
    stored: list[StoredPart] = field(default_factory=list, repr=False)  # in order, those that are not there yet
    taken: list[StoredPart] = field(default_factory=list, repr=False)  # those that are there, in order
    exact: int = 0  # tokens, from the first on, to be kept when they have been read; 0 = none
    unloadable: bool = False  # they are stored, but could not be loaded
    keep: StoredPart | None = field(default=None, repr=False)  # what is read only to be stored
    groups: tuple[str, ...] = field(default=(), repr=False)
    adapters: AdapterSet = ()
    sequence: int = -1
    reused: int = 0
    loaded: int = 0
    sampler: Sampler | None = None
    drafts: Drafts | None = None  # None: each token is run alone
    draft: list[int] = field(default_factory=list, repr=False)  # what this batch checks behind the last of the tokens
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))
    pending: int = 0  # tokens whose text has not come out
    logprobs: list[TokenLogprob] = field(default_factory=list, repr=False)  # of these
    told: bool = False  # how much was reused
    ended: bool = False

    def border(self, start: int) -> int:
        """Where a batch that begins at `start` has to end: before what is loaded, and behind what is kept.

        What was written reproducibly and has to be read again, because the request was parked, is read as it was
        written, token after token: in one batch it would come out a little different, and so what follows.
        """
        if self.sampling.reproducible:
            return self.prompt_size if start < self.prompt_size else start + 1
        if self.stored:
            return self.stored[0].start
        if start < self.exact:
            return self.exact
        return self.keep.start if self.keep and start < self.keep.start else len(self.tokens)

    def piece(self, text: str) -> Piece:
        """A piece of `text` with all tokens that have come since the last one."""
        made = Piece(text, self.pending, tuple(self.logprobs))
        self.pending = 0
        self.logprobs.clear()
        return made
