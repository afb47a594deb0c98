"""One engine a home: whoever opens the home's stores holds this lock.

The lock is the operating system's, so a killed process leaves none behind. The holder's pid stands in a file beside it
(a locked file cannot be read on every system). Threads: one owner.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from studiolo.errors import Code, EnvironmentFault, disk_fault
from studiolo.paths import Home


class HomeLock:
    """The lock of one home; a context manager that gives it back."""

    def __init__(self, home: Home, *, pid: int, patience_s: float = 0.0) -> None:
        """Take it; where it is held, wait up to `patience_s` for it.

        Raises EnvironmentFault: home_busy (with the holder's pid, 0 = not known), no_permission.
        """
        from filelock import FileLock, Timeout

        self._home = home
        try:
            for folder in (home.root, home.run):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = FileLock(home.lock_file, thread_local=False)
            self._lock.acquire(timeout=patience_s)
        except Timeout:
            raise EnvironmentFault(Code.HOME_BUSY, home=str(home.root), pid=holder_pid(home)) from None
        except OSError as error:
            raise disk_fault(error, home.run) from None
        try:
            _pid_file(home).write_text(f"{pid}\n", encoding="ascii")
        except OSError as error:
            self._lock.release()
            raise disk_fault(error, home.run) from None

    def release(self) -> None:
        """Give it back; a second time does nothing."""
        if self._lock.is_locked:
            with suppress(OSError):
                _pid_file(self._home).unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder_pid(home: Home) -> int:
    """The pid that the holder wrote down; 0 where there is none to read."""
    try:
        return int(_pid_file(home).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _pid_file(home: Home) -> Path:
    return home.lock_file.with_suffix(".pid")
