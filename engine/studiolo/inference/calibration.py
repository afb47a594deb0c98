"""Measures how a model runs fastest on this machine: a few short readings and writings under each setting.

One setting after another is changed and kept only where it wins, by more than `LEAST_GAIN`, in every round of a
comparison side by side: on a busy machine figures differ by more than the settings do. It takes some three readings
of 256 tokens a setting, so half a minute with a model of 1.5B on two cores: a person asks for it, no question waits
for it. Threads: one, the caller's; cancelling may come from any.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from studiolo.errors import Code, EngineBug, StudioloError
from studiolo.hardware.bandwidth import memory_bandwidth
from studiolo.hardware.load import LoadMeter
from studiolo.inference.model import LlamaModel
from studiolo.inference.native import AbortFlag, new_context, put
from studiolo.inference.speculation import ROWS
from studiolo.inference.tuning import Calibration, Speed, Tuning, default_tuning, thread_candidates
from studiolo.jobs import CancelToken

READ_TOKENS = 256
MOST_TOKENS = 768  # a context holds
FAST_READ = 150.0  # tokens/s: there twice as many are read, which tells a batch of 512 from one of 256
WRITE_TOKENS = 16
ROUNDS = 2
LEAST_GAIN = 1.05
LEAST_CHECKED = 1.25  # times as fast as writing: what a draft that is wrong costs has to come in again
BUDGET_S = 90.0  # no new setting is tried after it
UBATCHES = (128, 256)
_TEXT = (
    "The tenant pays the rent on the first day of each month by standing order to the account of the landlord. "
    "员工应当妥善保管账号和密码，不得转借他人使用；离职时须在三个工作日内交还全部设备。"
)
Weight = Literal["read", "write", "both"]


class Cancelled(Exception):
    """Somebody asked to stop."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement."""

    tuning: Tuning
    speed: Speed


