"""Makes a library of an exported file (`portable.py` says what that is), whole or not at all.

It is made under a name that nobody can ask for, and gets its own in one transaction at the end. What a kill leaves is
dropped when the home is opened next (`KnowledgeBase`). Passages are screened here as if they had been read from files:
what the filter cannot take leaves its document failed. One thread; other libraries are worked on meanwhile.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from studiolo.errors import Code, PolicyBlock, UserError
from studiolo.events import Event, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.parsers.child import Cancelled
from studiolo.knowledge.places import Piece, digest_of
from studiolo.knowledge.portable import (
    DOCUMENTS,
    OCCURRENCES,
    PASSAGES,
    Damaged,
    Manifest,
    Opened,
    number,
    opened,
    text,
    texts,
    whole,
)
from studiolo.knowledge.records import HIDDEN, LibraryRow, Record
from studiolo.knowledge.screening import redactions, refused_in, spans_of
from studiolo.knowledge.seams import TextEmbedder
from studiolo.knowledge.shelf import checked_name
from studiolo.knowledge.store import Row
from studiolo.knowledge.upkeep import sweep
from studiolo.types import Document, DocumentStatus, Gap, Redaction, Span

_STEP = 5000  # passages of one commit: the keyword index is merged after each
_SCREEN_STEP = 16
_EMBED_STEP = 32
_EMBED_COMMIT = 256
_NUMBERED = 74  # characters of a name that is given a number
_LANGUAGES = ("en", "zh", "")
_ELSEWHERE = b"\0imported:"  # begins no path: the system takes no name with a zero in it


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps work with: the hidden library, and who may stop them."""

    tools: Tools
    archive: Opened
    library: LibraryRow
    cancel: CancelToken

    @property
    def manifest(self) -> Manifest:
        return self.archive.manifest

    def stop_if_cancelled(self) -> None:
        if self.cancel.cancelled:
            raise Cancelled


def import_library(
    tools: Tools, path: Path, *, name: str | None, default_embedder: str, cancel: CancelToken
) -> Iterator[Event]:
    """Make a library of the file at `path`. Progress ("read" in bytes and then in passages, "screen" and "embed" in
    passages), one of the stage "write" whose `item` is the name the library was given, then Finished.

    The library keeps its embedder, and the vectors in the file count, where that embedder can be had; else it gets the
    default one. Raises UserError: file_missing, file_unreadable, damaged_file, model_missing; EnvironmentFault:
    newer_format, disk_full, damaged_store; PolicyBlock(filter_failed) where the filter does not work at all.
    """
    try:
        with opened(path) as archive:
            for done, total in archive.verify():
                if cancel.cancelled:
                    raise Cancelled
                yield Progress("read", done, total)
            try:
                wanted = name or checked_name(archive.manifest.library)
            except UserError:
                raise Damaged from None
            embedder_id, embedder = _embedder(tools, archive.manifest, default_embedder)
            spans_of(tools, ["."])  # whether the filter works, before anything is written
            library_id = tools.new_id()
            library = LibraryRow(library_id, HIDDEN + library_id, embedder_id, tools.clock())
            yield from _import(_Work(tools, archive, library, cancel), embedder, wanted)
    except Cancelled:
        yield Finished(reason="cancelled")
        return
    yield Finished()


def _embedder(tools: Tools, manifest: Manifest, default: str) -> tuple[str, TextEmbedder]:
    try:
        return manifest.embedder, tools.embedder_for(manifest.embedder)
    except UserError:  # not known here, or not installed
        return default, tools.embedder_for(default)


def _import(work: _Work, embedder: TextEmbedder, wanted: str) -> Iterator[Event]:
    tools, library = work.tools, work.library
    tools.shelf.put_library(library)
    given = ""
    try:
        records = [_record(work, values) for values in work.archive.lines(DOCUMENTS, count=work.manifest.documents)]
        numbers = array("q")
        yield from _passages(work, numbers)
        yield from _vectors(work, embedder, numbers)
        _places(work, records, numbers)
        yield from _screen(work, records, wanted)
        yield from _embed(work, embedder)
        _settle(work, wanted)
        work.stop_if_cancelled()
        given = next(one for one in _names(wanted) if tools.shelf.rename_library(library.id, one))
    finally:
        if not given:
            with tools.writing:
                tools.shelf.remove_library(library.id)
                sweep(tools)
    tools.shelf.changed()
    yield Progress("write", 1, 1, item=given)


