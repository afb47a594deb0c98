"""The llama_cpp module, quiet. The only module that imports llama_cpp, and where its missing gets our names.

Source: llama.h of llama.cpp (https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h).
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from studiolo.cpu import require_avx2
from studiolo.errors import import_failed


def library() -> Any:
    """The llama_cpp module, quiet. Raises EnvironmentFault(unsupported_cpu, missing_package)."""
    require_avx2()
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    # Threads that wait for one another spin for some microseconds, then sleep (`make bench SUITE=hardware`). OpenMP's
    # default, spinning on, takes nearly all the speed where others use the processors too; sleeping at once takes a
    # third of the speed of writing where nobody does. The second is for OpenMP libraries that do not know the first.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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


def build() -> str:
    """What keys and values of a model depend on beside the model: version and instruction sets of llama.cpp."""
    llama_cpp = library()
    features: bytes = llama_cpp.llama_print_system_info() or b""
    return f"{llama_cpp.__version__} {features.decode('utf-8', 'replace')}"
