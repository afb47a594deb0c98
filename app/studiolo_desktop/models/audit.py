"""What the privacy filter did, as the audit log holds it. No widget, no thread."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QObject, Signal

from studiolo.engine import Engine
from studiolo.errors import Code, EnvironmentFault
from studiolo.types import AuditRecord, AuditReport
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem

AT_ONCE = 200  # records asked for to be looked at
_PAGE = 1000  # and to be written into a file


class AuditModel(QObject):
    """The last records, and more of them when asked for."""

    changed = Signal()
    verified = Signal()
    exported = Signal(str)  # the file's name

    def __init__(self, calls: Calls, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self.records: list[AuditRecord] = []  # the latest first
        self.more = False  # whether there are earlier ones
        self.report: AuditReport | None = None
        self.problem: Problem | None = None
        self.verifying = False

    @property
    def events(self) -> list[str]:
        """What happened in the records that are there."""
        return sorted({record.event for record in self.records})

    def matching(self, event: str) -> list[AuditRecord]:
        """The records of one kind; "" = all."""
        return [record for record in self.records if not event or record.event == event]

    def refresh(self) -> None:
        """Read the last records."""
        self._calls.run(lambda engine: engine.audit(limit=AT_ONCE), then=self._arrived, failed=self._failed)

    def earlier(self) -> None:
        """Read on, back in time."""
        if not self.records or not self.more:
            return
        before = self.records[-1].number
        self._calls.run(
            lambda engine: engine.audit(limit=AT_ONCE, before=before),
            then=lambda records: self._continued(before, records),
            failed=self._failed,
        )

    def verify(self) -> None:
        """Have the whole log checked."""
        if self.verifying:
            return
        self.verifying, self.report = True, None
        self.verified.emit()
        self._calls.run(lambda engine: engine.verify_audit(), then=self._checked, failed=self._failed)

    def export(self, path: Path) -> None:
        """Write all records into a file: a table where it is named so (CSV), else a line of JSON each."""
        self._calls.run(
            lambda engine: write_records(engine, path),
            then=lambda _none: self.exported.emit(path.name),
            failed=self._failed,
        )

    def _arrived(self, records: list[AuditRecord]) -> None:
        self.problem = None
        self.records = records[::-1]
        self.more = len(records) == AT_ONCE
        self.changed.emit()

    def _continued(self, before: int, records: list[AuditRecord]) -> None:
        if self.records and self.records[-1].number == before:
            self.records += records[::-1]
            self.more = len(records) == AT_ONCE
            self.changed.emit()

    def _checked(self, report: AuditReport) -> None:
        self.verifying, self.report = False, report
        self.verified.emit()

    def _failed(self, problem: Problem) -> None:
        self.verifying = False
        self.problem = problem
        self.verified.emit()


def write_records(engine: Engine, path: Path) -> None:
    """All records, whole or not at all. Raises StudioloError; EnvironmentFault where it cannot be written."""
    write = _write_table if path.suffix.lower() == ".csv" else _write_lines
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as out:
            write(_all_records(engine), out)
        os.replace(partial, path)  # noqa: PTH105
    except OSError:
        raise EnvironmentFault(Code.NO_PERMISSION, path=str(path.parent)) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _all_records(engine: Engine) -> Iterator[AuditRecord]:
    after = 0
    while records := engine.audit(limit=_PAGE, after=after):
        yield from records
        after = records[-1].number


def _write_lines(records: Iterator[AuditRecord], out: TextIO) -> None:
    out.writelines(json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records)


def _write_table(records: Iterator[AuditRecord], out: TextIO) -> None:
    table = csv.writer(out)
    table.writerow(["number", "time", "event", "direction", "reader", "texts", "found", "library", "hash"])
    for one in records:
        when = datetime.fromtimestamp(one.time, tz=UTC).isoformat(timespec="seconds")
        found = "; ".join(f"{kind.count} {kind.type}" for kind in one.found)
        table.writerow(
            [one.number, when, one.event, one.direction, one.reader, one.count, found, one.library, one.hash]
        )
