"""The second line, on every system: Python's own calls that would go out are refused before they are made.

It stops what Python announces (PEP 578) and nothing else; native code does not ask it. Where the kernel seals, it turns
a late failure into an early one; where the kernel does not, it is all there is, and the state says "not sealed".
A hook cannot be taken out again. Threads: any.
"""

from __future__ import annotations

import errno
import os
import sys

LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
ADDRESSED = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
CONNECTING = frozenset(
    {
        "urllib.Request",
        "http.client.connect",
        "ftplib.connect",
        "imaplib.open",
        "nntplib.connect",
        "poplib.connect",
        "smtplib.connect",
        "telnetlib.Telnet.open",
        "webbrowser.open",
    }
)
HERE = ("127.0.0.1", "::1")
ALL = LOOK_UPS | ADDRESSED | CONNECTING


def refuse(*, unix_sockets: bool = False, loopback: bool = False) -> None:
    """From now on a look-up or a connection raises PermissionError.

    `unix_sockets`: those to a path may be made. `loopback`: those to this machine, which event loops need on Windows,
    where a pair of sockets is made of them.
    """

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event not in ALL:
            return
        if event in ADDRESSED:
            address = arguments[1] if len(arguments) > 1 else None
            if address is None or (unix_sockets and isinstance(address, str | bytes)):  # connected already, or a path
                return
            if loopback and isinstance(address, tuple) and address and address[0] in HERE:
                return
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    sys.addaudithook(hook)
