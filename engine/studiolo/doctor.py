"""What a person asks first when something does not work: one check a line, values only, no user text.

`detail` is short and for scripts; an edge makes its sentences of `values`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from studiolo.cpu import cpu_flags, cpu_name, instruction_set, require_avx2, topology, worker_threads
from studiolo.errors import StudioloError
from studiolo.hardware.memory import memory
from studiolo.hardware.power import on_mains_power
from studiolo.inference.fit import free_for_models, need_of, smaller_model
from studiolo.inference.layouts import fastest
from studiolo.inference.tuning import Tuning, default_tuning, read_calibration, tuning_for
from studiolo.isolation.seal import SealState, self_test
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.policies import read_policy_at
from studiolo.privacy.policy_file import DEFAULT_PROFILE
from studiolo.settings import Settings
from studiolo.types import Check, Model, Protection

LOW_DISK_BYTES = 2 << 30
LOW_MEMORY_BYTES = 2 << 30
Value = bool | int | float | str


def examine(
    home: Home, *, store: ModelStore, settings: Settings, protection: Protection | None = None, loaded: str = ""
) -> list[Check]:
    """Look at processor, memory, power, disk, home, models, policy, pseudonyms, seal. Starts and loads nothing.

    `loaded`: the id of the chat model that is in memory now, so that it is not said to need room once more.
    """
    models = store.list()
    chat = [model for model in models if model.kind == "chat" and model.installed]
    return [
        Check("python", "ok", sys.version.split()[0], {"version": sys.version.split()[0]}),
        _cpu(settings),
        _memory(),
        _power(),
        _disk(home),
        _home(home),
        *(_models(kind, models) for kind in ("chat", "embedder", "names")),
        *(_fit(model, store, settings, loaded=loaded) for model in chat),
        *(_tuning(model, store, settings) for model in chat),
        _policy(home),
        *([_pseudonyms(protection)] if protection else []),
        seal_check(self_test()),
    ]


def _cpu(settings: Settings) -> Check:
    seen, instructions = topology(), instruction_set(cpu_flags())
    values: dict[str, Value] = {
        "processor": cpu_name(),
        "instructions": instructions,
        "cores": seen.physical,
        "logical": seen.logical,
        "performance_cores": seen.performance,
        "smt": seen.smt,
        "numa_nodes": seen.numa_nodes,
        "quota": seen.quota or 0,
        "threads": worker_threads(settings.threads),
    }
    try:
        require_avx2()
    except StudioloError as error:
        missing = str(error.values.get("missing", ""))
        return Check("cpu", "failed", f"{missing} missing", {**values, "missing": missing})
    known = f"{cpu_name()}; {instructions or 'instructions not readable'}; {seen.physical} cores"
    return Check("cpu", "ok", f"{known}; {values['threads']} threads", values)


def _memory() -> Check:
    seen = memory()
    values: dict[str, Value] = {
        "total_bytes": seen.total,
        "available_bytes": seen.available,
        "swap_bytes": seen.swap,
        "limited": seen.limited,
    }
    detail = f"{_size(seen.available)} available of {_size(seen.total)}"
    return Check("memory", "ok" if seen.available > LOW_MEMORY_BYTES else "warning", detail, values)


def _power() -> Check:
    mains = on_mains_power()
    source = {True: "mains", False: "battery", None: "unknown"}[mains]
    return Check("power", "ok", source, {"source": source})


def _fit(model: Model, store: ModelStore, settings: Settings, *, loaded: str) -> Check:
    """Whether an installed chat model could be loaded now, and what it would take."""
    name = f"fit.{model.id}"
    tuning = tuning_for(model.sha256, cache=store.home.cache, threads=settings.threads)
    try:
        need = need_of(model.id, store=store, context_tokens=settings.context_tokens, tuning=tuning)
    except StudioloError as error:
        return Check(name, "failed", error.code.value, {"model": model.id, "problem": error.code.value})
    free = free_for_models()
    fits = model.id == loaded or need.total <= free
    values: dict[str, Value] = {
        "model": model.id,
        "fits": fits,
        "loaded": model.id == loaded,
        "needed_bytes": need.total,
        "weights_bytes": need.weights,
        "kv_bytes": need.kv,
        "compute_bytes": need.compute,
        "available_bytes": free,
        "context_tokens": settings.context_tokens,
    }
    if not fits:
        tokens = settings.context_tokens
        values["smaller"] = smaller_model(model.id, store=store, context_tokens=tokens, free_bytes=free)
    detail = f"{_size(need.total)} needed: weights {_size(need.weights)}, keys and values {_size(need.kv)}"
    return Check(name, "ok" if fits else "warning", detail, values)


def _tuning(model: Model, store: ModelStore, settings: Settings) -> Check:
    """How an installed chat model is run, and what a calibration measured."""
    cache = store.home.cache
    kept = read_calibration(model.sha256, cache=cache)
    tuning = tuning_for(model.sha256, cache=cache, threads=settings.threads)
    values: dict[str, Value] = {"model": model.id, "calibrated": kept is not None, **_settings_of(tuning)}
    detail = f"{tuning.threads_read} threads reading, {tuning.threads_write} writing"
    if kept is None:
        return Check(f"tuning.{model.id}", "ok", f"{detail}; not calibrated", values)
    values |= {
        "read_tokens_s": round(kept.speed.read, 1),
        "write_tokens_s": round(kept.speed.write, 1),
        "default_read_tokens_s": round(kept.default_speed.read, 1),
        "default_write_tokens_s": round(kept.default_speed.write, 1),
        "is_default": kept.tuning == default_tuning(),
        "bandwidth_bytes_s": round(kept.bandwidth),
    }
    speed = f"{kept.speed.read:.0f} and {kept.speed.write:.0f} tokens/s"
    preferred = fastest(model.id, store=store)
    if preferred != model.id:
        values["faster_layout"] = preferred
        speed = f"{speed}; {preferred} reads faster"
    return Check(f"tuning.{model.id}", "ok", f"{detail}; {speed}", values)


def _settings_of(tuning: Tuning) -> dict[str, Value]:
    return {
        "threads_read": tuning.threads_read,
        "threads_write": tuning.threads_write,
        "batch": tuning.ubatch,
        "flash_attention": tuning.flash_attention,
        "kv_type": tuning.kv_type,
        "draft": tuning.draft,
    }


def _disk(home: Home) -> Check:
    free = shutil.disk_usage(_existing(home)).free
    return Check("disk", "ok" if free > LOW_DISK_BYTES else "warning", f"{_size(free)} free", {"free_bytes": free})


def _home(home: Home) -> Check:
    writable = os.access(_existing(home), os.W_OK)
    return Check("home", "ok" if writable else "failed", str(home.root), {"path": str(home.root)})


def _existing(home: Home) -> os.PathLike[str]:
    return next(folder for folder in (home.root, *home.root.parents) if folder.exists())


def _policy(home: Home) -> Check:
    try:
        chosen = read_policy_at(home.policy_file).home.profile or DEFAULT_PROFILE
    except StudioloError as error:  # the filter fails closed on it
        values = {name: error.values.get(name, "") for name in ("file", "line", "problem")}
        return Check("policy", "failed", "{file}, line {line}: {problem}".format_map(values), {**values})
    return Check("policy", "ok", chosen, {"profile": chosen})


def _pseudonyms(protection: Protection) -> Check:
    """What keeps the key of the encrypted pseudonym table. A key in the home protects nothing that has the home."""
    kept = {
        "keyring": "encrypted; key in the system keyring",
        "passphrase": "encrypted; key under a passphrase",
        "file": "encrypted; key in a file of the home (0600): who can copy the home can read it",
    }
    values: dict[str, Value] = {"protection": protection}
    return Check("pseudonyms", "warning" if protection == "file" else "ok", kept[protection], values)


def seal_check(state: SealState) -> Check:
    """What a process's own test of its seal found."""
    values: dict[str, Value] = {
        "sealed": state.sealed,
        "by": state.by,
        "verified": state.verified,
        "landlock": state.landlock,
        "reason": state.reason,
        "open_ways": ", ".join(state.open_ways),
    }
    detail = f"sealed by {state.by}" if state.sealed else f"not sealed: {state.reason}"
    return Check("seal", "ok" if state.sealed and state.verified else "warning", detail, values)


def _models(kind: str, models: Sequence[Model]) -> Check:
    installed = [model.id for model in models if model.kind == kind and model.installed]
    missing = [model.id for model in models if model.kind == kind and not model.installed]
    if kind == "names" and missing:
        # the filter needs both languages' name finders, and fails closed without them
        return Check(f"models.{kind}", "failed", "missing: " + ", ".join(missing), {"missing": ", ".join(missing)})
    if not installed:
        return Check(f"models.{kind}", "failed", "none installed", {"installed": ""})
    return Check(f"models.{kind}", "ok", ", ".join(installed), {"installed": ", ".join(installed)})


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GiB"
