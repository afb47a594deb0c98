"""A document looked at page by page: its picture or its text, what is marked on it, and what is known of it.

States: opening; a picture, with marks that were found or merely named; text, where there is no picture and why;
locked; nothing was read; a problem with a way to try again.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studiolo.types import Document
from studiolo_desktop.bridge.problem import problem_of_reason
from studiolo_desktop.look import Look
from studiolo_desktop.models.viewer import Shown, ViewerModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import ElidedLabel, IconButton, button, label, set_role
from studiolo_desktop.ui.viewer.details import DocumentDetails
from studiolo_desktop.ui.viewer.message import Message
from studiolo_desktop.ui.viewer.page_text import PageText
from studiolo_desktop.ui.viewer.sheet import Sheet

ZOOMS = (1.0, 1.25, 1.5, 2.0, 3.0)  # times the width of the pane


class PageScroll(QScrollArea):
    """Where a picture is moved about. Its vertical bar stays, so that the width does not hang on the height."""

    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is more room for the page, or less."""
        super().resizeEvent(event)
        self.resized.emit()


class ViewerPane(QWidget):
    """The pane."""

    def __init__(
        self,
        look: Look,
        viewer: ViewerModel,
        *,
        on_back: Callable[[], None],
        on_remove: Callable[[Document], None],
        on_retry: Callable[[Document], None],
    ) -> None:
        super().__init__()
        self._look = look
        self._viewer = viewer
        self._zoom = 0
        self._drawn: Shown | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.back_button = IconButton(look, "back", on_back)
        self.title = ElidedLabel(role="strong")
        self.info_button = IconButton(look, "info", self._toggle_details)
        self.info_button.setCheckable(True)
        column.addLayout(self._head())
        self.previous_button = IconButton(look, "previous", lambda: viewer.go(viewer.page - 1))
        self.next_button = IconButton(look, "next", lambda: viewer.go(viewer.page + 1))
        self.place = label(role="small")
        self.out_button = IconButton(look, "zoom-out", lambda: self.zoom(-1))
        self.in_button = IconButton(look, "zoom-in", lambda: self.zoom(1))
        self._bar = self._page_bar()
        column.addWidget(self._bar)
        self.note = label(role="small", wrap=True)
        self.note.setContentsMargins(Space.L, 0, Space.L, Space.S)
        column.addWidget(self.note)
        self.to_passage = button(self._to_passage, role="text")
        column.addWidget(self.to_passage, 0, Qt.AlignmentFlag.AlignLeft)
        self.details = DocumentDetails(look, on_remove=on_remove, on_retry=on_retry)
        self.details.setVisible(False)
        around = QHBoxLayout()
        around.setContentsMargins(Space.M, 0, Space.M, Space.S)
        around.addWidget(self.details)
        column.addLayout(around)
        self.sheet = Sheet()
        self.area = PageScroll()
        self.area.setWidget(self.sheet)
        self.area.resized.connect(self._fit)
        self.text = PageText(look)
        self.message = Message(look, on_again=viewer.again, on_password=viewer.unlock)
        self.stack = QStackedWidget()
        for part in (self.message, self.area, self.text):
            self.stack.addWidget(part)
        column.addWidget(self.stack, 1)
        self._shortcuts()
        viewer.changed.connect(self.refresh)
        look.changed.connect(self.relook)
        self.relook()

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(Space.M, Space.S, Space.M, 0)
        head.setSpacing(Space.S)
        head.addWidget(self.back_button)
        head.addWidget(self.title, 1)
        head.addWidget(self.info_button)
        return head

    def _page_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(Space.M, Space.XS, Space.M, Space.XS)
        row.setSpacing(2)
        row.addWidget(self.previous_button)
        row.addWidget(self.next_button)
        row.addSpacing(Space.XS)
        row.addWidget(self.place)
        row.addStretch(1)
        row.addWidget(self.out_button)
        row.addWidget(self.in_button)
        return bar

    def _shortcuts(self) -> None:
        for keys, action in (
            ("Left", self.previous_button.click),
            ("Right", self.next_button.click),
            ("+", self.in_button.click),
            ("=", self.in_button.click),
            ("-", self.out_button.click),
            ("Alt+Left", self.back_button.click),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def zoom(self, steps: int) -> None:
        """Show the page larger or smaller."""
        self._zoom = max(0, min(len(ZOOMS) - 1, self._zoom + steps))
        self._fit()
        self._refresh_bar()

    def show_details(self, wanted: bool) -> None:
        """Show or hide what is known of the document."""
        self.info_button.setChecked(wanted)
        self._refresh_details()

    @Slot()
    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.setAccessibleName(tr("viewer.name"))
        self.back_button.name(tr("viewer.back"))
        self.info_button.name(tr("viewer.details"))
        self.previous_button.name(tr("viewer.previous"))
        self.next_button.name(tr("viewer.next"))
        self.out_button.name(tr("viewer.smaller"))
        self.in_button.name(tr("viewer.larger"))
        self.to_passage.setText(tr("viewer.to_passage"))
        for control in (
            self.back_button,
            self.info_button,
            self.previous_button,
            self.next_button,
            self.out_button,
            self.in_button,
        ):
            control.repaint_icon()
        self._drawn = None
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the model holds now."""
        place = self._viewer.place
        if place is None:
            self._drawn = None
            return
        self.title.set_whole(place.name)
        self._refresh_bar()
        self._refresh_note()
        self._refresh_details()
        self._refresh_page()

    def _refresh_bar(self) -> None:
        viewer, tr = self._viewer, self._look.tr
        pages, picture = viewer.pages, viewer.shown is not None and viewer.shown.picture is not None
        self._bar.setVisible(pages > 0)
        self.previous_button.setEnabled(viewer.page > 1)
        self.next_button.setEnabled(viewer.page < pages)
        words = tr("viewer.page", page=viewer.page, pages=pages)
        if viewer.place is not None and viewer.page == viewer.place.page and viewer.place.label:
            words = tr("sources.labelled", label=viewer.place.label, pages=words)
        self.place.setText(words)
        for control in (self.out_button, self.in_button):
            control.setVisible(picture)
        self.out_button.setEnabled(self._zoom > 0)
        self.in_button.setEnabled(self._zoom < len(ZOOMS) - 1)

    def _refresh_note(self) -> None:
        words, role = self._note_words()
        self.note.setText(words)
        self.note.setVisible(bool(words))
        set_role(self.note, role)
        viewer = self._viewer
        elsewhere = viewer.place is not None and viewer.page != viewer.place.page and bool(viewer.place.passage)
        self.to_passage.setVisible(elsewhere)

    def _note_words(self) -> tuple[str, str]:
        """Why this place is looked at, and in which role that is said."""
        place, shown, tr = self._viewer.place, self._viewer.shown, self._look.tr
        said: list[str] = []
        role = "small"
        if place is not None and shown is not None and shown.view.page == place.page:
            if place.standing == "unverified":
                said.append(tr("viewer.unverified"))
                role = "danger"
            elif place.standing == "quoted" and shown.marked == "quotes":
                said.append(tr("sources.quoted"))
                role = "good"
            elif place.standing == "quoted":
                said.append(tr("viewer.not_marked"))
            elif place.standing == "read":
                said.append(tr("sources.read"))
        if shown is not None and shown.picture is None and shown.view.reason and shown.view.text:
            problem = problem_of_reason(shown.view.reason, {"path": place.name if place else ""})
            said.append(tr("viewer.text_only", why=self._look.sentence(problem).what))
        return "\n".join(said), role

    def _refresh_details(self) -> None:
        document = self._viewer.document
        self.info_button.setVisible(document is not None)
        wanted = self.info_button.isChecked() and document is not None
        if wanted and document is not None:
            self.details.show_document(document, self._viewer.report)
        self.details.setVisible(wanted)

    def _refresh_page(self) -> None:
        viewer = self._viewer
        shown = viewer.shown
        if viewer.problem is not None:
            self.message.show_problem(viewer.problem)
            self.stack.setCurrentWidget(self.message)
        elif shown is None:
            self._drawn = None
            self.message.show_waiting()
            self.stack.setCurrentWidget(self.message)
        elif viewer.needs_password and not viewer.loading:
            self.message.show_locked(viewer.place.name if viewer.place else "")
            self.stack.setCurrentWidget(self.message)
        elif shown.picture is None and not shown.view.text:
            self.message.show_nothing()
            self.stack.setCurrentWidget(self.message)
        elif shown is not self._drawn:
            self._show(shown)

    def _show(self, shown: Shown) -> None:
        place = self._viewer.place
        assert place is not None
        turned = self._drawn is None or self._drawn.view.page != shown.view.page
        self._drawn = shown
        sure = not (place.standing == "unverified" and shown.view.page == place.page)
        page = self._look.tr("viewer.page", page=shown.view.page, pages=shown.view.pages) if shown.view.pages else ""
        name = f"{place.name} {page}".strip()
        if shown.picture is None:
            self.text.setAccessibleName(name)
            self.text.show_text(shown.view.text, shown.view.ranges, sure=sure)
            self.stack.setCurrentWidget(self.text)
            return
        self.sheet.setAccessibleName(name)
        self.area.setAccessibleName(name)
        marked = " ".join(shown.view.text[start:end] for start, end in shown.view.ranges)
        self.sheet.setAccessibleDescription(marked or shown.view.text)
        self.sheet.show_picture(shown.picture, shown.view.boxes, sure=sure)
        self.stack.setCurrentWidget(self.area)
        self._fit()
        if turned:
            QTimer.singleShot(0, self, self._to_mark)

    @Slot()
    def _fit(self) -> None:
        width = round((self.area.viewport().width() - 2 * Space.M) * ZOOMS[self._zoom])
        if width > 0:
            self.sheet.fit(width)
            self._viewer.set_width(round(width * self.devicePixelRatioF()))

    def _to_mark(self) -> None:
        marks = self.sheet.marks()
        if not marks:
            self.area.verticalScrollBar().setValue(0)
            return
        first = marks[0]
        self.area.ensureVisible(
            round(first.center().x()), round(first.center().y()), 0, self.area.viewport().height() // 3
        )

    def _to_passage(self) -> None:
        if self._viewer.place is not None:
            self._viewer.go(self._viewer.place.page)

    def _toggle_details(self) -> None:
        self._refresh_details()

    def expect_width(self, width: int) -> None:
        """The pane will be that wide: pages are drawn for it from the first on."""
        self._viewer.set_width(round((width - 3 * Space.M) * ZOOMS[self._zoom] * self.devicePixelRatioF()))

    def take_focus(self) -> None:
        """For who uses the keyboard: the way back, where the keys of the page count too."""
        self.back_button.setFocus()
