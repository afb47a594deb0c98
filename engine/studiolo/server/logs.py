"""The engine's log: what happened and where, never what was read or written by a person.

Only our own loggers and the server's reach the file. An exception is logged as its type and its places in the code:
messages and values of exceptions can hold user text. Threads: logging's own.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import traceback
from types import TracebackType
from typing import IO

from studiolo.errors import disk_fault
from studiolo.paths import Home

LOG_BYTES = 2 * 1024**2
LOG_FILES = 3
OURS = ("studiolo", "uvicorn.error")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlacesFormatter(logging.Formatter):
    """Formats an exception as its type and the places it passed through, without its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a text that another formatter made of the same exception is not taken over."""
        cached, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = cached

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        """One line a place."""
        kind, _, trace = ei
        places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([kind.__name__ if kind else "", *places])


def open_log(home: Home) -> IO[str]:
    """Send our loggers to the home's log file and nowhere else.

    Native crashes (an illegal instruction, an abort) leave the threads' places in `engine.fault.log`; that file is
    given back and must stay open. Raises EnvironmentFault.
    """
    try:
        home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = logging.handlers.RotatingFileHandler(
            home.logs / "engine.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
        faults = (home.logs / "engine.fault.log").open("a", encoding="utf-8")
    except OSError as error:
        raise disk_fault(error, home.logs) from None
    handler.setFormatter(PlacesFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)
    # Other libraries' messages may quote what they read; they go nowhere, and not to logging's last resort (stderr).
    root = logging.getLogger()
    root.handlers[:] = [logging.NullHandler()]
    faulthandler.enable(file=faults)
    return faults


def close_log(faults: IO[str]) -> None:
    """Give the files back."""
    faulthandler.disable()
    faults.close()
    for name in OURS:
        logger = logging.getLogger(name)
        for handler in logger.handlers:
            handler.close()
        logger.handlers[:] = []
        logger.propagate = True
