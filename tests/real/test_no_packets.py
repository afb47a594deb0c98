"""From a fresh home, in a network namespace with a way out and a resolver behind it: no packet takes that way.

Adding, asking, redacting; window, commands, engine and parser children, started and started again. What is planted in
each sealed process, in native code, gets nowhere; without the seal the same run is counted.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.real.conftest import SMALL, link_models
from tests.served import ROOT, child_environ

from studiolo.home_format import prepare_home
from studiolo.isolation import kernel
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.timeout(900),
    pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64"),
]
NAMESPACES = (("unshare", "-n", "-m"), ("unshare", "-r", "-n", "-m"))
PROBE = "ip link add a type dummy || ip link add a type veth peer name b; mount --bind /etc/hosts /etc/hosts"


@functools.cache
def namespace() -> tuple[str, ...]:
    """How to get a network namespace with an interface in it, () where this machine gives none."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return ()
    for under in NAMESPACES:
        if subprocess.run([*under, "sh", "-c", PROBE], capture_output=True, check=False).returncode == 0:
            return under
    return ()


def worked(kind: str, models_home: Home, folder: Path) -> dict[str, Any]:
    """The run's own account."""
    pytest.importorskip("PySide6")
    from tests.window.test_sealed_window import DRIVEN

    under = namespace()
    if not under:
        pytest.skip("no network namespace with an interface here: needs unshare(1), ip(8), and leave to use them")
    folder.mkdir()
    home = Home(folder / "home")
    prepare_home(home)
    link_models(home, models_home)
    save_settings(home.settings_file, Settings(chat_model=SMALL, answer_tokens=32, threads=1))  # type: ignore[call-arg]
    (folder / "window.py").write_text(DRIVEN)
    (folder / "note.txt").write_text("The lease of studio 12 ends on 31 March 2027. 押金为三个月租金。", "utf-8")
    environ = child_environ(home, QT_QPA_PLATFORM="offscreen", PYTHONUTF8="1", HOME=str(folder))
    environ["PYTHONPATH"] += os.pathsep + str(ROOT / "app")
    ran = subprocess.run(
        [*under, sys.executable, "-m", "tests.real.packets", kind, str(folder)],
        env=environ,
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=850,
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-3000:]
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert all(told["said"])
    assert told["window"]["turn"] == "complete"
    assert told["then"] > 0  # the counter counts
    return told


def test_a_day_of_work_sends_no_packet(models_home: Home, tmp_path: Path) -> None:
    told = worked("sealed", models_home, tmp_path / "sealed")
    assert told["packets"] == 0
    assert told["window"]["window"] is True
    assert told["window"]["state"] == "Sealed: 0 connections possible"
    assert len(told["planted"]) >= 8  # commands, engines and the window each tried to get out


def test_the_same_day_without_the_seal_is_counted(models_home: Home, tmp_path: Path) -> None:
    told = worked("free", models_home, tmp_path / "free")
    assert told["packets"] > 0
    assert told["window"]["window"] is False
    assert len(told["planted"]) >= 8
