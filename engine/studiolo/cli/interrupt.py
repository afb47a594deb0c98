"""Ctrl+C as cancelling: the first one asks the work to stop cleanly, a second one stops the program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from studiolo.jobs import CancelToken


@contextmanager
def cancel_on_interrupt() -> Iterator[CancelToken]:
    """A token that Ctrl+C sets while the block runs."""
    token = CancelToken()
    if threading.current_thread() is not threading.main_thread():
        yield token  # signals go to the main thread alone
        return

    def asked(_signal: int, _frame: FrameType | None) -> None:
        if token.cancelled:
            raise KeyboardInterrupt
        # On a thread of its own: the handler may have interrupted code that holds the token's lock.
        stopper = threading.Thread(target=token.cancel, name="interrupt")
        stopper.start()

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield token
    finally:
        signal.signal(signal.SIGINT, before)
