"""Every way out that we know of, tried for real: the inside of `studiolo doctor --prove`.

Each way goes past Python, through the C library, to a listener on this very machine, so that the kernel and nothing
else decides. It raises OSError where it is refused or fails. A way that needs no answer counts as open as soon as the
kernel has let the call through: whether the machine then finds a route is not the seal's business.

    python -m studiolo.isolation.ways sealed|control LISTENERS

The process seals itself by the engine's own call (or not, for the control). Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import socket as python_socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studiolo.isolation import kernel, seccomp
from studiolo.isolation.reach import (
    DATAGRAM,
    INET,
    INET6,
    NETLINK,
    PACKET,
    RAW,
    STREAM,
    UNIX,
    VSOCK,
    Inside,
    Outside,
    called,
    connect,
    inet,
    inet6,
    libc,
    made_socket,
    unix,
)
from studiolo.isolation.seal import seal

PTRACE_SEIZE = 0x4206
VISITOR_S = 60.0
SAID = b"studiolo"  # what is sent: no text of anybody's

Way = Callable[[Inside], None]


def _tcp(inside: Inside) -> None:
    with made_socket(INET, STREAM) as made:
        connect(made, inet(inside.outside.tcp))
        called("send", made, SAID, len(SAID), 0)


def _tcp6(inside: Inside) -> None:
    with made_socket(INET6, STREAM) as made:
        connect(made, inet6(inside.outside.tcp6))
        called("send", made, SAID, len(SAID), 0)


def _udp(inside: Inside) -> None:
    address = inet(inside.outside.udp)
    with made_socket(INET, DATAGRAM) as made:
        called("sendto", made, SAID, len(SAID), 0, address, len(address))


def _udp6(inside: Inside) -> None:  # noqa: ARG001 - to a port where nobody listens: the call is what counts
    address = inet6(9)
    with made_socket(INET6, DATAGRAM) as made, contextlib.suppress(ConnectionRefusedError):
        called("sendto", made, SAID, len(SAID), 0, address, len(address))


def _dns(inside: Inside) -> None:
    """The C library's own look-up, at a resolver of ours: `_res` names it, as resolver(3) allows."""
    library = libc()
    query = getattr(library, "res_query", None)  # glibc since 2.34
    if query is None:
        query = getattr(ctypes.CDLL("libresolv.so.2", use_errno=True), "__res_query", None)
    state_of, begin = getattr(library, "__res_state", None), getattr(library, "__res_init", None)
    if query is None or state_of is None or begin is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    state_of.restype = ctypes.c_void_p
    begin()
    state = state_of()
    ctypes.c_int.from_address(state).value = 1  # retrans: seconds
    ctypes.c_int.from_address(state + 4).value = 1  # retry
    ctypes.c_int.from_address(state + 16).value = 1  # nscount
    ctypes.memmove(state + 20, inet(inside.outside.dns), 16)  # nsaddr_list[0]
    answer = ctypes.create_string_buffer(512)
    ctypes.set_errno(0)
    if query(b"proof.studiolo.invalid", 1, 1, answer, len(answer)) < 0:
        raise OSError(ctypes.get_errno() or errno.EHOSTUNREACH, os.strerror(ctypes.get_errno()))


def _raw(_inside: Inside) -> None:
    """ICMP; where only root may, a protocol of nothing: then the kernel says so itself instead of the seal."""
    try:
        with made_socket(INET, RAW, 1):
            return
    except PermissionError:
        with made_socket(INET, RAW, 0):
            return


def _packet(_inside: Inside) -> None:
    with made_socket(PACKET, RAW, 0):
        return


def _netlink(_inside: Inside) -> None:
    with made_socket(NETLINK, RAW, 0):
        return


def _vsock(_inside: Inside) -> None:
    with made_socket(VSOCK, STREAM):
        return


def _resolver(inside: Inside) -> None:
    with made_socket(UNIX, STREAM) as made:
        connect(made, unix(inside.outside.resolver))
        called("send", made, SAID, len(SAID), 0)


def _bus(inside: Inside) -> None:
    with made_socket(UNIX, STREAM) as made:
        connect(made, unix(inside.outside.bus))
        called("send", made, b"\0AUTH EXTERNAL\r\n", 16, 0)


def _paired_datagram(inside: Inside) -> None:
    pair = (ctypes.c_int * 2)()
    called("socketpair", UNIX, DATAGRAM, 0, pair)
    address = unix(inside.outside.datagrams)
    try:
        called("sendto", pair[0], SAID, len(SAID), 0, address, len(address))
    finally:
        for one in pair:
            os.close(one)


def _again(descriptor: int, port: int) -> None:
    connect(descriptor, struct.pack("=H", 0) + bytes(14))  # AF_UNSPEC lets go of the peer
    connect(descriptor, inet(port))
    called("send", descriptor, SAID, len(SAID), 0)


def _accepted(inside: Inside) -> None:
    _again(inside.accepted.fileno(), inside.outside.tcp)


def _listening(inside: Inside) -> None:
    _again(inside.listener.fileno(), inside.outside.tcp)


