"""`studiolo doctor --prove`: every way out, tried from inside the seal and from outside it, as a table."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict

from studiolo.cli.terminal import DONE, FAILED, Terminal
from studiolo.isolation.proof import OPEN, Proof, Tried, possible, prove

WAYS: dict[str, tuple[str, str]] = {
    "tcp": ("TCP connection", "TCP 连接"),
    "tcp_ipv6": ("TCP connection, IPv6", "TCP 连接（IPv6）"),
    "udp": ("UDP datagram", "UDP 数据报"),
    "udp_ipv6": ("UDP datagram, IPv6", "UDP 数据报（IPv6）"),
    "dns": ("name look-up by the C library (DNS)", "C 库的域名查询（DNS）"),
    "raw": ("raw IP (ICMP)", "原始 IP（ICMP）"),
    "packet": ("packets past IP (AF_PACKET)", "绕过 IP 的数据包（AF_PACKET）"),
    "netlink": ("the kernel's network settings (netlink)", "内核网络设置（netlink）"),
    "vsock": ("the host of a virtual machine (vsock)", "虚拟机的宿主（vsock）"),
    "resolver_socket": ("a resolver's Unix socket", "域名解析服务的 Unix 套接字"),
    "dbus": ("a Unix socket like D-Bus", "D-Bus 一类的 Unix 套接字"),
    "datagram_of_a_pair": ("a datagram from a pair to a Unix address", "由套接字对发往 Unix 地址的数据报"),
    "accepted_again": ("an accepted descriptor, connected anew (AF_UNSPEC)", "已接受的描述符重新连接（AF_UNSPEC）"),
    "listener_again": ("the listener's descriptor, connected anew", "监听描述符重新连接"),
    "fast_open": ("sending with MSG_FASTOPEN", "以 MSG_FASTOPEN 发送"),
    "io_uring": ("io_uring", "io_uring"),
    "pidfd_getfd": ("another process's descriptor (pidfd_getfd)", "其他进程的描述符（pidfd_getfd）"),
    "ptrace": ("steering another process (ptrace)", "操控其他进程（ptrace）"),
    "process_vm_writev": ("writing into another process's memory", "写入其他进程的内存"),
    "key_service": ("the kernel's key service, which can look names up", "可查询域名的内核密钥服务"),
    "child_process": ("a child process", "子进程"),
    "earlier_thread": ("a thread that was there before the seal", "隔离之前就已存在的线程"),
    "python_connect": ("Python: connecting", "Python：建立连接"),
    "python_look_up": ("Python: name look-up", "Python：域名查询"),
    "x32_calls": ("system calls by the x32 numbers", "以 x32 编号发起的系统调用"),
}

WORDS: dict[str, tuple[str, str]] = {
    "cannot_prove": (
        "There is no seal to prove on this system: it is made and tested on Linux (x86-64, aarch64) only.",
        "此系统上没有可验证的隔离：仅在 Linux（x86-64、aarch64）上实现并测试。",
    ),
    "way": ("way out", "出口"),
    "sealed": ("sealed", "已隔离"),
    "control": ("not sealed", "未隔离"),
    "refused": ("refused", "已拒绝"),
    "not_refused": ("NOT REFUSED", "未拒绝"),
    "open": ("open", "可通行"),
    "reached": ("reached the kernel ({error})", "已到达内核（{error}）"),
    "also": (
        "refused by this machine to everybody ({error}): proves nothing",
        "本机对所有程序均拒绝（{error}）：不能作为证明",
    ),
    "holds": (
        (
            "The seal holds: {refused} of {ways} ways refused; {sealed} messages arrived from the sealed process, "
            "{control} from the other."
        ),
        "隔离有效：{ways} 个出口中拒绝了 {refused} 个；已隔离进程送出 {sealed} 条消息，未隔离进程送出 {control} 条。",
    ),
    "fails": (
        (
            "The seal does NOT hold: {refused} of {ways} ways refused; {sealed} messages arrived from the sealed "
            "process, {control} from the other."
        ),
        "隔离无效：{ways} 个出口中仅拒绝了 {refused} 个；已隔离进程送出 {sealed} 条消息，未隔离进程送出 {control} 条。",
    ),
}


def run_proof(terminal: Terminal, *, as_json: bool) -> int:
    """Prove and tell; the exit code."""
    if not possible():
        if as_json:
            terminal.json({"holds": False, "sealed": False, "ways": []})
        terminal.note(WORDS["cannot_prove"][terminal.chinese])
        return FAILED
    proof = prove()
    if as_json:
        terminal.json({"holds": proof.holds, **asdict(proof)})
    else:
        _show(proof, terminal)
    return DONE if proof.holds else FAILED


def _show(proof: Proof, terminal: Terminal) -> None:
    chinese = terminal.chinese
    rows = [tuple(WORDS[name][chinese] for name in ("way", "sealed", "control"))]
    rows += [
        (WAYS[way.way][chinese], _sealed(way, chinese=chinese), _control(way, chinese=chinese)) for way in proof.ways
    ]
    first, second = (max(_width(row[column]) for row in rows) for column in range(2))
    for way, sealed, control in rows:
        terminal.text(f"{_filled(way, first)}  {_filled(sealed, second)}  {control}")
    words = WORDS["holds" if proof.holds else "fails"][chinese]
    refused = sum(way.refused for way in proof.ways)
    counts = {"ways": len(proof.ways), "sealed": proof.arrived_sealed, "control": proof.arrived_control}
    terminal.note(words.format(refused=refused, **counts))


def _sealed(way: Tried, *, chinese: bool) -> str:
    return WORDS["refused"][chinese] if way.refused else f"{WORDS['not_refused'][chinese]} ({way.sealed})"


def _control(way: Tried, *, chinese: bool) -> str:
    if way.control == OPEN:
        return WORDS["open"][chinese]
    return WORDS["reached" if way.provable else "also"][chinese].format(error=way.control)


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
