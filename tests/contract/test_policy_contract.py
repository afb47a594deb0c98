"""Policies, asked of the engine in this process and of the same one over HTTP: they count at once, for each library."""

from __future__ import annotations

import zipfile
from pathlib import Path

import httpx
import pytest
from tests.contract.asked import failure, read, results, text_of, until
from tests.contract.conftest import House, open_house
from tests.kept_readings import PAYLOAD, key
from tests.served import served

from studiolo.background import Background
from studiolo.engine import Engine
from studiolo.errors import Code
from studiolo.events import Failed, Redacted, Retrieved
from studiolo.privacy.policies import Policies
from studiolo.types import DocumentStatus, Question

PHONE, OTHER = "13800138000", "7946 0958"
BROKEN = '[types]\nPERSON = "hide"\n'


def last_prompt(house: House) -> str:
    return house.prompts[-1]


def test_the_default(engine: Engine) -> None:
    view = engine.policy()
    assert (view.library, view.profile, view.section) == ("", "balanced", {})
    assert (view.types["default"], view.types["LOCATION"]) == ("pseudonymise", "flag")
    assert failure(lambda: engine.policy("never made")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.set_policy("never made", {})).code is Code.UNKNOWN_LIBRARY


def test_a_policy_counts_at_once_also_for_what_is_stored(filled: House, engine: Engine) -> None:
    asked = Question("租期 租金 联系电话", document="租约.md")
    read(engine.ask(asked))
    assert "租金" in last_prompt(filled)
    assert PHONE not in last_prompt(filled)

    section = {"custom": {"SUBJECT": {"words": ["租金"]}}, "allow": {"words": [PHONE]}}
    view = engine.set_policy("default", section)
    assert (view.library, view.custom, view.section) == ("default", ("SUBJECT",), section)
    assert engine.policy("default") == view
    assert engine.policy().custom == ()
    events = read(engine.ask(asked))
    assert "租金" not in last_prompt(filled)
    assert PHONE in last_prompt(filled)
    found = [r.type for e in events if isinstance(e, Redacted) and e.direction == "passages" for r in e.redactions]
    assert "SUBJECT" in found

    def counted() -> dict[str, int]:
        (document,) = [one for one in engine.documents() if one.name == "租约.md"]
        return {entry.type: entry.count for entry in document.redactions}

    until(lambda: counted() == {"SUBJECT": 1})  # what documents are said to hold follows
    report = engine.document_report(next(d.id for d in engine.documents() if d.name == "租约.md"))
    assert [(one.type, one.count, one.action) for one in report.findings] == [("SUBJECT", 1, "pseudonymise")]

    engine.set_policy("default", {})
    until(lambda: counted() == {"PHONE_NUMBER": 1})
    read(engine.ask(asked))
    assert PHONE not in last_prompt(filled)


def test_a_report(filled: House, engine: Engine) -> None:
    for document in engine.documents():
        report = engine.document_report(document.id)
        assert (report.document_id, report.passages, report.unscreened) == (document.id, document.passages, 0)
        assert [(one.type, one.action) for one in report.findings] == [("PHONE_NUMBER", "pseudonymise")]
        assert report == filled.local.document_report(document.id)
    assert failure(lambda: engine.document_report("nobody")).code is Code.UNKNOWN_DOCUMENT


def test_a_library_that_refuses_files(house: House, engine: Engine) -> None:
    engine.create_library("guarded")
    engine.set_policy("guarded", {"profile": "strict", "refuse": ["PHONE_NUMBER"]})
    (house.files / "plain.md").write_text("# 备忘\n\n会议改到周五。\n", encoding="utf-8")
    found = results(read(engine.add([house.files], library="guarded")))
    assert found == {"lease.md": "refused_by_policy", "租约.md": "refused_by_policy", "plain.md": "added"}
    documents = {document.name: document for document in engine.documents("guarded")}
    assert documents["租约.md"].status is DocumentStatus.FAILED
    report = engine.document_report(documents["租约.md"].id, library="guarded")
    assert [(one.type, one.count) for one in report.findings] == [("PHONE_NUMBER", 1)]
    assert report.passages == 0
    assert {hit.passage.document for hit in engine.search("lease 租约 会议", library="guarded")} == {"plain.md"}
    (house.files / "plain.md").unlink()
    engine.remove_library("guarded")
    engine.create_library("guarded")
    assert engine.policy("guarded").profile == "balanced"  # another one of that name starts anew
    engine.remove_library("guarded")


