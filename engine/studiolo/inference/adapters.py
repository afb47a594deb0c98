"""LoRA adapters over a loaded model: loaded once, then put into a context and taken out between two batches.

An adapter changes what its model writes, and the keys and values too: what was read with one is of no use without it.
A context works with one set of adapters at a time, for all its sequences: requests with different ones take turns.
Which file fits which model, `models/adapters.py` says. Threads: the owner's of the contexts.

Source: llama.h, "Adapters"; Hu et al. 2021, LoRA (https://arxiv.org/abs/2106.09685).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studiolo.errors import Code, EngineBug, EnvironmentFault, UserError
from studiolo.inference.fit import free_for_models
from studiolo.inference.model import LlamaModel
from studiolo.models.adapters import AdapterFile
from studiolo.models.gguf import read_gguf

KEPT = 4  # adapters in memory that nobody uses just now
_TURN_TOKENS = 16  # run one after another before others' turn: putting adapters in costs part of a token's time

AdapterSet = tuple[tuple[str, float], ...]
"""What keys and values depend on: the SHA-256 of each file and its scale, in one order; () = the model alone."""


class LlamaAdapter:
    """A LoRA adapter in memory. `handle` is llama.cpp's pointer. Contexts made before it was loaded can use it too."""

    def __init__(self, model: LlamaModel, path: Path, *, adapter_id: str) -> None:
        """Load the file over `model`.

        Raises UserError: damaged_model; model_kind where it is no LoRA adapter; adapter_misfit where its architecture
        or its tensors' shapes are another model's; unknown_adapter where the file is gone. Raises EnvironmentFault:
        not_enough_memory.
        """
        self.id = adapter_id
        self._model = model
        if not path.exists():  # removed since it was named
            raise UserError(Code.UNKNOWN_ADAPTER, adapter=adapter_id, known="")
        try:
            info = read_gguf(path)  # llama.cpp ends the process on some files that this refuses
        except UserError:
            raise UserError(Code.DAMAGED_MODEL, model=adapter_id) from None
        if info.type != "adapter" or info.adapter_type != "lora":
            raise UserError(Code.MODEL_KIND, model=adapter_id, kind=info.type or "model", needed="adapter")
        free = free_for_models()
        if info.size_bytes > free:
            raise EnvironmentFault(
                Code.NOT_ENOUGH_MEMORY,
                model=adapter_id,
                needed_bytes=info.size_bytes,
                available_bytes=free,
                smaller="",
            )
        self.handle: Any = model.lib.llama_adapter_lora_init(model.handle, os.fsencode(path))
        if not self.handle:
            raise UserError(Code.ADAPTER_MISFIT, adapter=adapter_id, model=model.id)
        if model.lib.llama_adapter_get_alora_n_invocation_tokens(self.handle):  # to be put in from a certain token on
            self.close()
            raise UserError(Code.MODEL_KIND, model=adapter_id, kind="aLoRA", needed="adapter (LoRA)")

    def close(self) -> None:
        """Free it: before its model, and when no context uses it any more."""
        if self.handle and self._model.handle:  # freeing the model has freed its adapters
            self._model.lib.llama_adapter_lora_free(self.handle)
        self.handle = None


def use_adapters(model: LlamaModel, context: Any, scales: Mapping[LlamaAdapter, float]) -> None:
    """From the next batch on, a llama_context works with these adapters, each times its scale, and with no other.

    Nothing is loaded again. Raises EngineBug where llama.cpp refuses.
    """
    lib = model.lib
    handles = (lib.llama_adapter_lora_p_ctypes * len(scales))(*(adapter.handle for adapter in scales))
    factors = (lib.ctypes.c_float * len(scales))(*scales.values())
    result = int(lib.llama_set_adapters_lora(context, handles, len(scales), factors))
    if result:
        raise EngineBug(Code.INTERNAL, where=f"llama_set_adapters_lora {result}")


def adapter_set(adapters: Sequence[AdapterFile]) -> AdapterSet:
    """What keys and values depend on, where these are put in."""
    return tuple((one.digest, one.scale) for one in adapters)


class ContextAdapters:
    """The adapters of one context: which are loaded, which are put in, and with which each sequence was read."""

    def __init__(self, model: LlamaModel, context: Any, *, sequences: int) -> None:
        """`context`: the llama_context."""
        self._model, self._context = model, context
        self._loaded: dict[str, LlamaAdapter] = {}  # by digest, the one that was used longest ago first
        self._users: dict[object, AdapterSet] = {}
        self._put_in: AdapterSet = ()
        self._spent = 0  # tokens of this turn
        self._read_with: list[AdapterSet] = [()] * sequences

    def hold(self, user: object, adapters: Sequence[AdapterFile]) -> AdapterSet:
        """Load those that are not, and keep them until `let_go`; of what nobody holds, only some stay.

        Raises as LlamaAdapter does.
        """
        for one in adapters:
            adapter = self._loaded.pop(one.digest, None)
            self._loaded[one.digest] = adapter or LlamaAdapter(self._model, one.path, adapter_id=one.id)
        self._users[user] = adapter_set(adapters)
        held = {digest for some in (*self._users.values(), self._put_in) for digest, _ in some}
        unused = [digest for digest in self._loaded if digest not in held]
        for digest in unused[: max(0, len(unused) - KEPT)]:
            self._loaded.pop(digest).close()
        return self._users[user]

    def let_go(self, user: object) -> None:
        """It needs its adapters no longer."""
        self._users.pop(user, None)

    def turn(self, wanted: Sequence[AdapterSet]) -> AdapterSet:
        """Whose turn it is, of the sets that requests want, in the order of the requests.

        It stays with those who have it for some tokens, so that little time goes by in between.
        """
        sets = list(dict.fromkeys(wanted))
        if self._put_in not in sets:
            return sets[0] if sets else ()
        following = sets[(sets.index(self._put_in) + 1) % len(sets)]
        return following if self._spent >= _TURN_TOKENS else self._put_in

    def put_in(self, adapters: AdapterSet) -> None:
        """Work with these from the next batch on; they are loaded. Raises EngineBug."""
        if adapters != self._put_in:
            use_adapters(self._model, self._context, {self._loaded[digest]: scale for digest, scale in adapters})
            self._put_in, self._spent = adapters, 0

    def ran(self, tokens: int) -> None:
        """So many tokens of the longest sequence of a batch were run."""
        self._spent += tokens

    def read_with(self, sequence: int) -> AdapterSet:
        """With which what a sequence holds was read."""
        return self._read_with[sequence]

    def give(self, sequence: int, adapters: AdapterSet) -> None:
        """A sequence is for requests with these from now on; what it holds was read with them, or is nothing."""
        self._read_with[sequence] = adapters

    def close(self) -> None:
        """Free them all; no batch may follow but of the model alone."""
        self.put_in(())
        for adapter in self._loaded.values():
            adapter.close()
        self._loaded.clear()
