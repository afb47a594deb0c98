"""How a model is run on this machine, and what a calibration found of it, kept as JSON in the home's cache.

Must not load a model: `calibration` measures. A record counts for one model file, processor and build of llama.cpp;
any other is as if there were none. Threads: any; records are written whole.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from studiolo.cpu import cpu_flags, cpu_name, topology, worker_threads

FORMAT = 2
BUSY_LOAD = 0.25
DRAFT_TOKENS = 31
KvType = Literal["f16", "q8_0"]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What llama.cpp lets one choose. `batch`: tokens handed over at once; `ubatch`: tokens computed at once.

    `kv_type` other than f16 needs `flash_attention`. Both change what a stored reading holds. `draft`: tokens that an
    answer may be ahead of itself (see `speculation`), 0 where checking several at once is not faster.
    """

    threads_read: int
    threads_write: int
    batch: int = 512
    ubatch: int = 512
    flash_attention: bool = True
    kv_type: KvType = "f16"
    draft: int = DRAFT_TOKENS

    def apply(self, params: Any, lib: Any) -> None:
        """Set the fields of a `llama_context_params`; `lib` is the llama_cpp module."""
        params.n_threads = self.threads_write
        params.n_threads_batch = self.threads_read
        params.n_batch = self.batch
        params.n_ubatch = self.ubatch
        params.flash_attn_type = (
            lib.LLAMA_FLASH_ATTN_TYPE_ENABLED if self.flash_attention else lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        params.type_k = params.type_v = lib.GGML_TYPE_Q8_0 if self.kv_type == "q8_0" else lib.GGML_TYPE_F16


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second: reading a prompt, writing one token after another, checking some together (0: no faster)."""

    read: float
    write: float
    check: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was chosen, and what it was measured against in the same run."""

    tuning: Tuning
    speed: Speed
    default: Tuning
    default_speed: Speed
    bandwidth: float  # bytes a second that memory moves
    seconds: float
    load: float  # share of the processors that others used meanwhile

    @property
    def disturbed(self) -> bool:
        """Whether others used so much that the choice says more of them than of the model."""
        return self.load > BUSY_LOAD


def default_tuning(threads: int = 0) -> Tuning:
    """What is right without measuring: one thread a core of the faster kind; `threads` > 0 is taken as it is."""
    chosen = threads or min(worker_threads(), topology().performance)
    return Tuning(threads_read=chosen, threads_write=chosen)


def thread_candidates(default: int, *, writing: bool) -> list[int]:
    """Other counts worth a try: every thread of every core, one less than the default, and for writing the half."""
    seen = topology()
    allowed = math.ceil(seen.quota) if seen.quota else seen.logical
    wanted = [seen.logical, seen.physical, default - 1, *([default // 2] if writing and default >= 4 else [])]
    return [count for count in dict.fromkeys(wanted) if 0 < count <= allowed and count != default]


def tuning_for(model_sha256: str, *, cache: Path, threads: int = 0) -> Tuning:
    """The kept choice for a model, or the default; `threads` > 0 (a person's own setting) goes before both."""
    kept = read_calibration(model_sha256, cache=cache)
    if kept is None:
        return default_tuning(threads)
    return replace(kept.tuning, threads_read=threads, threads_write=threads) if threads else kept.tuning


def read_calibration(model_sha256: str, *, cache: Path) -> Calibration | None:
    """What was kept for a model, if it still counts."""
    try:
        raw: Any = json.loads(_record(cache, model_sha256).read_text(encoding="utf-8"))
        if raw["key"] != calibration_key(model_sha256):
            return None
        found = raw["calibration"]
        return Calibration(
            tuning=_tuning(found["tuning"]),
            speed=_speed(found["speed"]),
            default=_tuning(found["default"]),
            default_speed=_speed(found["default_speed"]),
            bandwidth=float(found["bandwidth"]),
            seconds=float(found["seconds"]),
            load=float(found["load"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def keep_calibration(model_sha256: str, calibration: Calibration, *, cache: Path) -> None:
    """Write it whole or not at all. Raises OSError."""
    record = _record(cache, model_sha256)
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        text = json.dumps({"key": calibration_key(model_sha256), "calibration": asdict(calibration)}, indent=2)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, record)  # noqa: PTH105
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def calibration_key(model_sha256: str) -> str:
    """What a calibration depends on: the model, the processor and how much of it is ours, llama.cpp, our format."""
    seen = topology()
    parts = [str(FORMAT), model_sha256, cpu_name(), *sorted(cpu_flags()), llama_build()]
    parts += [f"{seen.logical} {seen.physical} {seen.performance} {seen.numa_nodes} {seen.quota}"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@functools.cache
def llama_build() -> str:
    """Version and digest of the installed llama.cpp: another build of the same version is another build."""
    try:
        installed = metadata.distribution("llama-cpp-python")
    except metadata.PackageNotFoundError:
        return ""
    listed = installed.read_text("RECORD") or ""  # every file with its digest
    return f"{installed.version} {hashlib.sha256(listed.encode()).hexdigest()}"


def _record(cache: Path, model_sha256: str) -> Path:
    return cache / "tuning" / f"{model_sha256[:24]}.json"


def _speed(raw: dict[str, Any]) -> Speed:
    return Speed(*(float(raw[name]) for name in ("read", "write", "check")))


def _tuning(raw: dict[str, Any]) -> Tuning:
    kv_type = raw["kv_type"]
    numbers = {name: int(raw[name]) for name in ("threads_read", "threads_write", "batch", "ubatch")}
    draft = int(raw["draft"])
    if kv_type not in ("f16", "q8_0") or min(numbers.values()) < 1 or draft < 0:
        raise ValueError("tuning")
    return Tuning(**numbers, flash_attention=bool(raw["flash_attention"]), kv_type=kv_type, draft=draft)
