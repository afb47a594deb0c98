"""How the adding of files goes: how many, how fast, how long still; pause, go on, stop; and what failed.

States: nothing on its way (not there); adding; paused; some failed, with a way to try all of them again.
"""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.models.library import OPEN, LibraryModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import IconButton, button, label


class AddingStrip(QWidget):
    """Above the list, while there is something to say."""

    def __init__(self, look: Look, library: LibraryModel) -> None:
        super().__init__()
        self._look = look
        self._library = library
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, 0, Space.M, Space.XS)
        column.setSpacing(Space.XS)
        self._adding = QWidget()
        adding = QHBoxLayout(self._adding)
        adding.setContentsMargins(0, 0, 0, 0)
        adding.setSpacing(Space.XS)
        self.text = label(role="section", wrap=True)
        self.pause_button = IconButton(look, "pause", self._pause, size_px=17)
        self.stop_button = button(library.cancel, role="text")
        adding.addWidget(self.text, 1)
        adding.addWidget(self.pause_button)
        adding.addWidget(self.stop_button)
        column.addWidget(self._adding)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        self.pace = label(role="small", wrap=True)
        column.addWidget(self.pace)
        self._failed = QWidget()
        failed = QHBoxLayout(self._failed)
        failed.setContentsMargins(0, 0, 0, 0)
        failed.setSpacing(Space.XS)
        self.failed_text = label(role="danger", wrap=True)
        self.retry_button = button(library.retry_failed, role="text")
        self.dismiss_button = button(library.forget_failed, role="text")
        failed.addWidget(self.failed_text, 1)
        failed.addWidget(self.retry_button)
        failed.addWidget(self.dismiss_button)
        column.addWidget(self._failed)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show how it stands."""
        tr, library = self._look.tr, self._library
        left = sum(row.state in OPEN for row in library.files)
        bad = sum(row.state == "failed" and row.library == library.library for row in library.files)
        self._adding.setVisible(left > 0)
        self.text.setText(tr.count("docs.paused" if library.paused else "docs.adding", left))
        self.pause_button.set_icon("play" if library.paused else "pause")
        self.pause_button.name(tr("docs.resume") if library.paused else tr("docs.pause"))
        self.stop_button.setText(tr("docs.cancel"))
        tally = library.tally if left and not library.paused else None
        self.bar.setVisible(tally is not None and tally.files_total > 1)
        self.pace.setVisible(tally is not None)
        if tally is not None:
            self.bar.setRange(0, max(1, tally.files_total))
            self.bar.setValue(tally.files)
            self.bar.setAccessibleName(self.text.text())
            parts = [tr.count("docs.passages", tally.passages)]
            if tally.files_total > 1:
                parts.insert(0, tr("docs.of", done=f"{tally.files:,}", total=f"{tally.files_total:,}"))
            if tally.passages_per_s:
                parts.append(tr("docs.rate", rate=f"{tally.passages_per_s:.1f}"))
            if tally.left_s is not None:
                parts.append(tr("docs.left", time=tr.duration(tally.left_s)))
            self.pace.setText("  ·  ".join(parts))
        self._failed.setVisible(bad > 0 and not left)
        self.failed_text.setText(tr.count("docs.failed_files", bad))
        self.retry_button.setText(tr("notice.try_again"))
        self.dismiss_button.setText(tr("file.dismiss"))
        self.setVisible(left > 0 or bad > 0)

    def _pause(self) -> None:
        if self._library.paused:
            self._library.resume()
        else:
            self._library.pause()
