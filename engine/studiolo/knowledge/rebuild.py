"""Gives a library another embedder: every passage gets a second vector, and only then the library changes over.

Search goes on with the old vectors meanwhile, and files are taken in. A kill loses at most the vectors of one write:
`KnowledgeBase.resume` goes on, because the wish is noted in SQLite. One thread at a time a library.
"""

from __future__ import annotations

from collections.abc import Iterator

from studiolo.errors import Code, UserError
from studiolo.events import Event, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.records import LibraryRow

_STEP = 32
_COMMIT = 256


def change_embedder(tools: Tools, library: LibraryRow, embedder: str, *, cancel: CancelToken) -> Iterator[Event]:
    """Embed all passages of `library` by `embedder`, then make it the library's.

    Progress (stage "embed", in passages), then Finished. Cancelled, the library stays as it was. Raises what
    `embedder_for` raises, UserError(unknown_library) where it was removed meanwhile.
    """
    if embedder == library.embedder:
        yield Finished()
        return
    tools.embedder_for(embedder)  # whether it can be had, before anything is noted
    tools.shelf.want_embedder(library.id, embedder)
    while True:
        with tools.writing:
            current = tools.shelf.library_of_id(library.id)
            if current is None:
                raise UserError(Code.UNKNOWN_LIBRARY, library=library.name)
            known = tools.places.numbers(library.id)
            done = set(tools.store.vector_numbers(library.id, embedder))
            todo = [number for number in known if number not in done]
            if not todo:
                tools.shelf.take_embedder(library.id, embedder, embedded=known)
                tools.store.drop_vectors(library.id, current.embedder)
                break
        for start in range(0, len(todo), _COMMIT):
            if cancel.cancelled:
                tools.shelf.want_embedder(library.id, "")
                tools.store.drop_vectors(library.id, embedder)
                yield Finished(reason="cancelled")
                return
            yield from _some(
                tools, library, embedder, todo[start : start + _COMMIT], cancel=cancel, before=start, of=len(todo)
            )
    yield Finished()


def mend(tools: Tools, library: LibraryRow, *, cancel: CancelToken) -> int:
    """Embed the screened passages of `library` that have no vector and that no file on its way in will get one."""
    # First what is bare, then what is under way: a passage is stored in the transaction that notes it as under way.
    bare = set(tools.places.bare(tools.places.numbers(library.id)))
    under_way = {
        number
        for waiting in tools.shelf.waiting()
        if waiting.shelved
        for number in tools.places.unembedded(waiting.document_id, version=waiting.version)
    }
    todo = sorted(bare - under_way)
    for start in range(0, len(todo), _COMMIT):
        some = todo[start : start + _COMMIT]
        for _ in _some(tools, library, library.embedder, some, cancel=cancel, before=start, of=len(todo), mending=True):
            pass
        if cancel.cancelled:
            return start
    return len(todo)


def _some(
    tools: Tools,
    library: LibraryRow,
    embedder: str,
    numbers: list[int],
    *,
    cancel: CancelToken,
    before: int,
    of: int,
    mending: bool = False,
) -> Iterator[Event]:
    import numpy as np

    model = tools.embedder_for(embedder)
    rows = list(tools.store.rows(library.id, numbers).values())
    vectors = []
    for start in range(0, len(rows), _STEP):
        if cancel.cancelled:
            return
        yield Progress("embed", before + start, of)
        step = rows[start : start + _STEP]
        vectors.append(model.embed_passages([row.indexed for row in step]))
    if not rows:
        return
    with tools.writing:
        current = tools.shelf.library_of_id(library.id)
        if mending and (current is None or current.embedder != embedder):
            return
        there = [row.id for row in rows]
        languages = tools.places.languages(tools.places.bare(there) if mending else there)
        kept = [place for place, row in enumerate(rows) if row.id in languages]
        still = [rows[place].id for place in kept]
        if still:
            made = np.concatenate(vectors)[kept]
            tools.store.add_vectors(library.id, embedder, still, [languages[number] for number in still], made)
            if mending:
                tools.places.embedded(still)