def test_a_change_that_does_not_fit_is_refused_with_its_line(house: House, engine: Engine) -> None:
    error = failure(lambda: engine.set_policy("", {"types": {"PERSON": "hide"}}))
    assert error.code is Code.BAD_POLICY
    assert error.values == {"file": "privacy.toml", "line": 4, "problem": "unknown_action", "key": "types.PERSON"}
    assert engine.policy().section == {}


def test_a_file_edited_by_hand_counts_when_it_is_loaded(house: House, engine: Engine) -> None:
    house.home.policy_file.write_text('profile = "open"  # 对模型开放\n', encoding="utf-8")
    assert engine.policy().profile == "balanced"
    assert engine.load_policy().profile == "open"
    house.home.policy_file.write_text(BROKEN, encoding="utf-8")
    error = failure(engine.load_policy)
    assert (error.code, error.values["line"]) == (Code.BAD_POLICY, 2)
    assert engine.policy().profile == "open"
    house.home.policy_file.unlink()
    assert engine.load_policy().profile == "balanced"


def test_a_broken_file_lets_nothing_out(filled: House, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an engine that found the file broken when it started."""
    filled.home.policy_file.write_text(BROKEN, encoding="utf-8")
    broken = Policies(filled.home.policy_file)
    policies = filled.local._parts.policies
    monkeypatch.setattr(policies, "_fault", broken.fault)
    before = len(filled.prompts)
    events = read(engine.ask(Question("租期多久？")))
    assert isinstance(events[-1], Failed)
    assert (events[-1].code, events[-1].values["line"]) == ("bad_policy", 2)
    assert text_of(events) == ""
    assert not [event for event in events if isinstance(event, Retrieved)]
    assert len(filled.prompts) == before
    for call in (lambda: engine.redact("Ada"), engine.policy, lambda: engine.set_policy("", {}), engine.load_policy):
        assert failure(call).code is Code.BAD_POLICY
    (filled.files / "new.md").write_text(f"# 新\n\n{PHONE}\n", encoding="utf-8")
    assert results(read(engine.add([filled.files / "new.md"]))) == {"new.md": "bad_policy"}
    (filled.files / "new.md").unlink()
    filled.home.policy_file.unlink()
    assert engine.load_policy().profile == "balanced"
    assert not [document for document in engine.documents() if document.name == "new.md"]


def test_an_engine_starts_with_a_broken_file_and_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "privacy.toml").write_text(BROKEN, encoding="utf-8")
    with open_house(tmp_path, remote=False) as house:
        (check,) = [check for check in house.local.doctor() if check.name == "policy"]
        assert (check.state, check.detail) == ("failed", "privacy.toml, line 2: unknown_action")
        assert failure(lambda: house.local.redact("Ada")).code is Code.BAD_POLICY
        house.home.policy_file.write_text('profile = "strict"\n', encoding="utf-8")
        assert house.local.load_policy().profile == "strict"
        (check,) = [check for check in house.local.doctor() if check.name == "policy"]
        assert (check.state, check.detail) == ("ok", "strict")


def test_a_profile_for_scripts(filled: House, engine: Engine) -> None:
    engine.set_policy("", {"readers": {"press": {"like": "masked", "PHONE_NUMBER": "block"}}})
    events = read(engine.ask(Question("租期 联系电话", reader="press", document="租约.md")))
    hits = [hit for event in events if isinstance(event, Retrieved) for hit in event.hits]
    assert not any(PHONE in hit.passage.text for hit in hits)
    assert isinstance(events[-1], Failed)  # the passage it would have been shown holds what is withheld from it
    assert events[-1].code == "blocked_by_policy"
    unknown = read(engine.ask(Question("租期 联系电话", reader="somebody", document="租约.md")))
    hits = [hit for event in unknown if isinstance(event, Retrieved) for hit in event.hits]
    assert hits
    assert all(PHONE not in hit.passage.text for hit in hits)
    assert any("<PHONE_NUMBER>" in hit.passage.text for hit in hits)
    engine.set_policy("", {})


def test_a_passage_that_the_policy_blocks_is_withheld(filled: House, engine: Engine) -> None:
    engine.set_policy("default", {"directions": {"passage": {"PHONE_NUMBER": "block"}}})
    events = read(engine.ask(Question("租期 lease 联系电话")))
    assert not [hit for event in events if isinstance(event, Retrieved) for hit in event.hits]
    withheld = [r for e in events if isinstance(e, Redacted) and e.direction == "passages" for r in e.redactions]
    assert [(one.type, one.count) for one in withheld] == [("PHONE_NUMBER", 2)]
    assert PHONE not in last_prompt(filled)
    assert OTHER not in last_prompt(filled)
    engine.set_policy("default", {})


def test_an_export_holds_no_pseudonyms_and_no_policy(filled: House, engine: Engine, tmp_path: Path) -> None:
    engine.set_policy("default", {"custom": {"SUBJECT": {"words": ["租金"]}}})
    read(engine.ask(Question("租金 联系电话")))
    exported = tmp_path / "default.studiolo"
    read(engine.export_library("default", exported))
    assert len(engine.pseudonyms("default")) > 1
    with zipfile.ZipFile(exported) as archive:
        names = {name.partition(".")[0].partition("-")[0] for name in archive.namelist()}
        assert names == {"manifest", "documents", "passages", "occurrences", "vectors"}
        held = b"".join(archive.read(name) for name in archive.namelist())
    for word in (b"pseudonym", b"PHONE_1", b"VALUE_1", b"SUBJECT", b'"spans"', b"PHONE_NUMBER"):
        assert word not in held
    engine.set_policy("default", {})
    before = {library.name for library in engine.libraries()}
    read(engine.import_library(exported, name="brought"))
    (made,) = {library.name for library in engine.libraries()} - before
    documents = engine.documents(made)
    assert [engine.document_report(one.id, library=made).unscreened for one in documents] == [0] * len(documents)
    assert all(one.redactions for one in documents)
    engine.remove_library(made)


def test_an_uploaded_file_that_is_refused_is_not_kept(house: House) -> None:
    house.local.create_library("guarded")
    house.local.set_policy("guarded", {"refuse": ["PHONE_NUMBER"]})
    with served(house.local, house.home) as site:
        sent = {"files": ("通讯录.md", f"# 通讯录\n\n{PHONE}\n".encode())}
        job = httpx.post(
            f"{site.url}/api/libraries/guarded/documents", files=sent, headers=site.auth, trust_env=False
        ).json()["job"]

        def state() -> dict:
            return httpx.get(f"{site.url}/api/jobs/{job}", headers=site.auth, trust_env=False).json()

        until(lambda: state()["end"] is not None)
        assert [file["reason"] for file in state()["files"]] == ["refused_by_policy"]
    assert not [path for path in house.home.uploads.rglob("*") if path.is_file()]
    house.local.remove_library("guarded")


@pytest.mark.parametrize("name", ["lease.md", "租约.md"])
def test_what_the_model_made_of_a_text_goes_when_less_of_it_may_be_read(tmp_path: Path, name: str) -> None:
    """Readings are known by the screened text, so none is ever used for another; what stays on disk is evicted."""
    with open_house(tmp_path, remote=False) as house:
        engine, readings = house.local, house.local._parts.readings
        read(engine.add([house.files / name]))
        read(engine.add([house.files / name], library="other"))

        def keep() -> None:
            assert readings.put(key(1), PAYLOAD, tokens=3, groups=["d", "default"])
            assert readings.put(key(2), PAYLOAD, tokens=3, groups=["d", "other"])

        def kept() -> list[bool]:
            return [readings.contains(key(number)) for number in (1, 2)]

        keep()
        engine.set_policy("default", {"types": {"PHONE_NUMBER": "allow"}})
        engine._background.close()
        assert kept() == [True, True]  # what was hidden before may be seen now: the old reading tells less
        engine._background = Background(engine._parts.knowledge, learn=engine._learn, evict=readings.forget)
        engine.set_policy("default", {"types": {"PHONE_NUMBER": "mask"}})
        until(lambda: kept() == [False, True])
        keep()
        engine.set_policy("", {"types": {"PHONE_NUMBER": "block"}})
        until(lambda: kept() == [True, False])  # the default library has rules of its own
        house.home.policy_file.write_text('[custom.SUBJECT]\nwords = ["租金", "Rent is due"]\n', encoding="utf-8")
        engine.load_policy()
        until(lambda: kept() == [False, False])
