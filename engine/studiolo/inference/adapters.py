"""LoRA adapters over a loaded model: loaded once, then put into a context and taken out between two batches.

An adapter changes what its model writes, and the keys and values too: what was read with one is of no use without it.
Which file fits which model, `models/adapters.py` says. Threads: the owner's of the contexts.

Source: llama.h, "Adapters"; Hu et al. 2021, LoRA (https://arxiv.org/abs/2106.09685).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studiolo.errors import Code, EngineBug, UserError
from studiolo.inference.model import LlamaModel
from studiolo.models.gguf import read_gguf


class LlamaAdapter:
    """A LoRA adapter in memory. `handle` is llama.cpp's pointer. Contexts made before it was loaded can use it too."""

    def __init__(self, model: LlamaModel, path: Path, *, adapter_id: str) -> None:
        """Load the file over `model`.

        Raises UserError: damaged_model; model_kind where it is no adapter, or its architecture or its tensors' shapes
        are another model's.
        """
        self.id = adapter_id
        self._model = model
        try:
            info = read_gguf(path)  # llama.cpp ends the process on some files that this refuses
        except UserError:
            raise UserError(Code.DAMAGED_MODEL, model=adapter_id) from None
        if info.type != "adapter" or info.adapter_type != "lora":
            raise UserError(Code.MODEL_KIND, model=adapter_id, kind=info.type or "model", needed="adapter")
        self.handle: Any = model.lib.llama_adapter_lora_init(model.handle, os.fsencode(path))
        if not self.handle:
            raise UserError(
                Code.MODEL_KIND,
                model=adapter_id,
                kind=f"adapter ({info.architecture})",
                needed=f"adapter ({model.id})",
            )
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
