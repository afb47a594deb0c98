"""What a person asks first when something does not work: one check a line, values only, no user text."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from studiolo.cpu import available_memory_bytes, cpu_flags, require_avx2, worker_threads
from studiolo.errors import StudioloError
from studiolo.paths import Home
from studiolo.privacy.policies import read_policy_at
from studiolo.privacy.policy_file import DEFAULT_PROFILE
from studiolo.types import Check, Model, Protection

LOW_DISK_BYTES = 2 << 30
LOW_MEMORY_BYTES = 2 << 30


def examine(home: Home, *, models: Sequence[Model], protection: Protection | None = None) -> list[Check]:
    """Look at the processor, memory, disk, home, models, policy, pseudonyms, seal. Starts and loads nothing."""
    return [
        Check("python", "ok", sys.version.split()[0]),
        _cpu(),
        _memory(models),
        _disk(home),
        _home(home),
        *(_models(kind, models) for kind in ("chat", "embedder", "names")),
        _policy(home),
        *([_pseudonyms(protection)] if protection else []),
        Check("seal", "warning", "not sealed"),
    ]


def _cpu() -> Check:
    known = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "asimd", "asimddp", "i8mm")
    features = [name for name in known if name in cpu_flags()]
    detail = f"{worker_threads()} threads; {' '.join(features) or 'features not readable'}"
    try:
        require_avx2()
    except StudioloError as error:
        return Check("cpu", "failed", f"{error.values.get('missing', '')} missing")
    return Check("cpu", "ok", detail)


def _memory(models: Sequence[Model]) -> Check:
    free = available_memory_bytes()
    needed = next((model.memory_bytes for model in models if model.default), LOW_MEMORY_BYTES)
    enough = free > max(needed, LOW_MEMORY_BYTES)
    return Check(
        "memory",
        "ok" if enough else "warning",
        f"{free / 2**30:.1f} GiB available, {needed / 2**30:.1f} GiB for the chat model",
    )


def _disk(home: Home) -> Check:
    place = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Check("disk", "ok" if free > LOW_DISK_BYTES else "warning", f"{free / 2**30:.1f} GiB free")


def _home(home: Home) -> Check:
    place = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    writable = os.access(place, os.W_OK)
    return Check("home", "ok" if writable else "failed", str(home.root))


def _policy(home: Home) -> Check:
    try:
        chosen = read_policy_at(home.policy_file).home.profile or DEFAULT_PROFILE
    except StudioloError as error:  # the filter fails closed on it
        values = error.values
        return Check("policy", "failed", f"{values.get('file')}, line {values.get('line')}: {values.get('problem')}")
    return Check("policy", "ok", chosen)


def _pseudonyms(protection: Protection) -> Check:
    """What keeps the key of the encrypted pseudonym table. A key in the home protects nothing that has the home."""
    kept = {
        "keyring": "encrypted; key in the system keyring",
        "passphrase": "encrypted; key under a passphrase",
        "file": "encrypted; key in a file of the home (0600): who can copy the home can read it",
    }
    return Check("pseudonyms", "warning" if protection == "file" else "ok", kept[protection])


def _models(kind: str, models: Sequence[Model]) -> Check:
    installed = [model.id for model in models if model.kind == kind and model.installed]
    missing = [model.id for model in models if model.kind == kind and not model.installed]
    if kind == "names" and missing:
        # the filter needs both languages' name finders, and fails closed without them
        return Check(f"models.{kind}", "failed", "missing: " + ", ".join(missing))
    if not installed:
        return Check(f"models.{kind}", "failed", "none installed")
    return Check(f"models.{kind}", "ok", ", ".join(installed))
