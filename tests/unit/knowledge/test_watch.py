"""Folders that are watched: what is decided of files, and what is done about them, with given and with real notices."""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from studiolo.errors import Code, UserError
from studiolo.events import Failed, FileDone, Finished
from studiolo.knowledge import watch as watching
from studiolo.knowledge.watch import Times, Watcher
from studiolo.knowledge.watch_plan import IGNORE_FILE
from studiolo.types import DocumentStatus

LEASE = "# Lease\n\nThe term of the lease is twenty-four months.\n"
CONTRACT = "# 租赁合同\n\n租期为二十四个月,押金两个月。\n"
ADDED, MODIFIED, DELETED = 1, 2, 3

# what is done, with notices and a clock that are given


@dataclass
class GivenEye:
    """Notices what a test says."""

    notices: list[tuple[int, str]] = field(default_factory=list)
    closed: bool = False

    def changes(self, wait_s):
        found, self.notices = self.notices, []
        return found

    def close(self):
        self.closed = True


class Desk:
    """A watcher over a real knowledge base, whose ticks, clock and notices are a test's."""

    def __init__(self, base, *, times=None):
        self.base = base
        self.clock = 1000.0
        self.eyes: dict[Path, GivenEye] = {}
        self.taken: list[list[str]] = []
        self.polled: list[bool] = []
        self.watcher = Watcher(
            base._folders,
            add=self.add,
            remove=base._remove_watched,
            home=base._home.root,
            times=times or Times(),
            monotonic=lambda: self.clock,
            eye_for=self.eye,
        )

    def eye(self, folder, *, polling, **_):
        self.eyes[folder] = GivenEye()
        self.polled.append(polling)
        return self.eyes[folder]

    def add(self, library_id, paths, cancel):
        self.taken.append([path.name for path in paths])
        yield from self.base._add_watched(library_id, paths, cancel)

    def notice(self, *changes):
        for kind, path in changes:
            eye = next(eye for folder, eye in self.eyes.items() if path.is_relative_to(folder) and not eye.closed)
            eye.notices.append((kind, str(path)))
        self.watcher.tick(0.0)

    def later(self, seconds):
        """Let time pass in steps, as it does."""
        for _ in range(int(seconds * 2)):
            self.clock += 0.5
            self.watcher.tick(0.0)

    def names(self, library="default"):
        return [document.name for document in self.base.documents(library)]

    def state(self, library="default"):
        return [folder.state for folder in self.base._folders.all(self.base._library(library).id)]


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "lease.md").write_text(LEASE, encoding="utf-8")
    (folder / "sub" / "合同.md").write_text(CONTRACT, encoding="utf-8")
    return folder


@pytest.fixture
def desk(base, docs):
    base.watch("default", docs, polling=False)
    made = Desk(base)
    made.watcher.tick(0.0)
    return made


def test_at_the_start_everything_is_taken_in_and_at_the_next_only_what_has_changed(desk, base, docs, open_base):
    assert desk.names() == ["lease.md", "合同.md"]
    assert desk.taken == [["lease.md", "合同.md"]]
    again = Desk(base)
    again.watcher.tick(0.0)
    assert again.taken == []
    (docs / "new.md").write_text("# New\n\nNew.\n")
    (docs / "lease.md").write_text(LEASE + "\nMore.\n")
    (docs / "sub" / "合同.md").unlink()
    third = Desk(base)
    third.watcher.tick(0.0)
    assert third.taken == [["lease.md", "new.md"]]
    assert third.names() == ["lease.md", "new.md", "合同.md"]
    third.later(6)
    assert third.names() == ["lease.md", "new.md"]
    assert base.check("default").sound


def test_a_file_is_taken_in_when_it_is_quiet(desk, docs):
    (docs / "new.md").write_text("# New\n\nHalf")
    desk.notice((ADDED, docs / "new.md"))
    assert len(desk.taken) == 1
    desk.clock += 0.9
    (docs / "new.md").write_text("# New\n\nHalf and half.")
    desk.notice((MODIFIED, docs / "new.md"))
    desk.clock += 0.9
    desk.notice()
    assert len(desk.taken) == 1
    desk.later(1)
    assert desk.taken[1:] == [["new.md"]]
    assert "Half and half" in desk.base.search("half")[0].passage.text


def test_a_file_that_never_gets_quiet_is_taken_in_all_the_same(desk, docs):
    for count in range(45):
        (docs / "busy.log").write_text(f"Line {count}\n")
        desk.clock += 0.5
        desk.notice((MODIFIED, docs / "busy.log"))
    assert desk.taken[1:] == [["busy.log"]]


