"""llama.cpp behind a small interface. The only module that imports llama_cpp, and where its failures get our names.

Must not know what a passage, a person or a conversation is: token ids in, text out.

Threads: everything but `tokenize` and `template` is for one thread, the scheduler's. `tokenize` only reads the
vocabulary and may be called from any.

Source: llama.h of llama.cpp (https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h).
"""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from studiolo.cpu import require_avx2, worker_threads
from studiolo.errors import Code, EngineBug, EnvironmentFault, UserError, import_failed
from studiolo.inference.template import ChatTemplate
from studiolo.jobs import CancelToken
from studiolo.types import Sampling

BATCH_TOKENS = 512


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


def library() -> Any:
    """The llama_cpp module, quiet. Raises EnvironmentFault(unsupported_cpu, missing_package)."""
    require_avx2()
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        import llama_cpp  # noqa: TID251 - the one place
    except (ImportError, OSError, RuntimeError, MemoryError) as error:
        raise import_failed(error, package="llama-cpp-python") from None
    if not _LOG:
        quiet = llama_cpp.llama_log_callback(_no_log)
        llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
        _LOG.append(quiet)
        llama_cpp.llama_backend_init()
    return llama_cpp


_LOG: list[Any] = []  # keeps the callback alive: C holds the only other reference


def _no_log(_level: int, _text: bytes, _data: Any) -> None:
    """llama.cpp prints pieces of prompts in debug builds; nothing of it is kept."""


