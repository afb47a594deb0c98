"""One loaded model file: its weights, its vocabulary and its chat template. Must not know of contexts or requests.

Threads: after loading everything here only reads the model, so any thread may call it; `close` is the owner's.
"""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path
from typing import Any, Literal

from studiolo.errors import Code, UserError
from studiolo.inference.library import library
from studiolo.inference.template import ChatTemplate

_PIECE_BYTES = 256


class LlamaModel:
    """A GGUF file in memory. `lib` is the llama_cpp module; `handle` and `vocabulary` are its pointers."""

    def __init__(self, path: Path, *, model_id: str) -> None:
        """Load the file. Raises UserError(damaged_model), EnvironmentFault(unsupported_cpu, missing_package)."""
        self.lib: Any = library()
        self.id = model_id
        params = self.lib.llama_model_default_params()
        params.n_gpu_layers = 0
        self.handle: Any = self.lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise UserError(Code.DAMAGED_MODEL, model=model_id)
        self.vocabulary: Any = self.lib.llama_model_get_vocab(self.handle)
        self.vocabulary_size = int(self.lib.llama_vocab_n_tokens(self.vocabulary))
        self.trained_tokens = int(self.lib.llama_model_n_ctx_train(self.handle))

    def chat_template(self) -> ChatTemplate:
        """The file's own. Raises UserError(damaged_model) where it does not compile."""
        raw = self.lib.llama_model_chat_template(self.handle, None)
        source = raw.decode("utf-8", "replace") if raw else ""
        bos = self._text_of("bos")
        opening = bos if self.start_tokens() else ""
        return ChatTemplate(source, bos=bos, eos=self._text_of("eos"), opening=opening)

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Token ids of `text`; special tokens are recognised only with `control`. No BOS is added."""
        raw = text.encode("utf-8", "replace")
        size = len(raw) + 8
        while True:
            ids = (self.lib.llama_token * size)()
            count = self.lib.llama_tokenize(self.vocabulary, raw, len(raw), ids, size, False, control)
            if count >= 0:
                return list(ids[:count])
            size = -count

    def piece(self, token: int) -> bytes:
        """What a token writes, UTF-8 that may begin or end inside a character; b"" for a control token."""
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        size = self.lib.llama_token_to_piece(self.vocabulary, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[: max(0, size)]

    @functools.cached_property
    def spelled(self) -> tuple[Any, Any]:
        """Code points of all tokens' texts one behind another, and where each begins: int arrays, the second (n + 1,).

        What is no whole character counts as U+FFFD, what is no text as one character.
        """
        import numpy as np

        texts = [self.piece(token).decode("utf-8", "replace") or "\ufffd" for token in range(self.vocabulary_size)]
        starts = np.cumsum([0, *(len(text) for text in texts)])
        return np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32), starts

    def ends(self, token: int) -> bool:
        """Whether the model says with `token` that it has finished."""
        return bool(self.lib.llama_vocab_is_eog(self.vocabulary, token))

    def control_tokens(self) -> dict[int, str]:
        """Every control token of the vocabulary, id -> text."""
        return {
            token: self.lib.llama_vocab_get_text(self.vocabulary, token).decode("utf-8", "replace")
            for token in range(self.vocabulary_size)
            if self.lib.llama_vocab_is_control(self.vocabulary, token)
        }

    def start_tokens(self) -> list[int]:
        """What the vocabulary puts before any prompt: BOS where the model wants it."""
        if self.lib.llama_vocab_get_add_bos(self.vocabulary):
            return [int(self.lib.llama_vocab_bos(self.vocabulary))]
        return []

    def close(self) -> None:
        """Free the weights; contexts over it must have been closed."""
        if self.handle:
            self.lib.llama_model_free(self.handle)
            self.handle = self.vocabulary = None

    def _text_of(self, name: Literal["bos", "eos"]) -> str:
        token = getattr(self.lib, f"llama_vocab_{name}")(self.vocabulary)
        if token < 0:
            return ""
        text: bytes = self.lib.llama_vocab_get_text(self.vocabulary, token) or b""
        return text.decode("utf-8", "replace")