def _names(wanted: str) -> Iterator[str]:
    yield wanted
    count = 2
    while True:
        yield f"{wanted[:_NUMBERED].rstrip()} {count}"
        count += 1


# reading


def _record(work: _Work, values: dict[str, Any]) -> Record:
    """A document as it will be found by its words; its file is elsewhere, under a key that no file can have."""
    gaps = values.get("gaps")
    if not isinstance(gaps, list) or not all(isinstance(gap, list) and len(gap) == 4 for gap in gaps):
        raise Damaged
    named = [dict(zip(("reason", "first", "last", "name"), gap, strict=True)) for gap in gaps]
    failed = text(values, "status") == DocumentStatus.FAILED
    document_id, name = work.tools.new_id(), text(values, "name")
    document = Document(
        id=document_id,
        library="",
        name=name,
        path=f"imported:{text(values, 'path')}",
        sha256=text(values, "sha256"),
        size_bytes=whole(values, "size_bytes", most=1 << 50),
        status=DocumentStatus.FAILED if failed else DocumentStatus.KEYWORD,
        reason=text(values, "reason"),
        pages=whole(values, "pages"),
        passages=0,
        added_at=number(values, "added_at"),
        gaps=tuple(
            Gap(text(gap, "reason"), whole(gap, "first"), whole(gap, "last"), text(gap, "name")) for gap in named
        ),
    )
    return Record(
        document=document,
        library_id=work.library.id,
        path_key=_ELSEWHERE + f"{document_id}:{name}".encode(),
        title=text(values, "title"),
        opening=text(values, "opening"),
        version=0 if failed else 1,
    )


def _passages(work: _Work, numbers: array[int]) -> Iterator[Event]:
    """Store the passages' texts; `numbers` gets the number of each."""
    tools, library_id, every = work.tools, work.library.id, work.manifest.passages
    lines = work.archive.lines(PASSAGES, count=every)
    while some := list(islice(lines, _STEP)):
        work.stop_if_cancelled()
        pieces = [_piece(values) for values in some]
        with tools.writing:
            given, fresh = tools.places.reserve(library_id, pieces)
            if len(fresh) != len(pieces):  # a passage is kept once
                raise Damaged
            tools.store.add(library_id, [Row(one.id, one.text, one.context) for one in fresh])
        numbers.extend(given)
        yield Progress("read", len(numbers), every)


def _piece(values: dict[str, Any]) -> Piece:
    words, context, language = text(values, "text"), text(values, "context"), text(values, "language")
    if language not in _LANGUAGES or digest_of(words, context).hex() != text(values, "digest"):
        raise Damaged
    return Piece(words, context, 0, 0, 0, 0, (), "", language)


def _vectors(work: _Work, embedder: TextEmbedder, numbers: array[int]) -> Iterator[Event]:
    """Take over the vectors that the library's embedder has made."""
    import numpy as np

    tools, library = work.tools, work.library
    for one in work.manifest.vectors:
        usable = one.embedder == library.embedder and one.dimension == embedder.dimension
        done = 0
        for rows in work.archive.vectors(one, rows=_STEP):  # read either way: it says whether they are sound
            work.stop_if_cancelled()
            kept = np.flatnonzero(np.any(rows != 0.0, axis=1)).tolist() if usable else []
            made = [numbers[done + place] for place in kept]
            if made:
                with tools.writing:
                    languages = tools.places.languages(made)
                    tools.store.add_vectors(
                        library.id, library.embedder, made, [languages[each] for each in made], rows[kept]
                    )
                    tools.places.embedded(made)
            done += len(rows)
            yield Progress("embed", done if usable else 0, len(numbers))


