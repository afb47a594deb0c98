"""The filter with its real name models, from a fresh home, in processes that cannot reach a network: it never tries.

Attempts are counted twice. Where Python announces them (audit events): so that one whose error is swallowed counts
too, with every way refused at once, and with every way dropped (a look-up hangs and fails late, a connection times
out). And where native code cannot hide them, in the kernel: as system calls (strace), and as packets that found no
route out of a network namespace with nothing in it (Linux, where the machine lets us).
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.real.conftest import link_models
from tests.served import child_environ

from studiolo.home_format import prepare_home
from studiolo.paths import Home

pytestmark = pytest.mark.real_model

STRACE = ("strace", "-f", "-qq", "-e", "trace=network")
NAMESPACES = (("unshare", "-rn"), ("unshare", "-n"))

CHILD = """
import json, socket, sys, time, traceback

document, network = sys.argv[1:]
attempts = []
LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
OTHERS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "urllib.Request", "http.client.connect",
          "ftplib.connect")

def watch(event, arguments):
    inet = event == "socket.__new__" and int(arguments[1]) in (2, 10, 23, 30)
    if not inet and event not in LOOK_UPS and event not in OTHERS:
        return
    attempts.append(event + " " + " < ".join(frame.name for frame in reversed(traceback.extract_stack()[-9:-1])))
    if network == "refused":
        raise OSError("no network in here")
    if inet:
        return  # where packets are dropped, a socket can still be made
    time.sleep(2)
    raise socket.gaierror(socket.EAI_AGAIN, "dropped") if event in LOOK_UPS else TimeoutError("dropped")

sys.addaudithook(watch)

def counters():
    # What the kernel has done for this process's network namespace, by name: Ip.OutNoRoutes ...
    try:
        old, new = (open("/proc/self/net/" + name).read().splitlines() for name in ("snmp", "snmp6"))
    except OSError:
        return {}
    counted = {name: int(value) for name, value in map(str.split, new)}
    for names, values in zip(old[::2], old[1::2]):
        group, _, names = names.partition(":")
        counted.update(zip((group + "." + name for name in names.split()), map(int, values.split()[1:])))
    return counted

def changed(before):
    after = counters()
    return sorted(name for name in after if after[name] != before.get(name))

before = counters()
import os
from pathlib import Path
from studiolo.bootstrap import open_local
from studiolo.paths import home_from
from studiolo.types import Reader

engine = open_local(home_from(os.environ), environ=os.environ)
english = "Daniel Okafor (d.okafor@sub.example.co.uk, https://u:p4ssw0rd@example.org/x) called +44 20 7946 0321."
chinese = "王小明的手机号是13800138000，邮箱 a@例子.中国。"
document = Path(document)
document.write_text(english + "\\n\\n" + chinese, "utf-8")
screener = engine._parts.screener
screener.warm()
found = [[span.type for span in spans] for spans in screener.spans_batch([english, chinese])]
screened = [screener.screen(text, library_id="library:default").text for text in (english, chinese)]
stream = screener.stream(library_id="library:default", reader=Reader.MASKED, seen=screened)
masked = "".join(stream.feed(piece) for text in screened for piece in text) + stream.finish()
redacted = [engine.redact(english).text, engine.redact(chinese).text, engine.redact_file(document).text]
report = engine.verify_audit()
engine.close()
by_kernel = changed(before)

try:  # the watch itself works
    socket.create_connection(("host.example", 9), timeout=0.1)
except OSError:
    pass
if os.name == "posix":  # and the kernel's, for what Python does not see: a datagram's address, which sends nothing
    import ctypes
    libc = ctypes.CDLL(None)
    ours = libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 0)
    libc.connect(ours, bytes([2, 0, 0, 9, 192, 0, 2, 1]) + bytes(8), 16)
print(json.dumps({"attempts": attempts, "found": found, "texts": [*screened, masked, *redacted], "sound": report.sound,
                  "by_kernel": by_kernel, "then_by_kernel": changed(before)}))
"""


@pytest.mark.parametrize("network", ["refused", "dropped"])
def test_the_filter_never_tries_the_network(models_home: Home, tmp_path: Path, network: str) -> None:
    filtered(models_home, tmp_path, network=network)


def test_no_native_code_opens_a_socket_to_a_network(models_home: Home, tmp_path: Path) -> None:
    if not works(STRACE):
        pytest.skip("no strace here, or it may not trace")
    calls = tmp_path / "calls"
    filtered(models_home, tmp_path, under=(*STRACE, "-o", str(calls)))
    to_a_network = [line for line in calls.read_text("utf-8", "replace").splitlines() if "AF_INET" in line]
    assert [line.split("(")[0].split()[-1] for line in to_a_network] == ["socket", "connect"]  # the test's own
    assert "192.0.2.1" in to_a_network[-1]


def test_where_there_is_no_network_at_all_the_kernel_is_asked_for_none(models_home: Home, tmp_path: Path) -> None:
    under = next((namespace for namespace in NAMESPACES if works(namespace)), None)
    if under is None:
        pytest.skip("no network namespaces here, or none for us")
    told = filtered(models_home, tmp_path, under=under)
    assert told["by_kernel"] == []
    assert told["then_by_kernel"] == ["Ip.OutNoRoutes"]  # the test's own


@functools.cache
def works(command: Sequence[str]) -> bool:
    """Whether another command can be run under this one."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run([*command, sys.executable, "-c", ""], capture_output=True, check=False).returncode == 0


def filtered(
    models_home: Home, tmp_path: Path, *, network: str = "refused", under: Sequence[str] = ()
) -> dict[str, Any]:
    """What the child tells, after the checks that hold for each."""
    home = Home(tmp_path / "fresh")
    prepare_home(home)
    link_models(home, models_home)
    environ = child_environ(home, HTTPS_PROXY="http://192.0.2.1:9", HOME=str(tmp_path))
    ran = subprocess.run(
        [*under, sys.executable, "-c", CHILD, str(tmp_path / "letter.md"), network],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-2000:]
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    (attempt,) = told["attempts"]  # the test's own, at the end
    assert attempt.startswith("socket.getaddrinfo ")
    assert attempt.endswith(" create_connection < <module>")
    assert told["sound"]
    english, chinese = told["found"]
    assert {"PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER"} <= set(english)
    assert {"PERSON", "PHONE_NUMBER"} <= set(chinese)
    for value in ("Okafor", "okafor", "7946", "王小明", "13800138000"):
        assert value not in "".join(told["texts"])
    assert os.environ.get("STUDIOLO_HOME") != str(home.root)
    return told