def test_many_files_are_taken_in_together(desk, docs):
    for count in range(130):
        (docs / f"{count}.txt").write_text(f"Number {count}")
    desk.notice(*[(ADDED, docs / f"{count}.txt") for count in range(130)])
    desk.later(1)
    assert [len(names) for names in desk.taken[1:]] == [128, 2]
    assert len(desk.names()) == 132


def test_a_file_that_goes_loses_its_document_after_a_while(desk, docs):
    (docs / "sub" / "合同.md").unlink()
    desk.notice((DELETED, docs / "sub" / "合同.md"))
    desk.later(4)
    assert desk.names() == ["lease.md", "合同.md"]
    desk.later(4)
    assert desk.names() == ["lease.md"]
    assert desk.base._folders.marks(desk.base._library("default").id, os.fsencode(docs)).keys() == {
        os.fsencode(docs / "lease.md")
    }


def test_an_editor_that_replaces_a_file_keeps_its_document(desk, docs, base):
    before = base.document("default", "lease.md").id
    (docs / "lease.md").unlink()
    desk.notice((DELETED, docs / "lease.md"))
    desk.later(3)
    (docs / "lease.md").write_text(LEASE + "\nReplaced.\n")
    desk.notice((ADDED, docs / "lease.md"))
    desk.later(30)
    assert base.document("default", "lease.md").id == before
    assert "Replaced" in base.search("replaced")[0].passage.text


@pytest.mark.parametrize("watched_twice", [False, True])
def test_a_file_that_moves_keeps_its_document(base, docs, tmp_path, embedder, watched_twice):
    other = tmp_path / "另一个" if watched_twice else docs / "another"
    other.mkdir()
    base.watch("default", docs, polling=False)
    if watched_twice:
        base.watch("default", other, polling=False)
    desk = Desk(base)
    desk.watcher.tick(0.0)
    before = {document.name: document.id for document in base.documents()}
    embedder.embedded.clear()
    (docs / "lease.md").rename(other / "租约.md")
    desk.notice((DELETED, docs / "lease.md"))
    desk.later(3)
    desk.notice((ADDED, other / "租约.md"))
    desk.later(30)
    assert {document.name: document.id for document in base.documents()} == {
        "租约.md": before["lease.md"],
        "合同.md": before["合同.md"],
    }
    assert embedder.embedded == []


def test_a_folder_that_moves_within_takes_its_documents_along(desk, base, docs):
    before = base.document("default", "合同.md").id
    (docs / "sub").rename(docs / "旧")
    desk.notice((DELETED, docs / "sub"), (ADDED, docs / "旧"))  # no word of the files in it
    desk.later(30)
    document = base.document("default", "合同.md")
    assert (document.id, document.path) == (before, str(docs / "旧" / "合同.md"))
    shutil.rmtree(docs / "旧")
    desk.notice((DELETED, docs / "旧"))
    desk.later(30)
    assert desk.names() == ["lease.md"]


def test_a_folder_that_vanishes_as_a_whole_loses_nothing(desk, base, docs, tmp_path):
    eye = desk.eyes[docs]
    docs.rename(tmp_path / "away")
    desk.notice((DELETED, docs), (DELETED, docs / "lease.md"), (DELETED, docs / "sub" / "合同.md"))
    desk.later(30)
    assert desk.state() == ["unreachable"]
    assert eye.closed
    assert desk.names() == ["lease.md", "合同.md"]
    (tmp_path / "away" / "lease.md").unlink()
    (tmp_path / "away" / "new.md").write_text("# New\n\nNew.\n")
    (tmp_path / "away").rename(docs)
    desk.later(30)
    assert desk.state() == ["watching"]
    assert desk.names() == ["new.md", "合同.md"]


def test_at_the_start_a_folder_that_is_not_there_loses_nothing(desk, base, docs):
    shutil.rmtree(docs)
    again = Desk(base)
    again.later(30)
    assert (again.state(), again.names()) == (["unreachable"], ["lease.md", "合同.md"])


def test_a_drive_that_was_unmounted_leaves_an_empty_folder_and_loses_nothing(base, docs, monkeypatch):
    mounted = {str(docs)}
    monkeypatch.setattr(os.path, "ismount", lambda path: os.fsdecode(path) in mounted)
    base.watch("default", docs, polling=False)
    desk = Desk(base)
    desk.watcher.tick(0.0)
    mounted.clear()
    (docs / "lease.md").unlink()
    (docs / "sub" / "合同.md").unlink()
    desk.notice((DELETED, docs / "lease.md"))
    desk.later(30)
    assert (desk.state(), desk.names()) == (["unreachable"], ["lease.md", "合同.md"])


