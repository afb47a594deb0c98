"""A library out into one file and in again; what is wrong with such a file, and a kill in the midst of an import."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.unit.knowledge.conftest import HashEmbedder, find_phones, results

from studiolo.errors import Code, PolicyBlock, UserError
from studiolo.events import Failed, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.knowledge import exporting, portable
from studiolo.knowledge.library import KnowledgeBase
from studiolo.knowledge.records import HIDDEN
from studiolo.paths import Home
from studiolo.types import DocumentStatus, Redaction

ROOT = Path(__file__).resolve().parents[3]
LEASE = "# Lease\n\nThe term of the lease is twenty-four months.\n\n" + "".join(
    f"## Clause {n}\n\n" + f"The rent of floor {n} is {n}00 a month, and the tenant pays it in advance. " * 12 + "\n\n"
    for n in range(1, 6)
)
CONTRACT = "# 租赁合同\n\n租期为二十四个月。联系电话:13800138000。\n\n" + "".join(
    f"## 第{n}条\n\n" + f"第{n}层的租金为每月{n}千元,押金两个月,由承租人预付。" * 12 + "\n\n" for n in range(1, 6)
)


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.md").write_text(LEASE, encoding="utf-8")
    (folder / "合同.md").write_text(CONTRACT, encoding="utf-8")
    (folder / "copy.md").write_text(LEASE + "\n\n\n", encoding="utf-8")
    (folder / "empty.txt").write_text("")
    return folder


@pytest.fixture
def exported(base, docs, tmp_path):
    list(base.add([docs], library="leases"))
    file = tmp_path / "out.studiolo"
    assert list(base.export_library("leases", file))[-1] == Finished()
    return file


def seen(base, library):
    """Everything a person could see of a library, without ids and places."""
    documents = []
    for document in base.documents(library):
        passages = [
            (p.text, p.page, p.page_end, p.start, p.end, p.heading, p.language, p.spans, p.label)
            for p in base.passages(library, document.id)
        ]
        told = (document.name, document.sha256, document.size_bytes, document.status, document.reason, document.pages)
        documents.append((*told, document.passages, document.redactions, document.gaps, document.added_at, passages))
    return sorted(documents, key=lambda told: told[:2])


def ends(events, code):
    last = list(events)[-1]
    assert isinstance(last, Failed)
    assert last.code == code
    return last


@pytest.fixture
def second(tmp_path, embedder):
    """Opens knowledge bases in another home."""
    made = []

    def open_it(**changes):
        options = {"embedder_for": lambda _: embedder, "screen": find_phones, "clock": lambda: 1_900_000_000.0}
        made.append(KnowledgeBase(Home(tmp_path / "second"), **{**options, **changes}))
        return made[-1]

    yield open_it
    for one in made:
        one.close()


def damaged(file, tmp_path, change, *, manifest=lambda told: None, sums=True):
    """The file with its members changed; sizes and digests made to fit, unless `sums` is False."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(members.pop("manifest.json"))
    change(members)
    if sums:
        told["members"] = {
            name: {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
        }
    manifest(told)
    bad = tmp_path / "bad.studiolo"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(told))
    return bad


def lines(data):
    return [json.loads(line) for line in data.splitlines()]


