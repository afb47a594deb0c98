"""The keyring of a sealed process: asked through another one, which answers three requests and no others."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from tests.served import child_environ

from studiolo.paths import Home
from studiolo.privacy import keyring_door
from studiolo.privacy.keyring_door import KeyringDoor, answer, serve

NAME, SECRET = "0123456789abcdef", "A" * 43 + "="


class Kept:
    """A keyring in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, secret: str) -> bool:
        self.kept[name] = secret
        return True

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


def test_a_late_answer_is_not_taken_for_the_next_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_door, "TIMEOUT_S", 0.1)
    late = "import sys\nsys.stdin.readline()\nsys.stdin.readline()\nprint('true', flush=True)\nsys.stdin.read()\n"
    with subprocess.Popen(
        [sys.executable, "-c", late], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:  # fmt: skip
        door = KeyringDoor(process)
        assert door.get(NAME) is None
        assert door.set(NAME, SECRET) is False
        door.close()


def test_the_three_requests() -> None:
    kept = Kept()
    assert answer(["usable"], find=kept) is True
    assert answer(["set", NAME, SECRET], find=kept) is True
    assert answer(["get", NAME], find=kept) == SECRET
    assert answer(["delete", NAME], find=kept) is None
    assert answer(["get", NAME], find=kept) is None
    assert answer(["usable"], find=None) is False
    assert answer(["get", NAME], find=None) is None


@pytest.mark.parametrize(
    "request_",
    [
        ["get", "login"],
        ["get", NAME + "0"],
        ["set", NAME, "Margaret Holloway"],
        ["set", NAME, SECRET + "x"],
        ["set", "张伟", SECRET],
        ["run", "/bin/sh"],
        ["get"],
        {"get": NAME},
        None,
        7,
    ],
)
def test_nothing_else_goes_through(request_: object) -> None:
    kept = Kept()
    kept.kept = {"login": "x", NAME + "0": "x"}
    assert answer(request_, find=kept) is None
    assert set(kept.kept) == {"login", NAME + "0"}


def test_a_line_that_is_no_request_is_answered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_door, "system_keyring", lambda _environ: Kept())
    answers = io.BytesIO()
    serve(io.BytesIO(b'not json\n\xff\n["usable"]\n'), answers, environ={})
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [None, None, True]


def test_without_a_session_bus_there_is_no_door() -> None:
    assert KeyringDoor.start({}) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere keyrings need no socket of ours")
def test_the_process_is_not_told_the_passphrase(home: Home) -> None:
    environ = child_environ(home, DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere", STUDIOLO_PASSPHRASE="芝麻开门")
    door = KeyringDoor.start(environ)
    assert door is not None
    with closing(door):
        door.keyring()  # it runs
        told = psutil.Process(door._process.pid).environ()
    assert told["DBUS_SESSION_BUS_ADDRESS"] == "unix:path=/nowhere"
    assert "STUDIOLO_PASSPHRASE" not in told


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere keyrings need no socket of ours")
def test_the_process_keeps_secrets_for_a_sealed_one(home: Home, tmp_path: Path) -> None:
    """A stand-in for the Secret Service, taken for one by its module's name; the door and the seal are real."""
    backend = tmp_path / "site" / "sitecustomize.py"
    backend.parent.mkdir()
    backend.write_text(
        "import json, sys\n"
        "from pathlib import Path\n"
        f"FILE = Path({str(tmp_path / 'kept.json')!r})\n"
        "class Backend:\n"
        "    def _all(self): return json.loads(FILE.read_text()) if FILE.exists() else {}\n"
        "    def get_password(self, service, name): return self._all().get(name)\n"
        "    def set_password(self, service, name, secret):\n"
        "        FILE.write_text(json.dumps({**self._all(), name: secret}))\n"
        "    def delete_password(self, service, name):\n"
        "        kept = self._all(); kept.pop(name); FILE.write_text(json.dumps(kept))\n"
        "Backend.__module__ = 'keyring.backends.macOS'\n"
        "from studiolo.privacy import system_keyring\n"
        "system_keyring._backend = Backend\n"
    )
    code = """
import json, os, sys
from studiolo.privacy.keyring_door import KeyringDoor
from studiolo.isolation.seal import seal
door = KeyringDoor.start(os.environ)
sealed = seal().sealed
keyring = door.keyring()
found = [sealed, keyring.set(sys.argv[1], sys.argv[2]), keyring.get(sys.argv[1]) == sys.argv[2]]
keyring.delete(sys.argv[1])
found.append(keyring.get(sys.argv[1]))
door.close()
print(json.dumps(found))
"""
    environ = child_environ(home, DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere")
    environ["PYTHONPATH"] = f"{backend.parent}:{environ['PYTHONPATH']}"
    ran = subprocess.run(
        [sys.executable, "-c", code, NAME, SECRET], env=environ, capture_output=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    assert json.loads(ran.stdout)[1:] == [True, True, None]
