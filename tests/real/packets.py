"""A day of work, inside a network namespace whose only way out is an interface that counts: how many packets left.

    unshare -n -m python -m tests.real.packets sealed|free FOLDER

Prints one line of JSON. The namespace has loopback, an interface with a default route, and a resolver behind it. In
every process that seals itself one datagram, one connection and one look-up are planted right after, in native code;
"free" leaves the seal out and keeps the rest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

OUT, FAR, RESOLVER = "out0", "198.51.100.7", "198.51.100.53"  # RFC 5737: nobody's
PLANTED = """
import ctypes, os, sys
from studiolo.isolation import seal as module

real, kind = module.seal, os.environ["PLANTED"]

def seal(*arguments, **options):
    state = real(*arguments, **options) if kind == "sealed" else module.SealState(sealed=False, by="", reason="refused")
    libc = ctypes.CDLL(None)
    address = (2).to_bytes(2, "little") + (443).to_bytes(2, "big") + bytes([198, 51, 100, 7]) + bytes(8)
    datagrams = libc.socket(2, 2, 0)
    libc.sendto(datagrams, b"planted", 7, 0, address, 16)
    stream = libc.socket(2, 1 | 0o4000, 0)  # SOCK_NONBLOCK: nobody will answer
    libc.connect(stream, address, 16)
    found = ctypes.c_void_p()
    libc.getaddrinfo(b"planted.example.org", b"443", None, ctypes.byref(found))
    with open(os.environ["PLANTED_LOG"], "a") as log:
        log.write(os.path.basename(sys.argv[0]) + " " + " ".join(sys.argv[1:2]) + "\\n")
    for made in (datagrams, stream):
        if made >= 0:
            os.close(made)
    return state

module.seal = seal
"""


def make_network(folder: Path) -> None:
    """Loopback, an interface out, a default route, a resolver behind it."""
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n")
    run("ip", "link", "set", "lo", "up")
    if subprocess.run(["ip", "link", "add", OUT, "type", "dummy"], capture_output=True, check=False).returncode != 0:
        run("ip", "link", "add", OUT, "type", "veth", "peer", "name", "far0")
        quiet("far0")
    quiet(OUT)
    run("ip", "address", "add", "198.51.100.2/24", "dev", OUT)
    run("ip", "route", "add", "default", "via", "198.51.100.1", "dev", OUT)
    run("mount", "--bind", str(resolver), str(Path("/etc/resolv.conf").resolve()))


def quiet(name: str) -> None:
    """Up, and without what the kernel itself says on a new interface."""
    settings = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if settings.exists():
        settings.write_text("1")
    run("ip", "link", "set", name, "up")


def left() -> int:
    """Packets that went out so far."""
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == OUT:
            return int(counts.split()[9])
    raise AssertionError("no interface")


def run(*command: str, **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, check=False, timeout=540, **options)
    assert done.returncode == 0, (command[:3], done.stderr.decode("utf-8", "replace")[-2000:])
    return done.stdout.decode("utf-8", "replace")


class Work:
    """What a person does in a day, beside what the window does (which starts its engine twice)."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self.said: list[str] = []

    def studiolo(self, *arguments: str) -> str:
        told = run(sys.executable, "-m", "studiolo.cli", *arguments, env=self.environ)
        self.said.append(told)
        return told

    def do(self) -> None:
        from tests.served import ROOT

        samples = ROOT / "assets" / "samples"
        self.studiolo("add", str(samples / "lease-alder-wharf.pdf"), str(samples / "meeting-note-2026-04-14.md"))
        self.studiolo("ask", "How long is the term of the lease?", "--json")
        self.studiolo("redact", str(self.folder / "note.txt"), "--json")
        server = subprocess.Popen(
            [sys.executable, "-m", "studiolo.cli", "serve"],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environ,
        )
        with server:
            try:
                assert server.stdout is not None
                self.said.append(server.stdout.readline().decode())
                self.studiolo("search", "押金", "--json")
            finally:
                server.terminate()


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    make_network(folder)
    site, log = folder / "site", folder / "planted.log"
    site.mkdir()
    (site / "sitecustomize.py").write_text(PLANTED)
    environ = {**os.environ, "PLANTED": kind, "PLANTED_LOG": str(log)}
    environ["PYTHONPATH"] = os.pathsep.join([str(site), environ["PYTHONPATH"]])
    before = left()
    work = Work(folder, environ)
    work.do()
    window = json.loads(
        run(
            sys.executable,
            "-c",
            (folder / "window.py").read_text(),
            str(folder / "note.txt"),
            "When does the lease of studio 12 end?",
            env=environ,
        ).splitlines()[-1]
    )
    packets = left() - before
    # the counter counts: one datagram of our own
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.sendto(b"counted", (FAR, 9))
    print(
        json.dumps(
            {
                "packets": packets,
                "then": left() - before - packets,
                "planted": log.read_text().splitlines(),
                "said": [len(text) for text in work.said],
                "window": window,
            }
        )
    )


if __name__ == "__main__":
    main()
