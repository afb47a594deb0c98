"""Ending a response from another thread.

Closing a socket does not wake a thread that reads it, shutting it down does.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any


def end_socket(response: Any) -> None:
    """Shut down the socket under an httpx response; its reader then sees the connection end."""
    network = response.extensions.get("network_stream")
    found = network.get_extra_info("socket") if network is not None else None
    if isinstance(found, socket.socket):
        with suppress(OSError):
            found.shutdown(socket.SHUT_RDWR)
