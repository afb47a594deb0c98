"""Landlock: what a process may do with files and TCP, laid down by itself, for good, without privileges (Linux).

Two uses: a pull of a model may read programs and write one folder (`only_files`), and a sealed process may open no TCP
connection even with a descriptor that somebody hands it, nor look into processes outside (`no_tcp`; on kernels that do
not know TCP yet `apart`: a process's memory is a file, /proc/PID/mem, and no system call of its own).

Binds the calling thread and what it starts later: call it while there is one thread.
Source: landlock(7), linux/landlock.h. Version ("ABI") 2 brought moving files, 4 TCP.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from studiolo.isolation import kernel

_CREATE, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every processor
_VERSION_FLAG = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_BLOCK = 1 << 11
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FIRST_VERSION = (1 << 13) - 1  # everything up to MAKE_SYM
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # what a rule on a file, not a folder, may hold
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1

MOVING_SINCE, TCP_SINCE = 2, 4  # before 2 no file could be moved from one folder to another


def version() -> int:
    """The kernel's Landlock, 0 where there is none."""
    if kernel.here() is None:
        return 0
    try:
        return kernel.call(_CREATE, 0, 0, _VERSION_FLAG)
    except OSError:
        return 0


def no_tcp() -> bool:
    """Refuse to connect or bind any TCP socket, and to reach into processes outside. False where it cannot be had."""
    if version() < TCP_SINCE:
        return False
    try:
        _restrict(_ruleset(0, BIND_TCP | CONNECT_TCP))
    except OSError:
        return False
    return True


def apart() -> bool:
    """Reach into no process outside. False where it cannot be had.

    Every domain of Landlock has that, so this one refuses what nobody here does: making block devices. Files can be
    moved between folders as before, which has to be said: a domain with rules on files refuses it otherwise.
    """
    if version() < MOVING_SINCE:
        return False
    return _confined(MAKE_BLOCK | REFER, [(Path("/"), REFER)])


def only_files(*, read: Iterable[Path], write: Iterable[Path]) -> bool:
    """Let this process read (and run) what stands under `read`, change what stands under `write`, and nothing else.

    Paths that are not there are passed over. False where the kernel has no Landlock.
    """
    known = version()
    if known < MOVING_SINCE:
        return False
    handled = _FIRST_VERSION
    for since, right in ((MOVING_SINCE, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        handled |= right if known >= since else 0
    reading = [(path, EXECUTE | READ_FILE | READ_DIR) for path in read]
    return _confined(handled, [*reading, *((path, handled) for path in write)])


def _confined(handled: int, allowed: Iterable[tuple[Path, int]]) -> bool:
    """Give up the rights to files that are `handled`, but for those `allowed` below a path. False where refused."""
    try:
        rules = _ruleset(handled, 0)
        try:
            for path, rights in allowed:
                _allow(rules, path, rights)
        except OSError:
            os.close(rules)
            raise
        _restrict(rules)
    except OSError:
        return False
    return True


def _ruleset(files: int, network: int) -> int:
    words = [files, network] if network else [files]  # older kernels know the shorter structure
    data = struct.pack(f"={len(words)}Q", *words)
    return kernel.call(_CREATE, ctypes.create_string_buffer(data, len(data)), len(data), 0)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        found = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        wanted = rights if path.is_dir() else rights & _OF_FILES
        data = struct.pack("=Qi", wanted, found)  # struct landlock_path_beneath_attr, packed
        kernel.call(_ADD_RULE, rules, _PATH_BENEATH, ctypes.create_string_buffer(data, len(data)), 0)
    finally:
        os.close(found)


def _restrict(rules: int) -> None:
    try:
        kernel.no_new_privileges()
        kernel.call(_RESTRICT_SELF, rules, 0)
    finally:
        with suppress(OSError):
            os.close(rules)
