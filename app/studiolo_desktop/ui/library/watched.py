"""The folders that a library is kept in step with: what they are, how they are, adding and removing them.

States: being read; none yet; a list; a folder that cannot be watched, and why.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studiolo.types import Watched
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.look import Look
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.watching import WatchingModel
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton, button, label
from studiolo_desktop.ui.common.scroll import ScrollColumn


class WatchedDialog(QDialog):
    """A window of its own, over the one it belongs to."""

    def __init__(self, look: Look, watching: WatchingModel, library: LibraryModel, *, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._watching = watching
        self._library = library
        self.rows: dict[str, QFrame] = {}
        self.remove_buttons: dict[str, IconButton] = {}
        self.resize(520, 380)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        self._title = label(role="title", wrap=True)
        self.intro = label(role="muted", wrap=True)
        self.problem = label(role="danger", wrap=True)
        self.list = ScrollColumn(margin=0, gap=Space.S)
        column.addWidget(self._title)
        column.addWidget(self.intro)
        column.addWidget(self.problem)
        column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        self.add_button = button(self.choose, role="primary")
        self.close_button = button(self.reject)
        foot.addWidget(self.add_button)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        column.addLayout(foot)
        watching.changed.connect(self.refresh)
        library.library_changed.connect(self.reject)
        look.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the folders as they are now."""
        tr, watching = self._look.tr, self._watching
        name = self._look.library_name(self._library.library)
        self.setWindowTitle(tr("watch.title"))
        self._title.setText(tr("watch.title_of", name=name))
        self.intro.setText(tr("watch.intro"))
        self.add_button.setText(tr("watch.add"))
        self.close_button.setText(tr("dialog.close"))
        self.problem.setVisible(watching.problem is not None)
        if watching.problem is not None:
            self.problem.setText(self._problem_words(watching.problem))
        self.list.clear()
        self.rows, self.remove_buttons = {}, {}
        self.list.setAccessibleName(tr("watch.title"))
        if watching.known and not watching.folders:
            self.list.append(label(tr("watch.none"), role="muted", wrap=True))
        for watched in watching.folders:
            self.list.append(self._row(watched))

    def choose(self) -> None:
        """Let the person pick a folder."""
        dialog = QFileDialog(self, self._look.tr("watch.add"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, on=True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        dialog.fileSelected.connect(lambda folder: self._watching.watch(Path(folder)))
        dialog.open()

    def _row(self, watched: Watched) -> QFrame:
        tr = self._look.tr
        row = QFrame()
        row.setProperty("role", "panel")
        line = QHBoxLayout(row)
        line.setContentsMargins(Space.M, Space.S, Space.S, Space.S)
        line.setSpacing(Space.M)
        icon = QLabel()
        icon.setPixmap(self._look.pixmap("folder", size_px=20))
        line.addWidget(icon)
        words = QVBoxLayout()
        words.setSpacing(2)
        name = ElidedLabel()
        name.set_whole(watched.folder)
        state = tr(f"watch.{watched.state}")
        if watched.polling:
            state += "  ·  " + tr("watch.polling")
        words.addWidget(name)
        words.addWidget(label(state, role="danger" if watched.state == "unreachable" else "small", wrap=True))
        line.addLayout(words, 1)
        remove = IconButton(self._look, "close", lambda: self._watching.unwatch(watched.folder), size_px=16)
        remove.name(tr("watch.remove", name=watched.folder))
        line.addWidget(remove)
        row.setAccessibleName(f"{watched.folder}: {state}")
        self.rows[watched.folder], self.remove_buttons[watched.folder] = row, remove
        return row

    def _problem_words(self, problem: Problem) -> str:
        """Why a folder cannot be watched; the engine says which of a few reasons it is."""
        key = f"watch.problem_{problem.values.get('problem', '')}"
        if key in TEXTS:
            return self._look.tr(key)
        sentence = self._look.sentence(problem)
        return f"{sentence.what} {sentence.todo}".strip()