def test_a_drive_within_the_folder_takes_nothing_along(base, docs, monkeypatch):
    mounted = {str(docs / "sub")}
    monkeypatch.setattr(os.path, "ismount", lambda path: os.fsdecode(path) in mounted)
    base.watch("default", docs, polling=False)
    desk = Desk(base)
    desk.watcher.tick(0.0)
    mounted.clear()
    (docs / "lease.md").unlink()
    (docs / "sub" / "合同.md").unlink()
    again = Desk(base)  # after a start, too
    again.later(30)
    assert (again.state(), again.names()) == (["watching"], ["合同.md"])


def test_an_empty_share_is_one_that_cannot_be_reached(base, docs):
    base.watch("default", docs, polling=True)
    desk = Desk(base)
    desk.watcher.tick(0.0)
    assert desk.polled == [True]
    shutil.rmtree(docs / "sub")
    (docs / "lease.md").unlink()
    desk.later(60)
    assert (desk.state(), desk.names()) == (["unreachable"], ["lease.md", "合同.md"])


def test_the_last_file_of_a_folder_on_this_machine_may_go(desk, docs):
    shutil.rmtree(docs / "sub")
    (docs / "lease.md").unlink()
    desk.notice((DELETED, docs / "lease.md"), (DELETED, docs / "sub"))
    desk.later(30)
    assert (desk.state(), desk.names()) == (["watching"], [])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may look everywhere")
def test_a_folder_that_may_not_be_looked_into_loses_nothing(desk, docs):
    (docs / "sub").chmod(0)
    try:
        desk.notice((MODIFIED, docs / "sub"))
        desk.clock += 1000
        desk.later(30)
        assert desk.names() == ["lease.md", "合同.md"]
    finally:
        (docs / "sub").chmod(0o700)


def test_a_file_that_may_not_be_looked_at_is_not_missing(monkeypatch):
    def closed(path):
        raise PermissionError(13, "closed")

    monkeypatch.setattr(watching.os, "lstat", closed)
    assert not watching._missing(b"/d/a.md")


def test_documents_from_elsewhere_and_ignored_ones_stay(desk, base, docs, tmp_path):
    outside = tmp_path / "outside.md"
    outside.write_text("# Outside\n\nOutside.\n")
    (docs / ".hidden.md").write_text("# Hidden\n\nAdded by hand.\n")
    list(base.add([outside, docs / ".hidden.md"]))
    outside.unlink()
    (docs / IGNORE_FILE).write_text("lease.md\n")
    desk.notice((ADDED, docs / IGNORE_FILE))
    (docs / "lease.md").write_text(LEASE + "\nNot followed.\n")
    desk.notice((MODIFIED, docs / "lease.md"))
    desk.later(30)
    assert desk.names() == [".hidden.md", "lease.md", "outside.md", "合同.md"]
    assert len(desk.taken) == 1
    (docs / IGNORE_FILE).unlink()
    desk.notice((DELETED, docs / IGNORE_FILE))
    desk.later(1)
    assert desk.taken[1:] == [["lease.md"]]


def test_a_document_that_was_removed_by_hand_is_not_taken_in_again(desk, base, docs):
    base.remove_document(base.document("default", "lease.md").id)
    again = Desk(base)
    again.later(3)
    assert again.names() == ["合同.md"]
    (docs / "lease.md").write_text(LEASE + "\nMore.\n")
    again.notice((MODIFIED, docs / "lease.md"))
    again.later(2)
    assert again.names() == ["lease.md", "合同.md"]


