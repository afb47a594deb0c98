"""Starts a pull as a process of its own and hands on its events: for the window and the CLI, which show documents and
so keep away from the network themselves. One thread reads the events; the token may be cancelled from any.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from studiolo.errors import Code, EngineBug, error_for
from studiolo.events import Event, Finished, Progress
from studiolo.isolation.environment import that_finds_us, without_passphrase
from studiolo.jobs import CancelToken
from studiolo.paths import Home

GRACE_S = 10.0


class Process(Protocol):
    """What is needed of the process that pulls."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """Closing it asks the process to stop."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """Its events, a line each."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""

    def kill(self) -> None:
        """End it."""


def pull_process(
    model_id: str,
    home: Home,
    cancel: CancelToken,
    *,
    source: str = "",
    catalogue: Path | None = None,
    start: Callable[[str], Process] | None = None,
) -> Iterator[Event]:
    """The events of `pull` run in a process of its own: Progress..., then Finished. Raises what `pull` raises.

    The process ends with its starter, or when the reader closes this iterator. `start` starts it for a caller that may
    not (`studiolo.client.porter`).
    """
    process = start(model_id) if start else start_pull_process(model_id, home, source=source, catalogue=catalogue)
    assert process.stdin is not None
    assert process.stdout is not None
    last_resort = threading.Timer(GRACE_S, process.kill)
    last_resort.daemon = True
    stdin = process.stdin

    def stop() -> None:
        with suppress(OSError, ValueError, RuntimeError):
            stdin.close()
            last_resort.start()

    cancel.on_cancel(stop)
    try:
        for line in process.stdout:
            event = _event(line)
            yield event
            if isinstance(event, Finished):
                return
        if cancel.cancelled:
            yield Finished(reason="cancelled")
            return
        raise EngineBug(Code.INTERNAL, where="pull")
    finally:
        with suppress(OSError, ValueError):
            stdin.close()
        try:
            process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        last_resort.cancel()


def start_pull_process(
    model_id: str, home: Home, *, source: str = "", catalogue: Path | None = None
) -> subprocess.Popen[bytes]:
    """`studiolo.models.pull` as a child that ends with us. Raises OSError."""
    command = [sys.executable, "-P", "-m", "studiolo.models.pull", model_id, f"--home={home.root}", "--json"]
    command += ["--watch-stdin", *([f"--source={source}"] if source else [])]
    if catalogue is not None:
        command.append(f"--catalogue={catalogue}")
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=that_finds_us(without_passphrase(os.environ)),
    )


def _event(line: bytes) -> Event:
    """The event of one line; a failure is raised."""
    raw = json.loads(line)
    kind = raw["kind"]
    if kind == "failed":
        raise error_for(raw["code"], raw["values"])
    if kind == "finished":
        return Finished(reason=raw["reason"])
    if kind == "progress":
        return Progress(stage=raw["stage"], done=raw["done"], total=raw["total"], item=raw["item"])
    raise EngineBug(Code.INTERNAL, where="pull")
