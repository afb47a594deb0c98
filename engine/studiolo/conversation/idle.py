"""Reading ahead: while nobody waits, the model reads passages that somebody may ask about, and what it made of them is
kept (`inference.stored`), so that a question over them starts at once.

Documents that were asked about last come first, then the newest. One passage is one request of the lowest class: it
gives way to everybody within a batch, and whatever `may` forbids (work under way, battery, a busy machine) ends it.
A passage is read as a prompt would show it, with pseudonyms; one that is not screened, or blocked, is not read.

Threads: one of its own; the public methods may be called from any.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from studiolo.conversation.prompt import reading
from studiolo.conversation.seams import LoadedModels, Screener
from studiolo.conversation.sources import prompt_passage, screened_passage
from studiolo.errors import Code, PolicyBlock, StudioloError, UserError, unexpected
from studiolo.inference.lease import Lease
from studiolo.inference.steps import Prompt, Service
from studiolo.jobs import CancelToken
from studiolo.types import Passage, Sampling

_POLL_S = 1.0  # how often it looks whether it may
_WATCH_S = 0.05  # how often, while it reads
_MOST_LOST = 3  # passages on end that were read and are not kept: then it rests until something is new

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToRead:
    """A document whose passages may be read ahead. `scope`: whose pseudonyms."""

    library: str
    scope: str
    document_id: str
    passages: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far it is: passages that are stored, and all there are."""

    done: int = 0
    total: int = 0
    working: bool = False


@dataclass(slots=True)
class _Read:
    """What was stored when we looked."""

    passages: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)  # all of whose passages are
    lost: int = 0  # that were read last and are not kept: the memory of some models cannot be


class ReadingAhead:
    """Reads passages ahead for the model that is loaded; it loads none."""

    def __init__(
        self,
        *,
        documents: Callable[[], Iterable[ToRead]],
        passages: Callable[[str, str], Sequence[Passage]],
        screener: Screener,
        models: LoadedModels,
        model_id: Callable[[], str],
        may: Callable[[], bool],
        room: Callable[[], bool],
        share: Callable[[], float] = lambda: 0.5,
    ) -> None:
        """`documents()` gives what there is, most wanted first; `passages(library, document id)` what it holds.

        `model_id()` is the loaded model, "" where none is. `may()` says whether the machine and everybody on it have
        nothing better to do, `room()` whether more is to be stored. `share()`: of the time, at most.
        """
        self._documents, self._passages = documents, passages
        self._screener, self._models, self._model_id = screener, models, model_id
        self._may, self._room, self._share = may, room, share
        self._read: dict[str, _Read] = {}  # by model id
        self._ahead = Ahead()
        self._current: CancelToken | None = None
        self._wake = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def progress(self) -> Ahead:
        """How far it is."""
        return self._ahead

    def start(self) -> None:
        """Begin, on a thread of its own, unless it has begun."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name="reading-ahead", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There may be something new to read: what is known of the passages is looked at anew."""
        with self._lock:
            self._read = {}
        self._wake.set()

    def close(self) -> None:
        """Stop at once, and wait for that."""
        with self._lock:
            self._closed = True
            current = self._current
        if current is not None:
            current.cancel()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._closed:
            try:
                more = self._round()
            except StudioloError as error:  # a library was removed meanwhile, say; the next round sees
                log.info("reading ahead paused: %s", error.code.value)
                more = False
            except Exception as error:  # noqa: BLE001 - the edge of this thread
                log.warning("reading ahead paused: %s", unexpected(error).code.value)
                more = False
            self._wake.wait(_POLL_S if more else 10 * _POLL_S)
            self._wake.clear()

    def _round(self) -> bool:
        """Read what is missing, as long as it may; whether there is more to read."""
        model_id = self._model_id()
        if not model_id or not self._may():
            return True
        known = self._read.setdefault(model_id, _Read())
        documents = list(self._documents())
        total = sum(document.passages for document in documents)
        self._ahead = Ahead(min(len(known.passages), total), total)
        if known.lost >= _MOST_LOST:
            return False
        for document in documents:
            if document.document_id in known.documents:
                continue
            for passage in self._passages(document.library, document.document_id):
                if passage.id in known.passages:
                    continue
                if self._closed or not self._room() or self._read.get(model_id) is not known:
                    return False
                if not self._may() or self._model_id() != model_id:
                    return True
                self._ahead = Ahead(min(len(known.passages), total), total, working=True)
                began = time.monotonic()
                read = self._one(document, passage, model_id, known)
                if read:
                    known.passages.add(passage.id)
                self._ahead = Ahead(min(len(known.passages), total), total)
                if not read:
                    return True
                share = max(0.01, min(1.0, self._share()))
                self._wake.wait((time.monotonic() - began) * (1 / share - 1))
            known.documents.add(document.document_id)
        return False

    def _one(self, document: ToRead, passage: Passage, model_id: str, known: _Read) -> bool:
        """Read one passage unless it is stored; False where it was broken off, or is not kept."""
        if passage.spans is None:
            return True
        try:
            return self._read_one(document, passage, model_id, known)
        except PolicyBlock:
            return True
        except UserError as error:
            if error.code is Code.PROMPT_TOO_LONG:  # it fits into no question's either
                return True
            raise

    def _read_one(self, document: ToRead, passage: Passage, model_id: str, known: _Read) -> bool:
        screened = screened_passage(passage, self._screener, scope=document.scope)
        behind, text = reading(prompt_passage(passage, screened, self._screener, scope=document.scope))
        with self._models.lease_loaded(model_id) as lease:  # another may have been loaded since
            if lease is None:
                return False
            prompt = lease.ahead(text, behind=behind, groups=(document.document_id, document.library))
            kept = lease.stored(prompt)
            if not kept and self._generate(lease, prompt):
                kept = lease.stored(prompt)
                known.lost = 0 if kept else known.lost + 1
            return kept

    def _generate(self, lease: Lease, prompt: Prompt) -> bool:
        cancel = CancelToken()
        with self._lock:
            if self._closed:
                return False
            self._current = cancel
        watching = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(cancel, watching), daemon=True)
        watcher.start()
        try:
            steps = lease.generate(prompt, sampling=Sampling(max_tokens=1), cancel=cancel, service=Service.IDLE)
            for _ in steps:
                pass
        finally:
            watching.set()
            with self._lock:
                self._current = None
        return not cancel.cancelled

    def _watch(self, cancel: CancelToken, over: threading.Event) -> None:
        while not over.wait(_WATCH_S):
            if not self._may():
                cancel.cancel()
                return
