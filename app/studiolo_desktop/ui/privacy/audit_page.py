"""The audit: what the filter did, when and for whom, without a value; whether the log is what was written; a copy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from studiolo.types import AuditRecord, Redaction
from studiolo_desktop.look import Look
from studiolo_desktop.models.audit import AuditModel
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.privacy.choice import Choice
from studiolo_desktop.ui.privacy.table import Table

_WHAT, _FOUND = 1, 4


class AuditPage(QWidget):
    """One page of the privacy dialog."""

    def __init__(self, look: Look, audit: AuditModel) -> None:
        super().__init__()
        self._look = look
        self._audit = audit
        self._event = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        self._intro = label(role="muted", wrap=True)
        column.addWidget(self._intro)
        tools = QHBoxLayout()
        tools.setSpacing(Space.S)
        self.filter = Choice(look)
        self.verify_button = button(audit.verify)
        self.export_button = button(self._choose_file)
        tools.addWidget(self.filter)
        tools.addStretch(1)
        tools.addWidget(self.verify_button)
        tools.addWidget(self.export_button)
        column.addLayout(tools)
        self.result = label(role="small", wrap=True)
        column.addWidget(self.result)
        self.table = Table(look, wide=_FOUND)
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        self.count = label(role="small")
        self.earlier_button = button(audit.earlier, role="text")
        foot.addWidget(self.count)
        foot.addStretch(1)
        foot.addWidget(self.earlier_button)
        column.addLayout(foot)
        self.filter.chosen.connect(self._filtered)
        audit.changed.connect(self._fill)
        audit.verified.connect(self._refresh_result)
        audit.exported.connect(self._exported)
        self.relook()

    def enter(self) -> None:
        """The page is shown."""
        self._audit.refresh()

    def leave(self) -> None:
        """It is out of sight; nothing has to be put away."""

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._intro.setText(tr("audit.intro"))
        self.verify_button.setText(tr("audit.verify"))
        self.export_button.setText(tr("audit.export"))
        self.earlier_button.setText(tr("audit.earlier"))
        self._fill()
        self._refresh_result()

    @Slot()
    def _fill(self) -> None:
        tr, audit = self._look.tr, self._audit
        kinds = [("", tr("audit.all")), *((event, self._event_words(event)) for event in audit.events)]
        self.filter.offer(kinds, value=self._event, what=tr("audit.filter"))
        records = audit.matching(self._event)
        heads = tuple(tr(f"audit.{name}") for name in ("time", "event", "direction", "reader", "found"))
        self.table.fill(heads, [self._row(record) for record in records], name=tr("audit.table"))
        self.count.setText(tr.count("audit.shown", len(records)))
        self.earlier_button.setVisible(audit.more)

    def _row(self, record: AuditRecord) -> tuple[str, ...]:
        tr = self._look.tr
        when = datetime.fromtimestamp(record.time).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        direction = f"audit.to_{record.direction}"
        reader = f"audit.reader_{record.reader}"
        found = tr.hidden(Redaction(one.type, one.count) for one in record.found)
        return (
            when,
            self._event_words(record.event),
            tr(direction) if direction in TEXTS else record.direction,
            tr(reader) if reader in TEXTS else record.reader,
            found or "–",
        )

    def _event_words(self, event: str) -> str:
        key = f"audit.event_{event}"
        return self._look.tr(key) if key in TEXTS else event

    @Slot(str)
    def _filtered(self, event: str) -> None:
        self._event = event
        self._fill()

    @Slot()
    def _refresh_result(self) -> None:
        tr, audit = self._look.tr, self._audit
        report = audit.report
        words, role = "", "small"
        if audit.verifying:
            words = tr("audit.verifying")
        elif audit.problem is not None:
            words, role = self._look.sentence(audit.problem).what, "danger"
        elif report is not None and report.sound:
            words, role = tr("audit.sound", first=report.first, last=report.last), "good"
        elif report is not None:
            words, role = tr(f"audit.{report.problem}", record=report.record or "?"), "danger"
        self.verify_button.setEnabled(not audit.verifying)
        self.result.setText(words)
        self.result.setVisible(bool(words))
        set_role(self.result, role)

    def _choose_file(self) -> None:
        tr = self._look.tr
        dialog = QFileDialog(self, tr("audit.export"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{tr('audit.csv')} (*.csv)", f"{tr('audit.json')} (*.jsonl)"])
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("jsonl" if "jsonl" in chosen else "csv"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        dialog.fileSelected.connect(lambda name: self._audit.export(Path(name)))
        dialog.open()

    @Slot(str)
    def _exported(self, name: str) -> None:
        self.result.setText(self._look.tr("audit.exported", name=name))
        self.result.setVisible(True)
        set_role(self.result, "good")
