"""The documents of one library, and the files on their way into it. No widget, no thread.

Files are added one batch after another; a drop while a batch runs queues. When the engine goes away in the middle of
a batch, the files without an end are queued again: adding a file twice changes nothing. A pause rests on the same: what
has no end yet is stopped, and begins anew when the person goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studiolo.errors import Code
from studiolo.events import Event, Failed, FileDone, Finished, Progress, Tally
from studiolo.jobs import CancelToken
from studiolo.types import DEFAULT_LIBRARY, AddResult, Document, DocumentStatus, Library, QuotesOf
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem, problem_of_event, problem_of_reason
from studiolo_desktop.bridge.stream import EventStream
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor
from studiolo_desktop.models.notices import Notice, Notices

FileState = Literal["queued", "paused", "working", "added", "updated", "unchanged", "failed", "cancelled"]
OPEN: tuple[FileState, ...] = ("queued", "paused", "working")
REFRESH_MS = 700
# Where a stage begins and how much of a file's time it takes, roughly; its own steps move the bar within it.
STAGES: dict[str, tuple[float, float]] = {
    "parse": (0.0, 0.3),
    "screen": (0.3, 0.25),
    "embed": (0.55, 0.4),
    "write": (0.95, 0.0),
}


@dataclass
class FileRow:
    """One file on its way. `stage` is that of the last Progress; `problem` says why it failed."""

    path: str = field(repr=False)
    library: str
    state: FileState = "queued"
    stage: str = ""
    done: int = 0
    total: int = 0
    pages: int = 0
    passages: int = 0
    problem: Problem | None = None  # why it failed, or why a part of it is missing
    retried: bool = False
    passwords: tuple[str, ...] = field(default=(), repr=False)

    @property
    def fraction(self) -> float:
        """How far it is, 0..1."""
        begins, share = STAGES.get(self.stage, (0.0, 0.0))
        return begins + share * min(1.0, self.done / self.total) if self.total else begins

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name or self.path


class LibraryModel(QObject):
    """One library and what is being added to it."""

    libraries_changed = Signal()
    documents_changed = Signal()
    files_changed = Signal()  # rows came or went
    file_changed = Signal(object)  # FileRow
    library_changed = Signal(str)
    busy_changed = Signal(bool)
    tally_changed = Signal()
    removed = Signal()  # a document, and what conversations quoted of it

    def __init__(
        self, calls: Calls, supervisor: Supervisor, notices: Notices, *, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._calls = calls
        self._supervisor = supervisor
        self._notices = notices
        self._stream: EventStream | None = None
        self._batch: dict[str, FileRow] = {}  # by path
        self._refresh_later = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._refresh_later.timeout.connect(self.refresh)
        self._readings = count(1)
        self._latest_reading = 0
        self.library = DEFAULT_LIBRARY
        self.libraries: list[Library] = []
        self.documents: list[Document] = []
        self.files: list[FileRow] = []
        self.paused = False
        self._halted = False  # the stream under way was cancelled for a pause
        self.tally: Tally | None = None  # how far the batch under way is
        self.known = False  # whether `documents` was ever read from the engine
        supervisor.changed.connect(self._engine_changed)

    @property
    def busy(self) -> bool:
        """Whether files are on their way."""
        return any(row.state in OPEN for row in self.files)

    @property
    def empty(self) -> bool:
        """Whether the library is known to hold nothing, with nothing on its way."""
        return self.known and not self.documents and not any(row.state in OPEN for row in self.files)

    @property
    def readable(self) -> list[Document]:
        """The documents that an answer can rest on."""
        return [d for d in self.documents if d.status in (DocumentStatus.READY, DocumentStatus.PARTIAL)]

    def choose(self, name: str) -> None:
        """Show another library."""
        if name != self.library:
            self.library = name
            self.documents, self.known = [], False
            self.library_changed.emit(name)
            self.documents_changed.emit()
            self.refresh()

    def remove_library(self, name: str) -> None:
        """Remove a library with its documents, and what conversations quote of them."""
        self._calls.run(
            lambda engine: engine.remove_library(name),
            then=lambda _none: self._library_removed(name),
            failed=self._notices.report,
        )

    def _library_removed(self, name: str) -> None:
        self.removed.emit()
        if name == self.library and name != DEFAULT_LIBRARY:
            self.choose(DEFAULT_LIBRARY)
        else:
            self.refresh()

    def create(self, name: str) -> None:
        """Make a library and show it."""
        self._calls.run(
            lambda engine: engine.create_library(name.strip()),
            then=lambda library: self.choose(library.name),
            failed=self._notices.report,
        )

    @Slot()
    def refresh(self) -> None:
        """Read libraries and documents again."""
        name = self.library
        number = next(self._readings)
        self._calls.run(
            lambda engine: (engine.libraries(), engine.documents(name)),
            then=lambda result: self._arrived(number, name, *result),
            failed=self._refresh_failed,
        )

    def add(self, paths: Sequence[Path], *, passwords: tuple[str, ...] = ()) -> None:
        """Add files and folders to the library shown; `passwords` are tried on locked ones."""
        on_their_way = {(row.library, row.path) for row in self.files if row.state in OPEN}
        fresh = [str(path) for path in paths if (self.library, str(path)) not in on_their_way]
        if not fresh:
            return
        ended = {(self.library, path) for path in fresh}
        self.files = [row for row in self.files if (row.library, row.path) not in ended]
        state: FileState = "paused" if self.paused else "queued"
        self.files += [
            FileRow(path=path, library=self.library, passwords=passwords, state=state) for path in dict.fromkeys(fresh)
        ]
        self.files_changed.emit()
        self.busy_changed.emit(True)
        self._next_batch()

    def retry(self, row: FileRow, *, password: str = "") -> None:
        """Add a file that failed once more."""
        self.add([Path(row.path)], passwords=(password,) if password else ())

    def forget(self, row: FileRow) -> None:
        """Take an ended row off the list."""
        if row.state not in OPEN and row in self.files:
            self.files.remove(row)
            self.files_changed.emit()

    def cancel(self) -> None:
        """Stop adding: what is stored stays, what has not begun is dropped."""
        self.paused = self._halted = False
        self._all_now("cancelled", ("queued", "paused"))
        if self._stream is not None:
            self._stream.cancel()
        elif not self.busy:
            self.busy_changed.emit(False)
            self._clear_good()

    def pause(self) -> None:
        """Let the files without an end wait until `resume`; those that are being read begin anew then."""
        if not self.paused and self.busy:
            self.paused = True
            self._all_now("paused", ("queued",))
            if self._stream is not None:
                self._halted = True
                self._stream.cancel()
            self.busy_changed.emit(True)

    def resume(self) -> None:
        """Go on with what waits."""
        if self.paused:
            self.paused = False
            self._all_now("queued", ("paused",))
            self.busy_changed.emit(self.busy)
            self._next_batch()

    def retry_failed(self) -> None:
        """Add all files of the library shown that failed once more."""
        self.add([Path(row.path) for row in self.files if row.state == "failed" and row.library == self.library])

    def forget_failed(self) -> None:
        """Take the failed files of the library shown off the list."""
        self.files = [row for row in self.files if row.state != "failed" or row.library != self.library]
        self.files_changed.emit()

    def _all_now(self, state: FileState, before: tuple[FileState, ...]) -> None:
        for row in self.files:
            if row.state in before:
                row.state = state
                self.file_changed.emit(row)

    def quoting(self, document_id: str, *, then: Callable[[int], None]) -> None:
        """Find out how many conversations rest on a document."""
        self._calls.run(lambda engine: len(engine.quoting([document_id])), then=then, failed=self._notices.report)

    def remove(self, document_id: str, *, conversations: QuotesOf = "keep") -> None:
        """Remove a document and its text from the library, and what conversations quote of it."""
        name = self.library
        self._calls.run(
            lambda engine: engine.remove_document(document_id, library=name, conversations=conversations),
            then=lambda _none: self._removed(),
            failed=self._notices.report,
        )

    def _removed(self) -> None:
        self.removed.emit()
        self.refresh()

    def close(self) -> None:
        """The window closes; the engine keeps what it has stored."""
        self._refresh_later.stop()
        if self._stream is not None:
            self._stream.cancel()

    # adding

    def _next_batch(self) -> None:
        if self._stream is not None or self._supervisor.state is not EngineState.READY:
            return
        waiting = [row for row in self.files if row.state == "queued"]
        if not waiting:
            return
        library = waiting[0].library
        batch = [row for row in waiting if row.library == library]
        self._batch = {row.path: row for row in batch}
        paths = [Path(row.path) for row in batch]
        passwords = tuple(dict.fromkeys(password for row in batch for password in row.passwords))

        def open_stream(cancel: CancelToken) -> Iterator[Event]:
            return self._supervisor.engine().add(paths, library=library, cancel=cancel, passwords=passwords)

        stream = EventStream(open_stream, self._calls, parent=self)
        stream.arrived.connect(self._take)
        self._stream = stream
        stream.start()

    @Slot(list)
    def _take(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Progress() if event.item:
                    row = self._row(event.item)
                    if row.state not in OPEN:
                        continue  # it has come to its end
                    row.state = "working"
                    row.stage, row.done, row.total = event.stage, event.done, event.total
                    self.file_changed.emit(row)
                case Tally():
                    self.tally = event
                    self.tally_changed.emit()
                case FileDone():
                    self._file_done(event.result)
                case Finished():
                    self._batch_ended("cancelled" if event.reason == "cancelled" else "unchanged", None)
                case Failed():
                    self._batch_failed(problem_of_event(event))
                case _:
                    pass

    def _file_done(self, result: AddResult) -> None:
        row = self._row(result.path)
        row.state = result.status
        row.pages, row.passages = result.pages, result.passages
        row.problem = problem_of_reason(result.reason, result.values) if result.reason else None
        self.file_changed.emit(row)
        if not self._refresh_later.isActive():
            self._refresh_later.start()

    def _row(self, path: str) -> FileRow:
        """The row of a path; a file found inside a dropped folder gets a row when it is first heard of."""
        known = self._batch.get(path)
        if known is not None:
            return known
        library = next((row.library for row in self._batch.values()), self.library)
        ended = next((row for row in self.files if row.path == path and row.library == library), None)
        if ended is not None:  # of a batch that was paused
            self._batch[path] = ended
            return ended
        row = self._batch[path] = FileRow(path=path, library=library)
        folder = next((self._batch[str(above)] for above in Path(path).parents if str(above) in self._batch), None)
        places = [number for number, other in enumerate(self.files) if other is folder]
        self.files.insert(places[0] if places else len(self.files), row)
        self.files_changed.emit()
        return row

    def _batch_failed(self, problem: Problem) -> None:
        gone = problem.code is Code.ENGINE_GONE
        if gone:
            for row in self._batch.values():
                if row.state in OPEN and not row.retried:
                    row.state, row.retried, row.stage = "paused" if self.paused else "queued", True, ""
                    self.file_changed.emit(row)
            self._batch = {path: row for path, row in self._batch.items() if row.state not in ("queued", "paused")}
            self._supervisor.suspect()
        self._batch_ended("failed", problem)

    def _batch_ended(self, rest: FileState, problem: Problem | None) -> None:
        """The stream is over: rows without an end get one, and folders make way for their files."""
        above = {str(parent) for path in self._batch for parent in Path(path).parents}
        folders = {path for path in self._batch if path in above}
        halted, self._halted = self._halted and rest == "cancelled", False
        for row in self._batch.values():
            if row.state in OPEN and halted:
                row.state, row.stage = "paused" if self.paused else "queued", ""
                self.file_changed.emit(row)
            elif row.state in OPEN:
                row.state, row.problem = rest, problem
                self.file_changed.emit(row)
        if folders:
            inside = {path for path in self._batch if any(str(parent) in folders for parent in Path(path).parents)}
            going = {path for path in inside if self._batch[path].state in OPEN} if halted else folders
            gone = {id(self._batch[path]) for path in going}  # a folder that waits is walked again
            self.files = [row for row in self.files if id(row) not in gone]
            self.files_changed.emit()
        self._batch = {}
        self.tally = None
        self.tally_changed.emit()
        if self._stream is not None:
            self._stream.deleteLater()
            self._stream = None
        self._refresh_later.stop()
        self.refresh()
        if not self.busy:
            self.busy_changed.emit(False)
            self._clear_good()
        self._next_batch()

    def _clear_good(self) -> None:
        """Files that went well stand in the list of documents now; the failed ones stay until they are dismissed."""
        added = sum(row.state in ("added", "updated") for row in self.files)
        unchanged = sum(row.state == "unchanged" for row in self.files)
        self.files = [row for row in self.files if row.state not in ("added", "updated", "unchanged", "cancelled")]
        self.files_changed.emit()
        if added or unchanged:
            key = "notice.added" if added else "notice.unchanged"
            self._notices.say(Notice("good", key=key, values={"n": added or unchanged}, about="adding"))

    # reading

    def _arrived(self, number: int, name: str, libraries: list[Library], documents: list[Document]) -> None:
        if number < self._latest_reading:
            return  # two readings overtook each other on their threads; the later one counts
        self._latest_reading = number
        if libraries != self.libraries:
            self.libraries = libraries
            self.libraries_changed.emit()
        if name == self.library:
            self.documents, self.known = documents, True
            self.documents_changed.emit()

    def _refresh_failed(self, problem: Problem) -> None:
        if problem.code is Code.UNKNOWN_LIBRARY and self.library != DEFAULT_LIBRARY:
            self.choose(DEFAULT_LIBRARY)
        elif problem.code is not Code.ENGINE_GONE:  # that one is announced by the supervisor
            self._notices.report(problem, about="library")

    @Slot(object)
    def _engine_changed(self, change: EngineChange) -> None:
        if change.state is EngineState.READY:
            self.refresh()
            self._next_batch()
        elif change.state is EngineState.FAILED and self._stream is None:
            for row in self.files:
                if row.state in OPEN:
                    row.state, row.problem = "failed", change.problem
                    self.file_changed.emit(row)
            self.busy_changed.emit(False)
