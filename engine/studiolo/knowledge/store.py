"""Passages and vectors on disk: the only module that imports lancedb, one table a library.

Knows nothing of documents' names or states: those are SQLite's (library.py), which also tells it what to repair after a
crash. A document is written, replaced or removed in one commit: a reader sees all of it or none.

Threads: any may read; writes take turns. Old versions of a table hold removed text, so they are deleted, and while that
happens nobody reads. One process at a time may have the folder open (the home's lock sees to it).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.cpu import require_avx2
from studiolo.errors import Code, EnvironmentFault, import_failed
from studiolo.knowledge.language import fold
from studiolo.knowledge.seams import Found
from studiolo.settings import disk_fault
from studiolo.types import Passage, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
_NOW = timedelta(milliseconds=1)  # 0 makes LanceDB warn of other processes; there are none
_TIDY_EVERY = 64  # commits; each leaves a fragment that every search has to open
_COLUMNS = ("id", "document_id", "page", "page_end", "start", "end", "heading", "text", "language", "spans")
_INDEXED = "search_text"
_OPENING = 300  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """A passage to be written, with what is put in front of it for the keyword index."""

    passage: Passage
    context: str = ""


class PassageStore:
    """All passages of a home. Every table is named by its library's id."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet: lancedb is loaded at the first use."""
        self._folder = folder
        self._db: Any = None
        self._tables: dict[str, Any] = {}
        self._commits: dict[str, int] = {}
        self._writing = threading.RLock()
        self._opening = threading.Lock()
        self._gate = _Gate()

    # writing

    def write(
        self, library_id: str, rows: Sequence[Row], vectors: NDArray[np.float32], *, document_id: str, content: str
    ) -> None:
        """Put a document's passages in place of those it had, in one commit.

        `content` marks the version of the document; `content_of` gives it back.
        Raises EnvironmentFault: disk_full, no_permission, damaged_store.
        """
        with self._writing, self._translated():
            table = self._table(library_id, dimension=int(vectors.shape[1]))
            data = _arrow(rows, vectors, content=content, schema=table.schema)
            if self._content(table, document_id) is None:
                table.add(data)
            else:
                (
                    table.merge_insert("id")
                    .when_matched_update_all()
                    .when_not_matched_insert_all()
                    .when_not_matched_by_source_delete(f"document_id = {_quoted(document_id)}")
                    .execute(data)
                )
            self._commits[library_id] = self._commits.get(library_id, 0) + 1
        # The document is in: that upkeep fails (on a full disk) must not say otherwise. The next write tries again, and
        # until then words are found without the index, if slower and not cut by ICU.
        with contextlib.suppress(EnvironmentFault), self._writing, self._translated():
            self._index(table, again=False)
            if self._commits[library_id] >= _TIDY_EVERY:
                self.tidy(library_id)

    def delete(self, library_id: str, document_id: str) -> None:
        """Remove a document's passages from what can be found; `purge` removes them from the disk."""
        with self._writing, self._translated():
            table = self._table(library_id)
            if table is not None:
                table.delete(f"document_id = {_quoted(document_id)}")

    def drop(self, library_id: str) -> None:
        """Remove a library's table with its files."""
        with self._writing, self._translated(), self._gate.alone():
            table = self._table(library_id)
            if table is not None:
                del self._tables[library_id]
                self._db.drop_table(_table_name(library_id))

    def tidy(self, library_id: str) -> None:
        """Merge small files, bring the keyword index up to date and delete old versions."""
        with self._writing, self._translated():
            table = self._table(library_id)
            if table is None:
                return
            table.optimize()
            with self._gate.alone():
                table.optimize(cleanup_older_than=_NOW, delete_unverified=True)
            self._commits[library_id] = 0

    def purge(self, library_id: str) -> None:
        """Let nothing of a removed passage stay on disk.

        A deletion only marks rows, compaction leaves them where they are few, and the keyword index keeps their words
        until it is built anew: so the rows that remain are written once more, the index too, and the old files go.
        """
        with self._writing, self._translated():
            table = self._table(library_id)
            if table is None:
                return
            if not table.count_rows():
                self.drop(library_id)
                return
            table.update(where="true", values_sql={"document_id": "document_id"})
            self._index(table, again=True)
            with self._gate.alone():
                table.optimize(cleanup_older_than=_NOW, delete_unverified=True)
            self._commits[library_id] = 0

    # reading

    def content_of(self, library_id: str, document_id: str) -> str | None:
        """The mark of the version that is stored of a document, None where there is none."""
        with self._translated(), self._gate.reading():
            table = self._table(library_id)
            return None if table is None else self._content(table, document_id)

    def exists(self, library_id: str) -> bool:
        """Whether the library has a table, damaged or not."""
        return (self._folder / f"{_table_name(library_id)}.lance").is_dir()

    def count(self, library_id: str) -> int:
        """Passages of a library."""
        with self._translated(), self._gate.reading():
            table = self._table(library_id)
            return 0 if table is None else int(table.count_rows())

    def passages(self, library_id: str, document_id: str) -> list[Passage]:
        """A document's passages in order."""
        found = self._find(library_id, lambda table: table.search(), [document_id], limit=None, score=None)
        return sorted((entry.passage for entry in found), key=lambda passage: passage.start)

    def openings(self, library_id: str) -> dict[str, str]:
        """What each document begins with: its first passage's text, by the document's id."""
        found = self._find(library_id, lambda table: table.search(), None, limit=None, score=None, extra="start = 0")
        return {entry.passage.document_id: entry.passage.text[:_OPENING] for entry in found}

    def keyword(
        self, library_id: str, query: str, *, limit: int, documents: Sequence[str] | None = None
    ) -> list[Found]:
        """Passages with words of `query`, by BM25; Chinese is cut into words by ICU, English is stemmed."""
        words = fold(query)
        if not words.strip():
            return []

        def search(table: Any) -> Any:
            from lancedb.query import MatchQuery  # noqa: TID251 - the one place

            return table.search(MatchQuery(words, _INDEXED), query_type="fts")

        return self._find(library_id, search, documents, limit=limit, score="_score")

    def nearest(
        self,
        library_id: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Sequence[str] | None = None,
        languages: Sequence[str] = (),
    ) -> list[Found]:
        """Passages nearest in meaning, compared one by one; the score is the cosine. `languages` () = any."""

        def search(table: Any) -> Any:
            return table.search(vector, vector_column_name="vector").distance_type("dot")

        found = self._find(
            library_id,
            search,
            documents,
            limit=limit,
            score="_distance",
            extra=_any_of("language", languages),
            vectors=True,
        )
        return [Found(entry.passage, 1.0 - entry.score, entry.vector) for entry in found]

    def containing(
        self, library_id: str, term: str, *, limit: int, documents: Sequence[str] | None = None
    ) -> list[Found]:
        """Passages in which `term` occurs letter by letter (compared folded); for what words cannot find."""
        clause = f"contains({_INDEXED}, {_quoted(fold(term))})"
        return self._find(library_id, lambda table: table.search(), documents, limit=limit, score=None, extra=clause)

    def close(self) -> None:
        """Let go of the files."""
        with self._writing, self._gate.alone():
            self._tables.clear()
            self._db = None

    # inside

    def _find(
        self,
        library_id: str,
        search: Any,
        documents: Sequence[str] | None,
        *,
        limit: int | None,
        score: str | None,
        extra: str = "",
        vectors: bool = False,
    ) -> list[Found]:
        columns = [*_COLUMNS, *([score] if score else ()), *(["vector"] if vectors else ())]
        with self._translated(), self._gate.reading():
            table = self._table(library_id)
            if table is None:
                return []
            where = " AND ".join(part for part in (_any_of("document_id", documents or ()), extra) if part)
            query = search(table).select(columns).limit(limit)
            if where:
                query = query.where(where)
            rows = query.to_arrow().to_pylist()
        return [Found(_passage(row), float(row[score]) if score else 1.0, _vector(row)) for row in rows]

    def _connected(self) -> Any:
        with self._opening:
            if self._db is None:
                require_avx2()
                os.environ.setdefault("LANCEDB_LOG", "off")  # it would write to stderr, and quote what it reads
                try:
                    import lancedb  # noqa: TID251 - the one place
                except (ImportError, OSError) as error:
                    raise import_failed(error, package="lancedb") from None

                self._check_format()
                self._db = lancedb.connect(str(self._folder), read_consistency_interval=timedelta(0))
            return self._db

    def _check_format(self) -> None:
        marker = self._folder / "format.json"
        try:
            found = json.loads(marker.read_text(encoding="utf-8"))["format"]
            if not isinstance(found, int):
                raise TypeError
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            marker.write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
            return
        except (ValueError, KeyError, TypeError):
            raise EnvironmentFault(Code.DAMAGED_STORE, store="passages") from None
        if found > FORMAT:
            raise EnvironmentFault(Code.NEWER_FORMAT, store="passages", found=found, supported=FORMAT)

    def _table(self, library_id: str, *, dimension: int = 0) -> Any:
        """The library's table; None where it does not exist and no `dimension` says to make it."""
        if library_id in self._tables:
            return self._tables[library_id]
        db = self._connected()
        name = _table_name(library_id)
        with self._opening:
            if library_id not in self._tables:
                if (self._folder / f"{name}.lance").is_dir():
                    self._tables[library_id] = db.open_table(name)
                elif dimension:
                    self._tables[library_id] = db.create_table(name, schema=_schema(dimension))
            return self._tables.get(library_id)

    @staticmethod
    def _content(table: Any, document_id: str) -> str | None:
        rows = table.search().where(f"document_id = {_quoted(document_id)}").select(["content"]).limit(1).to_list()
        return str(rows[0]["content"]) if rows else None

    @staticmethod
    def _index(table: Any, *, again: bool) -> None:
        """The keyword index, made once there are rows (on an empty table it never takes any)."""
        if not again and any(_INDEXED in index.columns for index in table.list_indices()):
            return
        from lancedb.index import FTS  # noqa: TID251 - the one place

        table.create_index(_INDEXED, config=FTS(base_tokenizer="icu"), replace=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Lance's errors as ours: it says only in words what went wrong."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
                raise disk_fault(error, self._folder) from None
            raise _fault(error, self._folder) from None
        except UnicodeError:
            raise  # ours
        except (RuntimeError, ValueError) as error:  # ValueError: a table or a data file it cannot make sense of
            raise _fault(error, self._folder) from None


def _fault(error: Exception, folder: Path) -> EnvironmentFault:
    said = str(error).lower()
    if "no space left" in said or "os error 28" in said or "quota exceeded" in said:
        return EnvironmentFault(Code.DISK_FULL, path=str(folder))
    if "permission denied" in said or "read-only file system" in said:
        return EnvironmentFault(Code.NO_PERMISSION, path=str(folder))
    return EnvironmentFault(Code.DAMAGED_STORE, store="passages")


class _Gate:
    """Many may be inside to read, or one alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._alone = False  # from the wish on: readers that keep coming must not keep it waiting for ever

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            self._changed.wait_for(lambda: not self._readers)
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


def _table_name(library_id: str) -> str:
    return f"library_{library_id}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _any_of(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(_quoted(value) for value in values)})" if values else ""


def _schema(dimension: int) -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("document_id", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("page", pa.int32()),
            pa.field("page_end", pa.int32()),
            pa.field("start", pa.int64()),
            pa.field("end", pa.int64()),
            pa.field("heading", pa.list_(pa.string())),
            pa.field("text", pa.string()),
            pa.field(_INDEXED, pa.string()),
            pa.field("language", pa.string()),
            pa.field("screened", pa.bool_()),
            pa.field("spans", pa.string()),  # JSON [[type, start, end, score], ...]; null = not screened
            pa.field("vector", pa.list_(pa.float32(), dimension)),
        ]
    )


def _arrow(rows: Sequence[Row], vectors: NDArray[np.float32], *, content: str, schema: Any) -> Any:
    import pyarrow as pa

    passages = [row.passage for row in rows]
    flat = pa.array(vectors.reshape(-1), type=pa.float32())
    columns: dict[str, Any] = {
        "id": [p.id for p in passages],
        "document_id": [p.document_id for p in passages],
        "content": [content] * len(passages),
        "page": [p.page for p in passages],
        "page_end": [p.page_end for p in passages],
        "start": [p.start for p in passages],
        "end": [p.end for p in passages],
        "heading": [list(p.heading) for p in passages],
        "text": [p.text for p in passages],
        _INDEXED: [fold(f"{row.context}\n{row.passage.text}" if row.context else row.passage.text) for row in rows],
        "language": [p.language for p in passages],
        "screened": [p.spans is not None for p in passages],
        "spans": [_spans_json(p.spans) for p in passages],
        "vector": pa.FixedSizeListArray.from_arrays(flat, int(vectors.shape[1])),
    }
    return pa.table(columns, schema=schema)


def _spans_json(spans: tuple[Span, ...] | None) -> str | None:
    if spans is None:
        return None
    return json.dumps([[span.type, span.start, span.end, span.score] for span in spans])


def _vector(row: dict[str, Any]) -> NDArray[np.float32] | None:
    if "vector" not in row:
        return None
    import numpy as np

    return np.asarray(row["vector"], dtype=np.float32)


def _passage(row: dict[str, Any]) -> Passage:
    spans = row["spans"]
    return Passage(
        id=row["id"],
        document_id=row["document_id"],
        document="",
        page=row["page"],
        page_end=row["page_end"],
        start=row["start"],
        end=row["end"],
        heading=tuple(row["heading"] or ()),
        text=row["text"],
        language=row["language"],
        spans=None if spans is None else tuple(Span(*span) for span in json.loads(spans)),
    )
