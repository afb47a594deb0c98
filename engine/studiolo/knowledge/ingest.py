"""The four steps by which a file becomes passages that can be found; `intake.py` says when and on which thread.

    read     a child process parses it, it is cut into pieces; an unchanged or moved file is recognised
    shelve   its passages are stored and can be found by their words (a changed file's wait for the last step)
    screen   personal data is looked for; the spans are stored with the passages (`screening.py`)
    embed    each passage gets its vector, while it is screened; with both done the document is as it should be, in one
             transaction

Each step starts from what the one before has stored, so that after a kill a file is gone on with where it was.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, RLock
from typing import TYPE_CHECKING

from studiolo.errors import Code, StudioloError, UserError
from studiolo.knowledge.batch import Batch
from studiolo.knowledge.chunking import Sizes, chunk, context_of
from studiolo.knowledge.files import File, look
from studiolo.knowledge.parsers import Parsed, display
from studiolo.knowledge.parsers.blocks import Budget
from studiolo.knowledge.parsers.child import Cancelled
from studiolo.knowledge.parsers.pool import ParserPool
from studiolo.knowledge.places import Piece, Places
from studiolo.knowledge.records import LibraryRow, Record, Waiting, moved
from studiolo.knowledge.screening import redactions, rows_of
from studiolo.knowledge.seams import DocumentRules, NoRules, Screen, ScreenMany, TextEmbedder
from studiolo.knowledge.shelf import Shelf
from studiolo.knowledge.store import PassageStore, Row
from studiolo.types import AddResult, Document, DocumentStatus, Redaction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EMBED_STEP = 16  # passages between two looks at the cancel token: well under a second of embedding on two cores
_COMMIT = 256  # vectors of one write
_OPENING = 300  # characters
# Reasons that say something lasting about the file: its row stays in the library, so that nobody believes it was read.
_LASTING = frozenset(
    {
        Code.EMPTY_DOCUMENT,
        Code.NEEDS_PASSWORD,
        Code.NEEDS_OCR,
        Code.CONVERT_FIRST,
        Code.ARCHIVE_TOO_LARGE,
        Code.DAMAGED_FILE,
        Code.PARSE_TIMEOUT,
        Code.FILE_TOO_LARGE,
        Code.FILTER_FAILED,
        Code.REFUSED_BY_POLICY,
    }
)
UNFINISHED = (DocumentStatus.QUEUED, DocumentStatus.READING, DocumentStatus.KEYWORD)


@dataclass(slots=True)
class Item:
    """One file on its way. `record` is its document: as it was, from `shelve` on as it will be."""

    waiting: Waiting
    path: Path
    batch: Batch
    library: LibraryRow
    began: float
    fresh: bool = False  # its document was not there before
    claimed: bool = False  # no other item has the same file in hand
    file: File | None = None
    record: Record | None = None
    pieces: list[Piece] = field(default_factory=list, repr=False)
    rows: dict[int, Row] = field(default_factory=dict, repr=False)  # its passages, where they are still at hand
    refused: tuple[Redaction, ...] = ()  # why its library does not take it in
    screened: Event = field(default_factory=Event)  # the filter has done with it, or has failed
    fault: StudioloError | None = None  # how it has failed
    embedding: bool = False
    result: AddResult | None = None

    @property
    def over(self) -> bool:
        """Whether it is not to be gone on with."""
        return self.batch.over or self.fault is not None

    @property
    def shown(self) -> str:
        """Its path for people."""
        return display(self.path)

    @property
    def document(self) -> Record:
        """Its document. Only once there is one."""
        assert self.record is not None
        return self.record


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything the steps work with. `writing` is held while SQLite and LanceDB change together."""

    shelf: Shelf
    places: Places
    store: PassageStore
    screen: Screen
    screen_many: ScreenMany | None
    embedder_for: Callable[[str], TextEmbedder]
    writing: RLock
    clock: Callable[[], float]
    new_id: Callable[[], str]
    budget: Budget
    sizes: Sizes
    rules: DocumentRules = field(default_factory=NoRules)
    # waits while somebody needs the processors more, unless what it is given says that the work is over
    give_way: Callable[[Callable[[], bool]], None] = lambda _over: None


