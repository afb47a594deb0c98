"""The seal in processes of their own (it cannot be undone): what it refuses, what still works, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.served import child_environ

from studiolo.isolation import kernel, landlock, telemetry
from studiolo.isolation.seal import self_test
from studiolo.paths import Home

linux = pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64")

SEALED = "from studiolo.isolation.seal import Level, seal, self_test\nstate = seal()\n"


def told(home: Home, code: str, **environ: str) -> Any:
    ran = subprocess.run(
        [sys.executable, "-c", code], env=child_environ(home, **environ), capture_output=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_this_process_is_not_sealed_and_its_test_says_so() -> None:
    state = self_test()
    assert not state.sealed
    assert state.reason in ("incomplete", "unsupported")


@linux
def test_sealing_is_tested_and_said(home: Home) -> None:
    code = SEALED + "import json, dataclasses; print(json.dumps([dataclasses.asdict(state), self_test().sealed]))"
    state, again = told(home, code)
    assert state["sealed"] is True
    assert state["by"] == "seccomp"
    assert state["open_ways"] == []
    assert again is True


@linux
def test_a_second_seal_changes_nothing(home: Home) -> None:
    code = SEALED + "again = seal(); import json; print(json.dumps([state.sealed, again.sealed]))"
    assert told(home, code) == [True, True]


@linux
def test_processes_threads_and_event_loops_still_work(home: Home, tmp_path: Any) -> None:
    module = tmp_path / "work_of_children.py"
    module.write_text(
        "import errno, os, socket\n"
        "def square(number): return number * number\n"
        "def try_out(_):\n"
        "    try:\n"
        "        socket.socket(socket.AF_INET)\n"
        "    except OSError as error:\n"
        "        return error.errno == errno.EPERM\n"
        "    return False\n"
    )
    code = """
import asyncio, json, multiprocessing, sys
from multiprocessing import shared_memory

def main():
    from studiolo.isolation.seal import seal
    assert seal().sealed
    import work_of_children
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        squares, refused = pool.map(work_of_children.square, range(5)), pool.map(work_of_children.try_out, range(2))
    memory = shared_memory.SharedMemory(create=True, size=16)  # starts the resource tracker
    memory.close(); memory.unlink()
    async def loop():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(6 * 7)", stdout=-1)
        out, _ = await process.communicate()
        return int(out) + await asyncio.to_thread(lambda: 1)
    print(json.dumps([squares, refused, asyncio.run(loop())]))

