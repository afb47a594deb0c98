"""Reading ahead: what the model has read while nobody waited, the disk it takes, a pause, a budget."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.ahead import AheadModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.privacy.choice import Choice

_BUDGETS_MB = (512, 1024, 2048, 4096, 8192, 16384, 32768)


class AheadPage(QWidget):
    """One page of the privacy dialog."""

    def __init__(self, look: Look, ahead: AheadModel) -> None:
        super().__init__()
        self._look = look
        self._ahead = ahead
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        self._intro = label(role="muted", wrap=True)
        column.addWidget(self._intro)
        self.done = label(role="strong", wrap=True)
        self.doing = label(role="small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        column.addSpacing(Space.S)
        column.addWidget(self.done)
        column.addWidget(self.bar)
        column.addWidget(self.doing)
        row = QHBoxLayout()
        self.switch_button = button(self._switch)
        row.addWidget(self.switch_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addSpacing(Space.L)
        self.disk = label(role="strong", wrap=True)
        self.disk_bar = QProgressBar()
        self.disk_bar.setTextVisible(False)
        column.addWidget(self.disk)
        column.addWidget(self.disk_bar)
        budget = QHBoxLayout()
        budget.setSpacing(Space.M)
        self._budget_label = label()
        self.budget = Choice(look)
        budget.addWidget(self._budget_label)
        budget.addWidget(self.budget)
        budget.addStretch(1)
        column.addLayout(budget)
        self._budget_hint = label(role="small", wrap=True)
        column.addWidget(self._budget_hint)
        column.addStretch(1)
        self.budget.chosen.connect(lambda megabytes: ahead.set_budget(int(megabytes)))
        ahead.changed.connect(self.refresh)
        self.relook()

    def enter(self) -> None:
        """The page is shown, and follows what goes on."""
        self._ahead.watched = True
        self._ahead.refresh()

    def leave(self) -> None:
        """It is out of sight."""
        self._ahead.watched = False

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._intro.setText(tr("ahead.intro"))
        self._budget_label.setText(tr("ahead.budget"))
        self._budget_hint.setText(tr("ahead.budget_hint"))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show how far it is."""
        tr, status = self._look.tr, self._ahead.status
        known = status is not None
        for widget in (self.bar, self.disk_bar, self.switch_button, self.budget):
            widget.setEnabled(known)
        if status is None:
            problem = self._ahead.problem
            self.done.setText("" if problem is None else self._look.sentence(problem).what)
            self.switch_button.setText(tr("ahead.pause"))
            self.budget.offer([], value="", what=tr("ahead.budget"))
            return
        counted = status.total > 0
        self.done.setText(tr("ahead.done", done=f"{status.done:,}", total=f"{status.total:,}") if counted else "")
        self.done.setVisible(counted)
        self.bar.setVisible(counted)
        self.bar.setRange(0, max(1, status.total))
        self.bar.setValue(status.done)
        self.bar.setAccessibleName(self.done.text())
        self._refresh_doing()
        self.switch_button.setText(tr("ahead.pause") if status.on else tr("ahead.resume"))
        size, budget = size_text(status.size_bytes), size_text(status.budget_bytes)
        self.disk.setText(tr("ahead.disk", size=size, budget=budget))
        self.disk_bar.setRange(0, max(1, status.budget_bytes >> 20))
        self.disk_bar.setValue(min(status.budget_bytes, status.size_bytes) >> 20)
        self.disk_bar.setAccessibleName(self.disk.text())
        now = status.budget_bytes >> 20
        choices = sorted({*_BUDGETS_MB, now} - {0})
        offered = [("0", tr("ahead.nothing")), *((str(mb), size_text(mb << 20)) for mb in choices)]
        self.budget.offer(offered, value=str(now), what=tr("ahead.budget"))

    def _refresh_doing(self) -> None:
        tr, status, problem = self._look.tr, self._ahead.status, self._ahead.problem
        assert status is not None
        if problem is not None:
            words = self._look.sentence(problem).what
        elif not status.on:
            words = tr("ahead.paused") if status.budget_bytes else tr("ahead.no_room")
        elif status.working:
            words = tr("ahead.working")
        elif status.total and status.done >= status.total:
            words = tr("ahead.all")
        else:
            words = tr("ahead.waiting")
        self.doing.setText(words)
        set_role(self.doing, "danger" if problem is not None else "small")

    def _switch(self) -> None:
        status = self._ahead.status
        if status is not None:
            self._ahead.switch(on=not status.on)
