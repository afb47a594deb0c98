"""The service files start the command that there is, once, without core dumps, and hold no secret."""

from __future__ import annotations

import configparser
import os
import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from studiolo.cli.main import COMMANDS

SERVICE = Path(__file__).resolve().parents[3] / "packaging" / "service"
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def unit() -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(SERVICE / "studiolo.service", "utf-8")
    return read


def started() -> list[list[str]]:
    """The words that each file starts, from the program on."""
    plist = plistlib.loads((SERVICE / "org.studiolo.engine.plist").read_bytes())
    shell, option, script = plist["ProgramArguments"]
    assert (shell, option) == ("/bin/sh", "-c")
    task = ET.parse(SERVICE / "studiolo-task.xml").getroot()
    command, arguments = (task.findtext(f".//{TASK}{name}") or "" for name in ("Command", "Arguments"))
    return [
        shlex.split(unit()["Service"]["ExecStart"]),
        shlex.split(script.removeprefix("exec ")),
        [command, *shlex.split(arguments)],
    ]


def test_they_start_the_engine_to_stay() -> None:
    for words in started():
        program, command, *more = words
        assert Path(program).stem == "studiolo"
        assert command == "serve"
        assert command in COMMANDS
        assert more == []  # a parent's pid would end it with whoever started it


def test_they_restart_after_a_failure_and_leave_no_core_dump() -> None:
    service = unit()["Service"]
    assert (service["Restart"], service["LimitCORE"], service["UMask"]) == ("on-failure", "0", "0077")
    plist = plistlib.loads((SERVICE / "org.studiolo.engine.plist").read_bytes())
    assert plist["KeepAlive"] == {"SuccessfulExit": False}
    assert plist["HardResourceLimits"] == {"Core": 0}
    assert plist["Umask"] == 0o077
    task = ET.parse(SERVICE / "studiolo-task.xml").getroot()
    assert task.findtext(f".//{TASK}RestartOnFailure/{TASK}Count") == "5"
    assert task.findtext(f".//{TASK}ExecutionTimeLimit") == "PT0S"
    assert task.findtext(f".//{TASK}MultipleInstancesPolicy") == "IgnoreNew"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own check")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / "studiolo.service"
    program = tmp_path / "studiolo"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (SERVICE / "studiolo.service").read_text("utf-8").replace("%h/.local/bin/studiolo", str(program))
    copy.write_text(text, "utf-8")
    command = ["systemd-analyze", "verify", "--user", str(copy)]
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "studiolo.service" not in done.stderr, done.stderr