def joined(values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


# there and back


def test_a_library_is_the_same_in_another_home(base, exported, second, embedder):
    there = second()
    embedder.embedded.clear()
    events = list(there.import_library(exported))
    assert events[-1] == Finished()
    assert embedder.embedded == []  # the vectors came with it
    assert seen(there, "leases") == seen(base, "leases")
    stages = {event.stage for event in events if isinstance(event, Progress)}
    assert stages == {"read", "screen", "embed", "write"}
    assert events[-2] == Progress("write", 1, 1, item="leases")
    assert "押金" in there.search("押金", library="leases")[0].passage.text
    assert "twenty-four" in there.search("the term of the lease", library="leases")[0].passage.text
    assert there.check("leases").sound
    by_name = {document.name: document for document in there.documents("leases")}
    assert by_name["合同.md"].redactions == (Redaction("PHONE_NUMBER", 1),)
    assert by_name["empty.txt"].status is DocumentStatus.FAILED
    assert not {one.id for one in by_name.values()} & {one.id for one in base.documents("leases")}


def test_a_name_that_is_taken_is_given_a_number_and_one_can_be_chosen(base, exported):
    list(base.import_library(exported))
    list(base.import_library(exported))
    list(base.import_library(exported, name="租约"))
    events = list(base.import_library(exported, name="租约"))
    assert events[-2] == Progress("write", 1, 1, item="租约 2")
    assert [one.name for one in base.libraries()] == ["default", "leases", "leases 2", "leases 3", "租约", "租约 2"]
    with pytest.raises(UserError):
        list(base.import_library(exported, name="a/b"))


def test_the_file_holds_neither_paths_nor_spans_nor_pseudonyms_and_is_for_its_owner_alone(base, exported, docs):
    assert exported.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(exported) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        told = lines(archive.read("documents.jsonl"))
    assert str(docs).encode() not in everything
    assert b"PHONE_NUMBER" not in everything
    assert {one["path"] for one in told} == {"lease.md", "合同.md", "copy.md", "empty.txt"}
    list(base.export_library("leases", exported, paths=True))
    with zipfile.ZipFile(exported) as archive:
        told = lines(archive.read("documents.jsonl"))
    assert {one["path"] for one in told} == {str(file) for file in docs.iterdir()}


def test_a_passage_that_several_documents_hold_is_written_once(exported):
    with zipfile.ZipFile(exported) as archive:
        passages, places = lines(archive.read("passages.jsonl")), lines(archive.read("occurrences.jsonl"))
    assert len(places) > len(passages) == len({one["digest"] for one in passages})


def test_no_path_of_an_imported_document_is_a_file_and_the_real_file_is_recognised(base, exported, docs, embedder):
    list(base.import_library(exported, name="again"))
    document = base.document("again", "lease.md")
    assert document.path == "imported:lease.md"
    library = base._shelf.library("again")
    for record in base._shelf.records(library):
        assert not os.path.lexists(record.path_key)
    embedder.embedded.clear()
    found = results(base.add([docs / "lease.md", docs / "合同.md"], library="again"))
    assert [result.status for result in found] == ["unchanged", "unchanged"]
    assert embedder.embedded == []
    assert base.document("again", "lease.md").path == str(docs / "lease.md")
    assert base.document("again", "lease.md").id == document.id
    assert len(base.documents("again")) == 4


def test_two_documents_of_one_name_stay_two(base, tmp_path, docs):
    (docs / "sub").mkdir()
    (docs / "sub" / "lease.md").write_text("# Other\n\nAnother lease.\n")
    list(base.add([docs], library="two"))
    list(base.export_library("two", tmp_path / "two.studiolo"))
    list(base.import_library(tmp_path / "two.studiolo", name="three"))
    assert [one.name for one in base.documents("three")].count("lease.md") == 2
    assert seen(base, "three") == seen(base, "two")


def test_an_empty_library_goes_and_comes(base, tmp_path):
    base.create_library("empty")
    list(base.export_library("empty", tmp_path / "e.studiolo"))
    assert list(base.import_library(tmp_path / "e.studiolo"))[-1] == Finished()
    assert base.documents("empty 2") == []


# embedders and the filter


def test_with_another_embedder_the_passages_are_embedded_anew(exported, second):
    other = HashEmbedder(dimension=32)

    def embedder_for(model):
        if model != "small":
            raise UserError(Code.MODEL_MISSING, model=model)
        return other

    there = second(embedder_for=embedder_for, default_embedder="small")
    assert list(there.import_library(exported))[-1] == Finished()
    assert {one.name: one.embedder for one in there.libraries()}["leases"] == "small"
    assert len(other.embedded) == len(there._places.numbers(there._shelf.library("leases").id))
    assert there.check("leases").sound
    assert "押金" in there.search("押金", library="leases")[0].passage.text


def test_without_any_embedder_nothing_is_imported(exported, second):
    def embedder_for(model):
        raise UserError(Code.MODEL_MISSING, model=model)

    there = second(embedder_for=embedder_for)
    ends(there.import_library(exported), "model_missing")
    assert there._shelf.rows() == []


def test_passages_without_a_vector_are_embedded_at_the_import(base, exported, second, embedder):
    library = base._shelf.library("leases")
    numbers = base._places.numbers(library.id)
    base._store.delete_vectors(library.id, library.embedder, numbers[:2])
    base._places.embedded(numbers[:2], value=False)
    list(base.export_library("leases", exported))
    there = second()
    embedder.embedded.clear()
    list(there.import_library(exported))
    assert len(embedder.embedded) == 2
    assert there.check("leases").sound


def test_what_the_filter_cannot_take_leaves_its_document_failed(exported, second, tmp_path):
    def screen(text):
        if "押金" in text:
            raise PolicyBlock(Code.FILTER_FAILED)
        return find_phones(text)

    there = second(screen=screen)
    assert list(there.import_library(exported))[-1] == Finished()
    by_name = {document.name: document for document in there.documents("leases")}
    assert (by_name["合同.md"].status, by_name["合同.md"].reason) == (DocumentStatus.FAILED, "filter_failed")
    assert by_name["lease.md"].status is DocumentStatus.READY
    assert all("押金" not in hit.passage.text for hit in there.search("押金", library="leases", limit=9))
    assert there.check("leases").sound
    assert there._shelf.leftovers() == []


def test_without_the_filters_models_nothing_is_imported(exported, second):
    def screen(_text):
        raise UserError(Code.MODEL_MISSING, model="lac")

    there = second(screen=screen)
    assert ends(there.import_library(exported), "model_missing").values == {"model": "lac"}
    assert there._shelf.rows() == []


# what is wrong with a file


def nothing(members):
    """Change nothing."""


def changed(name, change):
    def apply(members):
        values = lines(members[name])
        change(values)
        members[name] = joined(values)

    return apply


def first(**changes):
    return lambda values: values[0].update(changes)


BAD_MEMBERS = {
    "a passage's text": changed("passages.jsonl", first(text="something else")),
    "a passage's digest": changed("passages.jsonl", first(digest="00")),
    "a passage's language": changed("passages.jsonl", first(language="xx")),
    "a passage twice": changed("passages.jsonl", lambda values: values.__setitem__(1, values[0])),
    "a lone surrogate": changed("documents.jsonl", first(name="\ud800")),
    "a name that is none": changed("documents.jsonl", first(name=7)),
    "a size below nothing": changed("documents.jsonl", first(size_bytes=-1)),
    "a time without end": changed("documents.jsonl", first(added_at=float("nan"))),
    "gaps of another shape": changed("documents.jsonl", first(gaps=[[1]])),
    "an unknown document": changed("occurrences.jsonl", lambda values: values[-1].update(document=99)),
    "a page that is true": changed("occurrences.jsonl", first(page=True)),
    "an unknown passage": changed("occurrences.jsonl", first(passage=99)),
    "documents out of order": changed("occurrences.jsonl", lambda values: values.reverse()),
    "a passage nowhere": changed("occurrences.jsonl", lambda values: [one.update(passage=0) for one in values]),
    "fewer lines": changed("occurrences.jsonl", lambda values: values.pop()),
    "no JSON": lambda members: members.update({"documents.jsonl": b"{" * 10_000}),
    "a list": lambda members: members.update({"documents.jsonl": b"[]\n" * 4}),
    "one member more": lambda members: members.update({"../evil": b"x"}),
    "one member less": lambda members: members.pop("occurrences.jsonl"),
    "vectors of no length": lambda members: members.update(
        {"vectors-0.npy": members["vectors-0.npy"][:-4] + np.float32("nan").tobytes()}
    ),
    "vectors of another kind": lambda members: members.update(
        {"vectors-0.npy": members["vectors-0.npy"].replace(b"<f4", b"<i4")}
    ),
    "objects for vectors": lambda members: members.update(
        {"vectors-0.npy": members["vectors-0.npy"].replace(b"<f4", b"|O ")}
    ),
}
BAD_MANIFESTS = {
    "fewer passages": lambda told: told.update(passages=1),
    "more passages than a library can have": lambda told: told.update(passages=10**12),
    "another digest": lambda told: told["members"]["passages.jsonl"].update(sha256="0" * 64),
    "another size": lambda told: told["members"]["passages.jsonl"].update(size_bytes=1),
    "a name that is no library's": lambda told: told.update(library="a/b"),
    "no counts": lambda told: told.pop("documents"),
    "another dimension": lambda told: told["vectors"][0].update(dimension=65),
}


@pytest.mark.parametrize("what", BAD_MEMBERS)
def test_a_file_with_a_wrong_member_is_refused_and_leaves_nothing(exported, second, tmp_path, what):
    bad = damaged(exported, tmp_path, BAD_MEMBERS[what])
    refused(second(), bad)


@pytest.mark.parametrize("what", BAD_MANIFESTS)
def test_a_file_with_a_wrong_manifest_is_refused_and_leaves_nothing(exported, second, tmp_path, what):
    bad = damaged(exported, tmp_path, nothing, manifest=BAD_MANIFESTS[what])
    refused(second(), bad)


def refused(there, bad):
    assert ends(there.import_library(bad), "damaged_file").values == {"path": str(bad)}
    assert there._shelf.rows() == []
    assert there._shelf.leftovers() == []
    assert list(there._store._folder.glob("*.lance")) == []


def test_any_flipped_byte_or_cut_is_noticed(exported, second, tmp_path):
    data = exported.read_bytes()
    there = second()
    for at in range(0, len(data), max(1, len(data) // 40)):
        bad = tmp_path / "bad.studiolo"
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :])
        last = list(there.import_library(bad))[-1]
        # a byte that says nothing (a member's attributes) may differ: then all is as it was written
        assert isinstance(last, Finished) or last.code in ("damaged_file", "newer_format"), at
        bad.write_bytes(data[:at])
        ends(there.import_library(bad), "damaged_file")
    ends(there.import_library(tmp_path / "none.studiolo"), "file_missing")
    ends(there.import_library(tmp_path), "file_unreadable")


def test_a_bomb_is_refused_before_it_is_unpacked(exported, second, tmp_path, monkeypatch):
    bad = damaged(exported, tmp_path, lambda members: members.update({"documents.jsonl": b" " * (80 << 20)}))
    assert bad.stat().st_size < 1 << 20
    monkeypatch.setattr(portable.Opened, "verify", lambda self: pytest.fail("unpacked"))
    ends(second().import_library(bad), "damaged_file")


def test_a_newer_format_is_refused(exported, second, tmp_path):
    bad = damaged(exported, tmp_path, nothing, manifest=lambda told: told.update(format=portable.FORMAT + 1))
    there = second()
    failed = ends(there.import_library(bad), "newer_format")
    assert failed.values == {"store": "export", "found": portable.FORMAT + 1, "supported": portable.FORMAT}


# stopping in the midst


def test_a_cancelled_export_leaves_the_older_file(base, exported, monkeypatch):
    before = exported.read_bytes()
    monkeypatch.setattr(exporting, "_STEP", 1)
    cancel = CancelToken()
    events = []
    for event in base.export_library("leases", exported, cancel=cancel):
        events.append(event)
        if len(events) == 2:
            cancel.cancel()
    assert events[-1] == Finished(reason="cancelled")
    assert exported.read_bytes() == before
    assert list(exported.parent.glob("*.partial")) == []


def test_an_export_that_is_left_leaves_nothing(base, exported):
    stream = base.export_library("leases", exported.with_name("other"))
    next(stream)
    stream.close()
    assert not list(exported.parent.glob("other*"))


def test_an_export_into_no_folder_or_a_closed_one_says_so(base, exported, tmp_path, monkeypatch):
    ends(base.export_library("leases", tmp_path / "none" / "x"), "file_missing")

    def full(fd):
        raise OSError(28, "full")

    monkeypatch.setattr(os, "fsync", full)
    ends(base.export_library("leases", tmp_path / "x"), "disk_full")
    assert not list(tmp_path.glob("x*"))


def test_a_document_that_is_removed_meanwhile_is_not_half_in_the_file(base, docs, exported, second, monkeypatch):
    monkeypatch.setattr(exporting, "_STEP", 1)
    stream = base.export_library("leases", exported)
    next(stream)
    base.remove_document(base.document("leases", "合同.md").id, library="leases")
    assert list(stream)[-1] == Finished()
    there = second()
    list(there.import_library(exported))
    assert seen(there, "leases") == seen(base, "leases")
    assert "合同.md" not in [one.name for one in there.documents("leases")]


def test_a_library_whose_text_was_lost_is_not_exported(base, exported):
    library = base._shelf.library("leases")
    base._store.delete(library.id, base._places.numbers(library.id)[:1])
    ends(base.export_library("leases", exported), "damaged_store")


@pytest.mark.parametrize("stage", ["read", "screen", "embed"])
@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_an_import_that_is_cancelled_or_left_leaves_nothing(exported, second, stage, how):
    there = second()
    cancel = CancelToken()
    stream = there.import_library(exported, cancel=cancel)
    for event in stream:
        if isinstance(event, Progress) and event.stage == stage:
            assert [one.name for one in there.libraries()] in ([], ["default"])
            break
    if how == "cancel":
        cancel.cancel()
        assert list(stream)[-1] == Finished(reason="cancelled")
    else:
        stream.close()
    assert [one.name for one in there._shelf.rows()] == ["default"]
    assert there._shelf.leftovers() == []
    assert list(there._store._folder.glob("*.lance")) == []


CHILD = """
import os, sys
from pathlib import Path
from studiolo.knowledge import places, shelf, store
from studiolo.knowledge.library import KnowledgeBase
from studiolo.paths import Home
from tests.unit.knowledge.conftest import HashEmbedder, find_phones

home, where, moment, file = sys.argv[1:5]
base = KnowledgeBase(Home(Path(home)), embedder_for=lambda _: HashEmbedder(), screen=find_phones, clock=lambda: 0.0)
owner = {"store": store.PassageStore, "places": places.Places, "shelf": shelf.Shelf}[where.split(".")[0]]
name = where.split(".")[1]
real = getattr(owner, name)

def die(self, *args, **kwargs):
    if moment == "after":
        real(self, *args, **kwargs)
    os._exit(9)

setattr(owner, name, die)
list(base.import_library(Path(file)))
os._exit(0)
"""
MOMENTS = [
    *[
        (where, "after")
        for where in ("shelf.put_library", "places.reserve", "store.add", "store.add_vectors", "places.embedded")
    ],
    *[(where, "after") for where in ("places.place", "places.screened", "store.tidy", "shelf.rename_library")],
    ("shelf.rename_library", "before"),
]


@pytest.mark.parametrize(("where", "moment"), MOMENTS)
def test_an_import_that_was_killed_is_there_whole_or_not_at_all(base, exported, second, where, moment):
    there = second()
    there.close()
    command = [sys.executable, "-c", CHILD, str(there._home.root), where, moment, str(exported)]
    environment = {"PYTHONPATH": f"{ROOT / 'engine'}:{ROOT}", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 9, ran.stderr
    there = second()
    if (where, moment) == ("shelf.rename_library", "after"):
        assert seen(there, "leases") != []
        assert [one.name for one in there.libraries()] == ["default", "leases"]
        assert there.check("leases").sound
        return
    assert [one.name for one in there.libraries()] == ["default"]
    assert list(there._store._folder.glob("*.lance")) == []
    assert there._shelf.leftovers() == []
    assert list(there.import_library(exported))[-1] == Finished()
    assert seen(there, "leases") == seen(base, "leases")


def test_a_library_that_is_being_imported_can_neither_be_seen_nor_asked_for(base, exported):
    stream = base.import_library(exported, name="later")
    for event in stream:
        if isinstance(event, Progress) and event.stage == "screen":
            break
    (hidden,) = [row for row in base._shelf.rows() if row.name.startswith(HIDDEN)]
    assert [one.name for one in base.libraries()] == ["default", "leases"]
    with pytest.raises(UserError):
        base.documents(hidden.name)
    assert base.search("lease", library="leases")
    assert list(stream)[-1] == Finished()
    assert "later" in [one.name for one in base.libraries()]


def test_nothing_of_a_document_is_in_a_repr_or_an_error(base, exported, docs):
    with portable.opened(exported) as archive:
        assert "leases" not in repr(archive.manifest)
    events = list(base.import_library(exported))
    assert "leases" not in repr(events)
