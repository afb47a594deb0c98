"""Lets nothing of removed text stay in the stores, and compares what was taken in with what can be found.

Any thread; holds `Tools.writing` while it works.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from studiolo.errors import Code
from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.places import digest_of
from studiolo.knowledge.records import LibraryRow
from studiolo.types import DocumentStatus, Gap, Integrity, Redaction, Statistics


def sweep(tools: Tools) -> None:
    """Remove what SQLite no longer knows from LanceDB's files, and from SQLite's log."""
    with tools.writing:
        leftovers = tools.shelf.leftovers()
        if not leftovers:
            return
        passages: dict[str, list[int]] = {}
        for library_id, number in leftovers:
            passages.setdefault(library_id, []).append(number)
        for library_id, numbers in passages.items():
            if 0 in numbers:
                tools.store.drop(library_id)
            else:
                tools.store.delete(library_id, numbers)
                tools.store.purge(library_id)
        tools.shelf.dropped(sorted(set(leftovers)))
        tools.shelf.settle()


def statistics(tools: Tools, library: LibraryRow) -> Statistics:
    """What a library holds and takes up on the disk."""
    documents = tools.shelf.documents(library)
    found: Counter[str] = Counter()
    for document in documents:
        found.update({redaction.type: redaction.count for redaction in document.redactions})
    languages = Counter(tools.places.languages(tools.places.numbers(library.id)).values())
    return Statistics(
        library=library.name,
        documents=dict(Counter(document.status.value for document in documents)),
        pages=sum(document.pages for document in documents),
        passages=languages.total(),
        languages=dict(languages),
        redactions=Redaction.of(found),
        size_bytes=tools.store.size_bytes(library.id),
        embedder=library.embedder,
        changing_to=library.wanted_embedder,
    )


def check(tools: Tools, library: LibraryRow) -> Integrity:
    """Compare a library's passages in SQLite with those in LanceDB, and repair what can be repaired here.

    Unknown and doubled rows are removed, missing vectors are noted as missing (embedding them is the intake's), and
    passages whose text is missing or changed are removed; their documents are in the result, to be read again.
    """
    with tools.writing:
        known = tools.places.digests(library.id)
        there = Counter(tools.store.numbers(library.id))
        unknown = [number for number in there if number not in known]
        doubled = [number for number, times in there.items() if times > 1 and number in known]
        missing = {number for number in known if number not in there}
        damaged: set[int] = set()
        present = [number for number in known if number in there]
        for start in range(0, len(present), 1000):
            for number, row in tools.store.rows(library.id, present[start : start + 1000]).items():
                if digest_of(row.text, row.context) != known[number]:
                    damaged.add(number)
        if doubled:  # all copies are the same row: one is put back
            rows = tools.store.rows(library.id, doubled)
            tools.store.delete(library.id, doubled)
            tools.store.add(library.id, list(rows.values()))
            tools.places.embedded(doubled, value=False)
        if unknown or damaged:
            tools.store.delete(library.id, [*unknown, *damaged])
        lost = sorted(missing | damaged)
        vectors = Counter(tools.store.vector_numbers(library.id, library.embedder))
        twice = [number for number, times in vectors.items() if times > 1 or number not in known]
        if twice:
            tools.store.delete_vectors(library.id, library.embedder, twice)
        embedded = set(tools.places.embedded_numbers(library.id))
        bare = [number for number in known if number not in vectors or number in set(twice)]
        tools.places.embedded(bare, value=False)
        documents = tools.places.holders(lost)
        tools.places.discard(lost)
        for record in tools.shelf.records(library):
            if record.document.id in documents:  # until it is read again; the digest of nothing matches no file
                reason = Code.DAMAGED_STORE.value
                document = replace(
                    record.document, status=DocumentStatus.PARTIAL, reason=reason, gaps=(Gap(reason),), sha256=""
                )
                tools.shelf.put(replace(record, document=document))
        if unknown or damaged or twice:
            tools.store.purge(library.id)
        return Integrity(
            passages=len(known),
            missing=len(missing),
            damaged=len(damaged),
            unknown=len(unknown),
            doubled=len(doubled),
            without_vector=len(embedded & set(bare)),
            documents=tuple(sorted(documents)),
        )
