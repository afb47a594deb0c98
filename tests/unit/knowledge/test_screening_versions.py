"""Passages that an older filter has screened, libraries that refuse files, and what documents are said to hold."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.soak.decoded import holding
from tests.unit.knowledge.conftest import OpenBase, find_phones, results

from studiolo.errors import Code, PolicyBlock
from studiolo.jobs import CancelToken
from studiolo.knowledge.library import KnowledgeBase
from studiolo.knowledge.records import from_version_2
from studiolo.paths import Home
from studiolo.types import DocumentStatus, Redaction, Span

PHONE, OTHER = "13800138000", "13911112222"


@dataclass
class Rules:
    """A policy that refuses some types and takes words for an entity."""

    types: frozenset[str] = frozenset()
    words: str = ""
    asked: set[str] = field(default_factory=set)

    def refused(self, library: str) -> frozenset[str]:
        self.asked.add(library)
        return self.types

    def own(self, library: str) -> bool:
        return bool(self.words)

    def refine(self, library: str, text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
        return (*spans, *(Span("PROJECT", m.start(), m.end(), 1.0) for m in re.finditer(self.words, text)))


def counts(base: KnowledgeBase) -> dict[str, tuple[Redaction, ...]]:
    return {document.name: document.redactions for document in base.documents()}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "lease.md").write_text(f"# Lease\n\nCall {PHONE} about Falcon.\n\n# End\n\nNone.\n", encoding="utf-8")
    (folder / "租约.md").write_text("# 租约\n\n租期为十二个月。青鸟计划。\n", encoding="utf-8")
    return folder


@pytest.fixture
def older(open_base: OpenBase, files: Path) -> None:
    """A home whose documents were screened by version 1 of the filter."""
    base = open_base(detector=1)
    list(base.add([files]))
    base.close()


def test_what_an_older_filter_found_does_not_count(open_base: OpenBase, older: None) -> None:
    looked: list[str] = []

    def screen(text: str) -> tuple[Span, ...]:
        looked.append(text)
        return tuple(Span("NEWER", m.start(), m.end(), 0.9) for m in re.finditer("Falcon|青鸟", text))

    base = open_base(detector=2, screen=screen)
    hits = base.search("租期 lease Falcon", limit=9)
    assert hits
    assert all(hit.passage.stale and hit.passage.spans is None for hit in hits)
    assert base.rescreen("default") == len(looked) > 0
    again = base.search("租期 lease Falcon", limit=9)
    assert [hit.passage.id for hit in again] == [hit.passage.id for hit in hits]
    assert not any(hit.passage.stale or hit.passage.spans is None for hit in again)
    assert {span.type for hit in again for span in hit.passage.spans or ()} == {"NEWER"}
    assert counts(base) == {"lease.md": (Redaction("NEWER", 1),), "租约.md": (Redaction("NEWER", 1),)}
    assert base.rescreen("default") == 0


def test_rescreening_goes_on_where_it_was_stopped(open_base: OpenBase, older: None) -> None:
    base = open_base(detector=2)
    stopped = CancelToken()
    stopped.cancel()
    assert base.rescreen("default", cancel=stopped) == 0
    assert all(passage.stale for document in base.documents() for passage in base.passages("default", document.id))
    assert base.rescreen("default") > 0


def test_a_passage_that_cannot_be_screened_again_is_withheld(open_base: OpenBase, older: None) -> None:
    def screen(text: str) -> tuple[Span, ...]:
        if "Falcon" in text:
            raise PolicyBlock(Code.FILTER_FAILED)
        return find_phones(text)

    base = open_base(detector=2, screen=screen)
    base.rescreen("default")
    passages = [p for document in base.documents() for p in base.passages("default", document.id)]
    assert [p.spans is None and not p.stale for p in passages] == ["Falcon" in p.text for p in passages]
    assert any("Falcon" in p.text for p in passages)


def test_a_shared_passage_that_is_stale_is_screened_with_the_next_document(
    open_base: OpenBase, older: None, files: Path
) -> None:
    base = open_base(detector=2)
    (files / "copy.md").write_bytes((files / "lease.md").read_bytes())
    (result,) = results(base.add([files / "copy.md"]))
    assert not any(passage.stale for passage in base.passages("default", result.document_id))


def test_a_file_of_the_second_format(open_base: OpenBase, files: Path, home: Home) -> None:
    first = open_base()
    list(first.add([files]))
    first.close()
    old = sqlite3.connect(home.knowledge_db)
    old.execute("ALTER TABLE passages DROP COLUMN detector")
    old.execute("PRAGMA user_version=2")
    old.commit()
    old.close()
    base = open_base()
    hits = base.search("lease", limit=9)
    assert hits
    assert all(hit.passage.stale for hit in hits)
    assert base.rescreen("default") > 0
    assert counts(base)["lease.md"] == (Redaction("PHONE_NUMBER", 1),)
    base.close()
    now = sqlite3.connect(home.knowledge_db)
    from_version_2(now)  # where the column is there, it stays
    now.close()


@pytest.mark.parametrize("name", ["lease.md", "手机.md"])
def test_a_library_refuses_files_and_keeps_nothing_of_them(
    open_base: OpenBase, files: Path, home: Home, name: str
) -> None:
    (files / "手机.md").write_text(f"# 通讯录\n\n手机{OTHER}。\n", encoding="utf-8")
    rules = Rules(frozenset({"PHONE_NUMBER"}))
    base = open_base(rules=rules)
    found = {Path(result.path).name: result for result in results(base.add([files / "租约.md", files / name]))}
    assert found["租约.md"].status == "added"
    assert (found[name].status, found[name].reason) == ("failed", "refused_by_policy")
    assert found[name].values["types"] == "PHONE_NUMBER"
    document = next(one for one in base.documents() if one.name == name)
    assert (document.status, document.reason) == (DocumentStatus.FAILED, "refused_by_policy")
    assert document.redactions == (Redaction("PHONE_NUMBER", 1),)  # why, and nothing else
    assert base.passages("default", document.id) == []
    assert {hit.passage.document for hit in base.search("lease Falcon 手机 通讯录 租期", limit=9)} == {"租约.md"}
    assert rules.asked == {"default"}
    base.close()
    assert holding(home.root, "青鸟计划")  # what is there can be seen
    for value in (PHONE if name == "lease.md" else OTHER, "Falcon", "通讯录"):
        assert holding(home.root, value) == []


def test_what_is_not_refused_any_more_is_taken_in(open_base: OpenBase, files: Path) -> None:
    rules = Rules(frozenset({"PHONE_NUMBER"}))
    base = open_base(rules=rules)
    assert [result.status for result in results(base.add([files]))] == ["failed", "added"]
    rules.types = frozenset({"SECRET"})
    assert [result.status for result in results(base.add([files]))] == ["added", "unchanged"]


def test_an_older_version_of_a_refused_file_stays(open_base: OpenBase, files: Path) -> None:
    base = open_base(rules=Rules(frozenset({"PHONE_NUMBER"})))
    list(base.add([files / "租约.md"]))
    (files / "租约.md").write_text(f"# 租约\n\n电话{OTHER}。\n", encoding="utf-8")
    (result,) = results(base.add([files / "租约.md"]))
    assert result.reason == "refused_by_policy"
    assert [hit.passage.text for hit in base.search("租期", limit=9)] == ["租约\n\n租期为十二个月。青鸟计划。"]


def test_entities_of_the_policy_are_counted_and_counted_anew(open_base: OpenBase, files: Path) -> None:
    rules = Rules(words="Falcon|青鸟")
    base = open_base(rules=rules)
    list(base.add([files]))
    assert counts(base) == {
        "lease.md": (Redaction("PHONE_NUMBER", 1), Redaction("PROJECT", 1)),
        "租约.md": (Redaction("PROJECT", 1),),
    }
    rules.words = ""
    assert base.rescreen("default") == 0  # no passage need be looked through for that
    assert counts(base) == {"lease.md": (Redaction("PHONE_NUMBER", 1),), "租约.md": ()}


def test_an_entity_of_the_policy_may_be_refused_as_well(open_base: OpenBase, files: Path) -> None:
    base = open_base(rules=Rules(frozenset({"PROJECT"}), words="青鸟"))
    found = {Path(result.path).name: result.reason for result in results(base.add([files]))}
    assert found == {"lease.md": "", "租约.md": "refused_by_policy"}


def test_an_import_is_screened_again_by_the_policy_here(open_base: OpenBase, files: Path, tmp_path: Path) -> None:
    base = open_base()
    list(base.add([files], library="leases"))
    exported = tmp_path / "leases.studiolo"
    list(base.export_library("leases", exported))
    base.close()
    rules = Rules(frozenset({"PHONE_NUMBER"}), words="青鸟")
    here = open_base(rules=rules)
    list(here.import_library(exported, name="here"))
    found = {document.name: document for document in here.documents("here")}
    assert (found["lease.md"].status, found["lease.md"].reason) == (DocumentStatus.FAILED, "refused_by_policy")
    assert found["租约.md"].redactions == (Redaction("PROJECT", 1),)
    assert {hit.passage.document for hit in here.search("Falcon 租期", library="here", limit=9)} == {"租约.md"}
    assert rules.asked == {"here"}
