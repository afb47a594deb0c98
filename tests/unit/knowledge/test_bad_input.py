"""What is no document, what cannot be listed, and stores that were tampered with: a code each, and nothing left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.unit.knowledge.conftest import results

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Failed
from studiolo.knowledge.parsers import display
from studiolo.knowledge.parsers.child import ParserProcess
from studiolo.knowledge.store import PassageStore


def reasons(base, *paths: Path) -> list[str]:
    return [result.reason for result in results(base.add(list(paths)))]


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_a_pipe_or_a_device_is_refused_and_never_waited_for(base, tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.xyz")
    found = reasons(base, tmp_path / "pipe.txt", tmp_path / "pipe.xyz", Path("/dev/zero"), Path("/dev/null"))
    assert found == ["file_unreadable"] * 4
    assert base.documents() == []


def test_names_that_no_file_can_have_are_missing_files(base, tmp_path):
    names = ("a" * 300 + ".txt", "with\0zero.txt", "lone-\ud800.txt")
    assert reasons(base, *(tmp_path / name for name in names)) == ["file_missing"] * 3
    assert display(tmp_path / names[2]).endswith("lone-\\ud800.txt")


def test_links_in_a_circle_end(base, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "note.txt").write_text("The kettle is in the shed.")
    (folder / "up").symlink_to(folder)
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    assert reasons(base, folder, tmp_path / "loop.txt") == ["", "file_missing"]


def test_a_folder_that_cannot_be_listed_is_told(base, tmp_path, monkeypatch):
    open_folder, closed = tmp_path / "open", tmp_path / "open" / "closed"
    closed.mkdir(parents=True)
    (open_folder / "note.txt").write_text("The kettle is in the shed.")
    listed = os.scandir

    def refuse(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert reasons(base, open_folder) == ["file_unreadable", ""]


def test_a_parser_that_dies_takes_one_file_with_it(base, tmp_path, monkeypatch):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"Words of {name}")
    ready = ParserProcess._ready
    died = []

    def dies_once(self):
        child = ready(self)
        if not died:
            died.append(child._process.pid)
            child._process.kill()
        return child

    monkeypatch.setattr(ParserProcess, "_ready", dies_once)
    assert sorted(reasons(base, tmp_path / "a.txt", tmp_path / "b.txt")) == ["", "damaged_file"]


def test_a_filter_without_its_models_says_which_are_missing(open_base, tmp_path):
    def screen(_text: str):
        raise UserError(Code.MODEL_MISSING, model="lac en-core-web-sm")

    (tmp_path / "a.txt").write_text("Words")
    base = open_base(screen=screen)
    (result,) = results(base.add([tmp_path / "a.txt"]))
    assert (result.reason, result.values["model"]) == ("model_missing", "lac en-core-web-sm")
    assert base.documents() == []


@pytest.mark.parametrize("gone", ["lance", "table", "data"])
def test_passages_that_were_deleted_by_hand_are_not_silence(open_base, home, tmp_path, gone):
    (tmp_path / "a.txt").write_text("The kettle is in the shed.")
    base = open_base()
    list(base.add([tmp_path / "a.txt"]))
    base.close()
    (table,) = home.lance.glob("passages_*.lance")
    shutil.rmtree({"lance": home.lance, "table": table, "data": table / "data"}[gone])
    with pytest.raises(EnvironmentFault) as caught:
        open_base().search("kettle")
    assert caught.value.code is Code.DAMAGED_STORE


def test_garbage_in_a_data_file_is_a_damaged_store(open_base, home, tmp_path):
    (tmp_path / "a.txt").write_text("The kettle is in the shed.")
    base = open_base()
    list(base.add([tmp_path / "a.txt"]))
    base.close()
    for path in home.lance.rglob("*.lance"):
        if path.is_file():
            path.write_bytes(b"\xaa" * path.stat().st_size)
    with pytest.raises(EnvironmentFault) as caught:
        open_base().search("kettle")
    assert caught.value.code is Code.DAMAGED_STORE


@pytest.mark.parametrize("text", ['{"format": "one"}', "[]", "{}"])
def test_a_format_that_is_no_number_is_a_damaged_store(open_base, home, tmp_path, text):
    home.lance.mkdir(parents=True)
    (home.lance / "format.json").write_text(text)
    (tmp_path / "a.txt").write_text("Words")
    (result,) = results(open_base().add([tmp_path / "a.txt"]))
    assert (result.reason, result.values["store"]) == ("damaged_store", "passages")


def test_a_full_disk_names_the_disk_and_not_the_document(base, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise EnvironmentFault(Code.DISK_FULL, path="/the/home")

    monkeypatch.setattr(PassageStore, "add", full)
    (tmp_path / "a.txt").write_text("Words")
    (result,) = results(base.add([tmp_path / "a.txt"]))
    assert (result.path, result.values["path"]) == (str(tmp_path / "a.txt"), "/the/home")


def test_an_old_processor_is_told_when_a_file_is_added(open_base, home, tmp_path, monkeypatch):
    monkeypatch.setattr("studiolo.cpu.cpu_flags", lambda: frozenset({"sse4_2", "avx"}))
    monkeypatch.setattr("studiolo.cpu.platform.machine", lambda: "x86_64")
    (tmp_path / "a.txt").write_text("Words")
    base = open_base()
    assert list(base.add([tmp_path / "a.txt"])) == [Failed("unsupported_cpu", {"missing": "AVX2"})]
    assert base.documents() == []
    assert not home.lance.exists()
