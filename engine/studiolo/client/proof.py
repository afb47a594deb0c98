"""The proof of the seal, for front ends: what `studiolo doctor --prove` tells, run as a process of its own.

What a sealed process starts is sealed as it is, and then there is no control to compare with: so the porter starts it.
One thread waits for the proof; the token may be cancelled from any.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from studiolo.errors import Code, EngineBug, EnvironmentFault
from studiolo.isolation.environment import that_finds_us, without_passphrase
from studiolo.isolation.proof import OPEN, Proof, Tried, possible
from studiolo.jobs import CancelToken
from studiolo.models.pull_client import GRACE_S, Process

__all__ = ["OPEN", "Proof", "Tried", "possible", "proof_process", "start_proof_process"]


def proof_process(cancel: CancelToken, *, start: Callable[[], Process] | None = None) -> Proof | None:
    """The proof, when it is done; None where it was cancelled. A cancelled one is killed.

    `start` starts it for a caller that may not (`studiolo.client.porter`). Raises EnvironmentFault(engine_start),
    EngineBug(internal).
    """
    try:
        process = start() if start else start_proof_process()
    except OSError:
        raise EnvironmentFault(Code.ENGINE_START, exit_code=0) from None
    assert process.stdin is not None
    assert process.stdout is not None
    cancel.on_cancel(process.kill)
    try:
        told = process.stdout.read()
    finally:
        with suppress(OSError, ValueError):
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if cancel.cancelled:
        return None
    return _proof(told)


def start_proof_process() -> subprocess.Popen[bytes]:
    """`studiolo doctor --prove` as a child. It opens no home. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "studiolo.cli", "doctor", "--prove", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=that_finds_us(without_passphrase(os.environ)),
    )


def _proof(told: bytes) -> Proof:
    try:
        found = json.loads(told)
        return Proof(
            sealed=bool(found["sealed"]),
            ways=tuple(Tried(**way) for way in found["ways"]),
            arrived_sealed=int(found["arrived_sealed"]),
            arrived_control=int(found["arrived_control"]),
        )
    except (ValueError, KeyError, TypeError):
        raise EngineBug(Code.INTERNAL, where="proof") from None
