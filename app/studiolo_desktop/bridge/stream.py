"""A stream of engine events, read on a thread and handed to the main thread in batches.

An answer arrives in hundreds of small deltas. Painting each would cost more than writing it, so events are gathered
for a few hundredths of a second and neighbouring deltas become one.

Threads: `open_stream` is iterated on a pool thread; `arrived` is emitted on the main thread only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from studiolo.errors import Code
from studiolo.events import Delta, Event, Failed, Finished, Progress, Tally
from studiolo.jobs import CancelToken
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import problem_of

BATCH_MS = 30


class EventStream(QObject):
    """One running stream. It ends with exactly one Finished or Failed, whatever happens underneath."""

    arrived = Signal(list)  # list[Event], in order

    _wake = Signal()

    def __init__(
        self, open_stream: Callable[[CancelToken], Iterator[Event]], calls: Calls, *, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._open = open_stream
        self._calls = calls
        self._cancel = CancelToken()
        self._lock = threading.Lock()
        self._pending: list[Event] = []
        self._timer = QTimer(self, singleShot=True, interval=BATCH_MS)
        self._timer.timeout.connect(self._flush)
        self._wake.connect(self._woken, Qt.ConnectionType.QueuedConnection)
        self.ended = False

    def start(self) -> None:
        """Begin to read."""
        self._calls.submit(self._read)

    def cancel(self) -> None:
        """Ask the work to stop; the stream then ends with Finished(reason="cancelled")."""
        if not self._cancel.cancelled:
            # Callbacks of a token may close a connection, which can wait for the network: not on the main thread.
            threading.Thread(target=self._cancel.cancel, name="window-cancel", daemon=True).start()

    def _read(self) -> None:
        try:
            for event in self._open(self._cancel):
                self._put(event)
                if isinstance(event, Finished | Failed):
                    return
            self._put(Failed(code=Code.ENGINE_GONE.value))
        except Exception as error:  # noqa: BLE001 - the edge of this thread: the reader must learn of the end
            if self._cancel.cancelled:
                self._put(Finished(reason="cancelled"))
                return
            problem = problem_of(error)
            self._put(Failed(code=problem.code.value, values=problem.values))

    def _put(self, event: Event) -> None:
        with self._lock:
            self._pending.append(event)
            if len(self._pending) == 1:  # under the lock: once the last event is taken, this object may be gone
                self._wake.emit()

    @Slot()
    def _woken(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _flush(self) -> None:
        with self._lock:
            events, self._pending = self._pending, []
        if not events or self.ended:
            return
        self.ended = isinstance(events[-1], Finished | Failed)
        self.arrived.emit(coalesced(events))


def coalesced(events: list[Event]) -> list[Event]:
    """The same events with neighbouring deltas joined, and of neighbouring progress on one item, and of
    neighbouring tallies, only the last."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, Delta) and isinstance(last, Delta):
            result[-1] = Delta(text=last.text + event.text)
        elif (isinstance(event, Tally) and isinstance(last, Tally)) or (
            isinstance(event, Progress) and isinstance(last, Progress) and event.item == last.item
        ):
            result[-1] = event
        else:
            result.append(event)
    return result
