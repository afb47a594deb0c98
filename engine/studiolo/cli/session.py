"""The engine a command talks to, with a note on stderr while another process keeps the home."""

from __future__ import annotations

from contextlib import AbstractContextManager

from studiolo.cli.terminal import Terminal
from studiolo.client import session
from studiolo.engine import Engine


def open_engine(terminal: Terminal, *, wait_s: float = session.WAIT_S) -> AbstractContextManager[Engine]:
    """See `studiolo.client.session.open_engine`."""
    return session.open_engine(
        terminal.home,
        environ=terminal.environ,
        wait_s=wait_s,
        sealed=terminal.sealing,
        on_wait=lambda pid: terminal.say("waiting", pid=pid or "?"),
    )