class LlamaRuntime:
    """A GGUF model and one context over it.

    The keys and values of the last prompt and answer stay, so that a prompt which begins the same is not read again.
    """

    def __init__(self, path: Path, *, model_id: str, context_tokens: int = 4096, threads: int = 0) -> None:
        """Load the file. Raises UserError(damaged_model), EnvironmentFault(not_enough_memory, unsupported_cpu)."""
        self._lib = library()
        self._model_id = model_id
        params = self._lib.llama_model_default_params()
        params.n_gpu_layers = 0
        self._model = self._lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise UserError(Code.DAMAGED_MODEL, model=model_id)
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        trained = int(self._lib.llama_model_n_ctx_train(self._model))
        # strlen() as llama.cpp's abort callback: native, so it never waits for Python's interpreter lock as a
        # Python function would at each of a thousand graph nodes. "" means go on, "x" means stop.
        self._abort_flag = ctypes.create_string_buffer(2)
        self._context = self._new_context(min(context_tokens, trained), threads=worker_threads(threads))
        self.context_tokens = int(self._lib.llama_n_ctx(self._context))
        self._memory = self._lib.llama_get_memory(self._context)
        self._cached: list[int] = []
        self.template = self._load_template()

    def _new_context(self, context_tokens: int, *, threads: int) -> Any:
        params = self._lib.llama_context_default_params()
        params.n_ctx = context_tokens
        params.n_batch = BATCH_TOKENS
        params.n_ubatch = BATCH_TOKENS
        params.n_threads = threads
        params.n_threads_batch = threads
        params.no_perf = True
        libc = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("msvcrt")
        params.abort_callback = ctypes.cast(libc.strlen, type(params.abort_callback))
        params.abort_callback_data = ctypes.addressof(self._abort_flag)
        context = self._lib.llama_init_from_model(self._model, params)
        if not context:
            self._lib.llama_model_free(self._model)
            raise EnvironmentFault(
                Code.NOT_ENOUGH_MEMORY, model=self._model_id, needed_bytes=0, available_bytes=0, smaller=""
            )
        return context

    def _load_template(self) -> ChatTemplate:
        raw = self._lib.llama_model_chat_template(self._model, None)
        source = raw.decode("utf-8", "replace") if raw else ""
        return ChatTemplate(source, bos=self._text_of("bos"), eos=self._text_of("eos"))

    def _text_of(self, name: Literal["bos", "eos"]) -> str:
        token = getattr(self._lib, f"llama_vocab_{name}")(self._vocab)
        if token < 0:
            return ""
        text: bytes = self._lib.llama_vocab_get_text(self._vocab, token) or b""
        return text.decode("utf-8", "replace")

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Token ids of `text`; special tokens are recognised only with `control`. No BOS is added."""
        raw = text.encode("utf-8", "replace")
        size = len(raw) + 8
        while True:
            ids = (self._lib.llama_token * size)()
            count = self._lib.llama_tokenize(self._vocab, raw, len(raw), ids, size, False, control)
            if count >= 0:
                return list(ids[:count])
            size = -count

    def control_tokens(self) -> dict[int, str]:
        """Every control token of the vocabulary, id -> text."""
        count = self._lib.llama_vocab_n_tokens(self._vocab)
        return {
            token: self._lib.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace")
            for token in range(count)
            if self._lib.llama_vocab_is_control(self._vocab, token)
        }

    def start_tokens(self) -> list[int]:
        """What the vocabulary puts before any prompt: BOS where the model wants it."""
        if self._lib.llama_vocab_get_add_bos(self._vocab):
            return [int(self._lib.llama_vocab_bos(self._vocab))]
        return []

    def generate(self, prompt: Sequence[int], *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        """Read the prompt, then write until the model ends, `max_tokens`, the context's end, or cancel.

        Raises UserError(prompt_too_long), EngineBug where llama.cpp fails.
        """
        tokens = list(prompt)
        if not tokens or len(tokens) >= self.context_tokens:
            raise UserError(Code.PROMPT_TOO_LONG, tokens=len(tokens), limit=self.context_tokens - 1)
        self._abort_flag.value = b""
        cancel.on_cancel(self._abort)
        reused = self._reuse(tokens)
        yield Reading(reused, len(tokens), reused)
        for start in range(reused, len(tokens), BATCH_TOKENS):
            batch = tokens[start : start + BATCH_TOKENS]
            if cancel.cancelled or not self._decode(batch):
                yield Ended("cancelled")
                return
            yield Reading(start + len(batch), len(tokens), reused)
        self._refuse_nonsense()
        yield from self._write(sampling, cancel)

    def _write(self, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        sampler = self._sampler(sampling)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pending = 0
        try:
            for _ in range(sampling.max_tokens):
                token = int(self._lib.llama_sampler_sample(sampler, self._context, -1))
                if self._lib.llama_vocab_is_eog(self._vocab, token):
                    yield from _rest(decoder, pending)
                    yield Ended("stop")
                    return
                pending += 1
                text = decoder.decode(self._piece(token))
                if text:
                    yield Piece(text, pending)
                    pending = 0
                if len(self._cached) + 1 >= self.context_tokens:
                    break
                if cancel.cancelled or not self._decode([token]):
                    yield from _rest(decoder, pending)
                    yield Ended("cancelled")
                    return
            yield from _rest(decoder, pending)
            yield Ended("length")
        finally:
            self._lib.llama_sampler_free(sampler)

    def _refuse_nonsense(self) -> None:
        """Flipped bits in the weights load without complaint and show as scores that are no numbers."""
        import numpy as np

        scores = self._lib.llama_get_logits_ith(self._context, -1)
        count = self._lib.llama_vocab_n_tokens(self._vocab)
        if not scores or not np.isfinite(np.ctypeslib.as_array(scores, (count,))).any():
            raise UserError(Code.DAMAGED_MODEL, model=self._model_id)

    def _abort(self) -> None:
        self._abort_flag.value = b"x"

    def _reuse(self, tokens: list[int]) -> int:
        """Drop what the context holds beyond the common beginning; how many tokens need not be read again."""
        same = 0
        for old, new in zip(self._cached, tokens[:-1], strict=False):  # the last token is always read: it has logits
            if old != new:
                break
            same += 1
        if not self._lib.llama_memory_seq_rm(self._memory, 0, same, -1):
            self._lib.llama_memory_clear(self._memory, True)  # memory that cannot be cut (recurrent models)
            same = 0
        del self._cached[same:]
        return same

    def _decode(self, tokens: list[int]) -> bool:
        """Run the model over `tokens`; False when cancelled, with the context as it was before."""
        ids = (self._lib.llama_token * len(tokens))(*tokens)
        result = int(self._lib.llama_decode(self._context, self._lib.llama_batch_get_one(ids, len(tokens))))
        if result == 0:
            self._cached.extend(tokens)
            return True
        if not self._lib.llama_memory_seq_rm(self._memory, 0, len(self._cached), -1):
            self._lib.llama_memory_clear(self._memory, True)
            self._cached.clear()
        if result == 2:  # llama.h: 2 - aborted
            return False
        raise EngineBug(Code.INTERNAL, where=f"llama_decode {result}")

    def _sampler(self, sampling: Sampling) -> Any:
        chain = self._lib.llama_sampler_chain_init(self._lib.llama_sampler_chain_default_params())
        if sampling.temperature <= 0:
            self._lib.llama_sampler_chain_add(chain, self._lib.llama_sampler_init_greedy())
            return chain
        for part in (
            # min-p first: it drops nearly all candidates without sorting them, which top-p has to do
            self._lib.llama_sampler_init_min_p(sampling.min_p, 1),
            self._lib.llama_sampler_init_top_p(sampling.top_p, 1),
            self._lib.llama_sampler_init_temp(sampling.temperature),
            self._lib.llama_sampler_init_dist(sampling.seed & 0xFFFFFFFF),
        ):
            self._lib.llama_sampler_chain_add(chain, part)
        return chain

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self._lib.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(0, size)]

    def close(self) -> None:
        """Free context and model; the object is then unusable."""
        if self._context:
            self._lib.llama_free(self._context)
            self._lib.llama_model_free(self._model)
            self._context = self._model = None


def _rest(decoder: codecs.IncrementalDecoder, pending: int) -> Iterator[Piece]:
    text = decoder.decode(b"", final=True)
    if text or pending:
        yield Piece(text, pending)
