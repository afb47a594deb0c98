"""What the filter records of its work: all it did, for whom, and none of the values."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.privacy.support import ListedNames

from studiolo.errors import Code, PolicyBlock
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.audit import AuditLog, FileAnchor
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policy import BALANCED, Action, Table
from studiolo.types import AuditFound, AuditRecord, Reader

EN = "Margaret Holloway called from +44 20 7946 0958."
ZH = "王小明的手机号是13800138000。"
LIBRARY = "library:合同 Holloway"


class House:
    """A filter with a log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = AuditLog(
            folder / "audit", key=bytes(32), anchors={"file": FileAnchor(folder / "anchor")}, clock=lambda: 1.5
        )
        self.analyzer = Analyzer.of(names=ListedNames())
        self.filter = PrivacyFilter(self.analyzer, path=folder / "p.db", audit=self.log)

    def records(self) -> list[AuditRecord]:
        return self.log.records(limit=1000)

    def close(self) -> None:
        self.filter.close()
        self.log.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()
    text = "".join(path.read_text("ascii") for path in (tmp_path / "audit").glob("*"))
    for value in ("Holloway", "Margaret", "7946", "王小明", "\\u738b", "13800138000", "合同", "\\u5408"):
        assert value not in text


@pytest.mark.parametrize(("text", "person", "phone"), [(EN, 17, 16), (ZH, 3, 11)])
@pytest.mark.parametrize("direction", ["question", "passage", "title", "file_name", "tool", "export"])
def test_screening_is_recorded(house: House, text: str, person: int, phone: int, direction: str) -> None:
    house.filter.screen(text, library_id=LIBRARY, direction=direction)
    (record,) = house.records()
    assert (record.event, record.direction, record.reader, record.count) == ("screened", direction, "", 1)
    assert record.library == house.log.library(LIBRARY)
    assert [(one.type, one.count, one.length) for one in record.found] == [
        ("PERSON", 1, person),
        ("PHONE_NUMBER", 1, phone),
    ]
    assert ["names" in record.found[0].rule.split("+"), "phones" in record.found[1].rule.split("+")] == [True, True]


def test_a_value_met_before_is_known(house: House) -> None:
    house.filter.screen(EN, library_id=LIBRARY)
    house.filter.screen("Is Holloway at home?", library_id=LIBRARY, spans=())
    assert house.records()[-1].found == (AuditFound("PERSON", "known", 1, 8),)


def test_a_text_without_values_is_recorded_too(house: House) -> None:
    house.filter.screen("How long is the lease?", library_id=LIBRARY)
    (record,) = house.records()
    assert (record.event, record.found) == ("screened", ())


@pytest.mark.parametrize("reader", [Reader.OWNER, Reader.MASKED])
def test_an_answer_is_recorded_at_its_end(house: House, reader: Reader) -> None:
    screened = house.filter.screen(EN, library_id=LIBRARY)
    stream = house.filter.stream(library_id=LIBRARY, reader=reader, seen=[screened.text])
    shown = stream.feed(screened.text)
    assert len(house.records()) == 1
    shown += stream.finish()
    record = house.records()[-1]
    assert (record.event, record.direction, record.reader) == ("answer", "answer", reader.value)
    assert record.found == (AuditFound("PERSON", "stream", 1), AuditFound("PHONE_NUMBER", "stream", 1))
    assert ("Holloway" in shown) is (reader is Reader.OWNER)
    del stream
    gc.collect()
    assert len(house.records()) == 2


def test_an_answer_that_its_reader_left(house: House) -> None:
    stream = house.filter.stream(library_id=LIBRARY, reader=Reader.OWNER)
    stream.feed("Call 13800138000 now, please. ")
    del stream
    gc.collect()
    (record,) = house.records()
    assert (record.event, record.reader) == ("left", "owner")


def test_a_withheld_answer(house: House) -> None:
    stream = house.filter.stream(library_id=LIBRARY, reader=Reader.BLOCKED)
    with pytest.raises(PolicyBlock):
        stream.feed("Call 13800138000 now, please. Then wait for the next one. ")
    del stream
    gc.collect()
    (record,) = house.records()
    assert (record.event, record.direction, record.reader) == ("blocked", "answer", "blocked")
    assert [one.type for one in record.found] == ["PHONE_NUMBER"]


def test_restoring_is_recorded_for_others_than_the_owner(house: House) -> None:
    screened = house.filter.screen(ZH, library_id=LIBRARY)
    for reader in (Reader.OWNER, Reader.MASKED, Reader.RESTORE):
        house.filter.restore(screened.text, library_id=LIBRARY, reader=reader)
    with pytest.raises(PolicyBlock):
        house.filter.restore(screened.text, library_id=LIBRARY, reader=Reader.BLOCKED)
    assert [(record.event, record.reader) for record in house.records()[1:]] == [
        ("restored", "masked"),
        ("restored", "restore"),
        ("blocked", "blocked"),
    ]


def test_redacting_is_recorded(house: House) -> None:
    house.filter.redact(EN)
    (record,) = house.records()
    assert record.event == "redacted"
    assert [(one.type, one.count, one.length) for one in record.found] == [("PERSON", 1, 17), ("PHONE_NUMBER", 1, 16)]


def test_a_refused_text_is_recorded(house: House) -> None:
    policy = replace(BALANCED, types=Table({"PHONE_NUMBER": Action.BLOCK}, Action.PSEUDONYMISE))
    screener = PrivacyFilter(house.analyzer, path=house.folder / "q.db", policy=policy, audit=house.log)
    with pytest.raises(PolicyBlock) as caught:
        screener.screen(ZH, library_id=LIBRARY)
    screener.close()
    assert caught.value.code is Code.BLOCKED_BY_POLICY
    (record,) = house.records()
    assert (record.event, record.direction) == ("blocked", "question")
    assert [(one.type, one.count, one.length) for one in record.found] == [("PHONE_NUMBER", 1, 11)]


def test_a_filter_that_fails_is_recorded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.analyzer, "_engine_once", lambda: 1 / 0)
    with pytest.raises(PolicyBlock):
        house.filter.screen(EN, library_id=LIBRARY)
    with pytest.raises(PolicyBlock):
        house.filter.redact(ZH)
    assert [(record.event, record.direction, record.found) for record in house.records()] == [
        ("failed", "question", ()),
        ("failed", "redact", ()),
    ]


def test_revealing_is_recorded(house: House) -> None:
    house.filter.screen(ZH, library_id=LIBRARY)
    revealed = house.filter.reveal("PERSON_1", library_id=LIBRARY)
    assert revealed is not None
    assert (revealed.token, revealed.type, revealed.value) == ("PERSON_1", "PERSON", "王小明")
    assert "王小明" not in repr(revealed)
    record = house.records()[-1]
    assert (record.event, record.reader, record.found) == ("revealed", "owner", (AuditFound("PERSON", "known", 1, 3),))
    assert house.filter.reveal("PERSON_9", library_id=LIBRARY) is None
    assert len(house.records()) == 2