if __name__ == "__main__":
    main()
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    ran = subprocess.run(
        [sys.executable, str(script)], env=child_environ(home), capture_output=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    assert json.loads(ran.stdout) == [[0, 1, 4, 9, 16], [True, True], 43]


@linux
def test_who_comes_to_the_bound_listener_is_served(home: Home) -> None:
    code = """
import json, socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", 0))
child = subprocess.Popen(
    [sys.executable, "-c", "import socket, sys; sys.stdin.readline(); "
     "s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); s.sendall(b'ask'); print(s.recv(9).decode())",
     str(listener.getsockname()[1])], stdin=-1, stdout=-1)  # started before the seal: a client of another kind
from studiolo.isolation.seal import seal
assert seal().sealed
child.stdin.write(b"go\\n"); child.stdin.flush()
visitor, _ = listener.accept()
heard = visitor.recv(9).decode()
visitor.sendall(b"answer")
print(json.dumps([heard, child.communicate()[0].decode().strip()]))
"""
    assert told(home, code) == ["ask", "answer"]


@linux
def test_a_sealed_window_keeps_unix_sockets_only(home: Home) -> None:
    code = """
import json, socket, threading
from studiolo.isolation.seal import Level, seal, self_test
listener = socket.socket(socket.AF_UNIX); listener.bind("\\0studiolo-test"); listener.listen()
tcp = socket.create_server(("127.0.0.1", 0))
free = socket.socket()  # one that was there before, or was handed over
state = seal(Level.WINDOW)
unix = socket.socket(socket.AF_UNIX); unix.connect("\\0studiolo-test")
found = {"sealed": state.sealed, "closed": self_test().sealed, "landlock": state.landlock}
import ctypes
def attempt(name, work):
    try:
        work()
    except OSError as error:
        found[name] = type(error).__name__
    else:
        found[name] = "open"
attempt("inet", lambda: socket.socket(socket.AF_INET))
attempt("datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
attempt("python", lambda: free.connect(tcp.getsockname()))
def past_python():
    libc = ctypes.CDLL(None, use_errno=True)
    address = (2).to_bytes(2, "little") + tcp.getsockname()[1].to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    if libc.connect(free.fileno(), address, 16) != 0:
        raise OSError(ctypes.get_errno(), "")
attempt("native", past_python)
print(json.dumps(found))
"""
    found = told(home, code)
    assert found["sealed"] is True
    assert found["closed"] is False
    assert {found[name] for name in ("inet", "datagram", "python", "native")} == {"PermissionError"}


def test_the_second_line_stops_python_where_the_kernel_does_not(home: Home) -> None:
    code = """
import json, socket
from studiolo.isolation import hook
listener = socket.create_server(("127.0.0.1", 0))
hook.refuse()
found = []
for work in (
    lambda: socket.create_connection(listener.getsockname()),
    lambda: socket.getaddrinfo("localhost", 80),
    lambda: socket.gethostbyname("localhost"),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", listener.getsockname()),
    lambda: __import__("urllib.request").request.urlopen("http://127.0.0.1:9/"),
    lambda: __import__("smtplib").SMTP("127.0.0.1", 9),
):
    try:
        work()
    except PermissionError:
        found.append(True)
    except OSError as error:
        found.append(isinstance(getattr(error, "reason", None), PermissionError))
one, other = socket.socketpair()
one.sendmsg([b"connected"])
print(json.dumps([found, other.recv(20).decode()]))
"""
    assert told(home, code) == [[True] * 6, "connected"]


def test_where_pairs_are_made_of_connections_the_second_line_leaves_this_machine(home: Home) -> None:
    """Windows has no socketpair(2): Python connects two sockets, and every event loop needs such a pair."""
    code = """
import json, socket
from studiolo.isolation import hook
hook.refuse(loopback=True)
listener = socket.create_server(("127.0.0.1", 0))
made = socket.socket(); made.connect(listener.getsockname())
try:
    socket.socket().connect(("192.0.2.1", 9))
except PermissionError:
    print(json.dumps("refused"))
"""
    assert told(home, code) == "refused"


def test_telemetry_is_off_before_any_library_is_there(home: Home) -> None:
    code = "from studiolo.isolation.seal import seal; seal(); import json, os; print(json.dumps(dict(os.environ)))"
    environ = told(home, code, HF_HUB_OFFLINE="0", DO_NOT_TRACK="0")
    assert {name: environ[name] for name in telemetry.OFF} == telemetry.OFF


def test_onnx_runtime_knows_the_variable_that_keeps_it_quiet() -> None:
    """Its Linux builds report to its makers unless told not to: the day the variable is renamed, this must be seen."""
    onnxruntime = pytest.importorskip("onnxruntime")
    from pathlib import Path

    native = [path for path in Path(onnxruntime.__file__).parent.rglob("*.so*") if path.stat().st_size > 1 << 20]
    reporting = [data for data in (path.read_bytes() for path in native) if b"events.data.microsoft.com" in data]
    assert all(b"ORT_DISABLE_TELEMETRY" in data for data in reporting)


@linux
@pytest.mark.skipif(landlock.version() < landlock.MOVING_SINCE, reason="the kernel has no such Landlock")
@pytest.mark.parametrize("tcp_since", [landlock.TCP_SINCE, 1000])  # 1000: a kernel whose Landlock knows no TCP
def test_the_memory_of_others_is_no_file_for_a_sealed_process(home: Home, tmp_path: Path, tcp_since: int) -> None:
    for folder in ("from", "去"):
        (tmp_path / folder).mkdir()
    (tmp_path / "from" / "文件").write_text("x")
    code = f"""
import json, os, subprocess
from pathlib import Path
from studiolo.isolation import landlock
from studiolo.isolation.seal import seal
landlock.TCP_SINCE = {tcp_since}
found = []
with subprocess.Popen(["/bin/sh", "-c", "read nothing"], stdin=subprocess.PIPE) as bystander:
    for sealing in (False, True):
        if sealing:
            found.append(seal().sealed)
        try:
            os.close(os.open(f"/proc/{{bystander.pid}}/mem", os.O_RDWR))
            found.append("open")
        except PermissionError:
            found.append("refused")
    bystander.kill()
Path("from/文件").rename("去/文件")
found.append(Path("去/文件").read_text())
print(json.dumps(found))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=child_environ(home),
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-2000:]
    before, sealed, after, moved = json.loads(ran.stdout)
    if before == "refused":
        pytest.skip("this machine refuses it to everybody")
    assert (sealed, after, moved) == (True, "refused", "x")


@linux
def test_nothing_of_a_sealed_process_is_dumped(home: Home) -> None:
    code = (
        SEALED
        + """
import ctypes, json, resource
print(json.dumps([resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)]))
"""
    )
    assert told(home, code) == [[0, 0], 0]
