"""Taking files in, one after another: parse, cut into passages, screen, embed, write.

A file ends in exactly one FileDone. Nothing of it can be found before all of it is written, in one commit; what a
crash or a cancel leaves is nothing. A file that fails does not stop the others. A text the filter could not screen is
not taken in.

Threads: run by one thread at a time per call; several calls may run at once, writes take turns and look again first.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.errors import Code, PolicyBlock, StudioloError, UserError, unexpected
from studiolo.events import Event, FileDone, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.knowledge.chunking import Chunk, Sizes, chunk, context_of
from studiolo.knowledge.parsers import KNOWN_SUFFIXES, Parsed, display, is_known
from studiolo.knowledge.parsers.blocks import Budget
from studiolo.knowledge.parsers.child import Cancelled, ParserProcess
from studiolo.knowledge.seams import Screen, TextEmbedder
from studiolo.knowledge.shelf import LibraryRow, Record, Shelf, moved, path_key
from studiolo.knowledge.store import PassageStore, Row
from studiolo.types import AddResult, Document, DocumentStatus, Passage, Redaction, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEP = 32  # passages between two looks at the cancel token: under a second of embedding on two cores
_HASH_BLOCK = 1 << 20
_WAIT_S = 0.2  # between two looks at the cancel token
# Reasons that say something lasting about the file: its row stays in the library, so that nobody believes it was read.
_LASTING = frozenset(
    {
        Code.EMPTY_DOCUMENT,
        Code.NEEDS_PASSWORD,
        Code.DAMAGED_FILE,
        Code.PARSE_TIMEOUT,
        Code.FILE_TOO_LARGE,
        Code.FILTER_FAILED,
    }
)

_FILTER_LACKS = frozenset({Code.MODEL_MISSING, Code.DAMAGED_MODEL, Code.MISSING_PACKAGE})


class Turns:
    """Two calls that add the same file take turns: the second then finds it unchanged."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: set[tuple[str, bytes]] = set()

    @contextmanager
    def of(self, key: tuple[str, bytes], cancel: CancelToken) -> Iterator[None]:
        """Wait for `key` and hold it for the block. Raises Cancelled."""
        with self._changed:
            while key in self._taken:
                _stop_if(cancel)
                self._changed.wait(timeout=_WAIT_S)
            self._taken.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._taken.discard(key)
                self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything ingestion works with."""

    shelf: Shelf
    store: PassageStore
    parser: ParserProcess
    screen: Screen
    writing: threading.Lock
    turns: Turns
    clock: Callable[[], float]
    new_id: Callable[[], str]
    budget: Budget
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class _File:
    """One file at the moment it was looked at."""

    path: Path
    key: bytes
    size_bytes: int
    sha256: str

    @property
    def content(self) -> str:
        """The mark its passages carry."""
        return self.sha256[:24]


def add(
    intake: Intake,
    paths: Sequence[Path],
    *,
    library: LibraryRow,
    embedder: TextEmbedder,
    cancel: CancelToken,
) -> Iterator[Event]:
    """Take in files and folders. Progress, one FileDone a file, then Finished ("cancelled" if so).

    The stage "parse" counts files, "screen", "embed" and "write" count the passages of the file at hand.
    """
    files = list(walk(paths))
    replaced = False
    written = False
    cancelled = False
    try:
        for number, path in enumerate(files):
            _stop_if(cancel)
            yield Progress("parse", number, len(files), item=display(path))
            started = time.monotonic()
            if intake.shelf.library(library.name) != library:
                raise UserError(Code.UNKNOWN_LIBRARY, library=library.name)  # removed meanwhile
            with intake.turns.of((library.id, path_key(path)), cancel):
                result = yield from _add_one(intake, path, library=library, embedder=embedder, cancel=cancel)
            written |= result.status in ("added", "updated")
            replaced |= result.status == "updated"
            yield FileDone(replace(result, seconds=time.monotonic() - started))
    except Cancelled:
        cancelled = True
    finally:
        # Replaced text must not stay on the disk; small files are merged either way.
        if replaced:
            intake.store.purge(library.id)
        elif written:
            intake.store.tidy(library.id)
    yield Finished(reason="cancelled" if cancelled else "stop")


def walk(paths: Sequence[Path]) -> Iterator[Path]:
    """The files meant: those named as they are, of folders those that can be read, without hidden ones; each once.

    A folder that cannot be listed is given as it is: the look at it then says that it cannot be read.
    """
    seen: set[bytes] = set()
    for named in paths:
        found = _within(named) if os.path.isdir(named) else iter([named])  # noqa: PTH112 - never raises
        for path in found:
            key = path_key(path)
            if key not in seen:
                seen.add(key)
                yield path


def _within(folder: Path) -> Iterator[Path]:
    closed: list[Path] = []
    for root, folders, files in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            if not name.startswith((".", "~$")) and is_known(path) and path.is_file():
                yield path
    yield from closed


def _add_one(
    intake: Intake, path: Path, *, library: LibraryRow, embedder: TextEmbedder, cancel: CancelToken
) -> Generator[Event, None, AddResult]:
    """One file; the generator's value is its AddResult."""
    file: _File | None = None
    fresh: Record | None = None
    try:
        file = _look(path, limit_bytes=intake.budget.size_bytes)
        known = intake.shelf.at_path(library, file.key)
        same = _unchanged(intake, file, library=library, known=known)
        if same is not None:
            return same
        if known is None:
            fresh = _record(intake, file, library=library, document_id=intake.new_id())
            intake.shelf.put(fresh)
        record = known or fresh
        assert record is not None
        parsed = intake.parser.parse(path, cancel=cancel)
        chunks = chunk(parsed, count_tokens=embedder.count_tokens, sizes=intake.sizes)
        if not chunks:
            raise UserError(Code.EMPTY_DOCUMENT, path=display(path))
        spans = yield from _screened(intake, chunks, path=path, cancel=cancel)
        rows = _rows(chunks, spans, title=parsed.title, document_id=record.document.id, content=file.content)
        vectors = yield from _vectors(rows, embedder=embedder, path=path, cancel=cancel)
        yield Progress("write", 0, len(rows), item=display(path))
        return _commit(intake, file, record=record, parsed=parsed, rows=rows, vectors=vectors, library=library)
    except (Cancelled, GeneratorExit):  # asked to stop, or nobody reads the events any more
        if fresh is not None:
            intake.shelf.forget(fresh.document.id)
        raise
    except StudioloError as error:
        return _failed(intake, path, error, file=file, fresh=fresh, library=library)
    except Exception as error:  # noqa: BLE001 - one bad file must not stop the others; it is told as our defect
        return _failed(intake, path, unexpected(error), file=file, fresh=fresh, library=library)