class Probe:
    """Measures settings of one loaded model, on contexts of its own, at most two of them at a time."""

    def __init__(self, model: LlamaModel, *, cancel: CancelToken) -> None:
        """`close` it before the model. Must not run while another thread computes with the model's contexts."""
        self._model = model
        self._cancel = cancel
        self._abort = AbortFlag()
        cancel.on_cancel(self._abort.set)
        self._contexts: dict[tuple[object, ...], Any] = {}
        ids = model.tokenize(_TEXT, control=False)
        self._tokens = ids * (1 + MOST_TOKENS // len(ids))

    def measure(self, tuning: Tuning, *, read: int = READ_TOKENS, write: int = WRITE_TOKENS) -> Speed:
        """Tokens a second; 0 for what `read` or `write` leaves out (writing reads a few tokens first).

        Raises Cancelled, EnvironmentFault(not_enough_memory) where the setting gives no context, EngineBug.
        """
        if read + write > MOST_TOKENS:
            raise EngineBug(Code.INTERNAL, where="Probe.measure: too many tokens")
        lib, handle = self._model.lib, self._context(tuning)
        lib.llama_set_n_threads(handle, tuning.threads_write, tuning.threads_read)
        lib.llama_memory_clear(lib.llama_get_memory(handle), True)
        began = time.perf_counter()
        length = read or WRITE_TOKENS
        for start in range(0, length, tuning.batch):
            self._decode(handle, self._tokens[start : min(start + tuning.batch, length)], at=start)
        read_s = time.perf_counter() - began
        began = time.perf_counter()
        for number in range(write):
            self._decode(handle, self._tokens[length + number : length + number + 1], at=length + number)
        write_s = time.perf_counter() - began
        return Speed(read / read_s, write / write_s if write else 0.0)

    def check(self, tuning: Tuning) -> float:
        """Tokens a second where ROWS that may follow are checked together, as a draft is. Raises as `measure` does."""
        lib, handle = self._model.lib, self._context(tuning)
        lib.llama_set_n_threads(handle, tuning.threads_write, tuning.threads_read)
        lib.llama_memory_clear(lib.llama_get_memory(handle), True)
        self._decode(handle, self._tokens[:WRITE_TOKENS], at=0)
        began = time.perf_counter()
        self._decode(handle, self._tokens[WRITE_TOKENS : WRITE_TOKENS + ROWS], at=WRITE_TOKENS, scores=ROWS)
        return ROWS / (time.perf_counter() - began)

    def close(self) -> None:
        """Free the contexts."""
        for handle in self._contexts.values():
            self._model.lib.llama_free(handle)
        self._contexts.clear()

    def _context(self, tuning: Tuning) -> Any:
        key = (tuning.batch, tuning.ubatch, tuning.flash_attention, tuning.kv_type)
        if key in self._contexts:
            self._contexts[key] = self._contexts.pop(key)  # the last one used stands last
            return self._contexts[key]
        lib = self._model.lib
        while len(self._contexts) > 1:
            lib.llama_free(self._contexts.pop(next(iter(self._contexts))))
        params = lib.llama_context_default_params()
        tuning.apply(params, lib)
        params.n_ctx = MOST_TOKENS
        params.n_outputs_max = ROWS
        params.no_perf = True
        self._abort.install(params)
        handle = new_context(self._model, params)
        self._contexts[key] = handle
        return handle

    def _decode(self, handle: Any, tokens: Sequence[int], *, at: int, scores: int = 1) -> None:
        lib = self._model.lib
        batch = lib.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for number, token in enumerate(tokens):
                put(batch, number, token, position=at + number, sequence=0, scored=number >= len(tokens) - scores)
            failed = int(lib.llama_decode(handle, batch))
            lib.llama_synchronize(handle)
        finally:
            lib.llama_batch_free(batch)
        if self._cancel.cancelled:
            raise Cancelled
        if failed:
            raise EngineBug(Code.INTERNAL, where=f"llama_decode {failed}")


def calibrate(
    model: LlamaModel,
    *,
    cancel: CancelToken,
    threads: int = 0,
    budget_s: float = BUDGET_S,
    read_tokens: int = READ_TOKENS,
    on_trial: Callable[[Trial], None] = lambda _: None,
) -> Calibration | None:
    """The fastest settings found, and the default's figures beside them; None when cancelled.

    `threads` > 0 are taken as they are. Raises EnvironmentFault(not_enough_memory), EngineBug.
    """
    began = time.perf_counter()
    others = LoadMeter()
    probe = Probe(model, cancel=cancel)
    try:
        default = default_tuning(threads)
        probe.measure(default, read=64, write=1)  # brings the file's pages into memory
        first = probe.measure(default, read=read_tokens)
        on_trial(Trial(default, first))
        length = 2 * read_tokens if first.read >= FAST_READ else read_tokens
        best = default
        for weight, change in _changes(default, length=length, choose_threads=threads == 0):
            if time.perf_counter() - began > budget_s:
                break
            candidate = replace(best, **change)
            if candidate != best and _wins(probe, candidate, best, weight, length=length, on_trial=on_trial):
                best = candidate
        speed = first
        if best != default:  # what won one by one must win together
            first, speed = (probe.measure(tuning, read=read_tokens) for tuning in (default, best))
            if _cost(speed, "both") >= _cost(first, "both"):
                best, speed = default, first
        checked = _checked(probe, best)
        return Calibration(
            tuning=best if checked else replace(best, draft=0),
            speed=replace(speed, check=checked),
            default=default,
            default_speed=first,
            bandwidth=memory_bandwidth(default.threads_write),
            seconds=round(time.perf_counter() - began, 2),
            load=round(others.load(), 3),
        )
    except Cancelled:
        return None
    finally:
        probe.close()


def _changes(default: Tuning, *, length: int, choose_threads: bool) -> Iterator[tuple[Weight, dict[str, Any]]]:
    if choose_threads:
        for count in thread_candidates(default.threads_read, writing=False):
            yield "read", {"threads_read": count}
        for count in thread_candidates(default.threads_write, writing=True):
            yield "write", {"threads_write": count}
    yield "both", {"flash_attention": False}
    for size in UBATCHES:
        if size < length:
            yield "read", {"batch": size, "ubatch": size}
    yield "both", {"kv_type": "q8_0", "flash_attention": True}


def _wins(
    probe: Probe,
    candidate: Tuning,
    best: Tuning,
    weight: Weight,
    *,
    length: int,
    on_trial: Callable[[Trial], None],
) -> bool:
    """Whether the candidate is faster in every round. One that llama.cpp refuses is not."""
    amounts = {"read": length if weight != "write" else 0, "write": WRITE_TOKENS if weight != "read" else 0}
    with suppress(StudioloError):
        for _ in range(ROUNDS):
            held, tried = probe.measure(best, **amounts), probe.measure(candidate, **amounts)
            on_trial(Trial(candidate, tried))
            if _cost(held, weight) < _cost(tried, weight) * LEAST_GAIN:
                return False
        return True
    return False


def _checked(probe: Probe, tuning: Tuning) -> float:
    """Tokens a second checked together where that is faster than writing, in every round; 0 where it is not."""
    slowest = math.inf
    with suppress(StudioloError):
        for _ in range(ROUNDS):
            written, checked = probe.measure(tuning, read=0).write, probe.check(tuning)
            if checked < written * LEAST_CHECKED:
                return 0.0
            slowest = min(slowest, checked)
        return slowest
    return 0.0


def _cost(speed: Speed, weight: Weight) -> float:
    """Seconds of an answer as they are: five tokens read for each that is written; or of the one part alone."""
    if weight == "read":
        return 1 / speed.read
    if weight == "write":
        return 1 / speed.write
    return 5 / speed.read + 1 / speed.write
