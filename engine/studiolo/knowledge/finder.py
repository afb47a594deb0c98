"""Searches the two stores as one: LanceDB says which passages fit, SQLite where they stand and whether they count.

What retrieval asks (`seams.SearchedPassages`). Any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studiolo.knowledge.places import Places, with_text
from studiolo.knowledge.seams import Found
from studiolo.knowledge.shelf import Shelf
from studiolo.knowledge.store import Match, PassageStore
from studiolo.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_REMEMBERED = 8_000  # passages of a library, some 10 MB


class Finder:
    """Passages by words, by meaning and by letters."""

    def __init__(self, store: PassageStore, places: Places, shelf: Shelf) -> None:
        self._store = store
        self._places = places
        self._shelf = shelf
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, dict[int, Passage]]] = {}

    def keyword(
        self, library_id: str, query: str, *, limit: int, documents: Sequence[str] | None = None
    ) -> list[Found]:
        """Passages with words of `query`, by BM25."""
        within = None if documents is None else self._places.ranges(documents)
        found = self._store.keyword(library_id, query, limit=limit, within=within)
        return self._found(library_id, found, documents)

    def nearest(
        self,
        library_id: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Sequence[str] | None = None,
        languages: Sequence[str] = (),
    ) -> list[Found]:
        """Passages nearest in meaning; the score is the cosine. `languages` () = any."""
        library = self._shelf.library_of_id(library_id)
        if library is None:
            return []
        within = None if documents is None else self._places.ranges(documents)
        found = self._store.nearest(
            library_id, library.embedder, vector, limit=limit, within=within, languages=languages
        )
        return self._found(library_id, found, documents)

    def containing(
        self, library_id: str, term: str, *, limit: int, documents: Sequence[str] | None = None
    ) -> list[Found]:
        """Passages in which `term` occurs letter by letter (compared folded)."""
        within = None if documents is None else self._places.ranges(documents)
        found = self._store.containing(library_id, term, limit=limit, within=within)
        return self._found(library_id, found, documents)

    def passages(self, library_id: str, document_id: str) -> list[Passage]:
        """A document's passages in order."""
        places = self._places.of_document(document_id, library_id=library_id)
        rows = self._store.rows(library_id, [number for number, _ in places])
        return [with_text(passage, rows[number].text) for number, passage in places if number in rows]

    def _found(self, library_id: str, matches: Sequence[Match], documents: Sequence[str] | None) -> list[Found]:
        passages = self._at(library_id, [match.id for match in matches], documents)
        seen: set[int] = set()
        found = []
        for match in matches:
            if match.id in passages and match.id not in seen:  # a kill can leave a row twice for a while
                seen.add(match.id)
                found.append(Found(passages[match.id], match.score, match.vector))
        return found

    def _at(self, library_id: str, numbers: Sequence[int], documents: Sequence[str] | None) -> dict[int, Passage]:
        """Passages by number. Those that searches find again and again are remembered until a document changes."""
        if documents is not None:  # which of a passage's places counts depends on the documents asked for
            return self._read(library_id, numbers, documents)
        revision = self._shelf.revision
        with self._lock:
            if self._known.get(library_id, (None, {}))[0] != revision:
                self._known[library_id] = (revision, {})
            known = self._known[library_id][1]
            found = {number: known[number] for number in numbers if number in known}
        found.update(read := self._read(library_id, [number for number in numbers if number not in found], None))
        with self._lock:
            if len(known) > _REMEMBERED:
                known.clear()
            known.update(read)
        return found

    def _read(self, library_id: str, numbers: Sequence[int], documents: Sequence[str] | None) -> dict[int, Passage]:
        if not numbers:
            return {}
        rows = self._store.rows(library_id, numbers)
        texts = {number: row.text for number, row in rows.items()}
        return self._places.passages(texts, library_id=library_id, documents=documents)