def read(tools: Tools, item: Item, parser: ParserPool) -> AddResult | None:
    """Parse and cut a file; gives its result where there is nothing to do. Raises StudioloError, Cancelled."""
    item.batch.progress("parse", 0, 0, item=item.shown)
    file = item.file = look(item.path, limit_bytes=tools.budget.size_bytes)
    known = tools.shelf.with_id(item.library, item.document.document.id)
    if known is None:
        raise UserError(Code.UNKNOWN_DOCUMENT, document=item.document.document.id)
    item.record = known  # as it is now: another call may have been here since
    item.fresh = not known.version and known.document.status in UNFINISHED
    same = _unchanged(tools, item, file, known=known)
    if same is not None:
        return same
    if item.fresh:
        reading = replace(known.document, status=DocumentStatus.READING, sha256=file.sha256, size_bytes=file.size_bytes)
        tools.shelf.put(replace(known, document=reading))
    parsed = parser.parse(
        item.path,
        cancel=item.batch.cancel,
        passwords=item.batch.passwords,
        progress=lambda page, pages: item.batch.progress("parse", page, pages, item=item.shown),
    )
    embedder = tools.embedder_for(item.library.embedder)
    item.pieces = pieces_of(parsed, embedder=embedder, sizes=tools.sizes)
    if not item.pieces:
        raise UserError(Code.EMPTY_DOCUMENT, path=item.shown)
    item.batch.found(pages=parsed.pages, passages=len(item.pieces))
    item.record = _to_be(tools, item, parsed)
    return None


def pieces_of(parsed: Parsed, *, embedder: TextEmbedder, sizes: Sizes) -> list[Piece]:
    """A document cut into passages, each with what is put in front of it for indexing."""
    return [
        Piece(
            text=one.text,
            context=context_of(one.heading, one.text, title=parsed.title),
            page=one.page,
            page_end=one.page_end,
            start=one.start,
            end=one.end,
            heading=one.heading,
            label=one.label,
            language=one.language,
        )
        for one in chunk(
            parsed, count_tokens=embedder.count_tokens, count_many=embedder.count_tokens_batch, sizes=sizes
        )
    ]


def shelve(tools: Tools, items: Sequence[Item], *, keep: bool = False) -> dict[int, StudioloError]:
    """Store the passages of files of one library in one commit; gives the errors by the files' place in `items`.

    `keep`: the items carry their passages on, which saves reading them back.
    """
    failed: dict[int, StudioloError] = {}
    hidden = bool(tools.rules.refused(items[0].library.name))  # what may yet be refused is not to be found before
    with tools.writing:
        rows: list[Row] = []
        taken: list[tuple[int, list[int]]] = []
        new = []
        library_id = items[0].library.id
        for place, item in enumerate(items):
            try:
                _still_there(tools, item)
            except StudioloError as error:
                failed[place] = error
                continue
            numbers, fresh = tools.places.reserve(library_id, item.pieces)
            taken.append((place, numbers))
            new.extend(fresh)
            rows.extend(Row(passage.id, passage.text, passage.context) for passage in fresh)
        try:
            if rows:
                tools.store.add(library_id, rows)
        except StudioloError as error:
            tools.places.give_back(new)
            return {**failed, **{place: error for place, _ in taken}}
        for place, numbers in taken:
            item = items[place]
            record = item.document
            tools.places.place(
                record,
                item.pieces,
                numbers,
                version=record.version,
                waiting=item.waiting.id,
                visible=record.version == 1 and not hidden,
            )
            if keep:
                item.rows = {n: Row(n, one.text, one.context) for n, one in zip(numbers, item.pieces, strict=True)}
            item.pieces = []
        tools.shelf.changed()
    return failed


def embed(tools: Tools, items: Sequence[Item]) -> None:
    """Give the passages of files of one library their vectors, those of all the files together.

    Raises StudioloError where the embedder or the store cannot go on: that concerns them all.
    """
    owner: dict[int, Item] = {}
    while True:
        # Looked up each time round: the library may have been given another embedder meanwhile.
        library = tools.shelf.library_of_id(items[0].library.id)
        for item in items:
            for number in tools.places.unembedded(item.document.document.id, version=item.document.version):
                owner.setdefault(number, item)
        if library is None or not owner:
            return
        for start in range(0, len(owner), _COMMIT):
            some = list(owner)[start : start + _COMMIT]
            _embed_some(tools, library, {number: owner[number] for number in some}, before=start, of=len(owner))
        if all(item.over for item in owner.values()):
            return
        owner = {}


