"""The library shown: what is on its way into it, what is there, a search inside, and the ways to add more.

States: empty (a place to drop files); a list; a search's results in its place.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QStackedWidget, QVBoxLayout, QWidget

from studiolo.errors import Code
from studiolo.types import DEFAULT_LIBRARY, Document
from studiolo_desktop.look import Look
from studiolo_desktop.models.library import FileRow, LibraryModel
from studiolo_desktop.models.study import Study
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton
from studiolo_desktop.ui.library.adding import AddingStrip
from studiolo_desktop.ui.library.drop_zone import DropZone
from studiolo_desktop.ui.library.list_view import RowsView
from studiolo_desktop.ui.library.results import Results
from studiolo_desktop.ui.library.rows import Row
from studiolo_desktop.ui.library.words import file_words


class DocumentsPane(QWidget):
    """The pane."""

    document_wanted = Signal(object)  # Document
    hit_wanted = Signal(object)  # Hit
    map_wanted = Signal()
    watched_wanted = Signal()

    def __init__(
        self,
        look: Look,
        library: LibraryModel,
        study: Study,
        *,
        on_add: Callable[[], None],
        on_samples: Callable[[], None] | None,
    ) -> None:
        super().__init__()
        self._look = look
        self._library = library
        self._finding = study.finding
        self._on_add = on_add
        self._soon = QTimer(self, singleShot=True, interval=0)  # many changes of one moment are shown once
        self._soon.timeout.connect(self.refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._title = ElidedLabel(role="strong")
        self.map_button = IconButton(look, "map", self.map_wanted.emit)
        self.add_button = IconButton(look, "plus", on_add)
        self.more_button = IconButton(look, "more", self._show_menu)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.M, Space.M, Space.S)
        head.setSpacing(2)
        head.addWidget(self._title, 1)
        for control in (self.map_button, self.add_button, self.more_button):
            head.addWidget(control)
        column.addLayout(head)
        self.field = QLineEdit()
        self.field.setAcceptDrops(False)  # a file dropped on it is dropped on the window
        self.clear_action = self.field.addAction(QIcon(), QLineEdit.ActionPosition.TrailingPosition)
        self.clear_action.triggered.connect(self.field.clear)
        self.field.textChanged.connect(lambda text: self.clear_action.setVisible(bool(text)))
        self.field.textChanged.connect(study.finding.look_for)
        self.clear_action.setVisible(False)
        self.field.returnPressed.connect(study.finding.now)
        search = QHBoxLayout()
        search.setContentsMargins(Space.L, 0, Space.M, Space.S)
        search.addWidget(self.field)
        column.addLayout(search)
        self.adding = AddingStrip(look, library)
        column.addWidget(self.adding)
        self.drop_zone = DropZone(look, on_add=on_add, on_samples=on_samples)
        holder = QVBoxLayout()
        holder.setContentsMargins(Space.L, Space.XS, Space.L, 0)
        holder.addWidget(self.drop_zone)
        column.addLayout(holder)
        self.list = RowsView(look)
        self.results = Results(look, study.finding, library)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.list)
        self.stack.addWidget(self.results)
        column.addWidget(self.stack, 1)
        self._connect()
        self.relook()

    def _connect(self) -> None:
        library = self._library
        self.list.open_wanted.connect(self._open)
        self.list.remove_wanted.connect(self._take_away)
        self.list.retry_wanted.connect(self.retry)
        self.results.document_wanted.connect(self.document_wanted)
        self.results.hit_wanted.connect(self.hit_wanted)
        self._finding.changed.connect(self._refresh_search)
        library.file_changed.connect(self._file_changed)
        for changed in (
            library.files_changed,
            library.documents_changed,
            library.busy_changed,
            library.tally_changed,
            library.library_changed,
        ):
            changed.connect(self._refresh_soon)
        self._look.changed.connect(self.relook)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.setAccessibleName(tr("docs.name"))
        self.list.setAccessibleName(tr("docs.name"))
        self.add_button.name(tr("composer.add"))
        self.map_button.name(tr("map.open"))
        self.more_button.name(tr("docs.more"))
        self.field.setPlaceholderText(tr("find.placeholder"))
        self.field.setAccessibleName(tr("find.placeholder"))
        self.clear_action.setText(tr("find.clear"))
        self.clear_action.setIcon(self._look.icon("close", size_px=16))
        for control in (self.add_button, self.map_button, self.more_button):
            control.repaint_icon()
        self.list.rows.touch_all()
        self.results.refresh()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the models hold now. A file has one row: its own while it is on its way or has failed, then its
        document's."""
        library = self._library
        self._title.set_whole(self._look.library_name(library.library))
        files = [row for row in library.files if row.library == library.library]
        on_their_way = {row.path for row in files if row.state != "cancelled"}
        documents = [document for document in library.documents if document.path not in on_their_way]
        self.list.show_rows([*files, *documents])
        empty = library.empty and not files
        self.drop_zone.setVisible(empty)
        self.field.setVisible(not empty)
        self.map_button.setEnabled(not empty)
        self.adding.refresh()
        self._refresh_search()

    @Slot()
    def _refresh_search(self) -> None:
        if not self._finding.query and self.field.text().strip():
            self.field.clear()  # another library is shown
        self.stack.setCurrentWidget(self.results if self._finding.query else self.list)

    @Slot(object)
    def _file_changed(self, row: FileRow) -> None:
        self.list.rows.touch(row)
        self._soon.start()

    @Slot()
    def _refresh_soon(self) -> None:
        self._soon.start()

    def take_focus(self) -> None:
        """For who uses the keyboard: the list, or what a search found."""
        if self.stack.currentWidget() is self.results and self.results.cards:
            self.results.cards[0].setFocus()
        else:
            self.list.setFocus()

    def menu(self) -> QMenu:
        """What can be done with the library as a whole."""
        tr = self._look.tr
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        menu.addAction(self._look.icon("plus"), tr("composer.add")).triggered.connect(self._on_add)
        menu.addAction(self._look.icon("folder"), tr("watch.open")).triggered.connect(self.watched_wanted)
        menu.addAction(self._look.icon("map"), tr("map.open")).triggered.connect(self.map_wanted)
        menu.addSeparator()
        remove = menu.addAction(self._look.icon("trash"), tr("library.remove"))
        remove.triggered.connect(self._ask_to_remove_library)
        remove.setEnabled(self._library.library != DEFAULT_LIBRARY)
        return menu

    def _show_menu(self) -> None:
        menu = self.menu()
        corner = self.more_button.mapToGlobal(QPoint(self.more_button.width(), self.more_button.height() + Space.XS))
        menu.popup(corner - QPoint(menu.sizeHint().width(), 0))

    @Slot(object)
    def _open(self, row: Row) -> None:
        if isinstance(row, Document):
            self.document_wanted.emit(row)
        elif row.state == "failed":
            self.retry(row)

    @Slot(object)
    def _take_away(self, row: Row) -> None:
        if isinstance(row, Document):
            self.remove(row)
        else:
            self._library.forget(row)

    @Slot(object)
    def retry(self, row: FileRow) -> None:
        """Say in full why a file failed, and try it again; a locked file needs its password."""
        tr = self._look.tr
        locked = row.problem is not None and row.problem.code is Code.NEEDS_PASSWORD
        dialog = Confirm(
            self._look,
            title=row.name,
            text=tr("file.password", name=row.name) if locked else file_words(self._look, row),
            yes=tr("dialog.open") if locked else tr("notice.try_again"),
            field=locked,
            secret=locked,
            parent=self.window(),
        )
        dialog.accepted.connect(lambda: self._library.retry(row, password=dialog.field.text()))
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()

    @Slot(object)
    def remove(self, document: Document) -> None:
        """Remove a document, after asking; conversations that quote it are counted first."""
        self._library.quoting(document.id, then=lambda quoting: self._ask_to_remove(document, quoting))

    def _ask_to_remove(self, document: Document, quoting: int) -> None:
        tr = self._look.tr
        text = tr("docs.remove_sure", name=document.name)
        if quoting:
            text += "\n\n" + tr.count("docs.quoted", quoting)
        dialog = Confirm(
            self._look,
            text=text,
            yes=tr("dialog.remove"),
            also=tr("docs.remove_answers") if quoting else "",
            parent=self.window(),
        )
        dialog.accepted.connect(
            lambda: self._library.remove(document.id, conversations="remove" if dialog.also.isChecked() else "keep")
        )
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()

    @Slot()
    def _ask_to_remove_library(self) -> None:
        tr, name = self._look.tr, self._library.library
        documents = tr.count("library.documents", len(self._library.documents))
        dialog = Confirm(
            self._look,
            text=tr("library.remove_sure", name=name, documents=documents),
            yes=tr("dialog.remove"),
            parent=self.window(),
        )
        dialog.accepted.connect(lambda: self._library.remove_library(name))
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()
