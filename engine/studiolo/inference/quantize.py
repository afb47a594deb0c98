"""Making a smaller file of an installed chat model, by llama.cpp's own quantizer, in a process of its own.

    python -m studiolo.inference.quantize SOURCE RESULT TARGET      the process; `quantize` starts it

llama.cpp's call cannot be stopped and may run out of memory, so it never runs where an answer is being written. The
result becomes a model only when it is whole. One thread.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studiolo.cpu import worker_threads
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Event, Finished, Progress
from studiolo.inference import process
from studiolo.inference.library import library
from studiolo.jobs import CancelToken
from studiolo.models.files import SPARE_BYTES, require_space, writing_into
from studiolo.models.gguf import GgufInfo
from studiolo.models.store import ModelStore
from studiolo.types import Model

TARGETS = (
    *("q8_0", "q6_k", "q5_k_m", "q5_k_s", "q5_1", "q5_0", "q4_k_m", "q4_k_s", "q4_1", "q4_0", "iq4_nl", "iq4_xs"),
    *("q3_k_m", "q2_k"),
)
NEAR_LOSSLESS = (0, 1, 7, 32)  # general.file_type of F32, F16, Q8_0, BF16: llama.h, enum llama_ftype
BUFFER_BYTES = 256 << 20  # rows held in memory at once; llama.cpp's own default is 8 GiB
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Source:
    """A chat model that is here, with what its file's header says."""

    model: Model
    path: Path
    info: GgufInfo

    @property
    def loses_twice(self) -> bool:
        """Whether the model was made small before, so that quality would be lost again."""
        return self.info.file_type not in NEAR_LOSSLESS


def source_of(model_id: str, store: ModelStore) -> Source:
    """Look at the model that is to be made smaller.

    Raises UserError: unknown_model, model_kind, model_missing, damaged_model.
    """
    model = store.get(model_id)
    if model.kind != "chat":
        raise UserError(Code.MODEL_KIND, model=model_id, kind=model.kind, needed="chat")
    return Source(model, *store.header(model_id))


def quantize(
    source: Source, target: str, *, store: ModelStore, cancel: CancelToken, name: str | None = None
) -> Iterator[Event]:
    """Make a model of `source` in another layout: Progress("quantize", bytes written), then Finished.

    A Progress event's item is the id of the new model.

    Raises UserError: bad_request, model_exists, damaged_model; EnvironmentFault: disk_full, no_permission,
    not_enough_memory. Leaves nothing half-written.
    """
    target = target.lower()
    if target not in TARGETS:
        raise UserError(Code.BAD_REQUEST, field="to", problem=f"not one of {', '.join(TARGETS)}")
    new_id = store.free_id(name, otherwise=f"{source.model.id}-{target}")
    # an 8-bit file of a 4-bit one is about twice as large; from anything wider the result is no larger
    needed = source.path.stat().st_size * (2 if source.loses_twice else 1)
    return _made(source, target, new_id, needed, store=store, cancel=cancel)


def _made(
    source: Source, target: str, new_id: str, needed: int, *, store: ModelStore, cancel: CancelToken
) -> Iterator[Event]:
    scratch = store.scratch(f"quantize-{uuid.uuid4().hex}")
    try:
        with writing_into(store.home.models):
            scratch.mkdir(parents=True)
            require_space(scratch, needed)
        result = scratch / "file"
        yield from _run(source.path, result, target, cancel, model_id=source.model.id, new_id=new_id)
        if cancel.cancelled:
            yield Finished(reason="cancelled")
            return
        store.add_made(result, model_id=new_id, source=source.model, layout=target.upper())
        yield Finished()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(path: Path, result: Path, target: str, cancel: CancelToken, *, model_id: str, new_id: str) -> Iterator[Event]:
    with process.start("studiolo.inference.quantize", str(path), str(result), target) as running:
        try:
            ended = None
            while ended is None and not cancel.cancelled:
                with suppress(subprocess.TimeoutExpired):
                    ended = running.wait(POLL_S)
                written = result.stat().st_size if result.exists() else 0
                yield Progress(stage="quantize", done=written, total=0, item=new_id)
        finally:
            running.kill()
    if ended in (None, 0):
        return
    if shutil.disk_usage(result.parent).free < SPARE_BYTES:
        raise EnvironmentFault(Code.DISK_FULL, path=str(result.parent))
    if ended != 1:
        raise process.no_memory(model_id)
    raise UserError(Code.DAMAGED_MODEL, model=model_id)


def main(arguments: list[str]) -> int:
    """The process: exit code 0 where llama.cpp wrote the file, 1 where it could not."""
    source, result, target = arguments
    process.end_with_starter()
    lib = library()
    params = lib.llama_model_quantize_default_params()
    params.ftype = getattr(lib, f"LLAMA_FTYPE_MOSTLY_{target.upper()}")
    params.nthread = worker_threads()
    params.allow_requantize = True
    params.max_buf_size = BUFFER_BYTES
    return int(lib.llama_model_quantize(os.fsencode(source), os.fsencode(result), ctypes.byref(params)) != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
