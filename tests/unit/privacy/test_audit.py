"""The audit log: its chain, its anchors, what is done to it behind its back, and what a crash leaves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from studiolo.errors import Code, EnvironmentFault
from studiolo.privacy.audit import AuditLog, FileAnchor, KeptAnchor, audit_key
from studiolo.privacy.audit_lines import START, read_line, sealed, segments
from studiolo.shapes import audit_line
from studiolo.types import AuditFound, AuditRecord

KEY = bytes(range(32))
FOUND = (AuditFound("PERSON", "names", 2, 21), AuditFound("PHONE_NUMBER", "known", 1, 11))


class Place:
    """A log's folder with both its anchors, opened as often as a test wants."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "audit"
        self.anchor = root / "audit.anchor"
        self.kept: dict[str, str] = {}
        self.now = 1_700_000_000.0

    def open(self, **more: int) -> AuditLog:
        anchors = {
            "file": FileAnchor(self.anchor),
            "history": KeptAnchor(lambda: self.kept.get("audit", ""), lambda line: self.kept.update(audit=line)),
        }
        return AuditLog(self.folder, key=KEY, anchors=anchors, clock=lambda: self.now, **more)

    def filled(self, count: int = 6) -> None:
        log = self.open()
        for number in range(count):
            log.record("screened", direction="question", scope="library:合同 contracts", found=FOUND)
            self.now += number
        log.close()

    @property
    def file(self) -> Path:
        (path,) = segments(self.folder)
        return path

    def lines(self) -> list[str]:
        return self.file.read_text("ascii").splitlines()

    def write(self, lines: list[str]) -> None:
        self.file.write_text("".join(line + "\n" for line in lines), "ascii")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def verdict(place: Place) -> tuple[str, int]:
    """What verifying says after the log was opened again, as a person would."""
    log = place.open()
    report = log.verify()
    log.close()
    return report.problem, report.record


def rehashed(line: str, previous: str = "", **changes: object) -> str:
    """The line with changes and a hash that fits it, as whoever knows the format would write it."""
    record = json.loads(line) | changes
    if previous:
        record["previous"] = previous
    found = tuple(AuditFound(**one) for one in record.pop("found"))
    return audit_line(sealed(AuditRecord(**{**record, "found": found})))


def test_records_are_chained_and_sound(place: Place) -> None:
    place.filled()
    log = place.open()
    records = log.records(limit=100)
    report = log.verify()
    log.close()
    assert [record.number for record in records] == [1, 2, 3, 4, 5, 6]
    assert [record.previous for record in records] == [START, *(record.hash for record in records[:-1])]
    assert records[0].found == FOUND
    assert (records[0].direction, records[0].count, records[1].time) == ("question", 1, 1_700_000_000.0)
    assert (report.problem, report.first, report.last, report.head) == ("", 1, 6, records[-1].hash)
    assert report.anchors == {"file": "ok", "history": "ok"}


def test_neither_a_librarys_name_nor_a_plain_hash_of_it_is_in_the_log(place: Place) -> None:
    import hashlib

    place.filled(1)
    (line,) = place.lines()
    name = json.loads(line)["library"]
    assert name.startswith("library:")
    for scope in ("library:合同 contracts", "合同 contracts"):
        assert scope not in line
        assert hashlib.sha256(scope.encode()).hexdigest()[:8] not in line
    log = place.open()
    assert log.library("library:合同 contracts") == name
    assert log.library("library:other") != name
    log.close()


def test_an_empty_log_is_sound(place: Place) -> None:
    log = place.open()
    report = log.verify()
    log.close()
    assert (report.problem, report.first, report.last, report.head) == ("", 0, 0, START)
    assert not place.anchor.exists()  # opening alone writes nothing


def test_a_changed_record_is_named(place: Place) -> None:
    place.filled()
    lines = place.lines()
    lines[2] = lines[2].replace('"count":2', '"count":1')
    place.write(lines)
    assert verdict(place) == ("changed_record", 3)