def _embed_some(tools: Tools, library: LibraryRow, owner: dict[int, Item], *, before: int, of: int) -> None:
    import numpy as np

    embedder = tools.embedder_for(library.embedder)
    at_hand = {number: item.rows[number] for number, item in owner.items() if number in item.rows}
    rows = rows_of(tools, library.id, list(owner), at_hand)
    # Those of like length together, so that little padding is computed. Bytes follow tokens in both scripts.
    wanted = sorted(rows, key=lambda number: len(rows[number].indexed.encode()))

    def one(start: int) -> tuple[list[int], NDArray[np.float32] | None]:
        tools.give_way(lambda: all(item.over for item in owner.values()))
        step = [number for number in wanted[start : start + _EMBED_STEP] if not owner[number].over]
        for item in {id(owner[number]): owner[number] for number in step}.values():
            item.embedding = True
            item.batch.progress("embed", before + start, of, item=item.shown)
        if not step:
            return [], None
        vectors = embedder.embed_passages([rows[number].indexed for number in step])
        for number in step:
            owner[number].batch.did(1)
        return step, vectors

    made: list[int] = []
    vectors: list[NDArray[np.float32]] = []
    with ThreadPoolExecutor(
        2, thread_name_prefix="intake-embed"
    ) as pool:  # while one ends, the other keeps a core busy
        for numbers, found in pool.map(one, range(0, len(wanted), _EMBED_STEP)):
            made.extend(numbers)
            if found is not None:
                vectors.append(found)
    if made:
        _store_vectors(tools, library, made, np.concatenate(vectors))


def _store_vectors(tools: Tools, library: LibraryRow, numbers: list[int], vectors: NDArray[np.float32]) -> None:
    with tools.writing:
        current = tools.shelf.library_of_id(library.id)
        if current is None or current.embedder != library.embedder:
            return
        languages = tools.places.languages(tools.places.bare(numbers))
        # Others were removed meanwhile, or given a vector by `rebuild.mend`.
        kept = [place for place, number in enumerate(numbers) if number in languages]
        if not kept:
            return
        still = [numbers[place] for place in kept]
        tools.store.add_vectors(library.id, library.embedder, still, [languages[n] for n in still], vectors[kept])
        tools.places.embedded(still)


def finish(tools: Tools, item: Item) -> AddResult:
    """Let the document be what it is to be. Raises UserError(unknown_document) where it was removed meanwhile."""
    record = item.document
    with tools.writing:
        _still_there(tools, item)
        version = record.version
        document = replace(
            record.document,
            status=DocumentStatus.PARTIAL if record.document.gaps else DocumentStatus.READY,
            reason=record.document.gaps[0].reason if record.document.gaps else "",
            added_at=tools.clock(),
            redactions=redactions(tools, record, library=item.library.name),
        )
        done = replace(record, document=document)
        item.batch.replaced |= tools.places.turn(done, waiting=item.waiting.id)
        tools.shelf.changed()
    item.batch.written = True
    return result_of(item, done, "added" if version == 1 else "updated")


def withdraw(tools: Tools, item: Item) -> None:
    """Leave nothing of a file that is not to be gone on with; an older version of it that can be found stays."""
    with tools.writing:
        record = item.record
        if record is not None and record.version:
            current = tools.shelf.with_id(item.library, record.document.id)
            if current is None or current.version != record.version or current.document.status in UNFINISHED:
                item.batch.replaced |= tools.places.withdraw(
                    item.library.id, record.document.id, version=record.version
                )
        if record is not None and item.fresh:
            tools.shelf.forget(record.document.id)
        tools.shelf.arrived([item.waiting.id])
        tools.shelf.changed()


def failed(tools: Tools, item: Item, error: StudioloError) -> AddResult:
    """The result for a file that could not be taken in. An older version of it that can be found stays so."""
    known = tools.shelf.with_id(item.library, item.record.document.id) if item.record is not None else None
    first = known is not None and (known.version == 0 or known.document.status in UNFINISHED)
    withdraw(tools, item)
    if first and known is not None and error.code in _LASTING and error.code is not Code.UNKNOWN_DOCUMENT:
        document = replace(
            known.document,
            status=DocumentStatus.FAILED,
            reason=error.code.value,
            pages=0,
            passages=0,
            redactions=item.refused,
            gaps=(),
        )
        if item.file is not None:
            document = replace(document, sha256=item.file.sha256, size_bytes=item.file.size_bytes)
        # Neither is its title kept nor how it begins.
        tools.shelf.put(replace(known, document=document, version=0, title="", opening=""))
    values = {"path": item.shown, **error.values}
    if isinstance(error, UserError):  # a fault of the environment names the place that is full or closed
        values["path"] = item.shown
    return AddResult(path=item.shown, status="failed", reason=error.code.value, values=values)


