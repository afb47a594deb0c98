"""The window: its parts put together, its shortcuts, files dropped anywhere on it, the engine's ups and downs in words.

It holds no state of its own: what is shown comes from the models, what is done goes to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PySide6.QtCore import QEvent, QMimeData, Qt, QUrl, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.chat import ChatModel, ChatTurn
from studiolo_desktop.models.conversations import ConversationsModel
from studiolo_desktop.models.diagnostics import Diagnostics
from studiolo_desktop.models.drafts import Drafts
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.model_jobs import ModelJobs
from studiolo_desktop.models.notices import Notice, Notices
from studiolo_desktop.models.preferences import PreferencesModel
from studiolo_desktop.models.privacy import PrivacyModels
from studiolo_desktop.models.remedies import Remedies, remedy
from studiolo_desktop.models.study import Study
from studiolo_desktop.theme import READING_WIDTH, Space
from studiolo_desktop.ui import side_pane, sidebar
from studiolo_desktop.ui.chat.composer import Composer
from studiolo_desktop.ui.chat.transcript import Transcript
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.drop_overlay import DropOverlay
from studiolo_desktop.ui.common.notice_bar import NoticeBar
from studiolo_desktop.ui.empty import EmptyState
from studiolo_desktop.ui.library.pane import DocumentsPane
from studiolo_desktop.ui.library.watched import WatchedDialog
from studiolo_desktop.ui.looking import Looking
from studiolo_desktop.ui.map.view import MapView
from studiolo_desktop.ui.openings import Openings
from studiolo_desktop.ui.privacy.dialog import PrivacyDialog, privacy_dialog
from studiolo_desktop.ui.privacy.sides_dialog import SidesDialog
from studiolo_desktop.ui.privacy.turn_chips import TurnChips
from studiolo_desktop.ui.settings.shortcuts import shortcut
from studiolo_desktop.ui.sources.pane import SourcesPane
from studiolo_desktop.ui.top_bar import TopBar
from studiolo_desktop.ui.viewer.pane import ViewerPane

_ENGINE = "engine"
NARROW = 1000  # pixels at the system's size of text; below this the right side makes room for the conversation


@dataclass(frozen=True)
class Parts:
    """What the window is made over."""

    supervisor: Supervisor
    notices: Notices
    chat: ChatModel
    conversations: ConversationsModel
    library: LibraryModel
    study: Study
    models: ModelsModel
    drafts: Drafts
    jobs: ModelJobs
    preferences: PreferencesModel
    diagnostics: Diagnostics
    set_aside: Callable[[str], None]
    privacy: PrivacyModels
    samples: tuple[Path, ...] = ()


class MainWindow(QMainWindow):
    """The window."""

    closing = Signal()

    def __init__(
        self, look: Look, parts: Parts, *, open_link: Callable[[QUrl], object] = QDesktopServices.openUrl
    ) -> None:
        super().__init__()
        self._look = look
        self._parts = parts
        self._open_link = open_link
        self._watched_dialog: WatchedDialog | None = None
        self._privacy_dialog: PrivacyDialog | None = None
        self._was_down = False
        self._sources_of = 0  # the turn whose sources were brought forward
        self._pane_by_hand = False
        self._narrow = False
        self.setAcceptDrops(True)
        self.resize(1240, 800)
        self.setMinimumSize(680, 480)
        on_samples = self.add_samples if parts.samples else None

        self.openings = Openings(
            look,
            self,
            models=parts.models,
            jobs=parts.jobs,
            preferences=parts.preferences,
            diagnostics=parts.diagnostics,
            on_import=self.choose_model_file,
            on_link=self.ask_about_link,
            on_documents=self.show_documents,
            on_privacy=lambda: self.show_privacy("policy"),
        )
        self.sidebar = sidebar.Sidebar(
            look,
            supervisor=parts.supervisor,
            chat=parts.chat,
            conversations=parts.conversations,
            library=parts.library,
            seal=parts.privacy.seal,
        )
        self.top_bar = TopBar(
            look,
            chat=parts.chat,
            conversations=parts.conversations,
            models=parts.models,
            on_manage_models=self.openings.show_models,
            on_toggle_pane=self.toggle_pane,
        )
        self.transcript = Transcript(look, parts.chat)
        self.chips = TurnChips(look, parts.privacy.screenings, self.transcript)
        self.empty = EmptyState(
            look,
            supervisor=parts.supervisor,
            models=parts.models,
            library=parts.library,
            on_import=self.choose_model_file,
            on_add=self.choose_files,
            on_samples=on_samples,
        )
        self.notice_bar = NoticeBar(look, parts.notices)
        self.composer = Composer(look, parts.chat, parts.drafts, self.choose_files)
        documents = DocumentsPane(look, parts.library, parts.study, on_add=self.choose_files, on_samples=on_samples)
        self.pane = side_pane.SidePane(
            look,
            SourcesPane(look, parts.chat),
            documents,
            ViewerPane(
                look,
                parts.study.viewer,
                on_back=self.leave_page,
                on_remove=documents.remove,
                on_retry=lambda document: self.add_paths([Path(document.path)]),
            ),
        )
        self.map = MapView(look, parts.study.map)
        parts.notices.remedy = self._remedy
        self._assemble()
        self.looking = Looking(self.pane, self.splitter, parts.study, parts.chat, show_pane=self._show_pane)
        self._overlay = DropOverlay(look, self)
        self._connect()
        self._shortcuts()
        self._relook()
        self._refresh_middle()
        self._refresh_can_ask()
        self.composer.field.setFocus()

    # what a person can do with the window as a whole

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add files and folders to the library shown."""
        if paths:
            self._show_pane()
            self.pane.show_documents()
            self._parts.library.add(paths)
            self.composer.field.setFocus()  # the button that was pressed may be gone now

    @Slot()
    def add_samples(self) -> None:
        """Add the documents that come with the program."""
        self.add_paths(self._parts.samples)

    @Slot()
    def choose_files(self) -> None:
        """Let the person pick files to add."""
        tr = self._look.tr
        dialog = QFileDialog(self, tr("add.title"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([f"{tr('add.filter')} ({document_patterns()})", f"{tr('add.all_files')} (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        dialog.filesSelected.connect(lambda names: self.add_paths([Path(name) for name in names]))
        dialog.open()

    @Slot()
    def choose_model_file(self) -> None:
        """Let the person pick a model file to import."""
        tr = self._look.tr
        dialog = QFileDialog(self, tr("models.import"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([f"{tr('models.filter')} (*.gguf)", f"{tr('add.all_files')} (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
        dialog.fileSelected.connect(lambda name: self._parts.models.import_file(Path(name)))
        dialog.open()

    @Slot()
    def show_documents(self) -> None:
        """The documents of the library, on the right."""
        self._show_pane()
        self.pane.show_documents()

    @Slot()
    def toggle_pane(self) -> None:
        """Show or hide the right side."""
        self._pane_by_hand = True
        self.pane.setVisible(self.pane.isHidden())
        self._make_room()

    @Slot(object, int)
    def show_source(self, turn: ChatTurn, number: int) -> None:
        """Open a source of a turn on the right, at its page; 0: the list of them all."""
        self.looking.show_source(turn, number)

    @Slot()
    def leave_page(self) -> None:
        """Back to the list that a page was opened from."""
        self.pane.leave_page()

    @Slot()
    def manage_watched(self) -> None:
        """Show the folders that the library follows."""
        if self._watched_dialog is None:
            self._watched_dialog = WatchedDialog(
                self._look, self._parts.study.watching, self._parts.library, parent=self
            )
        self._parts.study.watching.refresh()
        self._watched_dialog.show()
        self._watched_dialog.raise_()

    @Slot(str)
    def show_privacy(self, page: str) -> None:
        """Show what is hidden from whom, and the proof of the seal."""
        if self._privacy_dialog is None:
            self._privacy_dialog = privacy_dialog(self._look, self._parts.privacy, parent=self)
        self._privacy_dialog.open_page(page)
        self._privacy_dialog.show()
        self._privacy_dialog.raise_()

    @Slot(object)
    def show_sides(self, turn: ChatTurn) -> None:
        """Show what the model saw of a turn beside what the person reads."""
        dialog = SidesDialog(self._look, parent=self)
        open_: list[bool] = [True]
        dialog.destroyed.connect(open_.clear)
        self._parts.privacy.screenings.whole(
            turn.id,
            then=lambda screening: dialog.show_screening(screening) if open_ else None,
            failed=lambda problem: dialog.show_problem(problem) if open_ else None,
        )
        dialog.open()

    @Slot(str)
    def ask_about_link(self, target: str) -> None:
        """Show where a link leads; open it only if the person says so."""
        tr = self._look.tr
        dialog = Confirm(
            self._look,
            title=tr("chat.link_title"),
            text=tr("chat.link_body", target=target),
            yes=tr("dialog.open"),
            parent=self,
        )
        dialog.accepted.connect(lambda: self._open_link(QUrl(target)))
        dialog.open()

    # putting together

    def _assemble(self) -> None:
        self.middle = QStackedWidget()
        self.middle.addWidget(self.empty)
        self.middle.addWidget(self.transcript)
        self.middle.addWidget(self.map)
        centre = QWidget()
        centre.setProperty("role", "canvas")
        centre.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, on=True)
        centre.setMinimumWidth(360)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self.middle, 1)
        notice = QHBoxLayout()
        notice.setContentsMargins(Space.XL, Space.S, Space.XL, 0)
        self.notice_bar.setMaximumWidth(READING_WIDTH + 2 * Space.L)
        notice.addStretch(1)
        notice.addWidget(self.notice_bar, 1000)
        notice.addStretch(1)
        column.addLayout(notice)
        column.addWidget(self.composer)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        for part in (self.sidebar, centre, self.pane):
            self.splitter.addWidget(part)
            self.splitter.setCollapsible(self.splitter.indexOf(part), False)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([sidebar.WIDTH, 640, side_pane.WIDTH])
        self.setCentralWidget(self.splitter)

    def _connect(self) -> None:
        parts = self._parts
        parts.supervisor.changed.connect(self._engine_changed)
        parts.chat.reset.connect(self._conversation_shown)
        parts.chat.turn_added.connect(self._turn_added)
        parts.chat.turn_changed.connect(self._turn_changed)
        parts.models.changed.connect(self._refresh_can_ask)
        parts.library.library_changed.connect(self._library_changed)
        self.sidebar.privacy_wanted.connect(self.show_privacy)
        self.transcript.source_wanted.connect(self.show_source)
        self.pane.documents.map_wanted.connect(parts.study.map.show)
        self.pane.documents.watched_wanted.connect(self.manage_watched)
        self.map.opened.connect(self.looking.show_point)
        parts.study.map.changed.connect(self._refresh_middle)
        self.transcript.link_wanted.connect(self.ask_about_link)
        self.sidebar.settings_wanted.connect(self.openings.show_settings)
        self.transcript.seen_wanted.connect(self.show_sides)
        self._look.changed.connect(self._relook)

    def _shortcuts(self) -> None:
        for keys, key, action in (
            (QKeySequence.StandardKey.New, "shortcuts.new_chat", self._new_chat),
            (QKeySequence.StandardKey.Open, "shortcuts.add", self.choose_files),
            (QKeySequence(Qt.Key.Key_Escape), "shortcuts.stop", self._escape),
            (QKeySequence("Ctrl+L"), "shortcuts.write", self.composer.field.setFocus),
            (QKeySequence("Ctrl+K"), "shortcuts.find", self.sidebar.earlier.field.setFocus),
        ):
            shortcut(QKeySequence(keys), key, self).activated.connect(action)

    @Slot()
    def _new_chat(self) -> None:
        self._parts.chat.new_conversation()
        self.composer.field.setFocus()

    @Slot()
    def _escape(self) -> None:
        """Stop the answer; where none is written, the search or the map."""
        field = self.pane.documents.field
        if self._parts.chat.busy:
            self._parts.chat.stop()
        elif field.hasFocus():
            field.clear()
        else:
            self._parts.study.map.close()

    def _show_pane(self) -> None:
        self.pane.setVisible(True)
        self._make_room()

    def _make_room(self) -> None:
        """In a narrow window the left side makes way for the right one."""
        self.sidebar.setVisible(not self._narrow or self.pane.isHidden())

    # following the models

    @Slot()
    def _relook(self) -> None:
        self.sidebar.setMinimumWidth(min(self._look.sizes.px(200), 320))  # its words, and no more of a small window
        self.pane.setMinimumWidth(min(self._look.sizes.px(280), 440))
        self.setWindowTitle(self._look.tr("app.name"))
        self.setWindowIcon(self._look.icon("studiolo", size_px=128))

    @Slot()
    def _refresh_middle(self) -> None:
        if self._parts.study.map.open:
            self.middle.setCurrentWidget(self.map)
        else:
            self.middle.setCurrentWidget(self.transcript if self._parts.chat.turns else self.empty)

    @Slot()
    def _conversation_shown(self) -> None:
        """A conversation that was opened takes the place of the map; an empty page does not."""
        if self._parts.chat.turns:
            self._parts.study.map.close()
        self._refresh_middle()

    @Slot()
    def _refresh_can_ask(self) -> None:
        chosen = self._parts.models.chosen
        self._parts.chat.model = chosen.id if chosen else None
        self.composer.set_can_ask(chosen is not None or not self._parts.models.known)

    @Slot(str)
    def _library_changed(self, name: str) -> None:
        """A conversation stays with its library: over another one a new one begins."""
        if name != self._parts.chat.library and self._parts.chat.turns:
            self._parts.chat.new_conversation()
        self._parts.chat.library = name

    @Slot(object)
    def _turn_added(self, _turn: ChatTurn) -> None:
        self._parts.study.map.close()
        self._refresh_middle()

    @Slot(object)
    def _turn_changed(self, turn: ChatTurn) -> None:
        """Sources come forward when the first ones arrive, before the first word of the answer."""
        fresh = turn.key != self._sources_of and turn is self._parts.chat.turns[-1]
        if turn.sources and fresh:
            self._sources_of = turn.key
            if not self._parts.library.busy:
                self.pane.show_sources()

    @Slot(object)
    def _engine_changed(self, change: EngineChange) -> None:
        notices = self._parts.notices
        if change.state is EngineState.RESTARTING:
            self._was_down = True
            notices.say(Notice("bad", key="notice.restarting", about=_ENGINE))
        elif change.state is EngineState.FAILED and change.problem is not None:
            self._was_down = True
            key, action = self._remedy(change.problem) or ("notice.try_again", self._parts.supervisor.restart)
            notices.say(Notice("bad", problem=change.problem, about=_ENGINE, action_key=key, action=action))
        elif change.state is EngineState.READY:
            if self._was_down:
                notices.say(Notice("good", key="notice.restarted", about=_ENGINE))
            self._was_down = False

    def _remedy(self, problem: Problem) -> tuple[str, Callable[[], None]] | None:
        """What a notice offers to do about a problem."""
        remedies = Remedies(
            models=self.openings.show_models,
            set_aside=lambda store: self.openings.ask_set_aside(store, lambda: self._parts.set_aside(store)),
            report=self.openings.save_report,
        )
        return remedy(problem, remedies, stopped=self._parts.supervisor.state is not EngineState.READY)

    # files dropped anywhere

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are held over the window."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._overlay.appear(self._parts.library.library)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Anywhere will do."""
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They are held elsewhere."""
        self._overlay.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """They are let go."""
        self._overlay.hide()
        event.acceptProposedAction()
        self.add_paths(dropped_paths(event.mimeData()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window is for the conversation."""
        super().resizeEvent(event)
        self._overlay.setGeometry(self.rect())
        narrow = event.size().width() < self._look.sizes.px(NARROW)
        if narrow != self._narrow:
            self._narrow = narrow
            if not self._pane_by_hand:
                self.pane.setVisible(not narrow)
        self._make_room()

    def changeEvent(self, event: QEvent) -> None:
        """Who comes back to the window may have added documents or asked by a command meanwhile."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._look_again()

    def _look_again(self) -> None:
        if self._parts.supervisor.state is EngineState.READY:
            self._parts.library.refresh()
            self._parts.conversations.refresh()
            self._parts.models.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Gone from sight at once; then the composition root ends what runs, which may take a moment."""
        self.hide()
        self.closing.emit()
        super().closeEvent(event)


def document_patterns() -> str:
    """What a file dialog shows as documents: every suffix that can be read."""
    from studiolo import KNOWN_SUFFIXES

    return " ".join(f"*{suffix}" for suffix in cast(tuple[str, ...], KNOWN_SUFFIXES))


def dropped_paths(data: QMimeData) -> list[Path]:
    """The files and folders of this machine in a drop."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
