"""A pull has the network, so it can read no document and no conversation: the kernel keeps it to the models' folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.served import child_environ

from studiolo.isolation import landlock
from studiolo.paths import Home

CHILD = """
import json, os, sys
from pathlib import Path
from studiolo.models.confined import confine
from studiolo.paths import Home

home, named = Home(Path(sys.argv[1])), Path(sys.argv[2])
if sys.argv[3] == "confined":
    assert confine(home, environ=os.environ, also=[named])
tried = {}

def attempt(name, work):
    try:
        work()
    except PermissionError:
        tried[name] = "refused"
    else:
        tried[name] = "done"

attempt("conversations", home.history_db.read_bytes)
attempt("token", home.token_file.read_bytes)
attempt("document", (home.root.parent / "合同.txt").read_bytes)
attempt("listing", lambda: list(home.root.iterdir()))
attempt("writing", lambda: (home.root / "new").write_bytes(b"x"))
attempt("tmp", lambda: (home.root.parent / "new").write_bytes(b"x"))
attempt("named", named.read_bytes)
attempt("model", lambda: (home.models / "m.gguf").write_bytes(b"x"))
attempt("moved", lambda: ((home.models / "a").mkdir(), (home.models / "m.gguf").replace(home.models / "a" / "m.gguf")))
attempt("pip", lambda: __import__("pip"))
print(json.dumps(tried))
"""


def tried(home: Home, tmp_path: Path, how: str) -> dict[str, str]:
    home.run.mkdir(parents=True, exist_ok=True)
    home.history_db.write_bytes(b"x")
    home.token_file.write_bytes(b"x")
    (tmp_path / "合同.txt").write_text("张伟", "utf-8")
    named = tmp_path / "named.whl"
    named.write_bytes(b"x")
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(home.root), str(named), how],
        env=child_environ(home, PYTHONUTF8="1"),
        capture_output=True,
        check=True,
    )
    told: dict[str, str] = json.loads(ran.stdout)
    return told


def test_it_can_read_no_document_and_write_only_models(home: Home, tmp_path: Path) -> None:
    if landlock.version() < landlock.MOVING_SINCE:
        pytest.skip("this kernel has no Landlock, or an old one")
    found = tried(home, tmp_path, "confined")
    open_ones = {name for name, ended in found.items() if ended == "done"}
    assert open_ones == {"named", "model", "moved", "pip"}
    home_again = Home(tmp_path / "again")
    home_again.models.mkdir(parents=True)
    assert set(tried(home_again, tmp_path, "free").values()) == {"done"}


def test_without_landlock_it_says_so(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    from studiolo.models.confined import confine

    monkeypatch.setattr(landlock, "version", lambda: 1)  # a kernel that could not move a file between folders
    assert confine(home, environ={}) is False
    assert home.models.is_dir()