def _look(path: Path, *, limit_bytes: int) -> _File:
    """Size and digest of a file. Raises UserError: file_missing, file_unreadable, unknown_format, file_too_large."""
    shown = display(path)
    try:
        status = path.stat()
    except PermissionError:
        raise UserError(Code.FILE_UNREADABLE, path=shown) from None
    except (OSError, ValueError):  # also: no such folder, a link in a circle, a name that no file can have
        raise UserError(Code.FILE_MISSING, path=shown) from None
    if not stat.S_ISREG(status.st_mode):  # a pipe or a device would never come to an end
        raise UserError(Code.FILE_UNREADABLE, path=shown)
    try:
        if path.suffix and not is_known(path):
            with path.open("rb") as file:
                if b"%PDF-" not in file.read(1024):
                    raise UserError(
                        Code.UNKNOWN_FORMAT, path=shown, suffix=path.suffix.lower(), known=" ".join(KNOWN_SUFFIXES)
                    )
        size = status.st_size
        if size > limit_bytes:
            raise UserError(Code.FILE_TOO_LARGE, path=shown, limit_bytes=limit_bytes)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK):
                digest.update(block)
    except OSError:
        raise UserError(Code.FILE_UNREADABLE, path=shown) from None
    return _File(path=path, key=path_key(path), size_bytes=size, sha256=digest.hexdigest())


def _unchanged(intake: Intake, file: _File, *, library: LibraryRow, known: Record | None) -> AddResult | None:
    """The result for a file that is there already: under its path, or under one that no longer exists (it moved)."""
    if known is not None:
        if known.document.sha256 != file.sha256 or known.document.status is not DocumentStatus.READY:
            return None
        return _result(file, known, "unchanged")
    for record in intake.shelf.with_content(library, file.sha256):
        if record.document.status is DocumentStatus.READY and not os.path.lexists(record.path_key):
            here = moved(record, path=file.path)
            intake.shelf.put(here)
            return _result(file, here, "unchanged")
    return None


def _screened(
    intake: Intake, chunks: Sequence[Chunk], *, path: Path, cancel: CancelToken
) -> Generator[Event, None, list[tuple[Span, ...]]]:
    """The spans of each chunk; the generator's value is their list. Fails closed: without spans, nothing is kept."""
    spans: list[tuple[Span, ...]] = []
    for number, piece in enumerate(chunks):
        if number % _STEP == 0:
            _stop_if(cancel)
            yield Progress("screen", number, len(chunks), item=display(path))
        try:
            spans.append(tuple(intake.screen(piece.text)))
        except StudioloError as error:
            if error.code in _FILTER_LACKS:  # says what to do about it
                raise
            raise PolicyBlock(Code.FILTER_FAILED) from None
    return spans