def test_a_changed_record_with_a_hash_that_fits_is_named(place: Place) -> None:
    place.filled()
    lines = place.lines()
    lines[2] = rehashed(lines[2], found=[])
    place.write(lines)
    assert verdict(place) == ("changed_record", 3)


@pytest.mark.parametrize("spoil", [lambda line: line + " ", lambda line: line.replace(":", ": ", 1), lambda _: "{}"])
def test_no_byte_of_a_line_may_change(place: Place, spoil: Callable[[str], str]) -> None:
    place.filled()
    lines = place.lines()
    lines[1] = spoil(lines[1])
    place.write(lines)
    assert verdict(place) == ("changed_record", 2)


def test_records_removed_from_the_middle(place: Place) -> None:
    place.filled()
    lines = place.lines()
    place.write(lines[:2] + lines[4:])
    assert verdict(place) == ("removed_records", 3)


def test_records_removed_from_the_beginning(place: Place) -> None:
    place.filled()
    place.write(place.lines()[2:])
    assert verdict(place) == ("removed_records", 1)


def test_records_in_another_order(place: Place) -> None:
    place.filled()
    lines = place.lines()
    place.write([lines[0], lines[2], lines[1], *lines[3:]])
    assert verdict(place) == ("removed_records", 2)


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_cut_tail(place: Place, kept: int) -> None:
    place.filled()
    place.write(place.lines()[:kept])
    assert verdict(place) == ("cut_tail", kept + 1)
    # and it stays known, however long the log goes on and is anchored anew
    place.filled(3)
    assert verdict(place) == ("cut_tail", kept + 1)


def test_a_tail_that_is_cut_while_the_log_is_open(place: Place) -> None:
    place.filled()
    log = place.open()
    place.write(place.lines()[:4])
    report = log.verify()
    log.close()
    assert (report.problem, report.record) == ("cut_tail", 5)


def test_a_log_that_was_removed_whole(place: Place) -> None:
    place.filled()
    place.file.unlink()
    assert verdict(place) == ("cut_tail", 1)


def test_one_anchor_is_enough_to_notice_a_cut(place: Place) -> None:
    place.filled()
    place.anchor.unlink()
    place.write(place.lines()[:5])
    assert verdict(place) == ("cut_tail", 6)


def test_a_chain_that_was_written_anew(place: Place) -> None:
    place.filled()
    previous, lines = START, []
    for line in place.lines():
        lines.append(rehashed(line, previous, found=[]))
        previous = json.loads(lines[-1])["hash"]
    place.write(lines)
    problem, _ = verdict(place)
    assert problem == "anchor_mismatch"
    place.filled(2)
    assert verdict(place)[0] == "anchor_mismatch"


def test_an_anchor_that_was_not_made_with_the_key(place: Place) -> None:
    place.filled()
    lines = place.lines()[:3]
    place.write(lines)
    place.anchor.write_text(f"3 {json.loads(lines[-1])['hash']} {'0' * 64}\n", "ascii")
    place.kept.clear()
    assert verdict(place)[0] == "anchor_mismatch"


def test_anchors_that_are_gone(place: Place) -> None:
    place.filled()
    place.anchor.unlink()
    place.kept.clear()
    assert verdict(place)[0] == "anchor_missing"


def test_a_torn_last_line_is_closed_by_a_record(place: Place) -> None:
    place.filled()
    torn = place.lines()[-1][:70]
    with place.file.open("a", encoding="ascii") as file:
        file.write(torn)
    log = place.open()
    log.record("redacted")
    report, records = log.verify(), log.records(limit=2)
    log.close()
    assert (report.problem, report.last, report.torn) == ("", 8, 1)
    assert [(record.event, record.count) for record in records] == [("torn", 70), ("redacted", 1)]


def test_a_record_whose_line_end_alone_was_torn_off(place: Place) -> None:
    place.filled()
    place.file.write_text(place.file.read_text("ascii").rstrip("\n"), "ascii")
    log = place.open()
    log.record("redacted")
    report = log.verify()
    log.close()
    assert (report.problem, report.last, report.torn) == ("", 7, 0)


