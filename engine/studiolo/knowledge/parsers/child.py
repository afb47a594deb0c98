"""The parent's end of the parser process: one persistent child, killed when a file hangs and started anew.

JSON, not pickle, comes back: the child reads hostile files, and what it sends must not be able to run anything here.
A fresh interpreter (never a fork of this one) holds none of the engine's threads or models. One file at a time; calls
from several threads wait for one another.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from studiolo.errors import Code, EnvironmentFault, UserError, error_for
from studiolo.jobs import CancelToken
from studiolo.knowledge.parsers import display
from studiolo.knowledge.parsers.blocks import Block, Budget, Parsed

_POLL_S = 0.1  # how soon a cancel is noticed
_BOOT = "import sys; sys.path.append(sys.argv[1]); from studiolo.knowledge.parsers.worker import main; main()"
_FILES_PER_CHILD = 500  # then a new one: parsers leak


class Cancelled(Exception):
    """The parse was stopped because its token was set."""


class ParserProcess:
    """Parses files in a child process, started at the first file."""

    def __init__(self, *, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def parse(
        self,
        path: Path,
        *,
        cancel: CancelToken | None = None,
        passwords: tuple[str, ...] = (),  # noqa: ARG002
        progress: Callable[[int, int], None] | None = None,  # noqa: ARG002
    ) -> Parsed:
        """Parse one file within the budget.

        Raises UserError (see `parsers.parse`, and parse_timeout), EnvironmentFault(missing_package) where no child
        can be started, and Cancelled.
        """
        with self._lock:
            child = self._ready()
            try:
                answer = child.ask(self._request(path), time_s=self._budget.time_s, cancel=cancel)
            except TimeoutError:
                self._drop()
                raise UserError(Code.PARSE_TIMEOUT, path=display(path), limit_s=self._budget.time_s) from None
            except Cancelled:
                self._drop()
                raise
            except (EOFError, OSError, ValueError):
                self._drop()
                raise UserError(Code.DAMAGED_FILE, path=display(path)) from None
        if "error" in answer:
            raise error_for(answer["error"], {**answer["values"], "path": display(path)})
        blocks = tuple(Block(kind, text, page=page, level=level) for kind, text, page, level in answer["blocks"])
        return Parsed(title=answer["title"], blocks=blocks, pages=answer["pages"])

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._drop()

    def _ready(self) -> _Child:
        if self._child is not None and (self._child.asked >= _FILES_PER_CHILD or not self._child.alive):
            self._drop()
        if self._child is None:
            try:
                self._child = _Child()
            except OSError:
                raise EnvironmentFault(Code.MISSING_PACKAGE, package=Path(sys.executable).name) from None
        return self._child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _request(self, path: Path) -> bytes:
        request = {
            "path": os.fsencode(path).hex(),
            "time_s": self._budget.time_s,
            "memory_bytes": self._budget.memory_bytes,
            "size_bytes": self._budget.size_bytes,
        }
        return json.dumps(request).encode("ascii") + b"\n"


class _Child:
    """One process and the thread that reads its answers."""

    def __init__(self) -> None:
        root = str(Path(__file__).parents[3])
        self.asked = 0
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", _BOOT, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input: IO[bytes] = self._process.stdin
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(
            target=self._listen, args=(self._process.stdout,), name="parser-answers", daemon=True
        )
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, request: bytes, *, time_s: float, cancel: CancelToken | None) -> dict[str, Any]:
        """Send a request and wait. Raises TimeoutError, Cancelled, EOFError or OSError where the child died."""
        self.asked += 1
        self._input.write(request)
        self._input.flush()
        deadline = time.monotonic() + time_s
        while True:
            if cancel is not None and cancel.cancelled:
                raise Cancelled
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                line = self._answers.get(timeout=min(_POLL_S, left))
            except queue.Empty:
                continue
            if not line:
                raise EOFError
            answer: dict[str, Any] = json.loads(line)
            return answer

    def kill(self) -> None:
        """End the process now and free its pipes."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        with contextlib.suppress(OSError):
            self._input.close()

    def _listen(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._answers.put(line)
        self._answers.put(b"")