def _places(work: _Work, records: Sequence[Record], numbers: array[int]) -> None:
    """Put the passages where they stand, a document at a time."""
    tools = work.tools
    used = bytearray(len(numbers))
    at = 0
    pieces: list[Piece] = []
    given: list[int] = []

    def put(record: Record) -> None:
        work.stop_if_cancelled()
        if bool(pieces) != bool(record.version):  # what could not be read has no passages, and nothing else has none
            raise Damaged
        if not pieces:
            tools.shelf.put(record)
            return
        counted = replace(record, document=replace(record.document, passages=len(pieces)))
        with tools.writing:
            tools.places.place(counted, pieces, given, version=1, waiting=0, visible=True)

    for values in work.archive.lines(OCCURRENCES, count=work.manifest.occurrences):
        document, passage = whole(values, "document"), whole(values, "passage")
        if not at <= document < len(records) or passage >= len(numbers):
            raise Damaged
        while at < document:
            put(records[at])
            pieces, given, at = [], [], at + 1
        used[passage] = 1
        given.append(numbers[passage])
        pieces.append(
            Piece(
                text="",
                context="",
                page=whole(values, "page"),
                page_end=whole(values, "page_end"),
                start=whole(values, "start", most=1 << 50),
                end=whole(values, "end", most=1 << 50),
                heading=texts(values, "heading"),
                label=text(values, "label"),
                language="",
            )
        )
    while at < len(records):
        put(records[at])
        pieces, given, at = [], [], at + 1
    if not all(used):
        raise Damaged


# what adding a file does as well


def _screen(work: _Work, records: Sequence[Record], name: str) -> Iterator[Event]:
    """Look for personal data; documents with a passage that the filter cannot take are failed, and those with what a
    library called `name` refuses."""
    tools, library_id = work.tools, work.library.id
    every = tools.places.numbers(library_id)
    refused: list[int] = []
    for start in range(0, len(every), _SCREEN_STEP):
        work.stop_if_cancelled()
        yield Progress("screen", start, len(every))
        rows = tools.store.rows(library_id, every[start : start + _SCREEN_STEP])
        found: dict[int, tuple[Span, ...] | None] = {}
        try:
            found.update(zip(rows, spans_of(tools, [row.text for row in rows.values()]), strict=True))
        except PolicyBlock:
            for one, row in rows.items():
                try:
                    found[one] = spans_of(tools, [row.text])[0]
                except PolicyBlock:
                    refused.append(one)
        tools.places.screened(found)
    yield Progress("screen", len(every), len(every))
    bad = tools.places.holders(refused)
    for record in records:
        if record.document.id in bad:
            with tools.writing:
                _leave_out(tools, record, Code.FILTER_FAILED)
        elif record.version and (values := refused_in(tools, record, library=name)):
            with tools.writing:
                _leave_out(tools, record, Code.REFUSED_BY_POLICY, values)


def _leave_out(tools: Tools, record: Record, reason: Code, found: tuple[Redaction, ...] = ()) -> None:
    tools.places.remove([record])
    document = replace(
        record.document, status=DocumentStatus.FAILED, reason=reason.value, pages=0, gaps=(), redactions=found
    )
    tools.shelf.put(replace(record, document=document, version=0, title="", opening=""))


def _embed(work: _Work, embedder: TextEmbedder) -> Iterator[Event]:
    """Give the passages that have none their vectors."""
    import numpy as np

    tools, library = work.tools, work.library
    every = tools.places.numbers(library.id)
    had = set(tools.places.embedded_numbers(library.id))
    todo = [one for one in every if one not in had]
    for start in range(0, len(todo), _EMBED_COMMIT):
        rows = list(tools.store.rows(library.id, todo[start : start + _EMBED_COMMIT]).values())
        vectors = []
        for first in range(0, len(rows), _EMBED_STEP):
            work.stop_if_cancelled()
            yield Progress("embed", len(had) + start + first, len(every))
            step = rows[first : first + _EMBED_STEP]
            vectors.append(embedder.embed_passages([row.indexed for row in step]))
        made = [row.id for row in rows]
        if made:
            with tools.writing:
                languages = tools.places.languages(made)
                tools.store.add_vectors(
                    library.id, library.embedder, made, [languages[one] for one in made], np.concatenate(vectors)
                )
                tools.places.embedded(made)
    yield Progress("embed", len(every), len(every))


def _settle(work: _Work, name: str) -> None:
    """Let the documents be what they are to be, and the tables be small."""
    tools = work.tools
    for record in tools.shelf.records(work.library):
        if record.version:
            gaps = record.document.gaps
            document = replace(
                record.document,
                status=DocumentStatus.PARTIAL if gaps else DocumentStatus.READY,
                reason=gaps[0].reason if gaps else "",
                redactions=redactions(tools, record, library=name),
            )
            tools.shelf.put(replace(record, document=document))
    sweep(tools)
    tools.store.tidy(work.library.id)