def _fast_open(inside: Inside) -> None:
    """Data in the first packet of a connection, without connect(2); else on the accepted descriptor."""
    address = inet(inside.outside.tcp)

    def send(descriptor: int) -> None:
        called("sendto", descriptor, SAID, len(SAID), seccomp.MSG_FASTOPEN, address, len(address))

    try:
        with made_socket(INET, STREAM) as made:
            send(made)
    except PermissionError:
        send(inside.accepted.fileno())


def _numbers() -> dict[str, int]:
    processor = kernel.here()
    assert processor is not None
    return dict(processor.numbers)


def _io_uring(_inside: Inside) -> None:
    os.close(kernel.call(_numbers()["io_uring_setup"], 1, ctypes.create_string_buffer(120)))


def _taken(inside: Inside) -> None:
    numbers = _numbers()
    process = kernel.call(numbers["pidfd_open"], os.getpid(), 0)
    try:
        os.close(kernel.call(numbers["pidfd_getfd"], process, inside.listener.fileno(), 0))
    finally:
        os.close(process)


@contextmanager
def _bystander() -> Iterator[int]:
    with subprocess.Popen(["/bin/sh", "-c", "read nothing"], stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def _traced(_inside: Inside) -> None:
    with _bystander() as pid:
        kernel.call(_numbers()["ptrace"], PTRACE_SEIZE, pid, 0, 0)


def _written_into(_inside: Inside) -> None:
    text = ctypes.create_string_buffer(8)
    vector = ctypes.create_string_buffer(struct.pack("=QQ", ctypes.addressof(text), 8), 16)
    kernel.call(_numbers()["process_vm_writev"], os.getpid(), vector, 1, vector, 1, 0)


def _key_service(_inside: Inside) -> None:
    """The kernel's key service can start a program that looks names up. This asks it for a key that starts none."""
    try:
        kernel.call(_numbers()["request_key"], b"user", b"studiolo", None, 0)
    except OSError as error:
        if error.errno != errno.ENOKEY:  # the service has looked, and has none of that name
            raise


def _foreign_calls(_inside: Inside) -> None:
    """The same call by another table of numbers (x32); a kernel without it says ENOSYS."""
    os.close(kernel.call(0x40000000 | _numbers()["socket"], INET, STREAM, 0))


CHILD = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5).sendall(b"studiolo")
except OSError as error:
    sys.exit(100 + (error.errno or 0) % 100)
"""


def _child(inside: Inside) -> None:
    """A new interpreter, which has no audit hook: what it is refused, it is refused by what it inherited."""
    ran = subprocess.run([sys.executable, "-S", "-E", "-c", CHILD, str(inside.outside.tcp)], check=False, timeout=60)
    if ran.returncode:
        number = ran.returncode - 100 if ran.returncode >= 100 else errno.ECHILD
        raise OSError(number, os.strerror(number))


def _earlier_thread(inside: Inside) -> None:
    inside.on_earlier_thread(lambda: _tcp(inside))


def _python(inside: Inside) -> None:
    with python_socket.create_connection(("127.0.0.1", inside.outside.tcp), 5) as made:
        made.sendall(SAID)


def _python_look_up(_inside: Inside) -> None:
    python_socket.getaddrinfo("localhost", 80)


WAYS: dict[str, Way] = {
    "tcp": _tcp,
    "tcp_ipv6": _tcp6,
    "udp": _udp,
    "udp_ipv6": _udp6,
    "dns": _dns,
    "raw": _raw,
    "packet": _packet,
    "netlink": _netlink,
    "vsock": _vsock,
    "resolver_socket": _resolver,
    "dbus": _bus,
    "datagram_of_a_pair": _paired_datagram,
    "accepted_again": _accepted,
    "listener_again": _listening,
    "fast_open": _fast_open,
    "io_uring": _io_uring,
    "pidfd_getfd": _taken,
    "ptrace": _traced,
    "process_vm_writev": _written_into,
    "key_service": _key_service,
    "child_process": _child,
    "earlier_thread": _earlier_thread,
    "python_connect": _python,
    "python_look_up": _python_look_up,
}
if kernel.here() is seccomp.X86_64:
    WAYS["x32_calls"] = _foreign_calls
BY_HOOK = frozenset({"python_connect", "python_look_up"})  # what these are refused, the audit hook may have refused


def tried(inside: Inside) -> dict[str, int]:
    """Each way, and the number of the error that it ended with; 0 = it was open."""
    found: dict[str, int] = {}
    for name, way in WAYS.items():
        try:
            way(inside)
        except OSError as error:
            found[name] = error.errno or errno.EIO
        else:
            found[name] = 0
    return found


def main(arguments: list[str]) -> None:
    """The process: `sealed` or `control`, and the listeners as JSON. Says its port, awaits a visitor, tries, tells."""
    kind, outside = arguments
    with python_socket.create_server(("127.0.0.1", 0)) as listener:
        _say({"port": listener.getsockname()[1]})
        listener.settimeout(VISITOR_S)  # who started this process may have been ended
        accepted, _ = listener.accept()
        listener.settimeout(None)
        with accepted:
            inside = Inside(Outside(**json.loads(outside)), listener, accepted)
            threading.Thread(target=inside.run_earlier_thread, daemon=True).start()
            state = seal() if kind == "sealed" else None
            _say({"sealed": state is not None and state.sealed, "ways": tried(inside)})


def _say(told: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
