"""Moves a home's passages from format 1 of the knowledge base, where a row of LanceDB held everything, to the current.

Runs once a library, when it is first opened after SQLite's file has been lifted (`records.from_version_1`). A kill in
between leaves the old table, and it begins again. Nothing is read or embedded anew.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.language import fold
from studiolo.knowledge.places import Piece
from studiolo.knowledge.records import LibraryRow, Record
from studiolo.knowledge.store import Row
from studiolo.types import DocumentStatus, Span


def move(tools: Tools, library: LibraryRow) -> None:
    """Take the passages of the library's old table over, with their vectors and spans, and drop it."""
    documents = {record.document.id: record for record in tools.shelf.records(library)}
    held: dict[str, list[dict[str, Any]]] = {}
    for batch in tools.store.older(library.id):
        for row in batch:
            if row["document_id"] in documents:
                held.setdefault(row["document_id"], []).append(row)
    for document_id, rows in held.items():
        if documents[document_id].version == 0:
            _take_over(tools, library, documents[document_id], sorted(rows, key=lambda row: int(row["start"])))
    tools.store.drop_older(library.id)


def _take_over(tools: Tools, library: LibraryRow, record: Record, rows: list[dict[str, Any]]) -> None:
    import numpy as np

    if record.document.status not in (DocumentStatus.READY, DocumentStatus.PARTIAL):
        return
    pieces = [_piece(row) for row in rows]
    numbers, fresh = tools.places.reserve(library.id, pieces)
    tools.store.add(library.id, [Row(one.id, one.text, one.context) for one in fresh])
    by_number = dict(zip(numbers, rows, strict=True))
    new = [one.id for one in fresh]
    if new:
        vectors = np.asarray([by_number[number]["vector"] for number in new], dtype=np.float32)
        languages = [str(by_number[number]["language"]) for number in new]
        tools.store.add_vectors(library.id, library.embedder, new, languages, vectors)
    moved = replace(record, version=1, document=replace(record.document, passages=len(pieces)))
    tools.places.place(moved, pieces, numbers, version=1, waiting=0, visible=True)
    tools.places.screened(
        {
            number: [Span(*span) for span in json.loads(row["spans"])]
            for number, row in by_number.items()
            if row["spans"] is not None
        },
        detector=0,
    )
    tools.places.embedded(new)


def _piece(row: dict[str, Any]) -> Piece:
    # The indexed text was "context, line end, text", folded: the context stands nowhere else.
    indexed, text = str(row["search_text"]), str(row["text"])
    folded = fold(text)
    context = indexed[: -len(folded) - 1] if indexed.endswith(f"\n{folded}") else ""
    return Piece(
        text=text,
        context=context,
        page=row["page"],
        page_end=row["page_end"],
        start=row["start"],
        end=row["end"],
        heading=tuple(row["heading"] or ()),
        label="",
        language=row["language"],
    )
