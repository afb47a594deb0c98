"""What the ways out are tried with: where they lead, what a process like the engine has, and bare calls.

Nothing here goes through Python's `socket`, whose calls the audit hook sees. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import socket as python_socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

INET, INET6, UNIX, NETLINK, PACKET, VSOCK = 2, 10, 1, 16, 17, 40
STREAM, DATAGRAM, RAW = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Outside:
    """Where the ways lead: listeners of the process that proves, all on this machine."""

    tcp: int
    tcp6: int  # 0 where the machine has no IPv6
    udp: int
    dns: int
    resolver: str  # path of a Unix stream socket, like a resolver's or the system bus's
    bus: str
    datagrams: str  # path of a Unix datagram socket, like a log's


@dataclass(slots=True)
class Inside:
    """What a process like the engine has when it seals itself: a listener, who came to it, a thread."""

    outside: Outside
    listener: python_socket.socket
    accepted: python_socket.socket
    jobs: list[Callable[[], None]] = field(default_factory=list)
    results: list[OSError | None] = field(default_factory=list)
    work: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def run_earlier_thread(self) -> None:
        """The body of a thread that was there before the seal."""
        while True:
            self.work.acquire()
            job = self.jobs.pop()
            try:
                job()
                self.results.append(None)
            except OSError as error:
                self.results.append(error)
            self.done.release()

    def on_earlier_thread(self, job: Callable[[], None]) -> None:
        """Let that thread do it. Raises what it raised."""
        self.jobs.append(job)
        self.work.release()
        self.done.acquire()
        error = self.results.pop()
        if error is not None:
            raise error


def libc() -> ctypes.CDLL:
    """The C library, past everything of Python's."""
    return ctypes.CDLL(None, use_errno=True)


def called(name: str, *arguments: object) -> int:
    """A function of the C library. Raises OSError."""
    ctypes.set_errno(0)
    given = int(getattr(libc(), name)(*arguments))
    if given < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return given


@contextmanager
def made_socket(family: int, kind: int, protocol: int = 0) -> Iterator[int]:
    """socket(2), closed at the end. Raises OSError."""
    made = called("socket", family, kind, protocol)
    try:
        yield made
    finally:
        os.close(made)


def inet(port: int) -> bytes:
    """struct sockaddr_in of a port on this machine."""
    return struct.pack("=H", INET) + struct.pack("!H", port) + bytes([127, 0, 0, 1]) + bytes(8)


def inet6(port: int) -> bytes:
    """struct sockaddr_in6 of the same."""
    return struct.pack("=H", INET6) + struct.pack("!HI", port, 0) + bytes(15) + b"\1" + bytes(4)


def unix(path: str) -> bytes:
    """struct sockaddr_un."""
    return struct.pack("=H", UNIX) + os.fsencode(path) + b"\0"


def connect(descriptor: int, address: bytes) -> None:
    """connect(2). Raises OSError."""
    called("connect", descriptor, address, len(address))
