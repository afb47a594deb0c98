"""A process that dies at a named moment of taking a file in, of replacing or of removing it; then the home again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.knowledge.conftest import results

from studiolo.types import DocumentStatus

ROOT = Path(__file__).resolve().parents[3]
OLD = "# Lease\n\nThe term of the lease is twenty-four months.\n\n## 租金\n\n每月三千元,押金两个月。\n"
NEW = "# Lease\n\nThe term of the lease is thirty years.\n\n## 租金\n\n每月三千元,押金两个月。\n"

CHILD = """
import os, sys
from pathlib import Path
from studiolo.knowledge import places, store
from studiolo.knowledge.library import KnowledgeBase
from studiolo.paths import Home
from tests.unit.knowledge.conftest import HashEmbedder, find_phones

home, what, where, moment, file = sys.argv[1:6]
base = KnowledgeBase(Home(Path(home)), embedder_for=lambda _: HashEmbedder(), screen=find_phones, clock=lambda: 0.0)
owner = {"store": store.PassageStore, "places": places.Places}[where.split(".")[0]]
name = where.split(".")[1]
real = getattr(owner, name)

def die(self, *args, **kwargs):
    if moment == "after":
        real(self, *args, **kwargs)
    os._exit(9)

setattr(owner, name, die)
if what == "add":
    list(base.add([Path(file)]))
elif what == "remove":
    base.remove_document(base.documents()[0].id)
else:
    base.remove_library("default")
os._exit(0)
"""


def killed(home, what: str, where: str, moment: str, file: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(home.root), what, where, moment, str(file)]
    environment = {"PYTHONPATH": f"{ROOT / 'engine'}:{ROOT}", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 9, ran.stderr


def settled(base):
    base.resume()
    deadline = time.monotonic() + 60
    while base.busy and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not base.busy
    return base


def consistent(base) -> bool:
    library = base._shelf.library("default")
    numbers = base._store.numbers(library.id)
    vectors = base._store.vector_numbers(library.id, library.embedder)
    assert sorted(numbers) == sorted(vectors) == base._places.numbers(library.id)
    return base.check("default").sound


MOMENTS = [
    (where, moment)
    for where in ("store.add", "places.place", "places.screened", "store.add_vectors", "places.turn")
    for moment in ("before", "after")
]


@pytest.mark.parametrize(("where", "moment"), MOMENTS)
def test_a_new_file_is_gone_on_with(home, open_base, tmp_path, where, moment):
    file = tmp_path / "lease.md"
    file.write_text(OLD, encoding="utf-8")
    killed(home, "add", where, moment, file)
    base = settled(open_base())
    (document,) = base.documents()
    assert document.status is DocumentStatus.READY
    assert consistent(base)
    assert "twenty-four" in base.search("term of the lease")[0].passage.text
    assert "押金" in base.search("押金")[0].passage.text
    assert [result.status for result in results(base.add([file]))] == ["unchanged"]


@pytest.mark.parametrize(("where", "moment"), MOMENTS)
def test_a_changed_file_is_gone_on_with_and_never_half_there(home, open_base, tmp_path, where, moment):
    file = tmp_path / "lease.md"
    file.write_text(OLD, encoding="utf-8")
    base = open_base()
    list(base.add([file]))
    base.close()
    file.write_text(NEW, encoding="utf-8")
    killed(home, "add", where, moment, file)
    base = open_base()
    texts = [passage.text for passage in base.passages("default", "lease.md")]
    if texts:
        assert sum("twenty-four" in text for text in texts) + sum("thirty" in text for text in texts) == 1
        assert sum("押金" in text for text in texts) == 1
    settled(base)
    assert "thirty" in base.search("term of the lease", limit=9)[0].passage.text
    assert not any("twenty-four" in passage.text for passage in base.passages("default", "lease.md"))
    assert consistent(base)
    assert [result.status for result in results(base.add([file]))] == ["unchanged"]


@pytest.mark.parametrize("where", ["store.delete", "store.purge", "places.remove"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_removal_is_brought_to_its_end(home, open_base, tmp_path, where, moment):
    files = [tmp_path / "lease.md", tmp_path / "other.md"]
    files[0].write_text(OLD, encoding="utf-8")
    files[1].write_text("# Other\n\nSomething else.\n", encoding="utf-8")
    base = open_base()
    list(base.add(files))
    base.close()
    killed(home, "remove", where, moment, files[0])
    base = settled(open_base())
    left = [document.name for document in base.documents()]
    assert left == (["lease.md", "other.md"] if (where, moment) == ("places.remove", "before") else ["other.md"])
    assert consistent(base)


def test_a_library_that_was_being_removed_is_gone(home, open_base, tmp_path):
    file = tmp_path / "lease.md"
    file.write_text(OLD, encoding="utf-8")
    base = open_base()
    list(base.add([file]))
    base.close()
    killed(home, "drop", "store.drop", "before", file)
    base = open_base()
    assert [(library.name, library.documents) for library in base.libraries()] == [("default", 0)]
    assert list(home.lance.glob("*.lance")) == []
