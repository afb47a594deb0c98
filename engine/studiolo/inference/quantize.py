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
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from studiolo.cpu import worker_threads
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Event, Finished, Progress
from studiolo.inference.library import library
from studiolo.jobs import CancelToken
from studiolo.models.files import SPARE_BYTES, require_space, writing_into
from studiolo.models.gguf import read_gguf
from studiolo.models.store import ModelStore

TARGETS = ("q8_0", "q6_k", "q5_k_m", "q5_k_s", "q5_1", "q5_0", "q4_k_m", "q4_k_s", "q4_1", "q4_0", "q3_k_m", "q2_k")
NEAR_LOSSLESS = (0, 1, 7, 32)  # general.file_type of F32, F16, Q8_0, BF16: llama.h, enum llama_ftype
BUFFER_BYTES = 256 << 20  # rows held in memory at once; llama.cpp's own default is 8 GiB
POLL_S = 0.2
PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def loses_twice(model_id: str, store: ModelStore) -> bool:
    """Whether a model was made small before, so that quality is lost again. Raises as `ModelStore.path`."""
    return store.get(model_id).kind == "chat" and read_gguf(store.path(model_id)).file_type not in NEAR_LOSSLESS


def quantize(
    model_id: str, target: str, *, store: ModelStore, cancel: CancelToken, name: str | None = None
) -> Iterator[Event]:
    """Make a model of `model_id` in another layout: Progress("quantize", bytes written), then Finished.

    A Progress event's item is the id of the new model.

    Raises UserError: bad_request, unknown_model, model_missing, model_kind, model_exists, damaged_model;
    EnvironmentFault: disk_full, no_permission, not_enough_memory. Leaves nothing half-written.
    """
    if target not in TARGETS:
        raise UserError(Code.BAD_REQUEST, field="to", problem=f"not one of {', '.join(TARGETS)}")
    source = store.get(model_id)
    if source.kind != "chat":
        raise UserError(Code.MODEL_KIND, model=model_id, kind=source.kind, needed="chat")
    path = store.path(model_id)
    if not path.is_file():
        raise UserError(Code.MODEL_MISSING, model=model_id)
    new_id = store.free_id(name, otherwise=f"{model_id}-{target}")
    # an 8-bit file of a 4-bit one is about twice as large; from anything wider the result is no larger
    needed = path.stat().st_size * (2 if loses_twice(model_id, store) else 1)
    scratch = store.scratch(f"quantize-{uuid.uuid4().hex}")
    try:
        with writing_into(store.home.models):
            scratch.mkdir(parents=True)
            require_space(scratch, needed)
        result = scratch / "file"
        yield from _run(path, result, target, cancel, model_id=model_id, new_id=new_id)
        if cancel.cancelled:
            yield Finished(reason="cancelled")
            return
        store.add_made(result, model_id=new_id, source=source, layout=target.upper())
        yield Finished()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(path: Path, result: Path, target: str, cancel: CancelToken, *, model_id: str, new_id: str) -> Iterator[Event]:
    command = [sys.executable, "-P", "-m", "studiolo.inference.quantize", str(path), str(result), target]
    paths = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    ) as process:
        try:
            ended = None
            while ended is None and not cancel.cancelled:
                with suppress(subprocess.TimeoutExpired):
                    ended = process.wait(POLL_S)
                written = result.stat().st_size if result.exists() else 0
                yield Progress(stage="quantize", done=written, total=0, item=new_id)
        finally:
            process.kill()
    if ended in (None, 0):
        return
    if shutil.disk_usage(result.parent).free < SPARE_BYTES:
        raise EnvironmentFault(Code.DISK_FULL, path=str(result.parent))
    if ended != 1:  # killed, or aborted where no memory was left
        raise EnvironmentFault(Code.NOT_ENOUGH_MEMORY, model=model_id, needed_bytes=0, available_bytes=0, smaller="")
    raise UserError(Code.DAMAGED_MODEL, model=model_id)


def _end_with_starter() -> None:
    """The starter holds our standard input open; when it dies nobody wants the file any more."""
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    os._exit(1)


def main(arguments: list[str]) -> int:
    """The process: exit code 0 where llama.cpp wrote the file, 1 where it could not."""
    source, result, target = arguments
    threading.Thread(target=_end_with_starter, daemon=True).start()
    lib = library()
    params = lib.llama_model_quantize_default_params()
    params.ftype = getattr(lib, f"LLAMA_FTYPE_MOSTLY_{target.upper()}")
    params.nthread = worker_threads()
    params.allow_requantize = True
    params.max_buf_size = BUFFER_BYTES
    return int(lib.llama_model_quantize(os.fsencode(source), os.fsencode(result), ctypes.byref(params)) != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
