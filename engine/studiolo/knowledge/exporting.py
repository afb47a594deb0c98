"""Writes a library into one file (`portable.py` says which). Reads the stores, changes nothing.

What there is is taken from SQLite in one moment; texts and vectors follow while others work. If a passage goes
meanwhile (its document was removed), the file is begun anew. Any thread; nothing is locked between two events.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studiolo.database import Database
from studiolo.errors import Code, EnvironmentFault, UserError, disk_fault
from studiolo.events import Event, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.parsers import display
from studiolo.knowledge.parsers.child import Cancelled
from studiolo.knowledge.places import digest_of
from studiolo.knowledge.portable import DOCUMENTS, OCCURRENCES, PASSAGES, Manifest, Vectors, Writing
from studiolo.knowledge.records import FINDABLE, LibraryRow, Record, record_of

_STEP = 1000  # passages between two events
_ATTEMPTS = 3


class _Changed(Exception):
    """A passage went while it was to be written."""


@dataclass(slots=True)
class _Contents:
    """A library at one moment; passages in the order they are written in."""

    documents: int = 0
    occurrences: int = 0
    numbers: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)


def export_library(
    tools: Tools, database: Database, library: LibraryRow, path: Path, *, paths: bool, cancel: CancelToken
) -> Iterator[Event]:
    """Write `library` to `path`, whole or not at all. Progress (stage "write"), then Finished.

    Raises UserError(file_missing) for a folder that is not there; EnvironmentFault: disk_full, no_permission,
    damaged_store.
    """
    if not path.parent.is_dir():
        raise UserError(Code.FILE_MISSING, path=display(path.parent))
    partial = path.with_name(f"{path.name}.partial")
    try:
        for _ in range(_ATTEMPTS):
            try:
                with open(partial, "wb", opener=_private) as file:
                    with Writing(file) as out:
                        yield from _write(tools, database, library, out, paths=paths, cancel=cancel)
                    file.flush()
                    os.fsync(file.fileno())
            except _Changed:
                continue
            os.replace(partial, path)  # noqa: PTH105
            yield Finished()
            return
        raise EnvironmentFault(Code.DAMAGED_STORE, store="passages")
    except Cancelled:
        yield Finished(reason="cancelled")
    except OSError as error:
        raise disk_fault(error, path.parent) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(
    tools: Tools, database: Database, library: LibraryRow, out: Writing, *, paths: bool, cancel: CancelToken
) -> Iterator[Event]:
    with tools.writing:
        contents = _contents(database, library, out, paths=paths)
    every = len(contents.numbers)
    parts = [contents.numbers[start : start + _STEP] for start in range(0, every, _STEP)]
    done = 0
    yield Progress("write", done, 2 * every)
    with out.member(PASSAGES) as member:
        for part in parts:
            if cancel.cancelled:
                raise Cancelled
            rows = tools.store.rows(library.id, part)
            for place, one in enumerate(part, start=done):
                if one not in rows:
                    raise _Changed
                row, digest = rows[one], contents.digests[place]
                if digest_of(row.text, row.context) != digest:
                    raise EnvironmentFault(Code.DAMAGED_STORE, store="passages")
                member.line(
                    {
                        "digest": digest.hex(),
                        "text": row.text,
                        "context": row.context,
                        "language": contents.languages[place],
                    }
                )
            done += len(part)
            yield Progress("write", done, 2 * every)
    vectors = _vectors_of(tools, library, parts)
    if vectors is not None:
        with out.member(vectors.member, packed=False) as member:
            _begin_vectors(member, (every, vectors.dimension))
            for part in parts:
                if cancel.cancelled:
                    raise Cancelled
                member.write(_vectors(tools, library, part, dimension=vectors.dimension))
                done += len(part)
                yield Progress("write", done, 2 * every)
    out.finish(
        Manifest(
            library=library.name,
            embedder=library.embedder,
            documents=contents.documents,
            passages=every,
            occurrences=contents.occurrences,
            created_at=tools.clock(),
            vectors=() if vectors is None else (vectors,),
        )
    )


def _contents(database: Database, library: LibraryRow, out: Writing, *, paths: bool) -> _Contents:
    """Write what SQLite knows, and give what is to be fetched from LanceDB."""
    contents = _Contents()
    passages = (
        "SELECT DISTINCT p.id AS id, p.digest AS digest, p.language AS language FROM documents d "  # noqa: S608
        "JOIN occurrences o ON o.document_id = d.id AND o.version = d.version "
        f"JOIN passages p ON p.id = o.passage_id WHERE d.library_id = ? AND d.status IN {FINDABLE} ORDER BY p.id"
    )
    documents = (
        f"SELECT * FROM documents WHERE library_id = ? AND (status IN {FINDABLE} OR status = 'failed') "  # noqa: S608
        "ORDER BY rowid"
    )
    with database.read() as connection:
        for row in connection.execute(passages, (library.id,)):
            contents.numbers.append(row["id"])
            contents.digests.append(bytes(row["digest"]))
            contents.languages.append(row["language"])
        place_of = {one: place for place, one in enumerate(contents.numbers)}
        records = [record_of(row, library.name) for row in connection.execute(documents, (library.id,))]
        contents.documents = len(records)
        with out.member(DOCUMENTS) as member:
            for record in records:
                member.line(_document(record, paths=paths))
        with out.member(OCCURRENCES) as member:
            for at, record in enumerate(records):
                for row in connection.execute(
                    "SELECT * FROM occurrences WHERE document_id = ? AND version = ? ORDER BY ordinal",
                    (record.document.id, record.version),
                ):
                    contents.occurrences += 1
                    member.line(_occurrence(row, document=at, passage=place_of[row["passage_id"]]))
    return contents


def _document(record: Record, *, paths: bool) -> dict[str, Any]:
    document = record.document
    return {
        "id": document.id,
        "name": document.name,
        "path": document.path if paths else document.name,
        "title": record.title,
        "opening": record.opening,
        "sha256": document.sha256,
        "size_bytes": document.size_bytes,
        "status": document.status.value,
        "reason": document.reason,
        "pages": document.pages,
        "passages": document.passages,
        "added_at": document.added_at,
        "gaps": [[gap.reason, gap.first, gap.last, gap.name] for gap in document.gaps],
    }


def _occurrence(row: Any, *, document: int, passage: int) -> dict[str, Any]:

    return {
        "document": document,
        "passage": passage,
        "page": row["page"],
        "page_end": row["page_end"],
        "start": row["start"],
        "end": row["end"],
        "heading": json.loads(row["heading"]),
        "label": row["label"],
    }


def _vectors_of(tools: Tools, library: LibraryRow, parts: list[list[int]]) -> Vectors | None:
    for part in parts:
        for vector in tools.store.vectors(library.id, library.embedder, part).values():
            return Vectors(library.embedder, int(vector.shape[0]), "vectors-0.npy")
    return None


def _begin_vectors(member: Any, shape: tuple[int, int]) -> None:
    import numpy as np

    np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})


def _vectors(tools: Tools, library: LibraryRow, numbers: list[int], *, dimension: int) -> bytes:
    import numpy as np

    rows = np.zeros((len(numbers), dimension), dtype="<f4")
    found = tools.store.vectors(library.id, library.embedder, numbers)
    for place, one in enumerate(numbers):
        if one in found:
            rows[place] = found[one]
    return rows.tobytes()
