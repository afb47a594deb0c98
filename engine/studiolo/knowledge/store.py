"""Passages' texts and vectors on disk: the only module that imports lancedb. Two tables a library.

`passages_LIBRARY` holds each passage's text once, by its number, with the keyword index. `vectors_LIBRARY_EMBEDDER`
holds the vectors of one embedder: while a library changes from one embedder to another there are two of them. What a
passage belongs to, and whether it counts at all, is SQLite's to say (`places.py`): rows that it does not know are dead.

Threads: any may read; writes take turns. Old versions of a table hold removed text, so they are deleted, and while that
happens nobody reads. One process at a time may have the folder open (the home's lock sees to it).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.cpu import require_avx2
from studiolo.errors import Code, EnvironmentFault, disk_fault, import_failed
from studiolo.imports import only_submodules
from studiolo.knowledge.gate import Gate
from studiolo.knowledge.language import fold
from studiolo.knowledge.ranges import Ranges, runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 2
_NOW = timedelta(milliseconds=1)  # 0 makes LanceDB warn of other processes; there are none
_TIDY_EVERY = 64  # commits; each leaves a fragment that every search has to open
_TIDY_ROWS = 2_000  # rows outside the keyword index, which every search has to read through
_INDEXED = "search_text"
_MARKER = "format.json"
# From so many vectors on they are indexed. Compared one by one, 10,000 take 9 ms and 100,000 some 180 on two cores; by
# the index 11, with every partition looked into and the best candidates compared in full: the same results (measured
# on E5 vectors, with and without the condition on the language: of 1,000 top tens .994 to 1.0 are as exact).
_INDEX_VECTORS = 20_000
_ROWS_A_PARTITION = 800
_EVERY_PARTITION = 4096  # more than there are
_REFINED = 600  # candidates compared in full, or five times as many as are asked for where that is more
_RANGES_MOST = 400  # runs of numbers in one condition


@dataclass(frozen=True, slots=True)
class Row:
    """A passage's text under its number, with what is put in front of it for indexing."""

    id: int
    text: str = field(repr=False)
    context: str = field(default="", repr=False)

    @property
    def indexed(self) -> str:
        """What words and vectors are made of."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Match:
    """A passage that fits, by its number; larger scores are better, comparable within one search only."""

    id: int
    score: float
    vector: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)  # where meaning was measured


class PassageStore:
    """All passages of a home. Every table is named by its library's id."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet: lancedb is loaded at the first use."""
        self._folder = folder
        self._db: Any = None
        self._tables: dict[str, Any] = {}
        self._commits: dict[str, int] = {}
        self._unindexed: dict[str, int] = {}
        self._writing = threading.RLock()
        self._opening = threading.Lock()
        self._gate = Gate()

    # writing

    def add(self, library_id: str, rows: Sequence[Row]) -> None:
        """Add passages in one commit; they can be found by their words at once.

        Raises EnvironmentFault: disk_full, no_permission, damaged_store.
        """
        name = _passages(library_id)
        with self._writing, self._translated():
            table = self._table(name, schema=_passages_schema)
            table.add(_passages_arrow(rows, table.schema))
            self._committed(name)
            self._unindexed[name] = self._unindexed.get(name, 0) + len(rows)
        # The passages are in: that upkeep fails (on a full disk) must not say otherwise. The next write tries again,
        # and until then words are found without the index, if slower.
        with contextlib.suppress(EnvironmentFault), self._writing, self._translated():
            self._index(table, again=False)
            if self._commits[name] >= _TIDY_EVERY or self._unindexed[name] >= _TIDY_ROWS:
                self._tidy_table(name)

    def add_vectors(
        self, library_id: str, embedder: str, numbers: Sequence[int], languages: Sequence[str], vectors: NDArray[Any]
    ) -> None:
        """Add one vector a passage in one commit; `vectors` is [len(numbers), dimension] float32, of unit length."""
        name = _vectors(library_id, embedder)
        with self._writing, self._translated():
            table = self._table(name, schema=lambda: _vectors_schema(int(vectors.shape[1])))
            table.add(_vectors_arrow(numbers, languages, vectors, table.schema))
            self._committed(name)
        with contextlib.suppress(EnvironmentFault), self._writing, self._translated():
            if self._commits[name] >= _TIDY_EVERY:
                self._tidy_table(name)

    def delete(self, library_id: str, numbers: Sequence[int]) -> None:
        """Remove passages and their vectors from what can be found; `purge` removes them from the disk."""
        with self._writing, self._translated():
            for name in (_passages(library_id), *self._vector_tables(library_id)):
                self._delete_from(name, numbers)

    def delete_vectors(self, library_id: str, embedder: str, numbers: Sequence[int]) -> None:
        """Remove vectors of passages that stay."""
        with self._writing, self._translated():
            self._delete_from(_vectors(library_id, embedder), numbers)

    def _delete_from(self, name: str, numbers: Sequence[int]) -> None:
        table = self._table(name)
        if table is not None:
            for condition in _conditions(runs(numbers)):
                table.delete(condition)

    def drop(self, library_id: str) -> None:
        """Remove a library's tables with their files."""
        self._drop_tables([_passages(library_id), *self._vector_tables(library_id)])

    def drop_vectors(self, library_id: str, embedder: str) -> None:
        """Remove the vectors of one embedder."""
        self._drop_tables([_vectors(library_id, embedder)])

    def _drop_tables(self, names: Sequence[str]) -> None:
        with self._writing, self._translated(), self._gate.alone():
            for name in names:
                if self._table(name) is not None:
                    del self._tables[name]
                    self._db.drop_table(name)

    def tidy(self, library_id: str) -> None:
        """Merge small files, bring the keyword index up to date and delete old versions."""
        with self._writing, self._translated():
            for name in (_passages(library_id), *self._vector_tables(library_id)):
                if self._commits.get(name):
                    self._tidy_table(name)

    def _tidy_table(self, name: str) -> None:
        table = self._table(name)
        if table is None:
            return
        table.optimize()
        if name.startswith("vectors_"):
            self._index_vectors(table)
        with self._gate.alone():
            table.optimize(cleanup_older_than=_NOW, delete_unverified=True)
        self._commits[name] = self._unindexed[name] = 0

    def purge(self, library_id: str) -> None:
        """Let nothing of a removed passage stay on disk.

        A deletion only marks rows, compaction leaves them where they are few, and the keyword index keeps their words
        until it is built anew: so the rows that remain are written once more, the index too, and the old files go.
        """
        with self._writing, self._translated():
            for name in (_passages(library_id), *self._vector_tables(library_id)):
                table = self._table(name)
                if table is None:
                    continue
                if not table.count_rows():
                    self._drop_tables([name])
                    continue
                table.update(where="true", values_sql={"id": "id"})
                if name == _passages(library_id):
                    self._index(table, again=True)
                else:
                    self._index_vectors(table, again=True)
                with self._gate.alone():
                    table.optimize(cleanup_older_than=_NOW, delete_unverified=True)
                self._commits[name] = self._unindexed[name] = 0

    # reading

    def exists(self, library_id: str) -> bool:
        """Whether the library has a table of passages, damaged or not."""
        return (self._folder / f"{_passages(library_id)}.lance").is_dir()

    def size_bytes(self, library_id: str) -> int:
        """What the library's texts, indexes and vectors take up on the disk."""
        size = 0
        for table in (_passages(library_id), *self._vector_tables(library_id)):
            for folder, _, files in os.walk(self._folder / f"{table}.lance"):
                for file in files:
                    with contextlib.suppress(OSError):  # merged away meanwhile
                        size += (Path(folder) / file).stat().st_size
        return size

    def numbers(self, library_id: str) -> list[int]:
        """The numbers of all passages, in no order, as often as they occur."""
        return self._numbers(_passages(library_id))

    def vector_numbers(self, library_id: str, embedder: str) -> list[int]:
        """The numbers of all passages with a vector, in no order, as often as they occur."""
        return self._numbers(_vectors(library_id, embedder))

    def _numbers(self, name: str) -> list[int]:
        found = self._find(name, lambda table: table.search(), ["id"], limit=None)
        return [int(row["id"]) for row in found]

    def rows(self, library_id: str, numbers: Sequence[int]) -> dict[int, Row]:
        """Passages by their numbers; those that are not there are left out."""
        found: dict[int, Row] = {}
        for condition in _conditions(runs(numbers)):
            rows = self._find(
                _passages(library_id), lambda t: t.search(), ["id", "text", "context"], limit=None, where=condition
            )
            found.update({row["id"]: Row(row["id"], row["text"], row["context"]) for row in rows})
        return found

    def vectors(self, library_id: str, embedder: str, numbers: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Vectors by their passages' numbers; those that are not there are left out."""
        import numpy as np

        found: dict[int, NDArray[np.float32]] = {}
        for condition in _conditions(runs(numbers)):
            rows = self._find(
                _vectors(library_id, embedder), lambda t: t.search(), ["id", "vector"], limit=None, where=condition
            )
            found.update({row["id"]: np.asarray(row["vector"], dtype=np.float32) for row in rows})
        return found

    def keyword(self, library_id: str, query: str, *, limit: int, within: Ranges | None = None) -> list[Match]:
        """Passages with words of `query`, by BM25; Chinese is cut into words by ICU, English is stemmed."""
        words = fold(query)
        if not words.strip():
            return []

        def search(table: Any) -> Any:
            from lancedb.query import MatchQuery  # noqa: TID251 - the one place

            return table.search(MatchQuery(words, _INDEXED), query_type="fts")

        return self._best(_passages(library_id), search, limit=limit, score="_score", within=within)

    def nearest(
        self,
        library_id: str,
        embedder: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        within: Ranges | None = None,
        languages: Sequence[str] = (),
    ) -> list[Match]:
        """Passages nearest in meaning, with their vectors; the score is the cosine. `languages` () = any."""

        def search(table: Any) -> Any:
            query = table.search(vector, vector_column_name="vector").distance_type("dot")
            refine = max(5, -(-_REFINED // limit))
            return query.nprobes(_EVERY_PARTITION).refine_factor(refine)  # of no effect without an index

        where = f"language IN ({', '.join(_quoted(one) for one in languages)})" if languages else ""
        name = _vectors(library_id, embedder)
        found = self._best(name, search, limit=limit, score="_distance", within=within, where=where)
        return [Match(entry.id, 1.0 - entry.score, entry.vector) for entry in found]

    def containing(self, library_id: str, term: str, *, limit: int, within: Ranges | None = None) -> list[Match]:
        """Passages in which `term` occurs letter by letter (compared folded); for what words cannot find."""
        where = f"contains({_INDEXED}, {_quoted(fold(term))})"
        return self._best(
            _passages(library_id), lambda table: table.search(), limit=limit, score="", within=within, where=where
        )

    def warm(self) -> None:
        """Load the library and open the folder: a second that the first file need not wait for once it is read."""
        self._connected()

    def close(self) -> None:
        """Let go of the files."""
        with self._writing, self._gate.alone():
            self._tables.clear()
            self._db = None

    # the format before this one

    @property
    def format(self) -> int:
        """The format of what is in the folder; the current one where it is empty. Raises EnvironmentFault."""
        try:
            found = json.loads((self._folder / _MARKER).read_text(encoding="utf-8"))["format"]
            if not isinstance(found, int):
                raise TypeError
        except FileNotFoundError:
            return FORMAT
        except (ValueError, KeyError, TypeError):
            raise EnvironmentFault(Code.DAMAGED_STORE, store="passages") from None
        return found

    def upgraded(self) -> None:
        """Note that the folder is of the current format."""
        with self._translated():
            partial = self._folder / "format.partial"
            partial.write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
            os.replace(partial, self._folder / _MARKER)  # noqa: PTH105

    def older(self, library_id: str) -> Iterator[list[dict[str, Any]]]:
        """The rows of a table of format 1, some at a time: there a row held its place and its vector too."""
        name = f"library_{library_id}"
        with self._translated():
            table = self._table(name)
            if table is None:
                return
            for batch in table.search().limit(None).to_batches(1024):
                yield batch.to_pylist()

    def drop_older(self, library_id: str) -> None:
        """Remove a table of format 1."""
        self._drop_tables([f"library_{library_id}"])

    # inside

    def _best(
        self,
        name: str,
        search: Callable[[Any], Any],
        *,
        limit: int,
        score: str,
        within: Ranges | None,
        where: str = "",
    ) -> list[Match]:
        columns = {"": ["id"], "_distance": ["id", score, "vector"]}.get(score, ["id", score])
        conditions = [""] if within is None else _conditions(within)
        found: list[Match] = []
        for condition in conditions:
            clause = " AND ".join(part for part in (condition, where) if part)
            found.extend(_matches(self._table_of(name, search, columns, limit=limit, where=clause), score))
        if len(conditions) > 1:
            found.sort(key=lambda match: match.score if score == "_distance" else -match.score)
        return found[:limit]

    def _find(
        self, name: str, search: Callable[[Any], Any], columns: list[str], *, limit: int | None, where: str = ""
    ) -> list[dict[str, Any]]:
        found = self._table_of(name, search, columns, limit=limit, where=where)
        rows: list[dict[str, Any]] = [] if found is None else found.to_pylist()
        return rows

    def _table_of(
        self, name: str, search: Callable[[Any], Any], columns: list[str], *, limit: int | None, where: str = ""
    ) -> Any:
        """What a search finds as an Arrow table; None where there is nothing to search."""
        with self._translated(), self._gate.reading():
            table = self._table(name)
            if table is None:
                return None
            query = search(table).select(columns).limit(limit)
            if where:
                query = query.where(where)
            return query.to_arrow()

    def _connected(self) -> Any:
        with self._opening:
            if self._db is None:
                require_avx2()
                os.environ.setdefault("LANCEDB_LOG", "off")  # it would write to stderr, and quote what it reads
                # What calls a server of Lance's by HTTP: a third of the time that LanceDB takes to import.
                only_submodules("lance_namespace_urllib3_client")
                try:
                    import lancedb  # noqa: TID251 - the one place
                except (ImportError, OSError) as error:
                    raise import_failed(error, package="lancedb") from None

                self._check_format()
                self._db = lancedb.connect(str(self._folder), read_consistency_interval=timedelta(0))
            return self._db

    def _check_format(self) -> None:
        if not (self._folder / _MARKER).exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self.upgraded()
        elif self.format > FORMAT:
            raise EnvironmentFault(Code.NEWER_FORMAT, store="passages", found=self.format, supported=FORMAT)

    def _table(self, name: str, *, schema: Callable[[], Any] | None = None) -> Any:
        """The table; None where it does not exist and no `schema` says how to make it."""
        if name in self._tables:
            return self._tables[name]
        db = self._connected()
        with self._opening:
            if name not in self._tables:
                if (self._folder / f"{name}.lance").is_dir():
                    self._tables[name] = db.open_table(name)
                elif schema is not None:
                    self._tables[name] = db.create_table(name, schema=schema())
            return self._tables.get(name)

    def _vector_tables(self, library_id: str) -> list[str]:
        prefix = f"vectors_{library_id}_"
        return sorted(path.stem for path in self._folder.glob(f"{prefix}*.lance"))

    def _committed(self, name: str) -> None:
        self._commits[name] = self._commits.get(name, 0) + 1

    @staticmethod
    def _index(table: Any, *, again: bool) -> None:
        """The keyword index, made once there are rows (on an empty table it never takes any)."""
        if not again and any(_INDEXED in index.columns for index in table.list_indices()):
            return
        from lancedb.index import FTS  # noqa: TID251 - the one place

        table.create_index(_INDEXED, config=FTS(base_tokenizer="icu"), replace=True)

    @staticmethod
    def _index_vectors(table: Any, *, again: bool = False) -> None:
        """The index of many vectors: RaBitQ codes in an inverted file. Rows after it are compared one by one."""
        rows = table.count_rows()
        if rows < _INDEX_VECTORS or (not again and any("vector" in index.columns for index in table.list_indices())):
            return
        from lancedb.index import IvfRq  # noqa: TID251 - the one place

        table.create_index(
            "vector", config=IvfRq(distance_type="dot", num_partitions=max(rows // _ROWS_A_PARTITION, 1)), replace=True
        )

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


def _matches(found: Any, score: str) -> list[Match]:
    if found is None:
        return []
    numbers = found["id"].to_pylist()
    scores = found[score].to_pylist() if score else [1.0] * len(numbers)
    if "vector" not in found.schema.names:
        return [Match(number, float(value)) for number, value in zip(numbers, scores, strict=True)]
    flat = found["vector"].combine_chunks().flatten().to_numpy()
    vectors = flat.reshape(len(numbers), -1) if numbers else []
    return [Match(*one) for one in zip(numbers, scores, vectors, strict=True)]


def _fault(error: Exception, folder: Path) -> EnvironmentFault:
    said = str(error).lower()
    if "no space left" in said or "os error 28" in said or "quota exceeded" in said:
        return EnvironmentFault(Code.DISK_FULL, path=str(folder))
    if "permission denied" in said or "read-only file system" in said:
        return EnvironmentFault(Code.NO_PERMISSION, path=str(folder))
    return EnvironmentFault(Code.DAMAGED_STORE, store="passages")


def _passages(library_id: str) -> str:
    return f"passages_{library_id}"


def _vectors(library_id: str, embedder: str) -> str:
    return f"vectors_{library_id}_{re.sub(r'[^a-z0-9]+', '-', embedder.lower())}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _conditions(ranges: Ranges) -> list[str]:
    """Conditions on `id` that hold for the numbers in `ranges`, each short enough to be read fast."""
    return [
        "("
        + " OR ".join(
            f"id = {first}" if first == last else f"(id >= {first} AND id <= {last})"
            for first, last in ranges[start : start + _RANGES_MOST]
        )
        + ")"
        for start in range(0, len(ranges), _RANGES_MOST)
    ]


def _passages_schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("text", pa.string()),
            pa.field("context", pa.string()),
            pa.field(_INDEXED, pa.string()),
        ]
    )


def _vectors_schema(dimension: int) -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("language", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), dimension)),
        ]
    )


def _passages_arrow(rows: Sequence[Row], schema: Any) -> Any:
    import pyarrow as pa

    columns = {
        "id": [row.id for row in rows],
        "text": [row.text for row in rows],
        "context": [row.context for row in rows],
        _INDEXED: [fold(row.indexed) for row in rows],
    }
    return pa.table(columns, schema=schema)


def _vectors_arrow(numbers: Sequence[int], languages: Sequence[str], vectors: NDArray[Any], schema: Any) -> Any:
    import pyarrow as pa

    flat = pa.array(vectors.reshape(-1), type=pa.float32())
    columns: dict[str, Any] = {
        "id": list(numbers),
        "language": list(languages),
        "vector": pa.FixedSizeListArray.from_arrays(flat, int(vectors.shape[1])),
    }
    return pa.table(columns, schema=schema)
