"""What follows from what a watched folder holds, and which of its files count: decided without a disk or a clock."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.knowledge.watch_plan import IGNORE_FILE, Disk, Plan, Rules, plan, read_patterns
from studiolo.knowledge.watched import Mark, below, is_below, is_network

OLD, NEW = Mark(3, 1), Mark(3, 2)


def decided(there=None, absent=(), **changes):
    options = {"documents": (), "marks": {}, "missing": {}, "now": 100.0, "settle_s": 5.0}
    return plan(Disk(there or {}, set(absent), changes.pop("reachable", True)), **{**options, **changes})


def test_new_and_changed_files_are_taken_in_and_others_are_not():
    marks = {b"/d/same.md": OLD, b"/d/changed.md": OLD}
    there = {b"/d/same.md": OLD, b"/d/changed.md": NEW, b"/d/\xe6\x96\xb0.md": NEW}
    assert decided(there, marks=marks, documents=marks).add == (b"/d/changed.md", b"/d/\xe6\x96\xb0.md")


def test_a_file_that_was_named_is_taken_in_though_it_looks_the_same():
    marks = {b"/d/a.md": OLD}
    assert decided({b"/d/a.md": OLD}, marks=marks, documents=marks, named=[b"/d/a.md"]).add == (b"/d/a.md",)


def test_a_document_that_was_removed_by_hand_stays_out_until_its_file_changes():
    marks = {b"/d/a.md": OLD}
    assert decided({b"/d/a.md": OLD}, marks=marks, named=[b"/d/a.md"]).add == ()
    assert decided({b"/d/a.md": NEW}, marks=marks).add == (b"/d/a.md",)


def test_what_is_missing_goes_only_after_it_has_been_missing_for_long_enough():
    first = decided(absent=[b"/d/a.md"])
    assert (first.remove, first.missing) == ((), {b"/d/a.md": 100.0})
    second = decided(absent=[b"/d/a.md"], missing=first.missing, now=104.9)
    assert (second.remove, second.missing) == ((), {b"/d/a.md": 100.0})
    assert decided(absent=[b"/d/a.md"], missing=first.missing, now=105.0).remove == (b"/d/a.md",)


def test_what_comes_back_in_time_is_not_missing_and_begins_anew_later():
    came_back = decided({b"/d/a.md": NEW}, missing={b"/d/a.md": 97.0}, marks={b"/d/a.md": OLD})
    assert came_back == Plan(add=(b"/d/a.md",))
    assert decided(absent=[b"/d/a.md"], missing=came_back.missing, now=101.0).remove == ()


def test_nothing_follows_from_a_folder_that_cannot_be_reached():
    assert decided({b"/d/a.md": NEW}, [b"/d/b.md"], missing={b"/d/b.md": 1.0}, reachable=False) == Plan()


KEYS = st.sampled_from([b"/d/%d.md" % n for n in range(6)])


@given(
    there=st.dictionaries(KEYS, st.sampled_from([OLD, NEW])),
    gone=st.sets(KEYS),
    marks=st.dictionaries(KEYS, st.sampled_from([OLD, NEW])),
    missing=st.dictionaries(KEYS, st.floats(0, 100)),
    documents=st.sets(KEYS),
    named=st.sets(KEYS),
)
def test_nothing_is_both_taken_in_and_removed_and_only_what_is_absent_goes(
    there, gone, marks, missing, documents, named
):
    absent = gone - there.keys()
    todo = decided(there, absent, marks=marks, missing=missing, documents=documents, named=named)
    assert set(todo.add) <= there.keys()
    assert set(todo.remove) <= absent == todo.missing.keys()
    assert all(todo.missing[key] <= 95.0 for key in todo.remove)
    assert {key for key in there if key not in marks} <= set(todo.add)


# which files count


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("lease.md", True),
        ("合同.txt", True),
        ("sub/folder/合同.pdf", True),
        (".hidden.md", False),
        (".git/a.md", False),
        ("~$lease.txt", False),
        ("lease.pdf.part", False),
        ("lease.pdf.crdownload", False),
        ("lease.tmp", False),
        ("picture.unknown", False),
        ("node_modules/a/readme.md", False),
        ("sub/__pycache__/a.txt", False),
        ("home/uploads/a.md", False),
        ("drafts/a.md", False),
        ("草稿/合同.md", False),
        ("old-1.md", False),
        ("sub/old-2.md", False),
        ("old-kept.md", True),
        ("../beside.md", False),
    ],
)
def test_which_files_count(tmp_path, name, counts):
    patterns = ["# a comment", "", "drafts/", "草稿/", "old-*.md", "!old-kept.md", "a[", "\\"]
    rules = Rules(tmp_path, home=os.fsencode(tmp_path / "home"), patterns=patterns)
    assert rules.file(Path(os.path.normpath(tmp_path / name))) is counts


def test_the_ignore_file_may_be_missing_or_no_text(tmp_path):
    assert read_patterns(tmp_path) == []
    (tmp_path / IGNORE_FILE).write_bytes(b"\xef\xbb\xbfa.md\r\n\xff\xfe*\n")
    assert read_patterns(tmp_path)[0] == "a.md"
    assert not Rules(tmp_path, home=b"/h", patterns=read_patterns(tmp_path)).file(tmp_path / "a.md")


def test_what_is_below_a_folder():
    assert is_below(b"/d/a", b"/d")
    assert is_below(b"/d/\xff\xff/a", b"/d")
    assert is_below(b"/a", b"/")
    assert not any(is_below(key, b"/d") for key in (b"/d", b"/dd/a", b"/d.md", b"/c/a", b"\0imported:1:a"))
    assert below(b"/d")[0] == b"/d/"


@dataclass(frozen=True)
class Mounted:
    mountpoint: str
    fstype: str
    opts: str = "rw"


@pytest.mark.skipif(os.name == "nt", reason="paths of Unix")
def test_a_folder_on_another_machine_is_told_by_its_file_system():
    partitions = [Mounted("/", "ext4"), Mounted("/mnt/共享", "cifs"), Mounted("/mnt", "tmpfs"), Mounted("/n", "nfs4")]
    assert is_network(Path("/mnt/共享/leases"), partitions)
    assert is_network(Path("/n"), partitions)
    assert not is_network(Path("/mnt/other"), partitions)
    assert not is_network(Path("/nn"), partitions)
    assert is_network(Path("/x/y"), [*partitions, Mounted("/x", "fuse.sshfs")])
    assert not is_network(Path("/n/a"), [*partitions, Mounted("/n", "ext4")])
    assert is_network(Path("/z"), [Mounted("/z", "", "rw,remote")])
    assert not is_network(Path("/z"), [])
