"""Takes files in, several at once: four steps (`ingest.py`) on threads of their own, each fed by a queue.

    two threads read -> one shelves -> one screens
                                    -> one embeds, and ends what has been screened too

What waits is noted in SQLite before it is queued, and struck out when it has arrived: so a kill loses nothing, and
`resume` goes on. The keyword index is ahead of the vectors, because shelving never waits for embedding. Steps take what
waits for them together, so that many small files cost few commits. A person's question goes before: the threads embed
and screen a few passages at a time.

Threads: `add` and `resume` from any; the threads start with the first file and end with `close`.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError, unexpected
from studiolo.events import Event, Failed, Finished
from studiolo.jobs import CancelToken
from studiolo.knowledge import ingest
from studiolo.knowledge.batch import Batch
from studiolo.knowledge.files import walk
from studiolo.knowledge.ingest import Item, Tools
from studiolo.knowledge.parsers.child import Cancelled
from studiolo.knowledge.parsers.pool import ParserPool
from studiolo.knowledge.records import LibraryRow, Record, Waiting, path_key
from studiolo.knowledge.screening import screen
from studiolo.knowledge.upkeep import sweep
from studiolo.types import AddResult

READERS = 2
_SHELVE_MOST = 2_000  # passages of one commit
_EMBED_MOST = 256  # the same; a document larger than that goes alone
_POLL_S = 0.05  # how soon a cancel is noticed by what waits for the filter
_KEPT_FILES = 500  # whose passages stay at hand until they are embedded; those of more are read back
_Queue = queue.SimpleQueue["Item | None"]


class Intake:
    """The way in of one home's knowledge base."""

    def __init__(self, tools: Tools, *, parser: ParserPool, readers: int = READERS) -> None:
        self._tools = tools
        self._parser = parser
        self._readers = readers
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._queues: dict[str, _Queue] = {name: queue.SimpleQueue() for name in ("read", "shelve", "screen", "embed")}
        self._in_hand: dict[tuple[str, bytes], deque[Item]] = {}  # files under way, and others that wait for the same
        self._numbers: set[int] = set()  # of the intake's notes that are under way
        self._batches: set[Batch] = set()  # under way
        self._clean: set[str] = set()  # libraries without stray vectors; the embedding thread's own
        self._closing = threading.Event()

    def add(
        self, paths: Sequence[Path], *, library: LibraryRow, cancel: CancelToken, passwords: tuple[str, ...] = ()
    ) -> Iterator[Event]:
        """Take in files and folders. Progress and Tally, one FileDone a file, then Finished ("cancelled" if so).

        The stage "parse" counts pages of a file, "screen" and "embed" passages. Leaving the stream early cancels.
        """
        files = list(walk(paths))
        batch = Batch(files=len(files), cancel=cancel, passwords=passwords)
        if not files:
            yield Finished(reason="cancelled" if cancel.cancelled else "stop")
            return
        failure: Failed | None = None
        self._batches.add(batch)
        try:
            self._enqueue(files, library, batch)
            for event in batch.events():
                if isinstance(event, Failed):
                    failure = event
                else:
                    yield event
        except GeneratorExit:
            cancel.cancel()
            batch.drain()
            raise
        finally:
            self._batches.discard(batch)
            if not self._closing.is_set():
                self._upkeep(batch, library)
        yield failure or Finished(reason="cancelled" if cancel.cancelled else "stop")

    def resume(self) -> int:
        """Go on with what a kill or a `close` interrupted; gives the number of files. Nothing is said of them."""
        with self._tools.writing:
            items = [
                item for waiting in self._tools.shelf.waiting() if (item := self._interrupted(waiting)) is not None
            ]
        if items:
            self._start()
        for item in items:
            if item.waiting.shelved:
                self._shelved(item)
            else:
                self._put("read", item)
        return len(items)

    def _interrupted(self, waiting: Waiting) -> Item | None:
        """The item of a note that nobody works on."""
        shelf = self._tools.shelf
        with self._lock:
            if waiting.id in self._numbers:
                return None
        library = shelf.library_of_id(waiting.library_id)
        record = waiting.record or (shelf.at_path(library, waiting.path_key) if library is not None else None)
        if library is None or record is None:
            shelf.arrived([waiting.id])
            return None
        batch = Batch(files=1, cancel=CancelToken(), heard=False)
        self._batches.add(batch)
        known = shelf.with_id(library, record.document.id)
        fresh = known is not None and known.document.status in ingest.UNFINISHED
        item = self._item(waiting, batch, library, record, fresh=fresh)
        item.claimed = waiting.shelved and self._claimed(item)
        return item

    @property
    def busy(self) -> bool:
        """Whether files are under way."""
        with self._lock:
            return bool(self._numbers)

    def close(self) -> None:
        """End the threads at their next safe point; what is under way is gone on with by the next `resume`."""
        self._closing.set()
        with self._lock:
            threads, self._threads = self._threads, []
        for name in self._queues:
            for _ in range(self._readers):
                self._queues[name].put(None)
        self._parser.close()
        for batch in list(self._batches):
            batch.end(EnvironmentFault(Code.ENGINE_GONE))
        for thread in threads:
            thread.join()

    # queueing

    def _enqueue(self, files: Sequence[Path], library: LibraryRow, batch: Batch) -> None:
        tools = self._tools
        keys = [path_key(path) for path in files]
        with tools.writing:
            known = [tools.shelf.at_path(library, key) for key in keys]
            fresh: dict[int, Record] = {
                place: ingest.new_record(tools, key, library=library)
                for place, key in enumerate(keys)
                if known[place] is None
            }
            if tools.shelf.library_of_id(library.id) is None:
                raise UserError(Code.UNKNOWN_LIBRARY, library=library.name)
            # Numbered before anybody else can take the notes for interrupted files.
            items = [
                self._item(note, batch, library, known[at] or fresh[at], fresh=at in fresh, path=files[at])
                for at, note in enumerate(tools.shelf.enqueue(library.id, keys, fresh=list(fresh.values())))
            ]
        self._start()
        for item in items:
            self._put("read", item)

    def _item(
        self,
        waiting: Waiting,
        batch: Batch,
        library: LibraryRow,
        record: Record,
        *,
        fresh: bool,
        path: Path | None = None,
    ) -> Item:
        with self._lock:
            self._numbers.add(waiting.id)
        return Item(
            waiting=waiting,
            path=path or Path(os.fsdecode(waiting.path_key)),
            batch=batch,
            library=library,
            began=time.monotonic(),
            fresh=fresh,
            record=record,
        )

    def _put(self, stage: str, item: Item) -> None:
        self._queues[stage].put(item)

    def _start(self) -> None:
        with self._lock:
            if self._threads or self._closing.is_set():
                return
            work = [self._read] * self._readers + [self._shelve, self._screen, self._embed]
            self._threads = [
                threading.Thread(target=step, name=f"intake-{step.__name__.strip('_')}", daemon=True) for step in work
            ]
            for thread in self._threads:
                thread.start()

    def _next(self, stage: str) -> Item | None:
        """The next file of a stage; None at the end. Files of a batch that is over are cleaned away on the way."""
        while True:
            item = self._queues[stage].get()
            if item is None or self._closing.is_set():
                return None
            if not item.batch.over:
                return item
            self._abandon(item)

    def _together(self, stage: str, first: Item, *, most: int) -> list[Item]:
        """`first` and what waits behind it of the same library, up to `most` passages."""
        items = [first]
        passages = first.document.document.passages
        waiting = self._queues[stage]
        while passages < most and not waiting.empty():
            item = waiting.get()
            if item is None or item.library.id != first.library.id or item.batch.over:
                waiting.put(item)
                break
            items.append(item)
            passages += item.document.document.passages
        return items

    # the threads

    def _read(self) -> None:
        while (item := self._next("read")) is not None:
            if self._claimed(item):
                self._attempt(item, lambda item=item: self._read_one(item))  # type: ignore[misc]

    def _read_one(self, item: Item) -> None:
        if self._tools.shelf.library_of_id(item.library.id) is None:
            error = UserError(Code.UNKNOWN_LIBRARY, library=item.library.name)
            item.batch.fail(error)
            raise error
        if item.record is None:
            ingest.look_again(self._tools, item)
        result = ingest.read(self._tools, item, self._parser)
        if result is not None:
            self._arrived(item, result)
        else:
            self._put("shelve", item)

    def _shelve(self) -> None:
        with suppress(StudioloError):  # which the first passages meet again
            self._tools.store.warm()
        while (item := self._next("shelve")) is not None:
            items = self._together("shelve", item, most=_SHELVE_MOST)
            try:
                behind = self._queues["embed"].qsize()
                failed = ingest.shelve(self._tools, items, keep=behind < _KEPT_FILES)
            except BaseException as error:  # noqa: BLE001 - the edge of this thread: each file must come to its end
                failed = dict.fromkeys(range(len(items)), unexpected(error))
            for place, one in enumerate(items):
                if place in failed:
                    self._failed(one, failed[place])
                else:
                    self._shelved(one)

    def _shelved(self, item: Item) -> None:
        item.batch.progress("screen", 0, item.document.document.passages, item=item.shown)
        self._put("screen", item)
        self._put("embed", item)

    def _screen(self) -> None:
        """Beside the embedding, which waits for it: so this thread ends no file."""
        while (item := self._queues["screen"].get()) is not None and not self._closing.is_set():
            try:
                screen(self._tools, item)
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001 - as above
                item.fault = unexpected(error)
            item.screened.set()

    def _embed(self) -> None:
        while (item := self._next("embed")) is not None:
            items = self._together("embed", item, most=_EMBED_MOST)
            try:
                self._drop_strays(item.library)
                ingest.embed(self._tools, items)
            except BaseException as error:  # noqa: BLE001 - as above
                for one in items:
                    self._failed(one, unexpected(error))
                continue
            for one in items:
                self._attempt(one, lambda one=one: self._finish_one(one))  # type: ignore[misc]

    def _finish_one(self, item: Item) -> None:
        while not item.screened.wait(_POLL_S) and not item.batch.over:
            if self._closing.is_set():
                return  # the next start goes on with it
        if item.batch.over:
            raise Cancelled
        if item.fault is not None:
            raise item.fault
        self._arrived(item, ingest.finish(self._tools, item))

    def _drop_strays(self, library: LibraryRow) -> None:
        """Vectors that a kill left between LanceDB and SQLite, before their passages get others."""
        if library.id not in self._clean:
            ingest.drop_strays(self._tools, library)
            self._clean.add(library.id)

    # ends

    def _attempt(self, item: Item, step: Callable[[], None]) -> None:
        try:
            step()
        except Cancelled:
            self._abandon(item)
        except BaseException as error:  # noqa: BLE001 - one bad file must not stop the others
            self._failed(item, unexpected(error))

    def _failed(self, item: Item, error: StudioloError) -> None:
        if item.batch.over:
            self._abandon(item)
            return
        item.fault = error  # the filter need not go on with it either
        try:
            result = ingest.failed(self._tools, item, error)
        except StudioloError as second:  # a full disk takes no note of the failure either
            result = AddResult(item.shown, "failed", second.code.value, values={**second.values})
        self._arrived(item, result)

    def _abandon(self, item: Item) -> None:
        try:
            if not self._closing.is_set():
                ingest.withdraw(self._tools, item)
        except StudioloError:
            pass  # the note stays, and the next start finds it
        finally:
            self._release(item)
            item.batch.leave()

    def _arrived(self, item: Item, result: AddResult) -> None:
        if not item.batch.heard:  # nobody's call ends with it, and does the upkeep
            with self._lock:
                last = len(self._numbers) == 1
            if last:
                self._upkeep(item.batch, item.library)
            self._batches.discard(item.batch)
        self._release(item)
        item.batch.done(result, seconds=time.monotonic() - item.began)

    def _claimed(self, item: Item) -> bool:
        """Whether the file may be read now; else it waits until the one that has it lets go: two calls that add the
        same file take turns, and the second finds it unchanged."""
        key = (item.library.id, item.waiting.path_key)
        with self._lock:
            if key in self._in_hand:
                self._in_hand[key].append(item)
                return False
            self._in_hand[key] = deque()
            item.claimed = True
            return True

    def _release(self, item: Item) -> None:
        key = (item.library.id, item.waiting.path_key)
        with self._lock:
            self._numbers.discard(item.waiting.id)
            waiting = self._in_hand.pop(key, deque()) if item.claimed else deque()
        for other in waiting:
            other.record = None  # the one before may have changed it, or left none
            self._put("read", other)

    def _upkeep(self, batch: Batch, library: LibraryRow) -> None:
        """Replaced text must not stay on the disk; small files are merged either way.

        On a full disk neither can be done: the leftovers stay noted, and the next start goes on with them.
        """
        with suppress(EnvironmentFault):
            if batch.replaced or not batch.heard:
                sweep(self._tools)
            if batch.written:
                self._tools.store.tidy(library.id)
