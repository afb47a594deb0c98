"""A model that generates, behind a small interface: token ids in, text out.

Must not know what a passage, a person or a conversation is.

Threads: everything but `tokenize` and `template` is for one thread, the scheduler's. `tokenize` only reads the
vocabulary and may be called from any.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from studiolo.cpu import worker_threads
from studiolo.errors import Code, UserError
from studiolo.inference.context import BATCH_TOKENS, LlamaContext
from studiolo.inference.model import LlamaModel
from studiolo.inference.sampling import Sampler
from studiolo.inference.template import ChatTemplate
from studiolo.jobs import CancelToken
from studiolo.types import Sampling

_SEQUENCE = 0  # the one that a request is served in


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of the prompt has been read."""

    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of the next token or tokens; never half a character."""

    text: str = field(repr=False)
    tokens: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Why generation stopped."""

    reason: Literal["stop", "length", "cancelled"]


Step = Reading | Piece | Ended


class Runtime(Protocol):
    """A loaded model with one sequence."""

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        ...

    @property
    def template(self) -> ChatTemplate:
        """The model's own chat template."""
        ...

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Token ids of `text`; special tokens are recognised only with `control`."""
        ...

    def generate(self, prompt: Sequence[int], *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        """Read the prompt (Reading...), write (Piece...), end (Ended)."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class LlamaRuntime:
    """A GGUF model and one context over it.

    The keys and values of the last prompt and answer stay, so that a prompt which begins the same is not read again.
    """

    def __init__(self, path: Path, *, model_id: str, context_tokens: int = 4096, threads: int = 0) -> None:
        """Load the file. Raises UserError(damaged_model), EnvironmentFault(not_enough_memory, unsupported_cpu)."""
        self.model = LlamaModel(path, model_id=model_id)
        try:
            self.template = self.model.chat_template()
            self._context = LlamaContext(self.model, sequence_tokens=context_tokens, threads=worker_threads(threads))
        except BaseException:
            self.model.close()
            raise
        self.context_tokens = self._context.sequence_tokens

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Token ids of `text`; special tokens are recognised only with `control`. No BOS is added."""
        return self.model.tokenize(text, control=control)

    def generate(self, prompt: Sequence[int], *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        """Read the prompt, then write until the model ends, `max_tokens`, the context's end, or cancel.

        Raises UserError(prompt_too_long), EngineBug where llama.cpp fails.
        """
        tokens = list(prompt)
        if not tokens or len(tokens) >= self.context_tokens:
            raise UserError(Code.PROMPT_TOO_LONG, tokens=len(tokens), limit=self.context_tokens - 1)
        self._context.resume()
        cancel.on_cancel(self._context.abort)
        reused = self._context.keep_common(_SEQUENCE, tokens)
        yield Reading(reused, len(tokens), reused)
        for start in range(reused, len(tokens), BATCH_TOKENS):
            batch = tokens[start : start + BATCH_TOKENS]
            if cancel.cancelled or not self._context.decode(_SEQUENCE, batch):
                yield Ended("cancelled")
                return
            yield Reading(start + len(batch), len(tokens), reused)
        self._context.refuse_nonsense()
        sampler = Sampler(self.model, sampling)
        try:
            yield from self._write(sampler, sampling.max_tokens, cancel)
        finally:
            sampler.close()

    def _write(self, sampler: Sampler, max_tokens: int, cancel: CancelToken) -> Iterator[Step]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pending = 0
        for _ in range(max_tokens):
            token = sampler.next(self._context)
            if self.model.ends(token):
                yield from _rest(decoder, pending)
                yield Ended("stop")
                return
            pending += 1
            text = decoder.decode(self.model.piece(token))
            if text:
                yield Piece(text, pending)
                pending = 0
            if self._context.length(_SEQUENCE) + 1 >= self.context_tokens:
                break
            if cancel.cancelled or not self._context.decode(_SEQUENCE, [token]):
                yield from _rest(decoder, pending)
                yield Ended("cancelled")
                return
        yield from _rest(decoder, pending)
        yield Ended("length")

    def close(self) -> None:
        """Free context and model; the object is then unusable."""
        self._context.close()
        self.model.close()


def _rest(decoder: codecs.IncrementalDecoder, pending: int) -> Iterator[Piece]:
    text = decoder.decode(b"", final=True)
    if text or pending:
        yield Piece(text, pending)
