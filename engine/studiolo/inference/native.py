"""What every use of a llama_context needs: making one, filling its batch, breaking its work off.

Threads: the context's owner; an AbortFlag may be set and cleared from any.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from studiolo.errors import Code, EnvironmentFault
from studiolo.inference.model import LlamaModel


class AbortFlag:
    """llama.cpp's abort callback. It must live as long as the contexts it is installed for."""

    def __init__(self) -> None:
        # strlen() as the callback: native, so it never waits for Python's interpreter lock as a Python function would
        # at each of a thousand graph nodes. "" means go on, "x" means stop.
        self._flag = ctypes.create_string_buffer(2)
        self._libc = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("msvcrt")

    def install(self, params: Any) -> None:
        """Let contexts that are made with these `llama_context_params` ask the flag."""
        params.abort_callback = ctypes.cast(self._libc.strlen, type(params.abort_callback))
        params.abort_callback_data = ctypes.addressof(self._flag)

    def set(self) -> None:
        """Make what runs, and what is begun after it, end early."""
        self._flag.value = b"x"

    def clear(self) -> None:
        """Let it run again."""
        self._flag.value = b""


def new_context(model: LlamaModel, params: Any) -> Any:
    """A llama_context. Raises EnvironmentFault(not_enough_memory)."""
    handle = model.lib.llama_init_from_model(model.handle, params)
    if not handle:
        raise EnvironmentFault(Code.NOT_ENOUGH_MEMORY, model=model.id, needed_bytes=0, available_bytes=0, smaller="")
    return handle


def put(batch: Any, at: int, token: int, *, position: int, sequence: int, scored: bool) -> None:
    """Set the entry `at` of a llama_batch."""
    batch.token[at], batch.pos[at], batch.n_seq_id[at] = token, position, 1
    batch.seq_id[at][0] = sequence
    batch.logits[at] = scored