def test_records_behind_the_anchors_are_a_crashs(place: Place) -> None:
    place.filled(3)
    anchor, kept = place.anchor.read_text("ascii"), dict(place.kept)
    place.filled(2)
    place.anchor.write_text(anchor, "ascii")
    place.kept.update(kept)
    log = place.open()
    report = log.verify()
    log.close()
    assert (report.problem, report.last) == ("", 5)
    assert report.anchors == {"file": "older", "history": "older"}


def test_a_record_is_in_the_file_before_its_method_returns(place: Place) -> None:
    log = place.open()
    log.record("redacted")
    assert len(place.lines()) == 1
    log.close()


def test_passages_of_a_question_are_one_record(place: Place) -> None:
    log = place.open()
    for _ in range(5):
        log.record("screened", direction="passage", scope="library:a", found=FOUND)
        log.record("screened", direction="file_name", scope="library:a")
    log.record("screened", direction="question", scope="library:a")
    records = log.records(limit=10)
    log.close()
    assert [(record.direction, record.count) for record in records] == [
        ("passage", 5),
        ("file_name", 5),
        ("question", 1),
    ]
    assert records[0].found == (AuditFound("PERSON", "names", 10, 105), AuditFound("PHONE_NUMBER", "known", 5, 55))


def test_old_files_are_dropped_and_the_log_says_so(place: Place) -> None:
    log = place.open(segment_bytes=2000, segments_kept=3)
    for _ in range(60):
        log.record("redacted", found=FOUND)
    report = log.verify()
    log.close()
    assert len(segments(place.folder)) == 3
    assert report.problem == ""
    assert report.first > 1
    assert report.last > 60
    log = place.open(segment_bytes=2000, segments_kept=3)
    assert log.records(limit=1)[0].number == report.last
    assert [record.number for record in log.records(limit=4, after=report.first)] == [
        report.first + step for step in range(1, 5)
    ]
    segments(place.folder)[0].unlink()  # one more than the log says
    report = log.verify()
    assert report.problem == "removed_records"
    log.close()


def test_pages(place: Place) -> None:
    place.filled(10)
    log = place.open()
    assert [record.number for record in log.records(limit=3)] == [8, 9, 10]
    assert [record.number for record in log.records(limit=3, before=5)] == [2, 3, 4]
    assert [record.number for record in log.records(limit=3, after=2)] == [3, 4, 5]
    assert log.records(limit=3, after=10) == []
    log.close()


def test_a_line_is_read_only_as_it_was_written(place: Place) -> None:
    place.filled(1)
    line = place.lines()[0].encode()
    record = read_line(line)
    assert record is not None
    assert audit_line(record).encode() == line
    for spoilt in (b"", b"{", b"[]", b"null", line[:-1], line + b",", line.replace(b"PERSON", b"PERSOM")):
        assert read_line(spoilt) is None


def test_a_disk_that_takes_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    log = place.open()
    log.record("redacted")
    real = os.write

    def full(file: int, data: bytes) -> int:
        real(file, data[:20])
        raise OSError(28, "no space")

    monkeypatch.setattr("studiolo.privacy.audit.os.write", full)
    with pytest.raises(EnvironmentFault) as caught:
        log.record("redacted")
    assert caught.value.code is Code.DISK_FULL
    monkeypatch.undo()
    log.record("redacted")
    report = log.verify()
    log.close()
    assert (report.problem, report.last, report.torn) == ("", 2, 0)


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    key = audit_key(tmp_path / "audit.key")
    assert len(key) == 32
    assert audit_key(tmp_path / "audit.key") == key
    if os.name == "posix":
        assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "audit.key").write_bytes(b"short")
    with pytest.raises(EnvironmentFault) as caught:
        audit_key(tmp_path / "audit.key")
    assert caught.value.code is Code.DAMAGED_STORE
