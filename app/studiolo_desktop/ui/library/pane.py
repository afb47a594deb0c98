"""The documents of the library shown, the files on their way into it, and the ways to add more."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studiolo.errors import Code
from studiolo.types import Document
from studiolo_desktop.look import Look
from studiolo_desktop.models.library import OPEN, FileRow, LibraryModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton, button, label, rule
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.library.rows import DocumentRowView, FileRowView


class DropZone(QFrame):
    """Says that files may be dropped, and offers to choose them."""

    def __init__(self, look: Look, *, on_add: Callable[[], None], on_samples: Callable[[], None] | None) -> None:
        super().__init__()
        self._look = look
        self.setProperty("role", "dropzone")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.XL, Space.L, Space.L)
        column.setSpacing(Space.S)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = label(role="muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.add_button = button(on_add)
        self.samples_button = button(on_samples or on_add, role="text")
        self.samples_button.setVisible(on_samples is not None)
        column.addWidget(self._picture)
        column.addWidget(self._text)
        column.addSpacing(Space.XS)
        column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.samples_button, 0, Qt.AlignmentFlag.AlignCenter)
        look.changed.connect(self.relook)
        self.relook()

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._picture.setPixmap(self._look.pixmap("upload", colour=self._look.tokens.muted, size_px=28))
        self._text.setText(tr("docs.empty"))
        self.add_button.setText(tr("add.files"))
        self.samples_button.setText(tr("add.samples"))


class DocumentsPane(QWidget):
    """The pane."""

    def __init__(
        self,
        look: Look,
        library: LibraryModel,
        *,
        on_add: Callable[[], None],
        on_samples: Callable[[], None] | None,
    ) -> None:
        super().__init__()
        self._look = look
        self._library = library
        self.file_views: dict[int, FileRowView] = {}
        self.document_views: dict[str, DocumentRowView] = {}
        self._shown: tuple[object, ...] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.M, Space.M, Space.S)
        self._title = ElidedLabel(role="strong")
        self.add_button = IconButton(look, "plus", on_add)
        head.addWidget(self._title, 1)
        head.addWidget(self.add_button)
        column.addLayout(head)
        self._adding = QWidget()
        adding = QHBoxLayout(self._adding)
        adding.setContentsMargins(Space.L, 0, Space.M, Space.XS)
        self._adding_text = label(role="section")
        self.stop_button = button(library.cancel, role="text")
        adding.addWidget(self._adding_text, 1)
        adding.addWidget(self.stop_button)
        column.addWidget(self._adding)
        self.pace = label(role="small", wrap=True)
        self.pace.setContentsMargins(Space.L, 0, Space.M, Space.XS)
        column.addWidget(self.pace)
        self.drop_zone = DropZone(look, on_add=on_add, on_samples=on_samples)
        holder = QVBoxLayout()
        holder.setContentsMargins(Space.L, Space.XS, Space.L, 0)
        holder.addWidget(self.drop_zone)
        column.addLayout(holder)
        self._build_list(column)
        library.files_changed.connect(self._rebuild_files)
        library.files_changed.connect(self._rebuild_documents)
        library.file_changed.connect(self._file_changed)
        library.documents_changed.connect(self._rebuild_documents)
        library.busy_changed.connect(self._refresh_head)
        library.tally_changed.connect(self._refresh_head)
        library.library_changed.connect(self._rebuild_files)
        look.changed.connect(self.relook)
        self.relook()

    def _build_list(self, column: QVBoxLayout) -> None:
        self._files = QVBoxLayout()
        self._list = ScrollColumn(margin=Space.S, gap=0)
        files = QWidget()
        files.setProperty("role", "clear")
        files.setLayout(self._files)
        self._files.setContentsMargins(0, 0, 0, 0)
        self._files.setSpacing(0)
        documents = QWidget()
        documents.setProperty("role", "clear")
        self._documents = QVBoxLayout(documents)
        self._documents.setContentsMargins(0, 0, 0, 0)
        self._documents.setSpacing(0)
        self._rule = rule()
        self._list.append(files)
        self._list.append(self._rule)
        self._list.append(documents)
        column.addWidget(self._list, 1)

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.setAccessibleName(tr("docs.name"))
        self.add_button.name(tr("composer.add"))
        self.add_button.repaint_icon()
        self.stop_button.setText(tr("docs.cancel"))
        self._shown = None
        self._rebuild_files()
        self._rebuild_documents()

    @Slot()
    def _rebuild_files(self) -> None:
        shown = [row for row in self._library.files if row.library == self._library.library]
        _empty(self._files)
        self.file_views = {}
        for row in shown:
            view = FileRowView(self._look, row, on_retry=self._retry, on_forget=self._library.forget)
            self.file_views[id(row)] = view
            self._files.addWidget(view)
        self._refresh_head()

    @Slot(object)
    def _file_changed(self, row: FileRow) -> None:
        view = self.file_views.get(id(row))
        if view is not None:
            view.refresh()
        self._refresh_head()

    @Slot()
    def _rebuild_documents(self) -> None:
        """A file has one row: the one above while its batch is under way, the one here after that."""
        above = {row.path for row in self._library.files if row.state not in ("failed", "cancelled")}
        content = tuple(document for document in self._library.documents if document.path not in above)
        if content != self._shown:
            self._shown = content
            _empty(self._documents)
            self.document_views = {}
            for document in content:
                view = DocumentRowView(self._look, document, on_remove=self._remove)
                self.document_views[document.id] = view
                self._documents.addWidget(view)
        self._refresh_head()

    @Slot()
    def _refresh_head(self) -> None:
        tr = self._look.tr
        self._title.set_whole(self._look.library_name(self._library.library))
        left = sum(row.state in OPEN for row in self._library.files)
        self._adding.setVisible(left > 0)
        self._adding_text.setText(tr.count("docs.adding", left))
        tally = self._library.tally
        self.pace.setVisible(left > 0 and tally is not None)
        if tally is not None:
            parts = [tr.count("docs.passages", tally.passages)]
            if tally.passages_per_s:
                parts.append(tr("docs.rate", rate=f"{tally.passages_per_s:.1f}"))
            if tally.left_s is not None:
                parts.append(tr("docs.left", time=tr.duration(tally.left_s)))
            self.pace.setText("  ·  ".join(parts))
        self.drop_zone.setVisible(self._library.empty and not self.file_views)
        self._rule.setVisible(bool(self.file_views) and bool(self.document_views))

    def _retry(self, row: FileRow) -> None:
        """A locked file needs a password first."""
        if row.problem is None or row.problem.code is not Code.NEEDS_PASSWORD:
            self._library.retry(row)
            return
        tr = self._look.tr
        dialog = Confirm(
            self._look,
            text=tr("file.password", name=row.name),
            yes=tr("dialog.open"),
            field=True,
            secret=True,
            parent=self.window(),
        )
        dialog.accepted.connect(lambda: self._library.retry(row, password=dialog.field.text()))
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()

    def _remove(self, document: Document) -> None:
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


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