def _rows(
    chunks: Sequence[Chunk], spans: Sequence[tuple[Span, ...]], *, title: str, document_id: str, content: str
) -> list[Row]:
    rows = []
    for number, (piece, found) in enumerate(zip(chunks, spans, strict=True)):
        passage = Passage(
            id=f"{document_id}-{content[:8]}-{number}",
            document_id=document_id,
            document="",
            page=piece.page,
            page_end=piece.page_end,
            start=piece.start,
            end=piece.end,
            heading=piece.heading,
            text=piece.text,
            language=piece.language,
            spans=found,
        )
        rows.append(Row(passage, context=context_of(piece.heading, piece.text, title=title)))
    return rows


def _vectors(
    rows: Sequence[Row], *, embedder: TextEmbedder, path: Path, cancel: CancelToken
) -> Generator[Event, None, NDArray[np.float32]]:
    """One vector a row, made a few at a time; the generator's value is the array."""
    import numpy as np

    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(rows), _STEP):
        _stop_if(cancel)
        yield Progress("embed", start, len(rows), item=display(path))
        texts = [f"{r.context}\n{r.passage.text}" if r.context else r.passage.text for r in rows[start : start + _STEP]]
        parts.append(embedder.embed_passages(texts))
    _stop_if(cancel)
    return np.concatenate(parts)


def _commit(
    intake: Intake,
    file: _File,
    *,
    record: Record,
    parsed: Parsed,
    rows: Sequence[Row],
    vectors: NDArray[np.float32],
    library: LibraryRow,
) -> AddResult:
    """Write the document, unless it was removed while it was being read: the later wish counts."""
    with intake.writing:
        if intake.shelf.with_id(library, record.document.id) is None:
            raise UserError(Code.UNKNOWN_DOCUMENT, document=record.document.id)
        counts = Counter(span.type for row in rows for span in row.passage.spans or ())
        document = replace(
            record.document,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            status=DocumentStatus.READY,
            reason="",
            pages=parsed.pages,
            passages=len(rows),
            added_at=intake.clock(),
            redactions=tuple(Redaction(kind, counts[kind]) for kind in sorted(counts)),
        )
        ready = replace(record, document=document, title=parsed.title)
        with intake.shelf.writing(ready, content=file.content):
            intake.store.write(library.id, rows, vectors, document_id=document.id, content=file.content)
    return _result(file, ready, "updated" if record.document.passages else "added")


def _failed(
    intake: Intake,
    path: Path,
    error: StudioloError,
    *,
    file: _File | None,
    fresh: Record | None,
    library: LibraryRow,
) -> AddResult:
    """The result for a file that could not be taken in. An older version of it that can be found stays so."""
    if fresh is not None:
        if error.code in _LASTING:
            document = replace(fresh.document, status=DocumentStatus.FAILED, reason=error.code.value)
            intake.shelf.put(replace(fresh, document=document))
        else:
            intake.shelf.forget(fresh.document.id)
    elif file is not None and error.code in _LASTING:
        known = intake.shelf.at_path(library, file.key)
        if known is not None and not known.document.passages:
            document = replace(known.document, reason=error.code.value, sha256=file.sha256, size_bytes=file.size_bytes)
            intake.shelf.put(replace(known, document=document))
    values = {"path": display(path), **error.values}
    if isinstance(error, UserError):  # a fault of the environment names the place that is full or closed
        values["path"] = display(path)
    return AddResult(path=display(path), status="failed", reason=error.code.value, values=values)


def _record(intake: Intake, file: _File, *, library: LibraryRow, document_id: str) -> Record:
    """A new document that is being read."""
    real = Path(os.fsdecode(file.key))
    document = Document(
        id=document_id,
        library=library.name,
        name=display(Path(real.name)),
        path=display(real),
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        status=DocumentStatus.READING,
        reason="",
        pages=0,
        passages=0,
        added_at=intake.clock(),
    )
    return Record(document=document, library_id=library.id, path_key=file.key)


def _result(file: _File, record: Record, status: str) -> AddResult:
    assert status in ("added", "updated", "unchanged")
    return AddResult(
        path=display(file.path),
        status=status,  # type: ignore[arg-type]  # asserted above
        pages=record.document.pages,
        passages=record.document.passages,
        document_id=record.document.id,
    )


def _stop_if(cancel: CancelToken) -> None:
    if cancel.cancelled:
        raise Cancelled
