"""What is asked of the Linux kernel itself, through the C library: no library beside it is needed.

Each call raises OSError with the kernel's number. Threads: `refuse` binds all threads of the process, the others the
calling one and whatever it starts.
Sources: prctl(2), seccomp(2), landlock(7), core(5).
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress

from studiolo.isolation import seccomp

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def here() -> seccomp.Architecture | None:
    """This machine's processor, None where it is not Linux, not known here, or runs a 32-bit Python."""
    if not sys.platform.startswith("linux") or sys.maxsize < 1 << 32 or sys.byteorder != "little":
        return None
    return seccomp.architecture(platform.machine())


def call(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | bytes | None) -> int:
    """syscall(2): what it gives. Raises OSError."""
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    ctypes.set_errno(0)
    given = _syscall()(ctypes.c_long(number), *passed)
    if given < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(given)


@functools.cache
def _syscall() -> ctypes._NamedFuncPointer:
    function = _libc().syscall
    function.restype = ctypes.c_long
    return function


def no_new_privileges() -> None:
    """From now on no program that is started gains rights; without it an ordinary user may set no filter."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def refuse(instructions: Sequence[seccomp.Instruction], *, processor: seccomp.Architecture) -> None:
    """Run this filter before every system call of every thread and of every child, for good."""
    data = ctypes.create_string_buffer(seccomp.packed(instructions))
    wanted = _Program(len(instructions), ctypes.cast(data, ctypes.c_void_p))
    ctypes.set_errno(0)
    left = _syscall()(
        ctypes.c_long(processor.numbers["seccomp"]),
        ctypes.c_long(SECCOMP_SET_MODE_FILTER),
        ctypes.c_long(SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.byref(wanted),
    )
    if left < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if left > 0:  # the thread that could not be brought under it
        raise OSError(0, "a thread has a filter of its own")


def no_core_dumps(*, undumpable: bool = True) -> None:
    """A core dump would hold the documents. Quiet where the system knows no such limit.

    The limit alone does not stop a dump that the kernel pipes into a program; a process that is not dumpable has none,
    and no other of the same user may read its memory.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if undumpable and sys.platform.startswith("linux"):
        with suppress(OSError):
            _prctl(PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    nothing = ctypes.c_ulong(0)
    ctypes.set_errno(0)
    if _libc().prctl(ctypes.c_int(option), ctypes.c_ulong(value), nothing, nothing, nothing) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
