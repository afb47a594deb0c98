"""What an engine that stays goes on with by itself: files and changes of embedder that a kill interrupted, vectors that
are missing, passages that an older filter has screened. Nobody waits for it, and it stops at the next safe point when
the engine closes; the next start goes on.

Not for a command that opens the home for a moment: `start` is asked for by whoever serves. Threads: any.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from studiolo.errors import PolicyBlock, UserError, unexpected
from studiolo.events import Event
from studiolo.jobs import CancelToken
from studiolo.knowledge.library import KnowledgeBase
from studiolo.types import DocumentStatus

_POLL_S = 0.2  # how often it looks whether interrupted files have arrived
_UNFINISHED = (DocumentStatus.QUEUED, DocumentStatus.READING, DocumentStatus.KEYWORD)

log = logging.getLogger(__name__)


class Background:
    """The background work of one knowledge base."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        *,
        learn: Callable[[str, str], None],
        evict: Callable[[str], object] = lambda _library: None,
    ) -> None:
        """`learn(library, document id)` is called for each interrupted document that has arrived.

        `evict(library)` drops what models made of a library's text.
        """
        self._knowledge = knowledge
        self._learn = learn
        self._evict = evict
        self._stop = CancelToken()
        self._stopped = threading.Event()
        self._stop.on_cancel(self._stopped.set)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._screening = threading.Lock()  # one at a time
        self._changing = threading.Lock()  # one change of embedder at a time
        self._give_way = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        with self._lock:
            return any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Go on with what was interrupted."""
        self._submit(self._resume)

    def mend(self, library: str) -> None:
        """Make the vectors that a library lacks."""
        self._submit(lambda: self._mend([library]))

    def rescreen(self, libraries: list[str], *, stricter: Sequence[str] = ()) -> None:
        """The policy has changed: count anew what documents hold, and learn what is personal now.

        `stricter`: libraries whose policy now keeps more from the model: what it made of their text goes.
        """
        self._submit(lambda: self._rescreen(libraries, changed=True, stricter=stricter))

    def change_embedder(self, library: str, embedder: str, *, cancel: CancelToken) -> Iterator[Event]:
        """A person's change of embedder: one that was only taken up again makes way for it."""
        self._give_way.set()
        try:
            with self._changing:
                yield from self._knowledge.change_embedder(library, embedder, cancel=cancel)
        finally:
            self._give_way.clear()

    def close(self) -> None:
        """Stop at the next safe point, and wait for that."""
        with self._lock:
            self._stop.cancel()
            threads = self._threads
        for thread in threads:
            thread.join()

    def _submit(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the edge of this thread; whoever asks for the same learns more
                log.warning("not finished: %s", unexpected(error).code.value)

        with self._lock:
            if self._stop.cancelled:
                return
            thread = threading.Thread(target=guarded, name="background", daemon=True)
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
            thread.start()

    def _resume(self) -> None:
        knowledge = self._knowledge
        libraries = [library.name for library in knowledge.libraries()]
        interrupted = [
            (library, document.id)
            for library in libraries
            for document in knowledge.documents(library)
            if document.status in _UNFINISHED
        ]
        if knowledge.resume():
            self._submit(lambda: self._await(interrupted))
        for library, embedder in knowledge.unfinished_changes():
            self._finish_change(library, embedder)
        self._mend(libraries)
        self._rescreen(libraries, changed=False)

    def _finish_change(self, library: str, embedder: str) -> None:
        with self._changing:
            # Left, not cancelled: a cancelled change would throw away what it has done.
            for _ in self._knowledge.change_embedder(library, embedder):
                if self._stop.cancelled or self._give_way.is_set():
                    return

    def _mend(self, libraries: list[str]) -> None:
        for library in libraries:
            if not self._stop.cancelled:
                self._knowledge.mend(library, cancel=self._stop)

    def _rescreen(self, libraries: list[str], *, changed: bool, stricter: Sequence[str] = ()) -> None:
        """Screen what an older filter has screened; a question screens what it needs of that itself meanwhile."""
        for library in stricter:
            self._evict(library)
        with self._screening:
            for library in libraries:
                if self._stop.cancelled:
                    return
                with suppress(UserError):  # removed meanwhile; a filter that lacks a model says so elsewhere
                    if self._knowledge.rescreen(library, cancel=self._stop) or changed:
                        self._learn_all(library)

    def _learn_all(self, library: str) -> None:
        for document in self._knowledge.documents(library):
            if self._stop.cancelled:
                return
            with suppress(UserError, PolicyBlock):  # removed meanwhile; or a passage that the policy blocks
                self._learn(library, document.id)

    def _await(self, documents: list[tuple[str, str]]) -> None:
        """Learn the values of documents once they have arrived: nobody hears of their end."""
        while self._knowledge.busy:
            if self._stopped.wait(_POLL_S):
                return
        for library, document_id in documents:
            with suppress(UserError):  # removed meanwhile
                self._learn(library, document_id)
