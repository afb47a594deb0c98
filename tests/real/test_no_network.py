"""The filter with its real name models, from a fresh home, in a process where every way to the network raises.

Attempts are counted where Python announces them (audit events), so that one whose error is swallowed counts too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.real.conftest import link_models
from tests.served import child_environ

from studiolo.bootstrap import prepare_home
from studiolo.paths import Home

pytestmark = pytest.mark.real_model

CHILD = """
import json, sys, traceback

attempts = []

def watch(event, arguments):
    names = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto",
             "socket.sendmsg", "socket.bind", "urllib.Request", "http.client.connect", "ftplib.connect")
    inet = event == "socket.__new__" and int(arguments[1]) in (2, 10, 23, 30)
    if event in names or inet:
        attempts.append(event + " " + " < ".join(frame.name for frame in reversed(traceback.extract_stack()[-9:-1])))
        raise OSError("no network in here")

sys.addaudithook(watch)
import os
from pathlib import Path
from studiolo.bootstrap import open_local
from studiolo.paths import home_from
from studiolo.types import Reader

engine = open_local(home_from(os.environ), environ=os.environ)
english = "Daniel Okafor (d.okafor@sub.example.co.uk, https://u:p4ssw0rd@example.org/x) called +44 20 7946 0321."
chinese = "王小明的手机号是13800138000，邮箱 a@例子.中国。"
document = Path(sys.argv[1])
document.write_text(english + "\\n\\n" + chinese, "utf-8")
screener = engine._parts.screener
screened = [screener.screen(text, library_id="library:default").text for text in (english, chinese)]
stream = screener.stream(library_id="library:default", reader=Reader.MASKED, seen=screened)
masked = "".join(stream.feed(piece) for text in screened for piece in text) + stream.finish()
redacted = [engine.redact(english).text, engine.redact(chinese).text, engine.redact_file(document).text]
report = engine.verify_audit()
engine.close()
try:  # the watch itself works
    __import__("socket").create_connection(("192.0.2.1", 9), timeout=0.1)
except OSError:
    pass
print(json.dumps({"attempts": attempts, "texts": [*screened, masked, *redacted], "sound": report.sound}))
"""


def test_the_filter_never_tries_the_network(models_home: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "fresh")
    prepare_home(home)
    link_models(home, models_home)
    environ = child_environ(home, HTTPS_PROXY="http://192.0.2.1:9", HOME=str(tmp_path))
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "letter.md")],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-2000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["attempts"][0].endswith("create_connection < <module>")  # the test's own, at the end
    assert len(told["attempts"]) == 1
    assert told["sound"]
    for value in ("Okafor", "okafor", "7946", "王小明", "13800138000"):
        assert value not in "".join(told["texts"])
    assert os.environ.get("STUDIOLO_HOME") != str(home.root)