def look_again(tools: Tools, item: Item) -> None:
    """Find the document of a file that waited for another call with the same file to be done."""
    with tools.writing:
        item.record = tools.shelf.at_path(item.library, item.waiting.path_key)
        item.fresh = item.record is None
        if item.record is None:
            item.record = new_record(tools, item.waiting.path_key, library=item.library)
            tools.shelf.put(item.record)


def drop_strays(tools: Tools, library: LibraryRow) -> None:
    """Delete vectors in LanceDB that SQLite does not know of: a kill came between the two."""
    known = set(tools.places.embedded_numbers(library.id))
    stray = [n for n in tools.store.vector_numbers(library.id, library.embedder) if n not in known]
    if stray:
        tools.store.delete_vectors(library.id, library.embedder, stray)


def new_record(tools: Tools, key: bytes, *, library: LibraryRow) -> Record:
    """A document whose file waits for its turn."""
    real = Path(os.fsdecode(key))
    document = Document(
        id=tools.new_id(),
        library=library.name,
        name=display(Path(real.name)),
        path=display(real),
        sha256="",
        size_bytes=0,
        status=DocumentStatus.QUEUED,
        reason="",
        pages=0,
        passages=0,
        added_at=tools.clock(),
    )
    return Record(document=document, library_id=library.id, path_key=key)


def result_of(item: Item, record: Record, status: str) -> AddResult:
    """What became of a file that is there."""
    assert status in ("added", "updated", "unchanged")
    return AddResult(
        path=item.shown,
        status=status,  # type: ignore[arg-type]  # asserted above
        reason=record.document.reason,
        pages=record.document.pages,
        passages=record.document.passages,
        document_id=record.document.id,
    )


def _unchanged(tools: Tools, item: Item, file: File, *, known: Record) -> AddResult | None:
    """The result for a file that is there already: under its path, or under one that no longer exists (it moved)."""
    if known.version:
        if known.document.sha256 != file.sha256 or not _complete(known, item.batch):
            return None
        tools.shelf.arrived([item.waiting.id])
        return result_of(item, known, "unchanged")
    for record in tools.shelf.with_content(item.library, file.sha256):
        if _complete(record, item.batch) and not os.path.lexists(record.path_key):
            withdraw(tools, item)
            here = moved(record, path=file.path)
            tools.shelf.put(here)
            return result_of(item, here, "unchanged")
    return None


def _complete(record: Record, batch: Batch) -> bool:
    """Whether reading the same bytes again can bring nothing new."""
    if record.document.status is not DocumentStatus.PARTIAL:
        return record.document.status is DocumentStatus.READY
    reasons = {gap.reason for gap in record.document.gaps}
    if Code.NEEDS_PASSWORD in reasons and batch.passwords:
        return False
    return Code.NEEDS_OCR not in reasons or importlib.util.find_spec("rapidocr") is None


def _to_be(tools: Tools, item: Item, parsed: Parsed) -> Record:
    assert item.file is not None
    before = item.document
    document = replace(
        before.document,
        sha256=item.file.sha256,
        size_bytes=item.file.size_bytes,
        status=DocumentStatus.KEYWORD,
        reason="",
        pages=parsed.pages,
        passages=len(item.pieces),
        added_at=tools.clock(),
        redactions=(),
        gaps=parsed.gaps,
    )
    return replace(
        before,
        document=document,
        title=parsed.title,
        opening=" ".join(item.pieces[0].text[:_OPENING].split()),
        version=before.version + 1,
    )


def _still_there(tools: Tools, item: Item) -> None:
    """Raises UserError(unknown_document) for a document that was removed while it was read: the later wish counts."""
    if tools.shelf.with_id(item.library, item.document.document.id) is None:
        raise UserError(Code.UNKNOWN_DOCUMENT, document=item.document.document.id)


def _stop_if(item: Item) -> None:
    if item.batch.over:
        raise Cancelled
