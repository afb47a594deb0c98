"""Ctrl+C as cancelling: the first one asks the work to stop cleanly, a second one stops the program.

Python runs signal handlers on the main thread between two steps of it, and a main thread that waits for an answer may
take no step for a long time (on Windows none at all). So the signal is also written to a socket, which wakes a thread
of its own.
"""

from __future__ import annotations

import signal
import socket
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
    asked: list[int] = []

    def on_signal(kind: int, _frame: FrameType | None) -> None:
        asked.append(kind)
        if len(asked) > 1:
            raise KeyboardInterrupt

    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def watch() -> None:
        with reader:
            while kinds := reader.recv(16):
                if signal.SIGINT in kinds:
                    token.cancel()

    watcher = threading.Thread(target=watch, name="interrupt", daemon=True)
    handler_before = signal.signal(signal.SIGINT, on_signal)
    wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield token
    finally:
        signal.set_wakeup_fd(wakeup_before)
        signal.signal(signal.SIGINT, handler_before)
        writer.close()  # the watcher reads the end
        watcher.join()
