"""The parent's end of the parser process: one persistent child, killed when a page hangs and started anew.

JSON, not pickle, comes back: the child reads hostile files, and what it sends must not be able to run anything here.
A fresh interpreter (never a fork of this one) holds none of the engine's threads or models. One file at a time; calls
from several threads wait for one another (`pool.ParserPool` has several children). Passwords go over stdin, where no
list of processes shows them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from studiolo.errors import Code, EnvironmentFault, error_for
from studiolo.isolation.environment import without_passphrase
from studiolo.jobs import CancelToken
from studiolo.knowledge.parsers import display
from studiolo.knowledge.parsers.blocks import Budget, Drawing, Parsed
from studiolo.knowledge.parsers.course import Course, Lost

_POLL_S = 0.1  # how soon a cancel is noticed
_BOOT = "import sys; sys.path.append(sys.argv[1]); from studiolo.knowledge.parsers.worker import main; main()"
_FILES_PER_CHILD = 500  # then a new one: parsers leak
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _environment() -> dict[str, str]:
    """A parser reads strangers' files: it gets no passphrase. A pool of threads also costs address space."""
    kept = without_passphrase(os.environ)
    return {**kept, **dict.fromkeys(_ONE_THREAD, "1")}


class Cancelled(Exception):
    """The parse was stopped because its token was set, or the process was closed."""


class ParserProcess:
    """Parses files in a child process, started at the first file."""

    def __init__(self, *, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    def parse(
        self,
        path: Path,
        *,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Parsed:
        """Parse one file within the budget. `progress` hears (page under way, pages) some ten times a second at most,
        on this thread.

        A page that takes too long, or that the child dies on, is left out: the document comes without it and with a
        gap that says why. So is the rest where the file's time is up with pages read.

        Raises UserError (see `parsers.parse`, and parse_timeout), EnvironmentFault(missing_package) where no child
        can be started, and Cancelled.
        """
        with self._lock:
            course = Course(display(path), budget=self._budget, progress=progress)
            while True:
                child = self._ready()
                try:
                    child.send(course.request(path, passwords=passwords))
                    return self._heard(child, course, cancel)
                except Lost as lost:
                    self._drop()
                    course.lose(lost.reason)
                    course.begin()
                except Cancelled:
                    self._drop()
                    raise

    def draw(
        self, path: Path, *, page: int, width: int, marked: Sequence[str] = (), passwords: Sequence[str] = ()
    ) -> Drawing:
        """A page as a picture, see `drawing.draw`, within the time of one page.

        Raises what that does, UserError(parse_timeout), EnvironmentFault(missing_package) and Cancelled.
        """
        budget = self._budget
        request = {
            "path": os.fsencode(path).hex(),
            "passwords": list(passwords),
            "budget": {name: getattr(budget, name) for name in Budget.__dataclass_fields__},
            "time_s": budget.page_time_s,
            "draw": {"page": page, "width": width, "marked": list(marked)},
        }
        with self._lock:
            child = self._ready()
            try:
                child.send(request)
                answer = self._drawn(child, time.monotonic() + budget.page_time_s)
            except Lost as lost:
                self._drop()
                values: dict[str, str | int | float] = {
                    "limit_s": budget.page_time_s,
                    "limit_bytes": budget.memory_bytes,
                    "path": display(path),
                }
                raise error_for(lost.reason.value, values) from None
            except Cancelled:
                self._drop()
                raise
        if "picture" not in answer:
            raise error_for(answer["error"], {**answer["values"], "path": display(path)})
        boxes = tuple((left, top, right, bottom) for left, top, right, bottom in answer["boxes"])
        width, height = answer["size"]
        return Drawing(base64.b64decode(answer["picture"]), width, height, answer["pages"], boxes)

    def _drawn(self, child: _Child, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline:
            if self._closed:
                raise Cancelled
            message = child.receive(_POLL_S)
            if message is not None and "lost" in message:
                raise Lost(Code(message["lost"]))
            if message is not None:
                return message
        raise Lost(Code.PARSE_TIMEOUT)

    def close(self) -> None:
        """End the child; a parse that runs is stopped with Cancelled."""
        self._closed = True
        with self._lock:
            self._drop()

    def _heard(self, child: _Child, course: Course, cancel: CancelToken | None) -> Parsed:
        while True:
            if self._closed or (cancel is not None and cancel.cancelled):
                raise Cancelled
            left = course.deadline - time.monotonic()
            message = child.receive(min(_POLL_S, max(left, 0.0)))
            if message is not None:
                parsed = course.hear(message)
                if parsed is not None:
                    return parsed
            elif left <= 0:
                raise Lost(Code.PARSE_TIMEOUT)

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
            env=_environment(),
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

    def send(self, request: dict[str, Any]) -> None:
        """Ask for one file. Raises Lost where the child has died."""
        self.asked += 1
        try:
            self._input.write(json.dumps(request).encode("ascii") + b"\n")
            self._input.flush()
        except (OSError, ValueError):
            raise Lost(Code.DAMAGED_FILE) from None

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, None where none came in time. Raises Lost where the child has died."""
        try:
            line = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if not line:
            raise Lost(Code.DAMAGED_FILE)
        try:
            message: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
        except ValueError:
            raise Lost(Code.DAMAGED_FILE) from None
        return message

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
