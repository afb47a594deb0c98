"""The seal: from this call on the process, its threads and all it starts reach no network, and nothing unseals it.

Linux: a system call filter (seccomp), for every thread, and Landlock where the kernel has it. macOS: the sandbox call,
not verified. Windows: an unprivileged process can ask for nothing of the kind for itself while it runs (an AppContainer
is for what one starts, and needs the loopback exempted by an administrator; the filtering platform needs one, too), so
there it is "not sealed". Everywhere an audit hook as second line, and the libraries' telemetry off.

What the seal is not: it keeps nobody from writing files, and descriptors that were open before stay what they are.
Whether a process is sealed is not remembered but tried (`self_test`), so nothing here can say what is not so.

Threads: seal from the main thread, early; Landlock binds only threads that start later.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from studiolo.isolation import hook, kernel, landlock, seccomp, telemetry


class Level(StrEnum):
    """How much is left."""

    CLOSED = "closed"  # engine, its children, commands: no socket can be made or connected
    WINDOW = "window"  # Unix stream sockets stay: display, input method, screen reader. No other family


@dataclass(frozen=True, slots=True)
class SealState:
    """What the self-test found. `reason`: "" or why not: unsupported, refused (by the system), incomplete."""

    sealed: bool
    by: str  # seccomp, sandbox, or "" where nothing but the audit hook stands
    verified: bool = True  # False: tried here, but this project was never run on this system
    landlock: int = 0  # the kernel's version of it
    reason: str = ""
    open_ways: tuple[str, ...] = ()  # calls that the system still let through


def seal(level: Level = Level.CLOSED) -> SealState:
    """Seal this process for good, and test it. Never raises: what could not be had is in the state.

    A second call adds nothing that is left out by the first.
    """
    telemetry.switch_off(os.environ)
    kernel.no_core_dumps(undumpable=level is Level.CLOSED)  # a desktop portal must look at the window's process
    reason = ""
    try:
        if sys.platform == "darwin":
            from studiolo.isolation import macos

            macos.refuse()
        else:
            _filter(level)
    except NotImplementedError:
        reason = "unsupported"
    except OSError:
        reason = "refused"
    if not reason or level is Level.CLOSED:  # a window that is not sealed makes its connections itself
        hook.refuse(unix_sockets=level is Level.WINDOW, loopback=sys.platform == "win32")
    state = self_test(level)
    return state if state.sealed or not reason else SealState(sealed=False, by="", reason=reason)


def self_test(level: Level = Level.CLOSED) -> SealState:
    """Try, past Python, what the seal refuses. Sends nothing, whatever the result."""
    if sys.platform == "darwin":
        return _test_sandbox()
    processor = kernel.here()
    if processor is None:
        return SealState(sealed=False, by="", reason="unsupported")
    still_open = tuple(name for name, attempt in _attempts(processor, level).items() if not _is_refused(attempt))
    reason = "incomplete" if still_open else ""
    return SealState(
        sealed=not still_open, by="seccomp", landlock=landlock.version(), reason=reason, open_ways=still_open
    )


def _filter(level: Level) -> None:
    processor = kernel.here()
    if processor is None:
        raise NotImplementedError
    kernel.no_new_privileges()
    # Landlock keeps a handed-over TCP descriptor from being connected anew, and us out of other processes' memory
    no_tcp = landlock.no_tcp()
    if not no_tcp:
        landlock.apart()
    window = level is Level.WINDOW
    kernel.refuse(seccomp.program(processor, unix_sockets=window, connect=window and no_tcp), processor=processor)


def _attempts(processor: seccomp.Architecture, level: Level) -> dict[str, Callable[[], int]]:
    """Calls that, if they are let through, fail or do nothing by themselves: descriptor -1, addresses of nothing."""
    numbers = processor.numbers
    families = {"inet": 2, "inet6": 10, "netlink": 16, "vsock": 40}
    if level is Level.CLOSED:
        families["unix"] = seccomp.AF_UNIX

    def socket(family: int) -> int:
        made = kernel.call(numbers["socket"], family, 3 if family == 16 else 1, 0)
        os.close(made)
        return 0

    tried: dict[str, Callable[[], int]] = {
        f"socket.{name}": lambda family=family: socket(family)  # type: ignore[misc]
        for name, family in families.items()
    }
    if level is Level.CLOSED:
        tried["connect"] = lambda: kernel.call(numbers["connect"], -1, None, 0)
    tried["fastopen"] = lambda: kernel.call(numbers["sendto"], -1, None, 0, seccomp.MSG_FASTOPEN, None, 0)
    for name in ("bind", "io_uring_setup", "io_uring_enter", "pidfd_getfd", "ptrace", "process_vm_writev"):
        tried[name] = lambda name=name: kernel.call(numbers[name], -1, None, 0, 0, 0, 0)  # type: ignore[misc]
    tried["request_key"] = lambda: kernel.call(numbers["request_key"], None, None, None, 0)
    return tried


def _is_refused(attempt: Callable[[], int]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno == errno.EPERM
    return False


def _test_sandbox() -> SealState:
    """A datagram's address, which sends nothing, and port 9 of this machine."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    address = bytes([16, 2, 0, 9, 127, 0, 0, 1]) + bytes(8)
    still_open = []
    for name, kind in (("tcp", 1), ("udp", 2)):
        descriptor = library.socket(2, kind, 0)
        if descriptor < 0:
            continue
        try:
            ctypes.set_errno(0)
            if library.connect(descriptor, address, len(address)) == 0 or ctypes.get_errno() != errno.EPERM:
                still_open.append(name)
        finally:
            os.close(descriptor)
    reason = "incomplete" if still_open else ""
    return SealState(sealed=not still_open, by="sandbox", verified=False, reason=reason, open_ways=tuple(still_open))
