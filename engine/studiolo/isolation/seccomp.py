"""The filter that Linux runs before each system call, as data: which calls are refused, and the program that says so.

Pure: nothing here touches the process (that is `kernel.py`), so that the programs of both processors can be tested on
either. What is refused ends with EPERM; everything that is not named here is allowed.

A descriptor that leads out is made by socket(2), and by nothing else that stays: socketpair(2) gives only connected
Unix pairs, accept(2) only who came to the bound listener. But a connected descriptor can be freed and connected anew
(connect(2) with AF_UNSPEC), a datagram pair can send to any name, io_uring makes the same calls unseen, sockets of
other processes can be taken (pidfd_getfd, ptrace), TCP can be opened by sending (MSG_FASTOPEN), and the kernel can be
asked to look a name up (request_key) or to mount a network's file system. So those go too.

Sources: seccomp(2), seccomp_unotify(2), bpf(4); linux/seccomp.h, linux/filter.h, linux/audit.h, asm/unistd.h.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

AF_UNIX = 1
SOCK_STREAM, SOCK_SEQPACKET = 1, 5
SOCK_TYPE_MASK = 0xF  # above it SOCK_CLOEXEC and SOCK_NONBLOCK
MSG_FASTOPEN = 0x20000000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # typing into the terminal that started us

ALLOW = 0x7FFF0000  # SECCOMP_RET_ALLOW
REFUSE = 0x00050000 | errno.EPERM  # SECCOMP_RET_ERRNO

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45  # BPF_JMP|JEQ, JGE, JSET with K
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand

ALWAYS_REFUSED = (
    "bind",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "pidfd_getfd",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "add_key",
    "request_key",
    "keyctl",
    "bpf",
    "mount",
    "fsopen",
    "fsmount",
    "move_mount",
    "setns",
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A processor as the kernel names it."""

    name: str
    audit: int  # AUDIT_ARCH_..., the word that a call's numbers belong to
    numbers: Mapping[str, int]
    first_foreign: int | None = None  # numbers from here on are another ABI under the same word (x32)
    also_foreign: range | None = None  # x32's own calls, which kernels before 5.4 ran without that bit, too


X86_64 = Architecture(
    "x86_64",
    0xC000003E,
    {
        "ioctl": 16,
        "socket": 41,
        "connect": 42,
        "sendto": 44,
        "sendmsg": 46,
        "bind": 49,
        "socketpair": 53,
        "ptrace": 101,
        "mount": 165,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "sendmmsg": 307,
        "setns": 308,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "seccomp": 317,
        "bpf": 321,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "move_mount": 429,
        "fsopen": 430,
        "fsmount": 432,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
    },
    first_foreign=0x40000000,
    also_foreign=range(512, 548),
)
AARCH64 = Architecture(
    "aarch64",
    0xC00000B7,
    {
        "ioctl": 29,
        "mount": 40,
        "ptrace": 117,
        "socket": 198,
        "socketpair": 199,
        "bind": 200,
        "connect": 203,
        "sendto": 206,
        "sendmsg": 211,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "setns": 268,
        "sendmmsg": 269,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "seccomp": 277,
        "bpf": 280,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "move_mount": 429,
        "fsopen": 430,
        "fsmount": 432,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
    },
)
_BY_MACHINE = {"x86_64": X86_64, "amd64": X86_64, "aarch64": AARCH64, "arm64": AARCH64}


def architecture(machine: str) -> Architecture | None:
    """The processor that `platform.machine()` names, None where its system calls are not known here."""
    return _BY_MACHINE.get(machine.lower())


def program(processor: Architecture, *, unix_sockets: bool = False, connect: bool = False) -> list[Instruction]:
    """The filter. `unix_sockets`: Unix stream sockets may be made; `connect`: connect(2) stays."""
    numbers = processor.numbers
    written: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, processor.audit),
        (_RETURN, 0, 0, REFUSE),  # 32-bit calls have other numbers: none of them is ours
        (_LOAD, 0, 0, _NUMBER),
    ]
    if processor.first_foreign is not None:
        written += [(_IF_AT_LEAST, 0, 1, processor.first_foreign), (_RETURN, 0, 0, REFUSE)]
    if processor.also_foreign is not None:
        within = processor.also_foreign
        written += [(_IF_AT_LEAST, 0, 2, within.start), (_IF_AT_LEAST, 1, 0, within.stop), (_RETURN, 0, 0, REFUSE)]
    refused = [*ALWAYS_REFUSED, *([] if connect else ["connect"]), *([] if unix_sockets else ["socket"])]
    for name in refused:
        written += _when(numbers[name], [(_RETURN, 0, 0, REFUSE)])
    if unix_sockets:
        written += _when(numbers["socket"], _UNIX_STREAMS)
    written += _when(numbers["socketpair"], _UNIX_STREAMS)
    written += _when(numbers["sendto"], [*_no_bit(3, MSG_FASTOPEN), *_no_address(4)])
    written += _when(numbers["sendmsg"], [*_no_bit(2, MSG_FASTOPEN), (_RETURN, 0, 0, ALLOW)])
    written += _when(numbers["sendmmsg"], [*_no_bit(3, MSG_FASTOPEN), (_RETURN, 0, 0, ALLOW)])
    written += _when(numbers["ioctl"], [*_none_of(1, (TIOCSTI, TIOCLINUX)), (_RETURN, 0, 0, ALLOW)])
    return [*written, (_RETURN, 0, 0, ALLOW)]


def packed(instructions: Sequence[Instruction]) -> bytes:
    """As an array of struct sock_filter, in this machine's byte order."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _argument(index: int, *, high: bool = False) -> Instruction:
    """Load half of an argument (both processors are little-endian); of an int the kernel reads no more."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index + 4 * high)


def _when(number: int, block: Sequence[Instruction]) -> list[Instruction]:
    """`block`, which must return on every path, for the call of that number; the number stays loaded otherwise."""
    return [(_IF_EQUAL, 0, len(block), number), *block]


def _no_bit(index: int, bits: int) -> list[Instruction]:
    return [_argument(index), (_IF_ANY_BIT, 0, 1, bits), (_RETURN, 0, 0, REFUSE)]


def _none_of(index: int, values: Sequence[int]) -> list[Instruction]:
    tests = [part for value in values for part in ((_IF_EQUAL, 0, 1, value), (_RETURN, 0, 0, REFUSE))]
    return [_argument(index), *tests]


def _no_address(index: int) -> list[Instruction]:
    """Allowed where the pointer is NULL: whoever is connected needs no address."""
    return [
        _argument(index),
        (_IF_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, REFUSE),
        _argument(index, high=True),
        (_IF_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, REFUSE),
        (_RETURN, 0, 0, ALLOW),
    ]


_UNIX_STREAMS: list[Instruction] = [
    _argument(0),
    (_IF_EQUAL, 1, 0, AF_UNIX),
    (_RETURN, 0, 0, REFUSE),
    _argument(1),
    (_AND, 0, 0, SOCK_TYPE_MASK),
    (_IF_EQUAL, 1, 0, SOCK_STREAM),
    (_IF_EQUAL, 0, 1, SOCK_SEQPACKET),
    (_RETURN, 0, 0, ALLOW),
    (_RETURN, 0, 0, REFUSE),
]