def test_a_document_that_could_not_be_read_stays_listed_and_is_not_read_again(desk, base, docs):
    (docs / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    desk.notice((ADDED, docs / "bad.pdf"))
    desk.later(2)
    assert base.document("default", "bad.pdf").status is DocumentStatus.FAILED
    again = Desk(base)
    again.later(3)
    assert again.taken == []
    (docs / "bad.pdf").unlink()
    again.notice((DELETED, docs / "bad.pdf"))
    again.later(10)
    assert again.names() == ["lease.md", "合同.md"]


def test_links_to_elsewhere_are_not_followed(desk, docs, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").write_text("# A\n\nA.\n")
    (docs / "link").symlink_to(tmp_path / "elsewhere")
    (docs / "circle").symlink_to(docs)
    desk.notice((ADDED, docs / "link"), (ADDED, docs / "link" / "a.md"), (ADDED, docs / "circle"))
    desk.clock += 1000
    desk.later(5)
    assert desk.names() == ["lease.md", "合同.md"]


def test_a_name_that_is_no_text_is_found_at_a_look_through_the_folder(desk, docs):
    name = os.fsdecode("租约".encode("gbk") + b".md")
    (docs / name).write_text("# GBK\n\nNamed by another system.\n")
    desk.notice((ADDED, docs / "\ufffd\ufffd.md"))
    assert len(desk.names()) == 3


def test_when_nothing_can_be_taken_in_it_is_tried_again_and_nothing_goes(base, docs, embedder):
    missing = [True]

    def embedder_for(model):
        if missing[0]:
            raise UserError(Code.MODEL_MISSING, model=model)
        return embedder

    base._embedder_for = embedder_for
    base.watch("default", docs, polling=False)
    desk = Desk(base)
    told = []
    desk.watcher._told = lambda library, event: told.append(event)
    desk.watcher.tick(0.0)
    assert desk.state() == ["paused"]
    assert isinstance(told[-1], Failed)
    desk.later(30)
    assert len(desk.taken) == 1
    missing[0] = False
    desk.later(40)
    assert (desk.state(), desk.names()) == (["watching"], ["lease.md", "合同.md"])


def test_a_listener_that_fails_does_not_end_the_watching(desk, docs):
    def fails(library, event):
        raise RuntimeError

    desk.watcher._told = fails
    (docs / "new.md").write_text("# New\n\nNew.\n")
    desk.notice((ADDED, docs / "new.md"))
    desk.later(2)
    assert (desk.state(), desk.names()) == (["watching"], ["lease.md", "new.md", "合同.md"])


def test_a_file_on_its_way_in_when_a_stream_breaks_is_taken_in_later(desk, base, docs):
    real = desk.watcher._add

    def breaks(library_id, paths, cancel):
        stream = real(library_id, paths, cancel)
        yield next(stream)
        stream.close()
        raise RuntimeError

    desk.watcher._add = breaks
    (docs / "new.md").write_text("# New\n\nNew.\n")
    desk.notice((ADDED, docs / "new.md"))
    desk.later(2)
    assert desk.state() == ["paused"]
    desk.watcher._add = real
    desk.later(70)
    assert (desk.state(), desk.names()) == (["watching"], ["lease.md", "new.md", "合同.md"])


def test_a_folder_no_longer_watched_is_left_alone_and_its_documents_stay(desk, base, docs):
    base.unwatch("default", docs)
    eye = desk.eyes[docs]
    (docs / "lease.md").unlink()
    desk.later(30)
    assert eye.closed
    assert desk.names() == ["lease.md", "合同.md"]
    assert base.watched("default") == []


def test_a_removed_library_is_not_made_again(base, docs):
    base.create_library("leases")
    base.watch("leases", docs, polling=False)
    desk = Desk(base)
    desk.watcher.tick(0.0)
    assert desk.names("leases") == ["lease.md", "合同.md"]
    base.remove_library("leases")
    (docs / "new.md").write_text("# New\n\nNew.\n")
    desk.later(5)
    assert [library.name for library in base.libraries()] == ["default"]
    assert base._folders.all() == []


def test_an_eye_that_breaks_is_opened_again(desk, docs):
    broken = desk.eyes[docs]

    def changes(wait_s):
        raise RuntimeError

    broken.changes = changes
    (docs / "new.md").write_text("# New\n\nNew.\n")
    desk.later(5)
    assert broken.closed
    assert desk.eyes[docs] is not broken
    assert "new.md" in desk.names()


def test_without_notices_left_in_the_system_a_folder_is_polled(monkeypatch, tmp_path):
    asked = []

    class NoneLeft:
        def __init__(self, folder, *, polling, poll_s, stop):
            asked.append(polling)
            if not polling:
                raise OSError(28, "watch limit")

    monkeypatch.setattr(watching, "_Notices", NoneLeft)
    assert isinstance(watching.open_eye(tmp_path, polling=False, poll_s=1.0, stop=threading.Event()), NoneLeft)
    assert asked == [False, True]


# what may be watched


def problem(call):
    with pytest.raises(UserError) as caught:
        call()
    return caught.value.values.get("problem") or caught.value.code


def test_what_cannot_be_watched(base, docs, home, tmp_path):
    assert problem(lambda: base.watch("default", tmp_path / "none")) == Code.FILE_MISSING
    assert problem(lambda: base.watch("default", docs / "lease.md")) == "not_a_folder"
    assert problem(lambda: base.watch("default", home.root)) == "inside_home"
    home.uploads.mkdir(parents=True)
    assert problem(lambda: base.watch("default", home.uploads)) == "inside_home"
    assert problem(lambda: base.watch("none", docs)) == Code.UNKNOWN_LIBRARY
    base.watch("default", docs)
    assert problem(lambda: base.watch("default", docs / "sub")) == "inside_watched"
    assert problem(lambda: base.watch("default", tmp_path)) == "holds_watched"
    assert problem(lambda: base.unwatch("default", docs / "sub")) == "not_watched"
    base.create_library("other")
    base.watch("other", docs / "sub")
    assert str(docs) not in repr(base.watched("default"))


def test_a_folder_that_is_watched_already_is_watched_once(base, docs, tmp_path):
    base.watch("default", docs, polling=False)
    link = tmp_path / "link"
    link.symlink_to(docs)
    base.watch("default", link, polling=True)
    (one,) = base.watched("default")
    assert (one.folder, one.polling, one.state) == (str(docs), True, "paused")


def test_the_home_within_a_watched_folder_is_left_out(base, home, tmp_path):
    base.watch("default", tmp_path, polling=False)
    home.uploads.mkdir(parents=True)
    (home.uploads / "a.md").write_text("# Upload\n\nUpload.\n")
    (tmp_path / "b.md").write_text("# B\n\nB.\n")
    desk = Desk(base)
    desk.watcher.tick(0.0)
    desk.notice((ADDED, home.uploads / "a.md"))
    desk.later(2)
    assert desk.names() == ["b.md"]


# with the system's own notices


QUICK = Times(settle_s=0.3, quiet_s=0.1, poll_s=0.1, probe_s=0.05)


def until(true, *, limit_s=60.0):
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("polling", [False, True])
def test_a_person_works_in_a_watched_folder(base, docs, tmp_path, polling):
    base._watcher._times = QUICK
    told = []
    base.watch("default", docs, polling=polling)
    base.start_watching(lambda library, event: told.append((library, event)))

    def names():
        return [document.name for document in base.documents() if document.status is DocumentStatus.READY]

    until(lambda: names() == ["lease.md", "合同.md"])
    assert [watched.state for watched in base.watched("default")] == ["watching"]
    before = base.document("default", "lease.md").id
    (docs / "新的").mkdir()
    (docs / "新的" / "信.txt").write_text("亲爱的朋友", encoding="utf-8")
    until(lambda: names() == ["lease.md", "信.txt", "合同.md"])
    (docs / "lease.md").rename(docs / "新的" / "租约.md")
    until(lambda: names() == ["信.txt", "合同.md", "租约.md"])
    assert base.document("default", "租约.md").id == before
    (docs / "sub" / "合同.md").unlink()
    until(lambda: names() == ["信.txt", "租约.md"])
    docs.rename(tmp_path / "away")
    until(lambda: [watched.state for watched in base.watched("default")] == ["unreachable"])
    assert names() == ["信.txt", "租约.md"]
    (tmp_path / "away").rename(docs)
    until(lambda: [watched.state for watched in base.watched("default")] == ["watching"])
    (docs / "last.md").write_text("# Last\n\nThe last one.\n")
    until(lambda: names() == ["last.md", "信.txt", "租约.md"])
    base.close()
    assert not base._watcher.running
    added = [event.result for _, event in told if isinstance(event, FileDone) and event.result.status == "added"]
    assert len(added) == 4
    assert {library for library, _ in told} == {"default"}
    assert any(isinstance(event, Finished) for _, event in told)


def test_reading_a_file_is_no_change_of_it(base, docs):
    base._watcher._times = QUICK
    told = []
    base.watch("default", docs, polling=False)
    base.start_watching(lambda library, event: told.append(event))
    until(lambda: sum(isinstance(event, FileDone) for event in told) == 2)
    for file in docs.rglob("*.md"):
        file.read_text(encoding="utf-8")
    (docs / "end.md").write_text("# End\n\nThe end.\n")
    until(lambda: sum(isinstance(event, FileDone) for event in told) >= 3)
    until(lambda: [document.status for document in base.documents()] == [DocumentStatus.READY] * 3)
    assert sum(isinstance(event, FileDone) and event.result.status == "added" for event in told) == 3


def test_closing_in_the_midst_of_taking_in_ends_and_the_next_start_goes_on(open_base, docs):
    for count in range(40):
        (docs / f"{count}.txt").write_text(f"Number {count}")
    base = open_base()
    base._watcher._times = QUICK
    base.watch("default", docs, polling=False)
    begun = threading.Event()
    base.start_watching(lambda library, event: begun.set())
    assert begun.wait(60)
    base.close()
    again = open_base()
    again._watcher._times = QUICK
    again.start_watching()
    until(lambda: sum(document.status is DocumentStatus.READY for document in again.documents()) == 42)
    again.close()
