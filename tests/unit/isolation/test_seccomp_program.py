"""The filter as data, run by an interpreter of its own: both processors are tested on either."""

from __future__ import annotations

import pytest

from studiolo.isolation import seccomp
from studiolo.isolation.seccomp import AARCH64, ALLOW, X86_64, Architecture, program

AF_UNIX, AF_INET = 1, 2
STREAM, DATAGRAM, RAW, SEQPACKET = 1, 2, 3, 5
CLOEXEC = 0o2000000
FASTOPEN = 0x20000000
EVERY_FAMILY = range(46)


def run(instructions: list[seccomp.Instruction], number: int, *arguments: int, audit: int) -> int:
    """What the program answers to a call (classic BPF over struct seccomp_data)."""
    words = [number, audit, 0, 0]
    for argument in [*arguments, *[0] * (6 - len(arguments))]:
        words += [argument & 0xFFFFFFFF, (argument >> 32) & 0xFFFFFFFF]
    at, loaded = 0, 0
    while True:
        code, yes, no, operand = instructions[at]
        at += 1
        match code:
            case 0x20:
                assert operand % 4 == 0
                loaded = words[operand // 4]
            case 0x54:
                loaded &= operand
            case 0x06:
                return operand
            case 0x15:
                at += yes if loaded == operand else no
            case 0x35:
                at += yes if loaded >= operand else no
            case 0x45:
                at += yes if loaded & operand else no
            case _:
                raise AssertionError(hex(code))


@pytest.fixture(params=[X86_64, AARCH64], ids=lambda one: one.name)
def processor(request: pytest.FixtureRequest) -> Architecture:
    return request.param  # type: ignore[no-any-return]


def refused(processor: Architecture, name: str, *arguments: int, **options: bool) -> bool:
    answer = run(program(processor, **options), processor.numbers[name], *arguments, audit=processor.audit)
    assert answer in (ALLOW, seccomp.REFUSE)
    return answer == seccomp.REFUSE


def test_no_family_of_socket_can_be_made(processor: Architecture) -> None:
    for family in EVERY_FAMILY:
        for kind in (STREAM, DATAGRAM, RAW, SEQPACKET):
            assert refused(processor, "socket", family, kind | CLOEXEC)


def test_a_window_keeps_unix_streams_and_nothing_else(processor: Architecture) -> None:
    for family in EVERY_FAMILY:
        for kind in (STREAM, DATAGRAM, RAW, SEQPACKET):
            stays = family == AF_UNIX and kind in (STREAM, SEQPACKET)
            assert refused(processor, "socket", family, kind | CLOEXEC, unix_sockets=True) is not stays
    assert refused(processor, "connect", 3, unix_sockets=True)
    assert not refused(processor, "connect", 3, unix_sockets=True, connect=True)


def test_connecting_is_refused_whatever_the_descriptor(processor: Architecture) -> None:
    for descriptor in (0, 3, 2**32 - 1):
        assert refused(processor, "connect", descriptor)


def test_only_pairs_that_stay_connected_can_be_made(processor: Architecture) -> None:
    assert not refused(processor, "socketpair", AF_UNIX, STREAM | CLOEXEC)
    assert not refused(processor, "socketpair", AF_UNIX, SEQPACKET)
    assert refused(processor, "socketpair", AF_UNIX, DATAGRAM)  # it can be sent to any name
    assert refused(processor, "socketpair", AF_INET, STREAM)


def test_sending_may_not_open_a_connection_nor_name_an_address(processor: Architecture) -> None:
    assert not refused(processor, "sendto", 3, 1, 1, 0, 0)
    assert refused(processor, "sendto", 3, 1, 1, FASTOPEN, 0)
    assert refused(processor, "sendto", 3, 1, 1, 0, 0x1000)
    assert refused(processor, "sendto", 3, 1, 1, 0, 0x7F0000000000)  # only the high half says so
    for name, flags in (("sendmsg", 2), ("sendmmsg", 3)):
        arguments = [0] * 4
        assert not refused(processor, name, *arguments)
        arguments[flags] = FASTOPEN | 0x40
        assert refused(processor, name, *arguments)


@pytest.mark.parametrize("name", seccomp.ALWAYS_REFUSED)
def test_what_acts_for_others_is_refused(processor: Architecture, name: str) -> None:
    assert refused(processor, name)
    assert refused(processor, name, unix_sockets=True, connect=True)


def test_nobody_types_into_our_terminal(processor: Architecture) -> None:
    assert refused(processor, "ioctl", 0, 0x5412)
    assert refused(processor, "ioctl", 0, 0x541C)
    assert not refused(processor, "ioctl", 0, 0x5401)


def test_everything_else_is_allowed(processor: Architecture) -> None:
    known = set(processor.numbers.values())
    accept, listen, receive = (43, 50, 45) if processor is X86_64 else (202, 201, 207)
    for number in {0, 1, 9, 56, 59, 231, 435, accept, listen, receive} - known:
        assert run(program(processor), number, audit=processor.audit) == ALLOW


def test_calls_of_another_table_are_refused(processor: Architecture) -> None:
    for audit in (0x40000003, 0x40000028, X86_64.audit ^ AARCH64.audit ^ processor.audit):  # i386, arm, the other
        assert run(program(processor), 0, audit=audit) == seccomp.REFUSE
    if processor is X86_64:
        assert run(program(processor), 0x40000000 | 41, AF_INET, STREAM, audit=processor.audit) == seccomp.REFUSE
        assert run(program(processor), 0x40000000, audit=processor.audit) == seccomp.REFUSE
        for number in range(512, 548):  # x32's execve, ptrace, sendmsg ...: older kernels ran them without its bit
            assert run(program(processor), number, audit=processor.audit) == seccomp.REFUSE
        for number in (511, 548):
            assert run(program(processor), number, audit=processor.audit) == ALLOW


def test_the_program_fits_the_kernel(processor: Architecture) -> None:
    written = program(processor, unix_sockets=True)
    assert len(written) < 4096  # BPF_MAXINSNS
    assert len(seccomp.packed(written)) == 8 * len(written)
    for at, (code, yes, no, _) in enumerate(written):
        if code in (0x15, 0x35, 0x45):
            assert at + 1 + max(yes, no) < len(written)
    assert written[-1][0] == 0x06


def test_both_tables_name_the_same_calls() -> None:
    assert X86_64.numbers.keys() == AARCH64.numbers.keys()
    for table in (X86_64, AARCH64):
        assert len(set(table.numbers.values())) == len(table.numbers)


def test_machines_by_name() -> None:
    assert seccomp.architecture("AMD64") is X86_64
    assert seccomp.architecture("arm64") is AARCH64
    assert seccomp.architecture("riscv64") is None
