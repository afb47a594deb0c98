"""The proof: a process like the engine, sealed by the engine's own call, tries every way out; so does one that is not.

Everything leads to listeners of this process on this machine, so no network is needed and none is reached. Only EPERM
counts as refused, which is what the seal's filter gives; a network that is not there, a name that is not known, a
protocol that the kernel lacks count as open. Where the unsealed control gets EPERM too, the machine refuses that way to
everybody, and it says nothing about the seal: such a way is `provable=False`.

Threads: one for each listener, ended before `prove` returns. Linux only.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from studiolo.errors import Code, EngineBug
from studiolo.isolation import kernel
from studiolo.isolation.environment import that_finds_us
from studiolo.isolation.reach import Outside
from studiolo.isolation.ways import BY_HOOK

OPEN = "open"
PATIENCE_S = 180.0
STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Tried:
    """One way out. `sealed`, `control`: "open", or the name of the error it ended with."""

    way: str
    refused: bool
    sealed: str
    control: str
    provable: bool  # the control was not refused in the same manner
    by: str  # "kernel", or "hook": Python's audit hook may have been first


@dataclass(frozen=True, slots=True)
class Proof:
    """All of them, and how often the listeners heard anything."""

    sealed: bool  # what the sealed process's own test said
    ways: tuple[Tried, ...]
    arrived_sealed: int
    arrived_control: int

    @property
    def holds(self) -> bool:
        """Whether every way was refused, nothing arrived, and the control shows that it would have."""
        return self.sealed and all(way.refused for way in self.ways) and 0 == self.arrived_sealed < self.arrived_control


def possible() -> bool:
    """Whether there is anything to prove on this system."""
    return kernel.here() is not None


def prove(*, without_seal: bool = False) -> Proof:
    """Try them all. `without_seal`: leave the seal out, to see the proof fail. Raises EngineBug(internal)."""
    with tempfile.TemporaryDirectory(prefix="studiolo-proof-") as folder, _listening(Path(folder)) as listening:
        sealed, found = _run("control" if without_seal else "sealed", listening)
        arrived_sealed = listening.taken()
        _, control = _run("control", listening)
        arrived_control = listening.taken()
    ways = tuple(
        Tried(
            way=name,
            refused=number == errno.EPERM,
            sealed=_named(number),
            control=_named(control[name]),
            provable=control[name] != errno.EPERM,
            by="hook" if name in BY_HOOK else "kernel",
        )
        for name, number in found.items()
    )
    return Proof(sealed, ways, arrived_sealed, arrived_control)


def _named(number: int) -> str:
    return errno.errorcode.get(number, str(number)) if number else OPEN


class _Listening:
    """Where the listeners are, and how often they heard something since they were last asked."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self._heard = 0
        self._lock = threading.Lock()

    def hear(self) -> None:
        """Something came."""
        with self._lock:
            self._heard += 1

    def taken(self) -> int:
        """How often, since the last time; what was sent before the call is counted."""
        time.sleep(2 * STEP_S)
        with self._lock:
            heard, self._heard = self._heard, 0
        return heard


@contextmanager
def _listening(folder: Path) -> Iterator[_Listening]:
    with ExitStack() as opened:

        def stream(family: int, address: object) -> socket.socket:
            made = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
            made.bind(address)  # type: ignore[arg-type]
            made.listen(16)
            return made

        def datagrams(family: int, address: object) -> socket.socket:
            made = opened.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            made.bind(address)  # type: ignore[arg-type]
            return made

        streams = [stream(socket.AF_INET, ("127.0.0.1", 0))]
        with suppress(OSError):  # not every machine has IPv6
            streams.append(stream(socket.AF_INET6, ("::1", 0)))
        has_ipv6 = len(streams) > 1
        paths = [str(folder / name) for name in ("resolver", "bus", "datagrams")]
        streams += [stream(socket.AF_UNIX, path) for path in paths[:2]]
        udp, dns = (datagrams(socket.AF_INET, ("127.0.0.1", 0)) for _ in range(2))
        told = datagrams(socket.AF_UNIX, paths[2])
        ports = [made.getsockname()[1] for made in (streams[0], udp, dns)]
        outside = Outside(
            tcp=ports[0],
            tcp6=streams[1].getsockname()[1] if has_ipv6 else 0,
            udp=ports[1],
            dns=ports[2],
            resolver=paths[0],
            bus=paths[1],
            datagrams=paths[2],
        )
        listening = _Listening(outside)
        ending = threading.Event()
        threads = [
            *(threading.Thread(target=_accept, args=(made, listening, ending)) for made in streams),
            *(
                threading.Thread(target=_receive, args=(made, listening, ending, made is dns))
                for made in (udp, dns, told)
            ),
        ]
        for thread in threads:
            thread.start()
        try:
            yield listening
        finally:
            ending.set()
            for thread in threads:
                thread.join()


def _accept(listener: socket.socket, listening: _Listening, ending: threading.Event) -> None:
    listener.settimeout(STEP_S)
    while not ending.is_set():
        with suppress(OSError):
            visitor, _ = listener.accept()
            listening.hear()
            with visitor:
                visitor.settimeout(STEP_S)
                visitor.recv(64)


def _receive(bound: socket.socket, listening: _Listening, ending: threading.Event, is_dns: bool) -> None:
    bound.settimeout(STEP_S)
    while not ending.is_set():
        with suppress(OSError):
            data, sender = bound.recvfrom(4096)
            listening.hear()
            if is_dns:
                bound.sendto(_answer(data), sender)


def _answer(query: bytes) -> bytes:
    """The answer of a resolver to one question: 127.0.0.1 (RFC 1035)."""
    header = query[:2] + bytes.fromhex("8180 0001 0001 0000 0000")
    end = query.index(0, 12) + 5
    return header + query[12:end] + bytes.fromhex("c00c 0001 0001 0000003c 0004 7f000001")


def _run(kind: str, listening: _Listening) -> tuple[bool, dict[str, int]]:
    """The process's word on its seal, and the error number of each way."""
    command = [sys.executable, "-P", "-m", "studiolo.isolation.ways", kind, json.dumps(asdict(listening.outside))]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=that_finds_us(os.environ),
    ) as process:
        assert process.stdout is not None
        late = threading.Timer(PATIENCE_S, process.kill)
        late.start()
        try:
            port = json.loads(process.stdout.readline())["port"]
            with socket.create_connection(("127.0.0.1", port)):
                told = json.loads(process.stdout.readline())
        except (ValueError, OSError):
            raise EngineBug(Code.INTERNAL, where="proof") from None
        finally:
            late.cancel()
            process.kill()
    return bool(told["sealed"]), {name: int(number) for name, number in told["ways"].items()}
